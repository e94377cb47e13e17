/*
 * chain.h - describe a certificate and what stands above it, up to its root
 *
 * For putting it into mail programs: each wants the chain in a form of its
 * own, under names of its own.  CAs do not send the root, so it is looked for
 * among the certificates that the user or the system trusts.  Lives in the
 * verifier; the other end of the frames is install/identity.c.
 */
#ifndef ACME_CHAIN_H
#define ACME_CHAIN_H
#include "base/buf.h"

enum {
	CHAIN_MOST = 16, /* certificates, root included */
	CHAIN_PLACE_SIZE = 400
};

struct chain; /* certificates from the leaf upwards */

/* Begin with the chain in PEM as the home keeps it: the first certificate is
 * the leaf.  STATUS_BAD_CA with a note; STATUS_MEMORY.  Owned by the caller:
 * chain_free(). */
enum status chain_new(
    struct span pem, struct chain **out, struct note *note) MUST_CHECK;
/* Continue it with certificates from a file, PEM or DER: the next one is one
 * that has signed the last.  What cannot be read is left out. */
void chain_extend(struct chain *chain, struct span file);
void chain_free(struct chain *chain);

/*
 * Append one frame "certificate" for each, from the leaf upwards.  Its value
 * is frames:
 *
 *	pem	in PEM
 *	subject	the distinguished name as one line (RFC 2253), or empty
 *	sha1	fingerprint, 40 capital hexadecimal digits
 *	sha256	fingerprint, 64 of them
 *	hash	of the subject, as "openssl x509 -hash" writes it
 *	serial	the number's content octets in DER
 *	issuer	the issuer's name in DER
 *	root	"yes" where it is self-signed
 *	key	"rsa", "ec", "ed25519" or "other"
 *	key-id	SHA-1 of an RSA modulus or an EC point, by which NSS names its
 *		keys: 40 hexadecimal digits, or empty
 *	place	where it says that its revocation list is: the first URL,
 *		shorter than CHAIN_PLACE_SIZE and visible ASCII; or empty
 */
enum status chain_describe(
    const struct chain *chain, struct buf *out, struct note *note) MUST_CHECK;
#endif
