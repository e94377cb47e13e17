/*
 * order.h - from addresses to a certificate on disk (RFC 8555, RFC 8823)
 *
 * Every step is durable before the next one, and every step can be taken
 * again: order_advance() does what can be done now and says what is awaited,
 * from any shell, after any crash.
 */
#ifndef ORDER_ORDER_H
#define ORDER_ORDER_H
#include "order/client.h"
#include "store/expectation.h"
#include "store/order.h"

struct order_request {
	const char *const *addresses; /* as typed */
	size_t count;
	enum key_kind key;
	enum csr_usage usage;
	struct span passphrase; /* to lock the key with; or empty */
	bool anew; /* even where the same is on its way, and beside it */
	const struct order *replaces; /* the one it renews, or NULL */
};

enum step_wait {
	STEP_DONE,   /* the certificate is on disk */
	STEP_MAIL,   /* a challenge has not been answered yet */
	STEP_SENT,   /* an answer was drafted or may be out: a person knows */
	STEP_SETTLE, /* the answer needs a moment to arrive */
	STEP_CA,     /* the CA is at it */
	STEP_QUEUED, /* another order's challenge for the address comes first */
	STEP_OTHER   /* another mailcert is at it */
};

struct order_step {
	enum step_wait wait;
	int64_t seconds; /* look again after that many */
	struct expectation
	    expectation;  /* the challenge that is awaited, where one is */
	struct note hint; /* something the user should hear, or empty */
};

/* Could these be ordered?  Nothing is asked of anybody.  STATUS_USAGE. */
enum status order_check(
    const struct order_request *request, struct note *note) MUST_CHECK;

/*
 * newOrder, and the challenges of each address: they are expected from then on.
 * *out is saved.  Where the challenge of another order for one of the addresses
 * is open, *out stays ORDER_NEW, and order_advance() begins it later: two
 * challenge mails at once cannot be told apart (RFC 8823 section 3.1 gives them
 * the same From and To).  Where the same order is on its way already, that one
 * is gone on with, and *resumed says so: running it twice orders once.
 */
enum status order_place(struct client *client,
    const struct order_request *request, struct order *out, bool *resumed,
    struct note *note) MUST_CHECK;
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
/*
 * The answer to that challenge was sent, whatever its state is: its draft, one
 * that was in doubt, or one that another program sent.  It counts as sent now,
 * so that it gets the time that it needs to arrive.  *order is read anew.
 */
enum status order_mark_sent(const struct home *home,
    struct expectation *expectation, struct note *note) MUST_CHECK;
#endif
