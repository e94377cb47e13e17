/*
 * advice.h - say where a challenge stands, and what to do next
 *
 * One wording for handle, finish, renew and status, so that they agree.  The
 * text is for one line; text_show() it where it is shown.
 */
#ifndef ANSWER_ADVICE_H
#define ANSWER_ADVICE_H
#include "base/buf.h"
#include "store/expectation.h"

/* "a reply was drafted TIME (3 minutes ago), file:/tmp/x" */
void advice_add_state(
    const struct expectation *expectation, int64_t now, struct buf *out);
/* "send the reply, then: mailcert finish --sent ID" */
void advice_add_next(
    const struct expectation *expectation, int64_t now, struct buf *out);
#endif
