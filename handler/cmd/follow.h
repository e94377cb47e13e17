/*
 * follow.h - wait for a certificate, and report progress
 *
 * Progress goes to standard error, as progress.h says.  Leaving it at any time
 * loses nothing.
 */
#ifndef CMD_FOLLOW_H
#define CMD_FOLLOW_H
#include "order/advance.h"

struct follow_options {
	bool wait_for_mail; /* else stop at a wait for the user */
	bool once;          /* do only what can be done now */
	bool quiet;         /* report no progress */
	bool tell_next;     /* at the end, say what to do with it */
	int64_t limit; /* give up waiting after that many seconds; 0: never */
	/* Ask whether an answer to that challenge was sent: its draft, a
	 * doubtful one, or one by another program.  NULL: nobody to ask. */
	bool (*ask_sent)(const struct expectation *expectation);
	/* Look for the mail that the order waits for, and answer it; returns
	 * after at most a few seconds.  NULL: somebody else does that. */
	void (*look)(void *arg);
	void *arg; /* of look() */
};

struct follow_result {
	char path[1200];     /* of the certificate, if it exists */
	bool needs_a_person; /* it resumes only if a user does something */
};

/*
 * STATUS_OK: the certificate exists.  STATUS_AGAIN with a note: it waits for
 * the user, `once` was given, or the limit has passed.  Otherwise as
 * order_advance() returns.  *out is always written.
 */
enum status follow(struct client *client, struct order *order,
    const struct follow_options *options, struct follow_result *out,
    struct note *note) MUST_CHECK;
#endif
