/*
 * background.h - continue in the background once the answer is out
 */
#ifndef CMD_BACKGROUND_H
#define CMD_BACKGROUND_H
#include "answer/answer.h"
#include "cmd/cmd.h"

/* After handle: start "mailcert finish --detach" for the order whose challenge
 * was answered, ask first, or do nothing, as `finish` in the configuration
 * says.  Follow a drafted reply if sent_folder can tell when it is sent.  On
 * failure, say nothing: finish does the same later. */
void background_finish(const struct invocation *invocation,
    const struct config *config, const struct answer_report *report);
#endif
