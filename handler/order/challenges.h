/*
 * challenges.h - follow the challenges of an order until each is met
 */
#ifndef ORDER_CHALLENGES_H
#define ORDER_CHALLENGES_H
#include "order/step.h"

/* The ordered address that the CA's identifier means, or NULL. */
const char *order_find_address(
    const struct order *order, const char *identifier);
/* Expect the mail of every challenge that is not expected yet; of a server,
 * proof_choose(). */
enum status order_expect_challenges(struct client *client, struct order *order,
    const struct acme_order *acme, struct note *note) MUST_CHECK;
/*
 * Do what can be done for them now; *valid: the CA accepted all.  One at a
 * time: a CA that looks for one answer may discard the others.
 */
enum status order_advance_challenges(
    struct order_work *work, bool *valid) MUST_CHECK;
/*
 * Record that the answer to that challenge was sent, whatever its state is: its
 * draft, an answer in doubt, or one that another program sent.  It counts as
 * sent now, so that it gets the time it needs to arrive. *expectation is read
 * again.
 */
enum status order_mark_sent(const struct home *home,
    struct expectation *expectation, struct note *note) MUST_CHECK;
#endif
