/*
 * deliver.h - deliver the draft to where it goes (stage 9)
 *
 * Some destinations send, some only keep a draft.  The outcome tells the
 * record what is certain: nothing was sent, a draft exists, a mail
 * system took it, or nobody knows.
 */
#ifndef DELIVER_DELIVER_H
#define DELIVER_DELIVER_H
#include "base/buf.h"
#include "config/destination.h"
#include "process/mua.h"
#include "reply/match.h"
#include "store/home.h"

enum outcome {
	OUTCOME_NOTHING, /* certain: nothing was sent */
	OUTCOME_DRAFTED, /* a draft exists; not known to be sent */
	OUTCOME_SENT,    /* a mail system took it */
	OUTCOME_DOUBT    /* it may have been sent */
};

struct delivery {
	const struct destination *destination;
	const struct match *match; /* sender and recipients */
	const struct home *home;
	const struct mua *mua;
	const char *sendmail;
	bool hold_stdout; /* stdout carries something else (--json) */
};

/* Can it be tried at all?  Asked before anything is made durable. */
enum status deliver_check(
    const struct delivery *delivery, struct note *note) MUST_CHECK;

enum status deliver(const struct delivery *delivery, struct span message,
    enum outcome *outcome, struct note *note) MUST_CHECK;

/* Append the name of the stage directory for this mail program, below the
 * home. */
void stage_path(
    const struct home *home, const struct mua *mua, struct buf *out);
/* Remove what an earlier run left there: a No to this message must not open
 * the reply to another. */
void stage_clear(const struct home *home, const struct mua *mua);
/* Is a draft waiting there? */
bool stage_has_draft(const struct home *home, const struct mua *mua);
#endif
