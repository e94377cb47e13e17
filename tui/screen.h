/*
 * screen.h - ask for the confirmation on a full screen
 *
 * screen.c is the only file that includes curses.h.  It is built as
 * mailcert-screen.so and loaded when there is something to ask, so that a
 * message that is not a challenge never pays for ncurses.
 */
#ifndef TUI_SCREEN_H
#define TUI_SCREEN_H
#include "tui/model.h"

struct screen_options {
	int tty; /* /dev/tty, open for reading and writing */
	bool utf8;
	bool color;
};

/*
 * Ask.  STATUS_OK: approved.  STATUS_DECLINED.  STATUS_UNABLE: this terminal
 * cannot show it; use the plain prompt.  The screen is restored in any case.
 */
typedef enum status screen_ask_function(
    const struct dialog *dialog, const struct screen_options *options);
screen_ask_function screen_ask;
#endif
