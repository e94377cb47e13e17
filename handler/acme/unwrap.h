/*
 * unwrap.h - recover the key that a message's content is encrypted with
 *
 * RFC 5652 section 6.2: the recipient's private key unwraps it.  What is
 * unwrapped was written by a stranger, who may learn, in whatever way, what
 * becomes of it.  So nothing here says whether it was well formed: where it is
 * not, the key is random, of the length that was asked for (RFC 3218 section
 * 2.3.2).
 */
#ifndef ACME_UNWRAP_H
#define ACME_UNWRAP_H
#include <stdint.h>

#include "base/buf.h"

enum {
	UNWRAP_WRAPPED_MAX = 1024, /* RSA 8192 */
	UNWRAP_POINT_MAX = 256,
	UNWRAP_INFO_MAX = 512,
	UNWRAP_KEY_MAX = 32
};

struct unwrap {
	/* "rsa" (PKCS #1 v1.5), "oaep" without a label, or "ecdh" (RFC 5753,
	 * the standard or the cofactor scheme, which are the same on our
	 * curves). */
	struct span scheme;
	struct span digest; /* of OAEP, or of the key derivation: "sha256" */
	struct span mask;   /* of OAEP's MGF1 */
	struct span wrap;   /* of ECDH: "aes128", "aes192", "aes256", "des3" */
	struct span point;  /* the sender's, of ECDH */
	struct span info;   /* ECC-CMS-SharedInfo */
	struct span wrapped;
	int64_t length; /* octets of the key: 16, 24 or 32 */
};

/*
 * Append the key.  pem: a private key, not locked.  STATUS_USAGE: a name that is
 * not listed above, or something is too long.  STATUS_BAD_KEY: not a private key.
 * STATUS_CRYPTO, STATUS_MEMORY.
 */
enum status unwrap_key(
    struct span pem, const struct unwrap *sealed, struct buf *out) MUST_CHECK;
#endif
