/*
 * response.h - compute the answer to an "email-reply-00" challenge
 *
 * RFC 8823, section 3, step 6.  A pure computation: no I/O, no secret.  It
 * takes the account key's thumbprint rather than the key, so nothing on the
 * answering path can sign with, or leak, the account key.  Lives in the
 * verifier process, which is the one with libcrypto.
 */
#ifndef REPLY_RESPONSE_H
#define REPLY_RESPONSE_H
#include "acme/token.h"
#include "base/span.h"
#include "base/status.h"

enum { SHA256_TEXT_LEN = THUMBPRINT_LEN }; /* of this digest, too */

struct response {
	char digest[SHA256_TEXT_LEN + 1]; /* NUL-terminated */
};

/*
 * Compute base64url(SHA-256(token "." thumbprint)) into *out.
 *
 * part1	from the challenge: hostile, already free of white space; a
 * 		trailing '=' is part of the text and stays
 * part2	from the challenge object of the matched expectation; never padded
 * 		(RFC 8555 section 8.1): a trailing '=' is left out
 * thumbprint	RFC 7638, of the account key, base64url; likewise
 * join		string: token is part1 part2, as text, as received
 * 		octets: base64url of the octets of both (docs/protocol.md)
 *
 * Spans are borrowed for the call. *out is written only on STATUS_OK.
 * STATUS_BAD_TOKEN, STATUS_BAD_THUMBPRINT: wrong alphabet or length.
 * STATUS_CRYPTO: the digest could not be computed.
 */
enum status response_compute(struct span part1, struct span part2,
    struct span thumbprint, enum token_join join,
    struct response *out) MUST_CHECK;
#endif
