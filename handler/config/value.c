/* value.c - read the values of the configuration: see config_p.h */
#include "base/path.h"
#include "base/resolver.h"
#include "config/allow.h"
#include "config/config_p.h"
#include "config/identity.h"
#include "config/source.h"
#include "mail/address.h"
#include "mail/dns_answer.h"

bool
value_text(const struct setting *setting, struct span value, void *field)
{
	return span_copy(value, field, setting->size);
}

bool
value_url(const struct setting *setting, struct span value, void *field)
{
	return value_text(setting, value, field) &&
	    span_starts(value, SPAN("https://"));
}

/* A program needs its full path: no shell searches for it. */
bool
value_program(const struct setting *setting, struct span value, void *field)
{
	return value_text(setting, value, field) &&
	    span_starts(value, SPAN("/"));
}

/* A proxy as curl(1) takes it, or "none". */
bool
value_proxy(const struct setting *setting, struct span value, void *field)
{
	static const char *const schemes[] = { "http", "https", "socks4",
		"socks4a", "socks5", "socks5h" };
	const size_t end = span_find(value, SPAN("://"));
	size_t i;

	for (i = 0; i < value.len; i++)
		if (value.at[i] <= 0x20 || value.at[i] >= 0x7f)
			return false;
	return value_text(setting, value, field) &&
	    (end == value.len ||
		span_index(span_cut(value, 0, end), schemes, 6) < 6);
}

static size_t
word_index(const struct setting *setting, struct span value)
{
	size_t count = 0;

	while (setting->words[count] != NULL)
		count++;
	return span_index(value, setting->words, count);
}

/* The first of two words is true. */
bool
value_flag(const struct setting *setting, struct span value, void *field)
{
	const size_t i = word_index(setting, value);

	*(bool *)field = i == 0;
	return setting->words[i] != NULL;
}

/* One of the words, which are in the order of an enumeration. */
bool
value_choice(const struct setting *setting, struct span value, void *field)
{
	const size_t i = word_index(setting, value);

	*(unsigned int *)field = (unsigned int)i;
	return setting->words[i] != NULL;
}

/* The word itself. */
bool
value_word(const struct setting *setting, struct span value, void *field)
{
	const size_t i = word_index(setting, value);

	*(const char **)field = setting->words[i];
	return setting->words[i] != NULL;
}

static bool
read_number(struct span value, int64_t *out)
{
	int64_t number = 0;
	size_t i;

	for (i = 0; i < value.len && i < 12; i++) {
		if (!ascii_is_digit(value.at[i]))
			return false;
		number = number * 10 + (value.at[i] - '0');
	}
	*out = number;
	return i > 0 && i == value.len;
}

static bool
is_within(const struct setting *setting, int64_t number)
{
	return number >= setting->least && number <= setting->most;
}

bool
value_number(const struct setting *setting, struct span value, void *field)
{
	int64_t *number = field;

	return read_number(value, number) && is_within(setting, *number);
}

/* "30d", "36h", "10m", "5s", or a bare number of days. */
bool
value_period(const struct setting *setting, struct span value, void *field)
{
	const char last = value.len > 0 ? value.at[value.len - 1] : '\0';
	const int64_t unit = last == 's' ? 1
	    : last == 'm'                ? 60
	    : last == 'h'                ? 3600
					 : 86400;
	int64_t *seconds = field;

	if (unit != 86400 || last == 'd')
		value.len--;
	if (!read_number(value, seconds))
		return false;
	*seconds *= unit;
	return is_within(setting, *seconds);
}

/* Add the method of one word.  An authserv-id is a domain name, or whatever
 * else the server calls itself. */
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

/* Take the first word off the front of *rest. */
static struct span
take_word(struct span *rest)
{
	const size_t end = span_find_byte(*rest, ' ');
	const struct span word = span_cut(*rest, 0, end);

	*rest = span_trim(span_cut(*rest, end, rest->len));
	return word;
}

/* "dkim smime results:AUTHSERV-ID", in order, or "none" alone. */
bool
value_methods(const struct setting *setting, struct span value, void *field)
{
	struct authres_methods *methods = field;

	(void)setting;
	*methods =
	    (struct authres_methods){ .none = span_eq(value, SPAN("none")) };
	if (methods->none)
		return true;
	if (value.len == 0)
		return false;
	while (value.len > 0)
		if (!add_method(methods, take_word(&value)))
			return false;
	return true;
}

bool
value_key_kind(const struct setting *setting, struct span value, void *field)
{
	(void)setting;
	return key_kind_parse(value, field);
}

bool
value_usage(const struct setting *setting, struct span value, void *field)
{
	(void)setting;
	return config_usage_parse(value, field);
}

bool
value_coverage(const struct setting *setting, struct span value, void *field)
{
	(void)setting;
	return dkim_coverage_parse(value, field);
}

