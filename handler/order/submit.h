/*
 * submit.h - send newOrder, once for each order (RFC 8555 section 7.4)
 */
#ifndef ORDER_SUBMIT_H
#define ORDER_SUBMIT_H
#include "order/client.h"
#include "store/order.h"

/* From ORDER_NEW to ORDER_PLACED; its lock is held.  again: it was
 * tried before, and the CA may have heard of it. */
enum status order_submit(struct client *client, struct order *order, bool again,
    struct note *note) MUST_CHECK;
#endif
