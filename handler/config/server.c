/* server.c - name a mail server: see server.h */
#include "config/server.h"

#include <stdio.h>
#include <string.h>

struct scheme {
	const char *begins;
	enum server_kind kind;
	bool implicit_tls;
	uint16_t port;
};

static const struct scheme schemes[] = {
	{ "submission://", SERVER_SMTP, false, 587 },
	{ "submissions://", SERVER_SMTP, true, 465 },
	{ "imap://", SERVER_IMAP, false, 143 },
	{ "imaps://", SERVER_IMAP, true, 993 },
	{ "jmap:https://", SERVER_JMAP, true, 443 },
};

static const struct scheme *
scheme_of(const struct server *server)
{
	size_t i;

	for (i = 0; i < sizeof(schemes) / sizeof(*schemes) - 1; i++)
		if (schemes[i].kind == server->kind &&
		    schemes[i].implicit_tls == server->implicit_tls)
			break;
	return &schemes[i];
}

static int
hex(char c)
{
	c = ascii_lower(c);
	if (ascii_is_digit(c))
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undo %-escapes; no control character may be in it, and no octet may be
 * missing. */
static bool
decode(struct span text, char *out, size_t size)
{
	size_t i, n = 0;
	int high, low;
	char c;

	for (i = 0; i < text.len; i++) {
		c = text.at[i];
		if (c == '%') {
			high = i + 2 < text.len ? hex(text.at[i + 1]) : -1;
			low = high >= 0 ? hex(text.at[i + 2]) : -1;
			if (low < 0)
				return false;
			c = (char)(high * 16 + low);
			i += 2;
		}
		if ((unsigned char)c < 0x20 || c == 0x7f || n + 1 >= size)
			return false;
		out[n++] = c;
	}
	out[n] = '\0';
	return true;
}

static bool
take_port(struct span text, uint16_t *out)
{
	unsigned port = 0;
	size_t i;

	for (i = 0; i < text.len && i < 5; i++) {
		if (!ascii_is_digit(text.at[i]))
			return false;
		port = port * 10 + (unsigned)(text.at[i] - '0');
	}
	*out = (uint16_t)port;
	return i > 0 && i == text.len && port > 0 && port <= 0xffff;
}

/* A name of letters, digits, "-" and ".", or an address in "[]". */
static bool
take_host(struct span text, char *out, size_t size)
{
	const bool literal =
	    text.len > 2 && text.at[0] == '[' && text.at[text.len - 1] == ']';
	size_t i;
	char c;

	if (text.len == 0 || text.len >= size)
		return false;
	for (i = 0; i < text.len; i++) {
		c = ascii_lower(text.at[i]);
		if (!ascii_is_alnum(c) && c != '-' && c != '.' &&
		    !(literal && (c == ':' || c == '[' || c == ']')))
			return false;
		out[i] = c;
	}
	out[i] = '\0';
	return text.at[0] != '-' && text.at[0] != '.';
}

/* HOST[:PORT] */
static bool
take_authority(
    struct span text, const struct scheme *scheme, struct server *out)
{
	size_t end = text.at != NULL && text.len > 0 && text.at[0] == '['
	    ? span_find_byte(text, ']') + 1
	    : span_find_byte(text, ':');

	out->port = scheme->port;
	if (end < text.len &&
	    (text.at[end] != ':' ||
		!take_port(span_cut(text, end + 1, text.len), &out->port)))
		return false;
	return take_host(span_cut(text, 0, end), out->host, sizeof(out->host));
}

/* The last "@" before the folder ends the user. */
static size_t
user_end(struct span text)
{
	size_t i = text.len;

	while (i > 0 && text.at[i - 1] != '@')
		i--;
	return i > 0 ? i - 1 : text.len;
}

bool
server_parse(struct span text, struct server *out)
{
	struct span rest = { NULL, 0 }, folder, user;
	size_t i, slash, at;

	*out = (struct server){ .kind = SERVER_NONE };
	for (i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		if (span_starts_nocase(text, span_of(schemes[i].begins)))
			break;
	if (i == sizeof(schemes) / sizeof(*schemes))
		return false;
	out->kind = schemes[i].kind;
	out->implicit_tls = schemes[i].implicit_tls;
	rest = span_cut(text, strlen(schemes[i].begins), text.len);
	slash = span_find_byte(rest, '/');
	folder = span_cut(rest, slash + 1, rest.len);
	rest = span_cut(rest, 0, slash);
	at = user_end(rest);
	user = at < rest.len ? span_cut(rest, 0, at) : span_cut(rest, 0, 0);
	if (at < rest.len)
		rest = span_cut(rest, at + 1, rest.len);
	return (user.len > 0 || out->kind == SERVER_JMAP) &&
	    (folder.len == 0 || out->kind == SERVER_IMAP) &&
	    decode(user, out->user, sizeof(out->user)) &&
	    decode(folder, out->folder, sizeof(out->folder)) &&
	    take_authority(rest, &schemes[i], out);
}

void
server_account(const struct server *server, char out[SERVER_NAME_SIZE])
{
	(void)snprintf(out, SERVER_NAME_SIZE, "%s%s%s", server->user,
	    server->user[0] != '\0' ? "@" : "", server->host);
}

void
server_name(const struct server *server, char out[SERVER_NAME_SIZE])
{
	const struct scheme *scheme = scheme_of(server);
	char account[SERVER_NAME_SIZE], port[8] = "";

	server_account(server, account);
	if (server->port != scheme->port)
		(void)snprintf(port, sizeof(port), ":%u", server->port);
	(void)snprintf(
	    out, SERVER_NAME_SIZE, "%s%.520s%s", scheme->begins, account, port);
}
