/* jmap_url.c - the URLs of a JMAP server: see jmap_answer.h.  Input: hostile. */
#include <string.h>

#include "watch/jmap_answer.h"

/* Printable ASCII, and nothing that no URL may hold; but "{" and "}", which
 * templates have. */
static bool
characters_ok(struct span url)
{
	size_t i;

	for (i = 0; i < url.len; i++)
		if (url.at[i] <= 0x20 || url.at[i] >= 0x7f ||
		    span_has_byte(SPAN("\"\\<>^`|#"), url.at[i]))
			return false;
	return true;
}

/* Does it begin with a scheme (RFC 3986 section 3.1)? */
static bool
has_scheme(struct span url)
{
	const size_t colon = span_find_byte(url, ':');
	size_t i;

	for (i = 0; i < colon; i++)
		if (!ascii_is_alnum(url.at[i]) &&
		    !span_has_byte(SPAN("+-."), url.at[i]))
			return false;
	return colon > 0 && colon < url.len;
}

/* Take "host:port" off the front, up to the path or query. */
static struct span
take_authority(struct span *url)
{
	const struct span all = *url;
	size_t end = 0;

	while (end < all.len && all.at[end] != '/' && all.at[end] != '?')
		end++;
	*url = span_cut(all, end, all.len);
	return span_cut(all, 0, end);
}

/* The port as it is written; 0: malformed. */
static int
read_port(struct span text)
{
	int port = 0;
	size_t i;

	for (i = 0; i < text.len && port <= 0xffff; i++) {
		if (!ascii_is_digit(text.at[i]))
			return 0;
		port = port * 10 + (text.at[i] - '0');
	}
	return port <= 0xffff ? port : 0;
}

/* Is it that server?  any_port: the host is enough. */
static bool
is_server(struct span authority, const struct server *server, bool any_port)
{
	const struct span host = span_of(server->host);
	struct span port;

	if (!span_starts_nocase(authority, host))
		return false;
	port = span_cut(authority, host.len, authority.len);
	if (port.len > 0 && port.at[0] != ':')
		return false;
	return any_port ||
	    server->port ==
	    (port.len > 1 ? read_port(span_cut(port, 1, port.len)) : 443);
}

/* Append the directory of base, without its query (section 5.2.3). */
static void
add_directory(struct buf *out, struct span base)
{
	base = span_cut(base, 0, span_find_byte(base, '?'));
	while (base.len > 0 && base.at[base.len - 1] != '/')
		base.len--;
	buf_add(out, base);
}

bool
jmap_resolve(struct span reference, const struct server *server,
    const char *base, bool plain, char *out, size_t size)
{
	const struct span https = SPAN("https:"), http = SPAN("http:"),
			  slashes = SPAN("//");
	struct span rest = reference;
	bool any_port = false, good = true;
	struct buf path;

	if (reference.len == 0 || !characters_ok(reference))
		return false;
	if (span_starts_nocase(rest, https)) {
		rest = span_cut(rest, https.len, rest.len);
		good = span_starts(rest, slashes);
	} else if (plain && span_starts_nocase(rest, http)) {
		rest = span_cut(rest, http.len, rest.len);
		good = any_port = span_starts(rest, slashes);
	} else if (has_scheme(rest)) {
		return false;
	}
	if (!good)
		return false;
	buf_init(&path, size);
	if (span_starts(rest, slashes)) {
		rest = span_cut(rest, slashes.len, rest.len);
		good = is_server(take_authority(&rest), server, any_port);
		if (rest.len == 0 || rest.at[0] != '/')
			buf_add_byte(&path, '/');
	} else if (rest.at[0] == '?') {
		buf_add(&path,
		    span_cut(
			span_of(base), 0, span_find_byte(span_of(base), '?')));
	} else if (rest.at[0] != '/') {
		add_directory(&path, span_of(base));
	}
	buf_add(&path, rest);
	good = good && buf_status(&path) == STATUS_OK &&
	    span_copy(buf_span(&path), out, size) && out[0] == '/';
	buf_clear(&path);
	return good;
}

/* RFC 6570 section 3.2.1: what is not unreserved is encoded. */
static void
add_encoded(struct buf *out, struct span value)
{
	size_t i;

	for (i = 0; i < value.len; i++)
		if (ascii_is_alnum(value.at[i]) ||
		    span_has_byte(SPAN("-._~"), value.at[i]))
			buf_add_byte(out, value.at[i]);
		else
			buf_addf(out, "%%%02X", (unsigned char)value.at[i]);
}

/* A variable that nobody knows has no value (section 2.3). */
static struct span
value_of(struct span name, const struct jmap_session *session, const char *blob)
{
	return span_eq(name, SPAN("accountId")) ? span_of(session->account)
	    : span_eq(name, SPAN("blobId"))     ? span_of(blob)
	    : span_eq(name, SPAN("type"))       ? SPAN("message/rfc822")
	    : span_eq(name, SPAN("name"))       ? SPAN("message.eml")
						: SPAN("");
}

bool
jmap_expand(const struct jmap_session *session, const char *blob, char *out,
    size_t size)
{
	struct span rest = span_of(session->download);
	size_t open, end;
	struct buf url;
	bool good;

	buf_init(&url, size);
	while (rest.len > 0) {
		open = span_find_byte(rest, '{');
		buf_add(&url, span_cut(rest, 0, open));
		rest = span_cut(rest, open + 1, rest.len);
		end = span_find_byte(rest, '}');
		add_encoded(
		    &url, value_of(span_cut(rest, 0, end), session, blob));
		rest = span_cut(rest, end + 1, rest.len);
	}
	good = buf_status(&url) == STATUS_OK &&
	    span_copy(buf_span(&url), out, size);
	buf_clear(&url);
	return good;
}
