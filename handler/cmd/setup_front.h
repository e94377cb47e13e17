/*
 * setup_front.h - ask the questions of setup: in lines, or on a screen
 */
#ifndef CMD_SETUP_FRONT_H
#define CMD_SETUP_FRONT_H
#include "config/config.h"
#include "setup/form.h"

/*
 * Ask on the terminal.  message: what was wrong with the last answer, or "".
 * answer: SETUP_ANSWER_SIZE octets, the value of a choice or a line.
 */
enum form_result setup_front_plain(int tty,
    const struct setup_question *question, const char *message, char *answer);
/*
 * The same on a screen, which stays up from question to question.  take() gets
 * what came of a question, and puts the next one into the front; false: the
 * screen ends here, because another program needs the terminal or all is done.
 */
struct setup_front {
	const struct setup *setup;
	const struct setup_question *question;
	const char *message; /* what was wrong with the last answer, or "" */
	bool (*take)(
	    void *context, enum form_result result, const char *answer);
	void *context;
};
/* STATUS_UNABLE: this terminal cannot show it; no answer was taken.  STATUS_IO:
 * it has gone. */
enum status setup_front_screen(int tty, const struct config *config,
    const struct setup_front *front) MUST_CHECK;
/* Append lines of text, made safe, filled to the width of the terminal. */
void setup_front_lines(
    int tty, size_t indent, const char *text, struct buf *out);
#endif
