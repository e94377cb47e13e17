/*
 * issue.h - from addresses to a certificate on disk (RFC 8555, RFC 8823)
 *
 * Every step is durable before the next one, and every step can be taken
 * again: issue_advance() does what can be done now and says what is awaited,
 * from any shell, after any crash.
 */
#ifndef ORDER_ISSUE_H
#define ORDER_ISSUE_H
#include "order/issuer.h"
#include "store/issuance.h"
#include "store/order.h"

struct issue_request {
	const char *const *addresses; /* as typed */
	size_t count;
	enum key_kind key;
	enum csr_usage usage;
	struct span passphrase; /* to lock the key with; or empty */
	bool anew; /* even where the same is on its way, and beside it */
	const struct issuance *replaces; /* the one it renews, or NULL */
};

enum issue_wait {
	ISSUE_DONE,   /* the certificate is on disk */
	ISSUE_MAIL,   /* a challenge has not been answered yet */
	ISSUE_SENT,   /* an answer was drafted or may be out: a person knows */
	ISSUE_SETTLE, /* the answer needs a moment to arrive */
	ISSUE_CA,     /* the CA is at it */
	ISSUE_QUEUED, /* another order's challenge for the address comes first */
	ISSUE_OTHER   /* another mailcert is at it */
};

struct issue_step {
	enum issue_wait wait;
	int64_t seconds;    /* look again after that many */
	struct order order; /* the challenge that is awaited, where one is */
	struct note hint;   /* something the user should hear, or empty */
};

/* Could these be ordered?  Nothing is asked of anybody.  STATUS_USAGE. */
enum status issue_check(
    const struct issue_request *request, struct note *note) MUST_CHECK;

/*
 * newOrder, and the challenges of each address: they are expected from then
 * on.  *out is saved.  Where the challenge of another order for one of the
 * addresses is open, *out stays ISSUANCE_NEW, and issue_advance() begins it
 * later: two challenge mails at once cannot be told apart (RFC 8823 section
 * 3.1 gives them the same From and To).  Where the same order is on its way already, that one is
 * gone on with, and *resumed says so: running it twice orders once.
 */
enum status issue_begin(struct issuer *issuer,
    const struct issue_request *request, struct issuance *out, bool *resumed,
    struct note *note) MUST_CHECK;
/*
 * One step of *issuance, which is read anew: others may have taken some.
 * STATUS_CA: it failed for good, and *issuance says so.
 */
enum status issue_advance(struct issuer *issuer, struct issuance *issuance,
    int64_t now, struct issue_step *out, struct note *note) MUST_CHECK;
/*
 * In the order in which to take a step of each: what is at the CA, then what
 * may wait for one of those, then what is not open; each the oldest first.
 */
void issue_sort(struct issuance *all, size_t count);
/* A step of the order that has that challenge, which is in the way of another
 * one; whatever comes of it. */
void issue_push(struct issuer *issuer, const struct order *order, int64_t now);
/*
 * The answer to that challenge was sent, whatever its state is: its draft, one
 * that was in doubt, or one that another program sent.  It counts as sent now,
 * so that it gets the time that it needs to arrive.  *order is read anew.
 */
enum status issue_mark_sent(
    const struct home *home, struct order *order, struct note *note) MUST_CHECK;
#endif
