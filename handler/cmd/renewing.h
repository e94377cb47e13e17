/*
 * renewing.h - renew one certificate, or finish its order
 *
 * By where it comes from: an ACME CA, a CA that is a program, or elsewhere,
 * when all that can be done is to remind the user in time.  Each prints its
 * lines into the session's output.
 */
#ifndef CMD_RENEWING_H
#define CMD_RENEWING_H
#include "cmd/session.h"
#include "cmd/watching.h"

struct renewing_wishes {
	bool dry_run; /* say what would be done and when */
	bool force;   /* even if it is not due */
	bool wait;    /* until the challenges are answered */
};

/* What is kept from one certificate to the next. */
struct renewal {
	struct buf passphrase; /* owned: for new keys, asked for once */
	bool known;
	size_t persons;            /* challenges that wait for one */
	size_t foreign;            /* certificates from elsewhere that do */
	struct watching *watching; /* looks for the challenges; or NULL */
};

/* Is something said or done also of what is not due? */
bool renewing_tells_all(const struct renewing_wishes *wishes);
/* all: what else may be renewed or resumed; an order among them may renew this
 * one.  Nothing is done where nothing is due.  Waiting for a person or for mail
 * is not a failure. */
enum status renewing_one(struct session *session,
    const struct renewing_wishes *wishes, struct order *order,
    const struct order *all, size_t count, struct renewal *run) MUST_CHECK;
#endif
