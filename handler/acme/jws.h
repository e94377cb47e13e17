/*
 * jws.h - sign ACME requests (RFC 8555 section 6.2, RFC 7515)
 *
 * Flattened JSON, one signature, the algorithm fixed by the key: ES256, ES384,
 * ES512, EdDSA (RFC 8037), RS256.  Lives in the key holder.
 */
#ifndef ACME_JWS_H
#define ACME_JWS_H
#include "acme/service.h"

enum { JWS_SIZE_MAX = 256 * 1024 };

struct jws {
	struct span url;     /* exactly as the CA gave it */
	struct span nonce;   /* empty only in the inner JWS of keyChange */
	struct span kid;     /* account URL; empty: the key itself, as jwk */
	struct span payload; /* empty: POST-as-GET (section 6.3) */
	/* For the protected header, as draft-ietf-acme-email-tls-02 has it;
	 * jws_sign() only. */
	const struct service_at *service; /* borrowed */
	size_t services;
};

/*
 * Append the JWS.  key: an unencrypted private key in PEM.  STATUS_BAD_KEY,
 * STATUS_BAD_CA (a malformed URL or nonce), STATUS_CRYPTO.
 */
enum status jws_sign(struct span key, const struct jws *jws, struct buf *out,
    struct note *note) MUST_CHECK;
/*
 * Append the externalAccountBinding (section 7.3.4): the account key signed
 * with the CA's MAC key, given in base64url (padding and plain base64 are
 * accepted, because CAs use all of them).
 */
enum status jws_bind(struct span key, struct span url, struct span kid,
    struct span mac_key, struct buf *out, struct note *note) MUST_CHECK;
/*
 * Append the request of a roll-over (section 7.3.5): the new key signs that it
 * takes the account, and the old one signs that.  jws->payload is ignored; kid
 * and nonce are required.
 */
enum status jws_roll_over(struct span old_key, struct span new_key,
    const struct jws *jws, struct buf *out, struct note *note) MUST_CHECK;
#endif
