/*
 * caa.h - do CAA records stand in the way of an order?  (RFC 9495)
 *
 * Only the CA decides by them; we warn before it is asked.
 */
#ifndef CAA_H
#define CAA_H
#include "issuer.h"

/* Look the domains of these addresses up, and warn on standard error where the
 * records forbid this CA.  Silent where the DNS is. */
void caa_warn(
    const struct issuer *issuer, const char *const *addresses, size_t count);
#endif
