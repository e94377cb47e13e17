/* token.c - token parts: see token.h.  Input: hostile. */
#include "acme/token.h"

#include <string.h>

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

bool
token_part2_take(struct span text, char out[TOKEN_TEXT_SIZE])
{
	return token_part_ok(text, 1) &&
	    span_copy(base64url_trim_pad(text), out, TOKEN_TEXT_SIZE);
}

bool
thumbprint_take(struct span text, char out[THUMBPRINT_SIZE])
{
	const struct span bare = base64url_trim_pad(text);

	return bare.len == THUMBPRINT_LEN && base64url_is_text(text) &&
	    span_copy(bare, out, THUMBPRINT_SIZE);
}

bool
token_part2_is_short(const char *part2, struct note *note)
{
	const size_t len = strlen(part2);

	if (len >= TOKEN_PART2_MIN)
		return false;
	note_say(note,
	    "warning: token-part2 has %zu characters, but 128 bits need %d "
	    "(RFC 8555 section 8.1); check that it is complete",
	    len, TOKEN_PART2_MIN);
	return true;
}
