/*
 * jws_form.h - check the form of a signed request (RFC 7515 section 7.2.2)
 *
 * For whoever passes on what the key holder signed; nothing is verified.
 */
#ifndef ACME_JWS_FORM_H
#define ACME_JWS_FORM_H
#include <stdbool.h>

#include "base/span.h"

/* Is it one flattened JWS as jws_sign() writes it: an object of the members
 * protected, payload and signature, in base64url?  Only payload may be empty
 * (RFC 8555 section 6.3). */
bool jws_form_ok(struct span text);
#endif
