/*
 * advance.h - take an order step by step to a certificate on disk (RFC 8555)
 *
 * Every step is durable before the next one, and every step can be taken
 * again: order_advance() does what can be done now and says what is awaited,
 * from any shell, after any crash.
 */
#ifndef ORDER_ADVANCE_H
#define ORDER_ADVANCE_H
#include "order/step.h"

/*
 * Take one step of *order, which is read again: other processes may have taken
 * some.  STATUS_CA: it failed for good, and *order says so.
 */
enum status order_advance(struct client *client, struct order *order,
    int64_t now, struct order_step *out, struct note *note) MUST_CHECK;
/*
 * Sort into the sequence in which to take steps: orders at the CA, then those
 * that may wait for one of them, then closed ones; the oldest first in each
 * group.
 */
void order_sort(struct order *all, size_t count);
/* Take a step of the order that has that challenge, because another order waits
 * for it.  Failures are left to its own finish. */
void order_push(
    struct client *client, const struct expectation *expectation, int64_t now);
#endif
