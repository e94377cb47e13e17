/* url.c - URLs and nonces of a CA: see url.h.  Input: hostile. */
#include "acme/url.h"

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
