/*
 * caa.h - find out whether CAA records forbid an order (RFC 9495)
 *
 * Only the CA decides by them; we warn before it is asked.
 */
#ifndef ORDER_CAA_H
#define ORDER_CAA_H
#include "order/client.h"

/*
 * Look the domain of that address up: do its records forbid this CA?  Then the
 * note is a warning that says so.  False too where the DNS says nothing.
 */
bool caa_forbids(
    const struct client *client, const char *address, struct note *warning);
#endif
