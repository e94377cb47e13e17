/*
 * confirm.h - word what the user is asked to confirm (stage 5)
 *
 * Evidence before the question: which address, which challenge, from whom, how
 * that is proved, where the reply goes, when it expires.  All text is made safe
 * here, once; what is shown is what will be used.
 */
#ifndef ANSWER_CONFIRM_H
#define ANSWER_CONFIRM_H
#include "reply/match.h"
#include "tui/dialog.h"

/* note: the matcher's remark, or empty. */
void confirm_build(const struct match *match, int64_t now, const char *note,
    struct dialog *out);
/* Why a message is not answered, and what to do; there is nothing to ask.
 * challenge: what the message claims. */
void confirm_refuse(const struct challenge *challenge, enum status status,
    const struct note *note, struct dialog *out);

/* Append "18:52 today" or "18:52 on 2026-11-22", in the user's time zone. */
void confirm_add_day(struct buf *out, int64_t when, int64_t now);
/* Append "2026-11-22 04:13 (in 23 hours)", likewise. */
void confirm_add_time(struct buf *out, int64_t when, int64_t now);
#endif
