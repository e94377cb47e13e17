/*
 * paint.h - paint pages on the terminal
 *
 * paint.c is the only file that includes curses.h.  It is built as
 * mailcert-screen.so, which is loaded when there is something to show, so that
 * a message that is not a challenge never pays for ncurses.  It only paints:
 * the modes of the terminal, its signals and its keys are terminal.c's.
 *
 * One terminal at a time.
 */
#ifndef TUI_PAINT_H
#define TUI_PAINT_H
#include "tui/page.h"

struct painter {
	/* color: as far as the terminal has any.  STATUS_UNABLE: it cannot
	 * place text; it is as before. */
	enum status (*open)(int tty, bool color);
	void (*size)(size_t *width, size_t *height);
	void (*show)(const struct page *page);
	/* Paint all of it the next time, at the size of that time. */
	void (*again)(void);
	/* Give the screen back for a while; again() and show() return. */
	void (*hide)(void);
	void (*close)(void);
};

extern const struct painter painter;
#endif
