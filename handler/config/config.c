/* config.c - the configuration file: see config.h */
#include "config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/resolver.h"

/* Package dns-root-data; without the file nothing is validated. */
#define DNSSEC_ANCHOR "/usr/share/dns/root.key"

enum {
	CONFIG_FILE_MAX = 256 * 1024,
	MESSAGE_MAX_DEFAULT = 10 * 1024 * 1024,
	MESSAGE_MAX_MOST = 256 * 1024 * 1024,
	RECEIVED_MOST = 16
};

static bool
set_text(char *out, struct span value)
{
	return span_copy(value, out, CONFIG_VALUE_SIZE);
}

static bool
set_yes_no(bool *out, struct span value)
{
	*out = span_eq(value, SPAN("yes"));
	return *out || span_eq(value, SPAN("no"));
}

/* One word of it.  A server's name is a domain name, or what it calls
 * itself. */
static bool
add_method(struct authres_methods *methods, struct span word)
{
	enum authres_method method;
	size_t i;

	if (span_eq(word, SPAN("dkim")))
		method = AUTHRES_DKIM;
	else if (span_eq(word, SPAN("smime")))
		method = AUTHRES_SMIME;
	else if (span_starts(word, SPAN("results:")) && word.len > 8 &&
	    span_copy(span_cut(word, 8, word.len), methods->results,
		sizeof(methods->results)))
		method = AUTHRES_RESULTS;
	else
		return false;
	for (i = 0; i < methods->count; i++)
		if (methods->method[i] == method)
			return false;
	methods->method[methods->count++] = method;
	return true;
}

/* "dkim smime results:AUTHSERV-ID", in order, or "none" alone. */
static bool
set_authenticate(struct authres_methods *methods, struct span value)
{
	size_t end;

	*methods =
	    (struct authres_methods){ .none = span_eq(value, SPAN("none")) };
	if (methods->none)
		return true;
	if (value.len == 0)
		return false;
	while (value.len > 0) {
		end = span_find_byte(value, ' ');
		if (!add_method(methods, span_cut(value, 0, end)))
			return false;
		value = span_trim(span_cut(value, end, value.len));
	}
	return true;
}

static bool
set_auto_submitted(bool *demanded, struct span value)
{
	*demanded = span_eq(value, SPAN("rfc8823"));
	return *demanded || span_eq(value, SPAN("relaxed"));
}

/* "system", or addresses with or without "@PORT". */
static bool
set_resolver(struct config *config, struct span value)
{
	char address[RESOLVER_ADDRESS_SIZE];
	struct span rest = value, word;
	uint16_t port;
	size_t end;

	while (rest.len > 0 && !span_eq(value, SPAN("system"))) {
		end = span_find_byte(rest, ' ');
		word = span_cut(rest, 0, end);
		rest = span_trim(span_cut(rest, end, rest.len));
		if (!resolver_parse(word, address, &port))
			return false;
	}
	return value.len > 0 &&
	    span_copy(value, config->authenticate.resolver,
		sizeof(config->authenticate.resolver));
}

static bool
set_revocation(struct config *config, struct span value)
{
	static const char *const words[] = { "off", "soft", "hard" };
	const size_t count = sizeof(words) / sizeof(*words);
	const size_t index = span_index(value, words, count);

	if (index < count)
		config->revocation = words[index];
	return index < count;
}

static bool
set_number(int64_t *out, struct span value, int64_t most)
{
	int64_t number = 0;
	size_t i;

	for (i = 0; i < value.len && i < 12; i++) {
		if (!ascii_is_digit(value.at[i]))
			return false;
		number = number * 10 + (value.at[i] - '0');
	}
	*out = number;
	return i > 0 && i == value.len && number <= most;
}

static bool
set_max_message(struct config *config, struct span value)
{
	return set_number(&config->max_message, value, MESSAGE_MAX_MOST) &&
	    config->max_message >= 1024;
}

static bool
set_draft(struct config *config, struct span value)
{
	struct destination destination;

	return set_text(config->draft, value) &&
	    destination_parse(config->draft, &destination) == STATUS_OK;
}

/* "maildir:DIR" or "mbox:FILE"; empty: none. */
static bool
set_sent_folder(struct config *config, struct span value)
{
	struct destination *folder = &config->sent_folder;
	char text[CONFIG_VALUE_SIZE];

	*folder = (struct destination){ 0 };
	return value.len == 0 ||
	    (set_text(text, value) &&
		destination_parse(text, folder) == STATUS_OK &&
		(folder->kind == DESTINATION_MAILDIR ||
		    folder->kind == DESTINATION_MBOX));
}

