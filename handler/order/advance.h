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
 * One step of *order, which is read anew: others may have taken some.
 * STATUS_CA: it failed for good, and *order says so.
 */
enum status order_advance(struct client *client, struct order *order,
    int64_t now, struct order_step *out, struct note *note) MUST_CHECK;
/*
 * In the order in which to take a step of each: what is at the CA, then what
 * may wait for one of those, then what is not open; each the oldest first.
 */
void order_sort(struct order *all, size_t count);
/* A step of the order that has that challenge, which is in the way of another
 * one; whatever comes of it. */
void order_push(
    struct client *client, const struct expectation *expectation, int64_t now);
#endif
