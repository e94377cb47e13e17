/*
 * token.h - token parts and how they become the token (RFC 8823 section 3)
 */
#ifndef ACME_TOKEN_H
#define ACME_TOKEN_H
#include "base/span.h"

enum {
	TOKEN_PART1_MIN = 22, /* 128 bits in base64url (section 3.1) */
	TOKEN_PART_MAX = 512, /* ours: docs/leniency.md */
	TOKEN_TEXT_SIZE = TOKEN_PART_MAX + 1
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
#endif
