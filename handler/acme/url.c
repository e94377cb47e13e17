/* url.c - URLs and nonces of a CA: see url.h.  Input: hostile. */
#include "acme/url.h"

#include <string.h>

#include "base/base64url.h"

bool
acme_url_ok(struct span url)
{
	size_t i;

	if (url.len > ACME_URL_MAX ||
	    !span_starts_nocase(url, SPAN("https://")) || url.len < 12)
		return false;
	for (i = 0; i < url.len; i++)
		if (url.at[i] <= 0x20 || url.at[i] >= 0x7f ||
		    span_has_byte(SPAN("\"\\<>^`{|}"), url.at[i]))
			return false;
	return true;
}

bool
acme_id_ok(struct span id)
{
	const size_t dot = span_find_byte(id, '.');

	return id.len < ACME_ID_SIZE &&
	    base64url_is_text(span_cut(id, 0, dot)) && dot > 0 &&
	    base64url_is_text(span_cut(id, dot + 1, id.len)) &&
	    dot + 1 < id.len;
}

bool
acme_nonce_ok(struct span nonce)
{
	size_t i;

	for (i = 0; i < nonce.len; i++)
		if (!ascii_is_alnum(nonce.at[i]) &&
		    !span_has_byte(SPAN("-_"), nonce.at[i]))
			return false;
	return nonce.len > 0 && nonce.len <= ACME_NONCE_MAX;
}

struct span
acme_origin(struct span url)
{
	size_t i = strlen("https://");

	if (!span_starts_nocase(url, SPAN("https://")))
		return span_cut(url, 0, 0);
	while (i < url.len && !span_has_byte(SPAN("/?#"), url.at[i]))
		i++;
	/* The host of "https://ca.example@evil.example" is evil.example. */
	if (span_has_byte(span_cut(url, 0, i), '@'))
		return span_cut(url, 0, 0);
	return span_cut(url, 0, i);
}

/* Split an origin into host and port; -1: malformed. */
static int
split_origin(struct span origin, struct span *host)
{
	struct span rest = span_cut(origin, strlen("https://"), origin.len);
	size_t colon = rest.len, i;
	int port = 0;

	/* Find the last colon outside the brackets of an address. */
	for (i = 0; i < rest.len; i++)
		if (rest.at[i] == ':')
			colon = i;
		else if (rest.at[i] == ']')
			colon = rest.len;
	*host = span_cut(rest, 0, colon);
	if (colon + 1 >= rest.len)
		return 443;
	for (i = colon + 1; i < rest.len && port <= 65535; i++) {
		if (!ascii_is_digit(rest.at[i]))
			return -1;
		port = port * 10 + (rest.at[i] - '0');
	}
	return port <= 65535 ? port : -1;
}

bool
acme_same_origin(struct span one, struct span other)
{
	struct span a, b;
	int port;

	one = acme_origin(one);
	other = acme_origin(other);
	if (one.len == 0 || other.len == 0)
		return false;
	port = split_origin(one, &a);
	return port >= 0 && port == split_origin(other, &b) && a.len > 0 &&
	    span_eq_nocase(a, b);
}
