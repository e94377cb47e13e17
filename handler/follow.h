/*
 * follow.h - wait for a certificate, and say what is happening
 *
 * Progress goes to standard error: on a terminal in one line, else a line for
 * each change.  Leaving it at any time loses nothing.
 */
#ifndef FOLLOW_H
#define FOLLOW_H
#include "issue.h"

struct follow_options {
	bool wait_for_mail; /* else what waits for the user ends it */
	bool once;          /* do what can be done now, and no more */
	bool sent;          /* every draft was sent, the user says */
};

/*
 * STATUS_OK: the certificate is there; its path is in out.  STATUS_AGAIN with
 * a note: something is awaited that takes the user, or once was said.  Else
 * what issue_advance() gives.
 */
enum status follow(struct issuer *issuer, struct issuance *issuance,
    const struct follow_options *options, char *out, size_t size,
    struct note *note) MUST_CHECK;
#endif
