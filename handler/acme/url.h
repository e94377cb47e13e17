/* url.h - check the URLs and nonces of a CA before use (RFC 8555 section 6) */
#ifndef ACME_URL_H
#define ACME_URL_H
#include "base/span.h"

enum { ACME_URL_MAX = 1023, ACME_NONCE_MAX = 512, ACME_ID_SIZE = 256 };

/* Is it an https URL of printable ASCII without quotes, of that size? */
bool acme_url_ok(struct span url);
/* RFC 8555 section 6.5.1: base64url. */
bool acme_nonce_ok(struct span nonce);
/* A certificate identifier: base64url "." base64url (RFC 9773 section 4.1). */
bool acme_id_ok(struct span id);
#endif
