/*
 * background.h - continue in the background once the answer is out
 */
#ifndef CMD_BACKGROUND_H
#define CMD_BACKGROUND_H
#include "answer/answer.h"
#include "cmd/cmd.h"

/* After handle: start "mailcert finish --detach" for the order whose challenge
 * was answered, ask whether to, or leave it, as `finish` of the configuration
 * says.  A drafted reply is followed where sent_folder tells when it is sent.
 * Says nothing where it cannot: finish does the same later. */
void background_finish(const struct invocation *invocation,
    const struct config *config, const struct answer_report *report);
#endif
