/*
 * refusal.h - decide what becomes of an order when the CA says no
 *
 * The refusal is kept in the record, in words for a person; only one that ends
 * the order for good makes it ORDER_FAILED (RFC 8555 section 7.1.6).
 */
#ifndef ORDER_REFUSAL_H
#define ORDER_REFUSAL_H
#include "order/client.h"
#include "store/order.h"

/* Put into order->why what happened, what the CA said of it, and what to do;
 * not saved. */
void refusal_keep(struct order *order, const char *what,
    const struct acme_problem *problem, const char *advice);
/* Mark the order as failed, for the reason in order->why, and save it.
 * STATUS_CA with a note. */
enum status refusal_end(
    struct client *client, struct order *order, struct note *note) MUST_CHECK;
/* Do both, with the usual advice. */
enum status order_fail(struct client *client, struct order *order,
    const char *what, const struct acme_problem *problem,
    struct note *note) MUST_CHECK;
#endif
