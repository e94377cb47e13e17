/*
 * step.h - the result of one step of an order, and what it waits for
 */
#ifndef ORDER_STEP_H
#define ORDER_STEP_H
#include "order/client.h"
#include "store/expectation.h"
#include "store/order.h"

enum { STEP_BODY_MAX = 2 * 1024 * 1024 };

enum step_wait {
	STEP_DONE,   /* the certificate is on disk */
	STEP_MAIL,   /* a challenge has not been answered yet */
	STEP_SENT,   /* an answer was drafted or may have been sent */
	STEP_SETTLE, /* the answer needs time to arrive */
	STEP_CA,     /* the CA is processing the order */
	STEP_PROOF,  /* the proof of a host is not in place */
	STEP_SPREAD, /* it was published, and not every server shows it */
	STEP_QUEUED, /* another order's challenge for the address comes first */
	STEP_OTHER   /* another mailcert process works on this order */
};

struct order_step {
	enum step_wait wait;
	int64_t seconds; /* look again after that many */
	struct expectation
	    expectation;   /* the challenge that is awaited, where one is */
	struct note proof; /* of STEP_PROOF, STEP_SPREAD: what is missing */
	struct note hint;  /* something the user should hear, or empty */
};

/* A step being taken; its parts share this. */
struct order_work {
	struct client *client;
	struct order *order; /* as the home says; its lock is held */
	int64_t now;
	struct order_step *step;
	struct note *note;
};

/* How long to wait before the CA is asked again: a clamped Retry-After. */
int64_t step_pause(int64_t retry_after);
#endif