static bool
set_finish(struct config *config, struct span value)
{
	static const char *const names[] = { "auto", "ask", "manual" };
	const size_t i = span_index(value, names, 3);

	if (i < 3)
		config->finish = (enum config_finish)i;
	return i < 3;
}

/* "30d", "36h", "10m", "5s", or a bare number of days. */
static bool
set_period(int64_t *out, struct span value)
{
	const char last = value.len > 0 ? value.at[value.len - 1] : '\0';
	const int64_t unit = last == 's' ? 1
	    : last == 'm'                ? 60
	    : last == 'h'                ? 3600
					 : 86400;

	if (unit != 86400 || last == 'd')
		value.len--;
	if (!set_number(out, value, 3650))
		return false;
	*out *= unit;
	return true;
}

bool
config_usage(struct span text, enum csr_usage *usage, bool *separate)
{
	*separate = span_eq(text, SPAN("separate"));
	if (*separate)
		*usage = CSR_SIGN;
	return *separate || csr_usage_parse(text, usage);
}

/* The entry of that name; a new one where there is none and room is left. */
static struct config_ca *
ca_entry(struct config *config, struct span name)
{
	struct config_ca *ca;
	size_t i;

	for (i = 0; i < config->ca_count; i++)
		if (span_eq(span_of(config->cas[i].name), name))
			return &config->cas[i];
	if (config->ca_count == CONFIG_CAS_MAX || name.len == 0)
		return NULL;
	ca = &config->cas[config->ca_count];
	*ca = (struct config_ca){ .join = TOKEN_JOIN_STRING, .settle = 30 };
	if (!span_copy(name, ca->name, sizeof(ca->name)))
		return NULL;
	config->ca_count++;
	return ca;
}

/* How its challenges are judged.  STATUS_NO: no such member. */
static enum status
set_own(struct config_own *own, struct span member, struct span value)
{
	bool done;

	if (span_eq(member, SPAN("authenticate")))
		done = own->has_authenticate =
		    set_authenticate(&own->authenticate, value);
	else if (span_eq(member, SPAN("auto_submitted")))
		done = own->has_auto_submitted =
		    set_auto_submitted(&own->auto_submitted, value);
	else if (span_eq(member, SPAN("dkim_headers")))
		done = own->has_coverage =
		    dkim_coverage_parse(value, &own->coverage);
	else
		return STATUS_NO;
	return done ? STATUS_OK : STATUS_CONFIG;
}

/* As curl(1) takes it, or "none". */
static bool
set_proxy(char *out, struct span value)
{
	static const char *const schemes[] = { "http", "https", "socks4",
		"socks4a", "socks5", "socks5h" };
	const size_t end = span_find(value, SPAN("://"));
	size_t i;

	for (i = 0; i < value.len; i++)
		if (value.at[i] <= 0x20 || value.at[i] >= 0x7f)
			return false;
	return set_text(out, value) &&
	    (end == value.len ||
		span_index(span_cut(value, 0, end), schemes, 6) < 6);
}

/* "ca.NAME.MEMBER" */
static enum status
set_ca(struct config *config, struct span name, struct span value)
{
	const size_t dot = span_find_byte(name, '.');
	const struct span member = span_cut(name, dot + 1, name.len);
	struct config_ca *ca = ca_entry(config, span_cut(name, 0, dot));
	bool done;

	if (ca == NULL)
		return STATUS_CONFIG;
	if (span_eq(member, SPAN("directory")))
		done = set_text(ca->directory, value) &&
		    span_starts(value, SPAN("https://"));
	else if (span_eq(member, SPAN("chain")))
		done = span_copy(value, ca->chain, sizeof(ca->chain));
	else if (span_eq(member, SPAN("ca_file")))
		done = set_text(ca->file, value);
	else if (span_eq(member, SPAN("token_join")))
		done = token_join_parse(value, &ca->join);
	else if (span_eq(member, SPAN("settle")))
		done = set_number(&ca->settle, value, 3600);
	else if (span_eq(member, SPAN("challenge_post"))) {
		ca->before_mail = span_eq(value, SPAN("before-mail"));
		done = ca->before_mail || span_eq(value, SPAN("after-reply"));
	} else if (span_eq(member, SPAN("eab_kid")))
		done = span_copy(value, ca->eab_kid, sizeof(ca->eab_kid));
	else if (span_eq(member, SPAN("eab_key_file")))
		done = set_text(ca->eab_key_file, value);
	else if (span_eq(member, SPAN("proxy")))
		done = set_proxy(ca->proxy, value);
	else if (span_eq(member, SPAN("csr_eku")))
		done = set_yes_no(&ca->csr_eku, value);
	else if (span_eq(member, SPAN("subject"))) {
		ca->empty_subject = span_eq(value, SPAN("empty"));
		done = ca->empty_subject || span_eq(value, SPAN("address"));
	} else
		return set_own(&ca->own, member, value);
	return done ? STATUS_OK : STATUS_CONFIG;
}

