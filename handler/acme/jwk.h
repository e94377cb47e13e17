/*
 * jwk.h - account keys as JSON Web Keys, and their thumbprint
 *
 * RFC 7517, 7518 section 6, 8037, 7638.  EC P-256, P-384, P-521; Ed25519 and
 * Ed448; RSA from 2048 to 8192 bits.
 */
#ifndef ACME_JWK_H
#define ACME_JWK_H
#include "base/buf.h"

enum { JWK_SIZE_MAX = 4096 };

/*
 * Append the public key as a JWK with the required members only, in the form
 * that RFC 7638 section 3 hashes.  Failures as below.
 */
enum status jwk_public(
    struct span key, struct buf *out, struct note *note) MUST_CHECK;
/*
 * Append the RFC 7638 thumbprint (base64url, 43 characters) of a key given as
 * PEM (private or public) or as a JWK.  STATUS_BAD_KEY with a note that never
 * holds key material; STATUS_CRYPTO.
 */
enum status jwk_thumbprint(
    struct span key, struct buf *out, struct note *note) MUST_CHECK;
#endif
