/*
 * caa.h - find out whether CAA records forbid an order (RFC 8659, 9495)
 *
 * Only the CA decides by them.  The user is warned before it is asked.
 */
#ifndef ORDER_CAA_H
#define ORDER_CAA_H
#include "order/client.h"

/*
 * Look up the domain of that address, or that host.  *warning says if its records forbid this
 * CA; it is empty if they do not, or if the DNS does not answer.  STATUS_BUG
 * with a note: the answer of mailcert-net is malformed, or missing.
 */
enum status caa_check(const struct client *client, const char *name,
    struct note *warning, struct note *note) MUST_CHECK;
#endif
