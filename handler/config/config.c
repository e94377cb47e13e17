/* config.c - the configuration file: see config.h */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/nearest.h"
#include "base/path.h"
#include "base/text.h"
#include "config/config_p.h"

enum { CONFIG_FILE_MAX = 256 * 1024 };

bool
config_usage_parse(struct span text, struct config_usage *out)
{
	out->separate = span_eq(text, SPAN("separate"));
	if (out->separate)
		out->of = CSR_SIGN;
	return out->separate ||
	    (csr_usage_parse(text, &out->of) && out->of != CSR_SERVER);
}

/* The pieces of "set name = value". */
struct assignment {
	const char *where;  /* "FILE:LINE", or "-o" */
	struct span name;   /* as written */
	struct span prefix; /* its "ca.NAME.", or empty */
	struct span value;
};

static enum status
unknown(const struct assignment *one, const struct settings *settings,
    struct note *note)
{
	const struct span member =
	    span_cut(one->name, one->prefix.len, one->name.len);
	struct nearest nearest = nearest_to(member);
	char name[80], prefix[64];
	size_t i;

	text_show_in(name, sizeof(name), one->name, false);
	text_show_in(prefix, sizeof(prefix), one->prefix, false);
	for (i = 0; i < settings->count; i++)
		nearest_consider(&nearest, settings->rows[i].name);
	if (nearest.name == NULL)
		return note_set(note, STATUS_CONFIG,
		    "%s: unknown name \"%s\"; mailcert-config(5) lists them",
		    one->where, name);
	return note_set(note, STATUS_CONFIG,
	    "%s: unknown name \"%s\"; did you mean %s%s?", one->where, name,
	    prefix, nearest.name);
}

static enum status
wrong(const struct assignment *one, const struct setting *setting,
    struct note *note)
{
	enum status status = STATUS_CONFIG;
	char name[80], value[64];
	struct buf expected;

	text_show_in(name, sizeof(name), one->name, false);
	text_show_in(value, sizeof(value), one->value, false);
	buf_init(&expected, 256);
	setting_expected(setting, &expected);
	if (buf_status(&expected) != STATUS_OK)
		status = STATUS_MEMORY;
	else if (setting->secret)
		note_say(note, "%s: not a value for %s; use %s", one->where,
		    name, expected.at);
	else
		note_say(note, "%s: %s = %s is not valid; use %s", one->where,
		    name, value, expected.at);
	buf_clear(&expected);
	return status;
}

/* "password.USER@HOST" or "token.USER@HOST". */
static enum status
assign_secret(struct config *config, const struct assignment *one, bool token,
    struct note *note)
{
	const size_t dot = span_find_byte(one->name, '.');
	struct config_secret *secret = config_secret_entry(
	    config, span_cut(one->name, dot + 1, one->name.len), token);
	char name[80];

	if (secret == NULL) {
		text_show_in(name, sizeof(name), one->name, false);
		return note_set(note, STATUS_CONFIG,
		    "%s: %s does not name an account (USER@HOST), or is one of "
		    "more than %d",
		    one->where, name, CONFIG_SECRETS_MAX);
	}
	return setting_set(&setting_of_secret, one->value, secret)
	    ? STATUS_OK
	    : wrong(one, &setting_of_secret, note);
}

/* "dns_update_key.ZONE": which row is it?  NULL: none. */
static const struct setting *
find_of_zone(struct span name)
{
	return setting_find(
	    &settings_of_zone, span_cut(name, 0, span_find_byte(name, '.')));
}

static enum status
assign_zone(struct config *config, const struct assignment *one,
    const struct setting *setting, struct note *note)
{
	const size_t dot = span_find_byte(one->name, '.');
	struct config_zone *zone = config_zone_entry(
	    config, span_cut(one->name, dot + 1, one->name.len));
	char name[80];

	if (zone == NULL) {
		text_show_in(name, sizeof(name), one->name, false);
		return note_set(note, STATUS_CONFIG,
		    "%s: %s does not name a zone as the DNS writes it, or is "
		    "one of more than %d",
		    one->where, name, CONFIG_ZONES_MAX);
	}
	return setting_set(setting, one->value, zone)
	    ? STATUS_OK
	    : wrong(one, setting, note);
}