const struct config_ca *
config_known_ca(const struct config *config, const char *text)
{
	size_t i;

	for (i = 0; i < config->ca_count; i++)
		if (strcmp(config->cas[i].name, text) == 0 ||
		    strcmp(config->cas[i].directory, text) == 0)
			return &config->cas[i];
	return NULL;
}

bool
config_has_own(const struct config *config)
{
	const struct config_own *own;
	size_t i;

	for (i = 0; i < config->ca_count; i++) {
		own = &config->cas[i].own;
		if (own->has_authenticate || own->has_coverage ||
		    own->has_auto_submitted)
			return true;
	}
	return false;
}

enum status
config_find_ca(const struct config *config, const char *text,
    struct config_ca *out, struct note *note)
{
	const struct config_ca *known = config_known_ca(config, text);

	if (known != NULL) {
		*out = *known;
		return out->directory[0] != '\0'
		    ? STATUS_OK
		    : note_set(note, STATUS_CONFIG,
			  "ca.%s.directory is not set", out->name);
	}
	*out = (struct config_ca){ .join = TOKEN_JOIN_STRING, .settle = 30 };
	if (span_starts_nocase(span_of(text), SPAN("http://")))
		return note_set(note, STATUS_CONFIG,
		    "%.200s is not an https:// URL, as ACME demands (RFC 8555 "
		    "section 6.1)",
		    text);
	if (!span_starts(span_of(text), SPAN("https://")) ||
	    !set_text(out->directory, span_of(text)))
		return note_set(note, STATUS_CONFIG,
		    "there is no CA %.100s; name one that is configured, or "
		    "its https:// directory",
		    text);
	return STATUS_OK;
}

/* What is built in; the file and -o may change it. */
static void
add_known_cas(struct config *out)
{
	static const struct {
		const char *name;
		const char *directory;
		enum token_join join;
		int64_t settle;
	} known[] = {
		{ "castle", "https://acme.castle.cloud/acme/directory",
		    TOKEN_JOIN_OCTETS, 30 },
		{ "castle-staging",
		    "https://acme-staging.castle.cloud/acme/directory",
		    TOKEN_JOIN_OCTETS, 30 },
		/* tests/ca/serve of the source tree. */
		{ "demo", "https://127.0.0.1:14443/directory",
		    TOKEN_JOIN_STRING, 0 },
	};
	struct config_ca *ca;
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
		ca = ca_entry(out, span_of(known[i].name));
		if (ca == NULL)
			continue;
		(void)strcpy(ca->directory, known[i].directory);
		ca->join = known[i].join;
		ca->settle = known[i].settle;
	}
}

