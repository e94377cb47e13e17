/*
 * follow.h - wait for a certificate, and report progress
 *
 * Progress goes to standard error: on a terminal in one line, else a line for
 * each change.  Leaving it at any time loses nothing.
 */
#ifndef CMD_FOLLOW_H
#define CMD_FOLLOW_H
#include "order/advance.h"

struct follow_options {
	bool wait_for_mail; /* else what waits for the user ends it */
	bool once;          /* do what can be done now, and no more */
	bool quiet;         /* say nothing on the way */
	int64_t limit; /* give up waiting after that many seconds; 0: never */
	/* Was an answer to that challenge sent: its draft, one that is in
	 * doubt, or one by another program?  NULL: nobody to ask. */
	bool (*ask_sent)(const struct expectation *expectation);
};

struct follow_result {
	char path[1200];     /* of the certificate, where it is there */
	bool needs_a_person; /* it goes on only when somebody does something */
};

/*
 * STATUS_OK: the certificate is there.  STATUS_AGAIN with a note: something is
 * awaited that takes the user, once was said, or the limit is over.  Else what
 * order_advance() gives.  *out is always written.
 */
enum status follow(struct client *client, struct order *order,
    const struct follow_options *options, struct follow_result *out,
    struct note *note) MUST_CHECK;
#endif
