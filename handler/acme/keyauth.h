/*
 * keyauth.h - the value that proves a host (RFC 8555 section 8.4)
 *
 * Lives in the verifier: it computes with libcrypto, and needs no key.
 */
#ifndef ACME_KEYAUTH_H
#define ACME_KEYAUTH_H
#include "acme/service.h"

/*
 * Write base64url(SHA-256(token "." thumbprint suffix)).  suffix is empty, or
 * for a CA that binds the value to its service ".SERVICE.PORT".
 * STATUS_BAD_TOKEN, STATUS_BAD_THUMBPRINT: wrong alphabet or length.
 */
enum status keyauth_digest(struct span token, struct span thumbprint,
    struct span suffix, char out[SERVICE_VALUE_SIZE]) MUST_CHECK;
#endif