/* STATUS_NO: no such name; STATUS_CONFIG: a value it cannot have. */
static enum status
set_one(struct config *config, struct span name, struct span value)
{
	bool done;

	if (span_starts(name, SPAN("ca.")))
		return set_ca(config, span_cut(name, 3, name.len), value);
	if (span_eq(name, SPAN("account_key")))
		done = key_kind_parse(value, &config->account_key);
	else if (span_eq(name, SPAN("authenticate")))
		done = set_authenticate(&config->authenticate.by, value);
	else if (span_eq(name, SPAN("auto_submitted")))
		done = set_auto_submitted(&config->rules.auto_submitted, value);
	else if (span_eq(name, SPAN("ca")))
		done = set_text(config->ca, value);
	else if (span_eq(name, SPAN("caa")))
		done = set_yes_no(&config->caa, value);
	else if (span_eq(name, SPAN("color")))
		done = set_yes_no(&config->color, value);
	else if (span_eq(name, SPAN("dkim_headers")))
		done =
		    dkim_coverage_parse(value, &config->authenticate.coverage);
	else if (span_eq(name, SPAN("dnssec_anchor")))
		done = span_copy(value, config->authenticate.anchor,
		    sizeof(config->authenticate.anchor));
	else if (span_eq(name, SPAN("draft")))
		done = set_draft(config, value);
	else if (span_eq(name, SPAN("finish")))
		done = set_finish(config, value);
	else if (span_eq(name, SPAN("key")))
		done = key_kind_parse(value, &config->key);
	else if (span_eq(name, SPAN("lock_keys")))
		done = set_yes_no(&config->lock_keys, value);
	else if (span_eq(name, SPAN("max_message")))
		done = set_max_message(config, value);
	else if (span_eq(name, SPAN("password_command")))
		done = set_text(config->password_command, value);
	else if (span_eq(name, SPAN("patience")))
		done = set_period(&config->patience, value) &&
		    config->patience > 0;
	else if (span_eq(name, SPAN("proxy")))
		done = set_proxy(config->proxy, value);
	else if (span_eq(name, SPAN("renew_before")))
		done = set_period(&config->renew_before, value);
	else if (span_eq(name, SPAN("resolver")))
		done = set_resolver(config, value);
	else if (span_eq(name, SPAN("results_received")))
		done = set_number(
		    &config->authenticate.received, value, RECEIVED_MOST);
	else if (span_eq(name, SPAN("revocation")))
		done = set_revocation(config, value);
	else if (span_eq(name, SPAN("sandbox"))) {
		config->sandbox_required = span_eq(value, SPAN("required"));
		done = config->sandbox_required ||
		    span_eq(value, SPAN("best-effort"));
	} else if (span_eq(name, SPAN("sent_folder")))
		done = set_sent_folder(config, value);
	else if (span_eq(name, SPAN("smime_anchors")))
		done = span_copy(value, config->authenticate.smime_anchors,
		    AUTHRES_PATHS_SIZE);
	else if (span_eq(name, SPAN("smime_crls")))
		done = span_copy(
		    value, config->authenticate.smime_crls, AUTHRES_PATHS_SIZE);
	else if (span_eq(name, SPAN("sendmail")))
		done = set_text(config->sendmail, value) && value.len > 0 &&
		    value.at[0] == '/';
	else if (span_eq(name, SPAN("usage")))
		done = config_usage(
		    value, &config->usage, &config->separate_usage);
	else
		return STATUS_NO;
	return done ? STATUS_OK : STATUS_CONFIG;
}

/* "name = value", the value perhaps in quotes. */
static enum status
set_line(struct config *config, struct span line, const char *where,
    struct note *note)
{
	size_t equals = span_find_byte(line, '=');
	struct span name = span_trim(span_cut(line, 0, equals));
	struct span value = span_trim(span_cut(line, equals + 1, line.len));
	enum status status;
	char shown[64];

	if (equals == line.len)
		return note_set(note, STATUS_CONFIG,
		    "%s: \"name = value\" is missing its \"=\"", where);
	if (value.len >= 2 && (value.at[0] == '"' || value.at[0] == '\'') &&
	    value.at[value.len - 1] == value.at[0])
		value = span_cut(value, 1, value.len - 1);
	if (!span_copy(name, shown, sizeof(shown)))
		shown[0] = '\0';
	status = set_one(config, name, value);
	if (status == STATUS_NO)
		return note_set(
		    note, STATUS_CONFIG, "%s: no such name: %s", where, shown);
	if (status != STATUS_OK && span_eq(name, SPAN("resolver")))
		return note_set(note, STATUS_CONFIG,
		    "%s: resolver takes \"system\", or an address with or "
		    "without a port, as in 127.0.0.1@53",
		    where);
	if (status != STATUS_OK &&
	    span_find(name, SPAN(".directory")) < name.len)
		return note_set(note, STATUS_CONFIG,
		    "%s: %s must be an https:// URL (RFC 8555 section 6.1)",
		    where, shown);
	if (status != STATUS_OK)
		return note_set(note, STATUS_CONFIG,
		    "%s: not a value for %s (see mailcert-config(5))", where,
		    shown);
	return STATUS_OK;
}

static enum status
read_lines(struct config *config, struct span text, const char *path,
    struct note *note)
{
	struct span line;
	enum status status;
	char where[1100];
	size_t end, number = 0;

