/*
 * envelope.h - open encrypted messages without a key (RFC 5652, RFC 5083)
 *
 * Lives in the verifier, which parses what strangers wrote and has no keys.  It
 * says what the key holder needs to recover the content-encryption key
 * (acme/unwrap.h), and decrypts with what comes back.
 *
 * Whoever sends a message chooses all of it but the keys, so nothing here tells
 * a wrong key from a wrong content: see envelope_open().
 */
#ifndef MAIL_ENVELOPE_H
#define MAIL_ENVELOPE_H
#include "base/buf.h"

struct envelope; /* one EnvelopedData or AuthEnvelopedData */

/* Is it one of them, in BER? */
bool envelope_is(struct span ber);
/* STATUS_MISSING: it is not, or in a way that mailcert does not know.  Owned by
 * the caller: envelope_free(). */
enum status envelope_parse(struct span ber, struct envelope **out) MUST_CHECK;
void envelope_free(struct envelope *envelope);

/*
 * Append what the key of that certificate (in PEM, the first one counts) must
 * unwrap, as the frames of VERB_UNWRAP.  False: it is not encrypted to it, or in
 * a way that mailcert does not know.
 */
bool envelope_seal(
    const struct envelope *envelope, struct span pem, struct buf *frames);

/*
 * Append the content.  AES-GCM: STATUS_MISSING if its tag is wrong.  CBC has
 * nothing to check: with a wrong key or a changed content, what is appended is
 * noise.  What looks like padding is removed, and nobody hears whether it was.
 * STATUS_CRYPTO: the key is not of the length that was asked for.
 */
enum status envelope_open(const struct envelope *envelope, struct span key,
    struct buf *content) MUST_CHECK;
#endif
