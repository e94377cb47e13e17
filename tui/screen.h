/*
 * screen.h - run a full screen
 *
 * The one event loop: keys, resizing, ^Z, signals, a clock and other
 * descriptors.  A screen lays itself out (page.h) and takes strokes (keys.h);
 * it never waits, and never sees the terminal.
 */
#ifndef TUI_SCREEN_H
#define TUI_SCREEN_H
#include "tui/keys.h"
#include "tui/page.h"
#include "tui/paint.h"
#include "tui/terminal.h"

enum screen_next {
	SCREEN_STAY,
	/* Another question stands there: paint it, discard what was typed
	 * before, and say so by shown(). */
	SCREEN_FRESH,
	SCREEN_END
};

struct screen {
	void *context;
	/* Lay it out; *out has begun, and has room.  Pure, but for what the
	 * screen remembers of what was seen. */
	void (*draw)(void *context, struct page *out);
	/*
	 * A stroke.  ^C, or the user's key for it, comes as a typed 3 even out
	 * of a paste; stroke->more says that more came at once, as where a
	 * program types.
	 */
	enum screen_next (*press)(
	    void *context, const struct stroke *stroke, int64_t now_ms);
	/* It is on the screen, for the first time or after a change that
	 * nobody can have read yet.  May be NULL. */
	void (*shown)(void *context, int64_t now_ms);
	/* What to wait for besides keys; *out is empty.  May be NULL. */
	void (*watch)(void *context, struct terminal_watch *out);
	/* One of these is ready, or the pause is over. */
	enum screen_next (*wake)(
	    void *context, const struct terminal_watch *ready, int64_t now_ms);
};

struct screen_options {
	int tty; /* open for reading and writing */
	bool utf8;
	bool color;
};

/*
 * Run it until it ends.  STATUS_OK: it did.  STATUS_IO: the terminal went away,
 * or *number is the signal that ended it, for terminal_obey().  STATUS_UNABLE:
 * this terminal cannot show it, or its window is too small: use lines.  The
 * terminal is restored in any case, and what was not read is discarded.
 */
enum status screen_run(const struct screen *screen, const struct painter *paint,
    const struct screen_options *options, int *number) MUST_CHECK;
#endif