bool
value_join(const struct setting *setting, struct span value, void *field)
{
	(void)setting;
	return token_join_parse(value, field);
}

/* "system", or addresses with or without "@PORT". */
bool
value_resolver(const struct setting *setting, struct span value, void *field)
{
	char address[RESOLVER_ADDRESS_SIZE];
	struct span rest = value;
	uint16_t port;

	while (rest.len > 0 && !span_eq(value, SPAN("system")))
		if (!resolver_parse(take_word(&rest), address, &port))
			return false;
	return value.len > 0 && value_text(setting, value, field);
}

/* Where updates of the DNS go: a host by its name or address. */
bool
value_dns_server(const struct setting *setting, struct span value, void *field)
{
	const size_t at = span_find_byte(value, '@');
	char address[RESOLVER_ADDRESS_SIZE];
	uint16_t port;

	if (value.len > 0 && !resolver_parse(value, address, &port) &&
	    (!dns_name_ok(span_cut(value, 0, at)) ||
		(at < value.len &&
		    !resolver_port(span_cut(value, at + 1, value.len), &port))))
		return false;
	return value_text(setting, value, field);
}

bool
value_dns_servers(const struct setting *setting, struct span value, void *field)
{
	char address[RESOLVER_ADDRESS_SIZE];
	struct span rest = value;
	size_t count = 0;
	uint16_t port;

	while (rest.len > 0)
		if (count++ == CONFIG_DNS_SERVERS_MAX ||
		    !resolver_parse(take_word(&rest), address, &port))
			return false;
	return value_text(setting, value, field);
}

bool
value_draft(const struct setting *setting, struct span value, void *field)
{
	struct destination destination;

	return value_text(setting, value, field) &&
	    destination_parse(field, &destination) == STATUS_OK;
}

/* A file; "~/" is the home of the user. */
bool
value_path(const struct setting *setting, struct span value, void *field)
{
	if (value.len == 0)
		return value_text(setting, value, field);
	return path_expand(value, field, setting->size);
}

/* An empty value: no folder. */
static bool
read_folder(struct span value, bool imap, struct destination *folder)
{
	char text[CONFIG_VALUE_SIZE];

	*folder = (struct destination){ 0 };
	return value.len == 0 ||
	    (span_copy(value, text, sizeof(text)) &&
		destination_parse(text, folder) == STATUS_OK &&
		(folder->kind == DESTINATION_MAILDIR ||
		    folder->kind == DESTINATION_MBOX ||
		    (imap && folder->kind == DESTINATION_IMAP)));
}

/* "maildir:DIR" or "mbox:FILE" */
bool
value_sent_folder(const struct setting *setting, struct span value, void *field)
{
	(void)setting;
	return read_folder(value, false, field);
}

/* The same, or "imap" */
bool
value_sent_copy(const struct setting *setting, struct span value, void *field)
{
	(void)setting;
	return read_folder(value, true, field);
}

static bool
read_server(struct span value, enum server_kind kind, struct server *out)
{
	return server_parse(value, out) && out->kind == kind;
}

bool
value_smtp(const struct setting *setting, struct span value, void *field)
{
	(void)setting;
	return read_server(value, SERVER_SMTP, field);
}

bool
value_imap(const struct setting *setting, struct span value, void *field)
{
	(void)setting;
	return read_server(value, SERVER_IMAP, field);
}

bool
value_addresses(const struct setting *setting, struct span value, void *field)
{
	return value_text(setting, value, field) && allow_ok(value);
}

bool
value_identities(const struct setting *setting, struct span value, void *field)
{
	return value_text(setting, value, field) && identities_ok(value);
}

bool
value_sources(const struct setting *setting, struct span value, void *field)
{
	static struct source sources[SOURCES_MAX];
	size_t count;

	return value_text(setting, value, field) &&
	    sources_parse(value, sources, SOURCES_MAX, &count);
}

/* "maildir:DIR", "mailto:ADDRESS", a program; an empty value: nobody. */
bool
value_report(const struct setting *setting, struct span value, void *field)
{
	const struct span maildir = SPAN("maildir:"), mailto = SPAN("mailto:");
	struct config_report *report = field;
	struct mailbox mailbox;

	(void)setting;
	*report = (struct config_report){ .kind = REPORT_NOBODY };
	if (value.len == 0)
		return true;
	if (span_starts(value, maildir)) {
		report->kind = REPORT_MAILDIR;
		return path_expand(span_cut(value, maildir.len, value.len),
		    report->to, sizeof(report->to));
	}
	if (span_starts(value, mailto)) {
		report->kind = REPORT_MAIL;
		value = span_cut(value, mailto.len, value.len);
		return address_parse(value, &mailbox) == STATUS_OK &&
		    span_copy(value, report->to, sizeof(report->to));
	}
	report->kind = REPORT_COMMAND;
	return span_starts(value, SPAN("/")) &&
	    span_copy(value, report->to, sizeof(report->to));
}
