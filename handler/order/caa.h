/*
 * caa.h - find out whether CAA records forbid an order (RFC 9495)
 *
 * Only the CA decides by them.  The user is warned before it is asked.
 */
#ifndef ORDER_CAA_H
#define ORDER_CAA_H
#include "order/client.h"

/*
 * Look up the domain of that address.  True where its records forbid this CA:
 * *warning says so then.  False also where the DNS does not answer.
 */
bool caa_forbids(
    const struct client *client, const char *address, struct note *warning);
#endif