	while (text.len > 0) {
		end = span_find_byte(text, '\n');
		line = span_trim(span_cut(text, 0, end));
		text = span_cut(text, end + 1, text.len);
		number++;
		if (line.len == 0 || line.at[0] == '#')
			continue;
		(void)snprintf(
		    where, sizeof(where), "%.200s:%zu", path, number);
		if (!span_starts(line, SPAN("set ")))
			return note_set(note, STATUS_CONFIG,
			    "%s: a line is \"set name = value\" or a comment",
			    where);
		status =
		    set_line(config, span_cut(line, 4, line.len), where, note);
		if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}

static enum status
read_file(struct config *config, const char *path, struct note *note)
{
	enum status status = STATUS_OK;
	struct stat st;
	struct buf text;
	int fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0)
		return errno == ENOENT || errno == ENOTDIR
		    ? STATUS_OK
		    : note_set(note, STATUS_CONFIG, "%.200s: %s", path,
			  strerror(errno));
	buf_init(&text, CONFIG_FILE_MAX);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		status = note_set(
		    note, STATUS_CONFIG, "%.200s is not a regular file", path);
	else if ((st.st_uid != geteuid() && st.st_uid != 0) ||
	    (st.st_mode & 022) != 0)
		status = note_set(note, STATUS_CONFIG,
		    "%.200s belongs to somebody else, or others can write to "
		    "it",
		    path);
	else if (fd_read_file(fd, (size_t)st.st_size, &text) != STATUS_OK)
		status = note_set(
		    note, STATUS_CONFIG, "%.200s cannot be read", path);
	else
		status = read_lines(config, buf_span(&text), path, note);
	buf_clear(&text);
	(void)close(fd);
	return status;
}

/* $name/below, else $HOME/fallback/below; false where it cannot be said. */
static bool
user_path(const char *name, const char *fallback, const char *below, char *out)
{
	const char *base = getenv(name), *user = getenv("HOME");
	int len;

	if (base != NULL && base[0] == '/')
		len = snprintf(out, CONFIG_VALUE_SIZE, "%s/%s", base, below);
	else if (user != NULL && user[0] == '/')
		len = snprintf(
		    out, CONFIG_VALUE_SIZE, "%s/%s/%s", user, fallback, below);
	else
		return false;
	return len > 0 && len < CONFIG_VALUE_SIZE;
}

static enum status
find_home(const char *home, struct config *config, struct note *note)
{
	if (home == NULL)
		home = getenv("MAILCERT_HOME");
	if (home != NULL && home[0] != '\0') {
		if (!path_expand(
			span_of(home), config->home, sizeof(config->home)))
			return note_set(note, STATUS_CONFIG,
			    "the path of the home (-C, MAILCERT_HOME) is too "
			    "long, or there is no HOME for its ~");
		return STATUS_OK;
	}
	if (!user_path(
		"XDG_DATA_HOME", ".local/share", "mailcert", config->home))
		return note_set(
		    note, STATUS_CONFIG, "there is no HOME; name one with -C");
	return STATUS_OK;
}

enum status
config_load(const char *home, const char *const *settings, size_t count,
    struct config *out, struct note *note)
{
	char path[CONFIG_VALUE_SIZE];
	enum status status;
	size_t i;

	*out = (struct config){
		.rules = { .auto_submitted = true },
		.authenticate = { .by = { .method = { AUTHRES_DKIM,
					      AUTHRES_SMIME },
				      .count = 2 },
		    .coverage = COVERAGE_RELAXED,
		    .resolver = "system",
		    .anchor = DNSSEC_ANCHOR },
		.key = KEY_RSA_3072,
		.account_key = KEY_EC_P256,
		.usage = CSR_BOTH,
		.patience = 3600,
		.revocation = "hard",
		.sandbox_required = true,
		.caa = true,
		.color = true,
		.max_message = MESSAGE_MAX_DEFAULT,
		.sendmail = "/usr/sbin/sendmail",
	};
	add_known_cas(out);
	if ((status = find_home(home, out, note)) != STATUS_OK)
		return status;
	if (user_path("XDG_CONFIG_HOME", ".config", "mailcert/config", path) &&
	    (status = read_file(out, path, note)) != STATUS_OK)
		return status;
	for (i = 0; i < count; i++) {
		status = set_line(out, span_of(settings[i]), "-o", note);
		if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}
