/* order_p.h - what order.c, place.c and submit.c share */
#ifndef ORDER_ORDER_P_H
#define ORDER_ORDER_P_H
#include "order/order.h"

enum { BODY_MAX = 2 * 1024 * 1024 };

/* From ORDER_NEW to ORDER_PLACED; its lock is held.  again: it was
 * tried before, and the CA may have heard of it. */
enum status order_submit(struct client *client, struct order *order, bool again,
    struct note *note) MUST_CHECK;
struct order_start {
	bool again;  /* as for order_submit() */
	bool beside; /* even if another challenge is open for an address */
};
/*
 * order_submit(), unless a challenge for one of the addresses is open at the CA:
 * then *order stays as it is, and *out says what comes first.
 */
enum status order_start(struct client *client, struct order *order,
    const struct order_start *how, int64_t now, struct order_step *out,
    struct note *note) MUST_CHECK;
/* Expect the mail of every challenge that is not expected yet. */
enum status order_expect_challenges(struct client *client,
    const struct order *order, const struct acme_order *acme,
    struct note *note) MUST_CHECK;
/* It is over: save that, and why.  STATUS_CA with a note. */
enum status order_fail(struct client *client, struct order *order,
    const char *what, const struct acme_problem *problem,
    struct note *note) MUST_CHECK;
/* The address that the CA's identifier means, or NULL. */
const char *order_find_address(
    const struct order *order, const char *identifier);
/* An RFC 3339 time; 0: it is none. */
int64_t order_time_of(const char *text);
#endif
