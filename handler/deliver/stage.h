/*
 * stage.h - a private Maildir with one draft, for the mutt macro
 */
#ifndef DELIVER_STAGE_H
#define DELIVER_STAGE_H
#include "deliver/delivery.h"

/* Append the name of the stage directory for this mail program, below the
 * home. */
void stage_path(
    const struct home *home, const struct mua *mua, struct buf *out);
/* Remove what an earlier run left there: a No to this message must not open
 * the reply to another. */
void stage_clear(const struct home *home, const struct mua *mua);
/* Is a draft waiting there? */
bool stage_has_draft(const struct home *home, const struct mua *mua);
/* Put the draft there, as the only one. */
enum status deliver_stage(const struct delivery *delivery, struct span message,
    enum outcome *outcome, struct note *note) MUST_CHECK;
#endif
