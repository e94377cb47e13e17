/* token.c - token parts: see token.h.  Input: hostile. */
#include "acme/token.h"

#include "base/base64url.h"

static const char *const joins[] = { "string", "octets" };

const char *
token_join_name(enum token_join join)
{
	return joins[join];
}

bool
token_join_parse(struct span text, enum token_join *out)
{
	if (span_eq(text, SPAN("string")))
		*out = TOKEN_JOIN_STRING;
	else if (span_eq(text, SPAN("octets")))
		*out = TOKEN_JOIN_OCTETS;
	else
		return false;
	return true;
}

bool
token_part_ok(struct span part, size_t least)
{
	return base64url_trim_pad(part).len >= least &&
	    part.len <= TOKEN_PART_MAX && base64url_is_text(part);
}
