/*
 * prompt.h - ask for the confirmation line by line
 *
 * For dumb terminals, tiny windows, screen readers and --plain: the facts as
 * lines, then one question.  The default is No.
 */
#ifndef TUI_PROMPT_H
#define TUI_PROMPT_H
#include "tui/dialog.h"

/* STATUS_OK: approved; STATUS_DECLINED, also by a signal; STATUS_IO: the
 * terminal went away. */
enum status prompt_ask(
    const struct dialog *dialog, int tty, bool utf8) MUST_CHECK;

/* One question, "[y/N]"; what was typed before it, or pasted, is discarded.
 * Here and below, a signal ends the process after the terminal is restored. */
enum status prompt_yes(int tty, const char *question, bool *yes) MUST_CHECK;

/* Ask for a line that is not shown while it is typed.  An empty line is
 * STATUS_DECLINED.  The caller wipes out. */
enum status prompt_secret(
    int tty, const char *label, struct buf *out) MUST_CHECK;

/*
 * Ask for a line (a pasted token, a thumbprint) of any length up to out's
 * ceiling; line ends inside a bracketed paste are kept out.
 * An empty line or the end of input is STATUS_DECLINED.
 */
enum status prompt_line(int tty, const char *label, struct buf *out) MUST_CHECK;
/* The same where an empty line is an answer: only ^C and ^D are
 * STATUS_DECLINED. */
enum status prompt_answer(
    int tty, const char *label, struct buf *out) MUST_CHECK;
#endif
