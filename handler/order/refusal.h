/*
 * refusal.h - decide what becomes of an order when the CA says no
 *
 * A No is kept in the record, in words that a person reads; only what ends the
 * order for good makes it ORDER_FAILED (RFC 8555 section 7.1.6).
 */
#ifndef ORDER_REFUSAL_H
#define ORDER_REFUSAL_H
#include "order/client.h"
#include "store/order.h"

/* Put into order->why what happened, what the CA said of it, and what to do;
 * not saved. */
void refusal_keep(struct order *order, const char *what,
    const struct acme_problem *problem, const char *advice);
/* It is over, for the reason that order->why gives: save that.  STATUS_CA with
 * a note. */
enum status refusal_end(
    struct client *client, struct order *order, struct note *note) MUST_CHECK;
/* Both, with the usual advice. */
enum status order_fail(struct client *client, struct order *order,
    const char *what, const struct acme_problem *problem,
    struct note *note) MUST_CHECK;
#endif
