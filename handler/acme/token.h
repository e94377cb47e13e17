/*
 * token.h - join the two token parts to the token (RFC 8823 section 3)
 */
#ifndef ACME_TOKEN_H
#define ACME_TOKEN_H
#include "base/span.h"
#include "base/status.h"

enum {
	TOKEN_PART1_MIN = 22, /* 128 bits in base64url (section 3.1) */
	TOKEN_PART2_MIN = 22, /* likewise (RFC 8555 section 8.1) */
	TOKEN_PART_MAX = 512, /* our limit: docs/leniency.md */
	TOKEN_TEXT_SIZE = TOKEN_PART_MAX + 1,
	THUMBPRINT_LEN = 43, /* base64url of a SHA-256 digest (RFC 7638) */
	THUMBPRINT_SIZE = THUMBPRINT_LEN + 1
};

/* How both parts are joined; step 6 is read in two ways: docs/protocol.md. */
enum token_join {
	TOKEN_JOIN_STRING, /* the texts, as received */
	TOKEN_JOIN_OCTETS  /* base64url of the octets of both */
};

const char *token_join_name(enum token_join join);
bool token_join_parse(struct span text, enum token_join *out);

/* Is it a token part: base64url of at least `least` and at most
 * TOKEN_PART_MAX characters? */
bool token_part_ok(struct span part, size_t least);

/*
 * A token-part2 and a thumbprint as people and other clients write them.
 * Neither is ever padded (RFC 8555 section 8.1, RFC 7515 section 2): with and
 * without "=" they mean the same, and *out holds the one without.  False: not
 * base64url, or of a wrong length.
 */
bool token_part2_take(struct span text, char out[TOKEN_TEXT_SIZE]);
bool thumbprint_take(struct span text, char out[THUMBPRINT_SIZE]);
/* Fewer than the 128 bits that a token must have?  Then the note warns. */
bool token_part2_is_short(const char *part2, struct note *note);
#endif
