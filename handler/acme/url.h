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

/* Return "https://host:port" of a URL, as it is written; empty if malformed. */
struct span acme_origin(struct span url);
/* Do both lead to the same server?  Scheme and host in any case, 443 without a
 * port (RFC 3986 section 6.2.2.1 and 6.2.3, RFC 6454 section 5). */
bool acme_same_origin(struct span one, struct span other);
#endif
