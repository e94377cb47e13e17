/*
 * queue.h - allow one challenge at a time for an address at a CA
 */
#ifndef ORDER_QUEUE_H
#define ORDER_QUEUE_H
#include "order/step.h"

struct order_start {
	bool again;  /* as for order_submit() */
	bool beside; /* even if another challenge is open for an address */
};
/*
 * Submit the order, unless a challenge for one of its addresses is open at the
 * CA: then *order stays as it is, and *out says what comes first.
 */
enum status order_start(struct client *client, struct order *order,
    const struct order_start *how, int64_t now, struct order_step *out,
    struct note *note) MUST_CHECK;
#endif