static enum status
assign(struct config *config, struct assignment *one, struct note *note)
{
	const struct settings *settings = &settings_all;
	const struct setting *setting;
	void *record = config;
	size_t dot;

	if (span_starts(one->name, SPAN("password.")) ||
	    span_starts(one->name, SPAN("token.")))
		return assign_secret(config, one, one->name.at[0] == 't', note);
	if (span_has_byte(one->name, '.') &&
	    (setting = find_of_zone(one->name)) != NULL)
		return assign_zone(config, one, setting, note);
	if (span_starts(one->name, SPAN("ca."))) {
		dot = 3 +
		    span_find_byte(span_cut(one->name, 3, one->name.len), '.');
		one->prefix = span_cut(one->name, 0, dot + 1);
		settings = &settings_of_ca;
		record = config_ca_entry(config, span_cut(one->name, 3, dot));
	}
	if (record == NULL)
		return note_set(note, STATUS_CONFIG,
		    "%s: no room for another CA, or its name is empty or too "
		    "long; use at most %d CAs and %d bytes for a name",
		    one->where, CONFIG_CAS_MAX, CONFIG_NAME_SIZE - 1);
	setting = setting_find(
	    settings, span_cut(one->name, one->prefix.len, one->name.len));
	if (setting == NULL)
		return unknown(one, settings, note);
	return setting_set(setting, one->value, record)
	    ? STATUS_OK
	    : wrong(one, setting, note);
}

/* What a message may quote of a line: the rest may hold a password. */
static struct span
first_word(struct span line)
{
	size_t i;

	for (i = 0; i < line.len; i++)
		if (ascii_is_space(line.at[i]) || line.at[i] == '=')
			break;
	return span_cut(line, 0, i);
}

/* Set "name = value"; the value may be in quotes. */
static enum status
set_line(struct config *config, struct span line, const char *where,
    struct note *note)
{
	const size_t equals = span_find_byte(line, '=');
	struct span value = span_trim(span_cut(line, equals + 1, line.len));
	struct assignment one = { .where = where,
		.name = span_trim(span_cut(line, 0, equals)) };
	char shown[80];

	if (equals == line.len) {
		text_show_in(shown, sizeof(shown), first_word(line), false);
		return note_set(note, STATUS_CONFIG,
		    "%s: \"%s\" has no \"=\"; use NAME = VALUE", where, shown);
	}
	if (value.len >= 2 && (value.at[0] == '"' || value.at[0] == '\'') &&
	    value.at[value.len - 1] == value.at[0])
		value = span_cut(value, 1, value.len - 1);
	one.value = value;
	return assign(config, &one, note);
}

static enum status
not_set(struct span line, const char *where, struct note *note)
{
	char shown[80];

	text_show_in(shown, sizeof(shown), first_word(line), false);
	return note_set(note, STATUS_CONFIG,
	    "%s: the line begins with \"%s\"; use set NAME = VALUE, or # for "
	    "a comment",
	    where, shown);
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
			return not_set(line, where, note);
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

/* Write $name/below, or $HOME/fallback/below if $name is not set; false if
 * neither is usable. */
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
			    "the home %.100s (-C, MAILCERT_HOME) is longer "
			    "than %zu bytes, or begins with ~ and HOME is not "
			    "set",
			    home, sizeof(config->home) - 1);
		return STATUS_OK;
	}
	if (!user_path(
		"XDG_DATA_HOME", ".local/share", "mailcert", config->home))
		return note_set(note, STATUS_CONFIG,
		    "HOME is not set; name the home with -C");
	return STATUS_OK;
}

bool
config_path(char *out)
{
	return user_path("XDG_CONFIG_HOME", ".config", "mailcert/config", out);
}

enum status
config_load(const char *home, const char *const *settings, size_t count,
    struct config *out, struct note *note)
{
	char path[CONFIG_VALUE_SIZE];
	enum status status;
	size_t i;

	*out = (struct config){ 0 };
	settings_begin(&settings_all, out);
	config_add_known_cas(out);
	if ((status = find_home(home, out, note)) != STATUS_OK)
		return status;
	if (config_path(path) &&
	    (status = read_file(out, path, note)) != STATUS_OK)
		return status;
	for (i = 0; i < count; i++) {
		status = set_line(out, span_of(settings[i]), "-o", note);
		if (status != STATUS_OK)
			return status;
	}
	config_complete_cas(out);
	return STATUS_OK;
}
