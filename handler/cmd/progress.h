/*
 * progress.h - show on standard error what is being waited for
 *
 * On a terminal a few lines that are painted again once a second, and are gone
 * when it is over; elsewhere, on a dumb terminal and with plain = yes, a line
 * with the time for each change.  What else goes to standard error calls
 * progress_hide() first: cmd_say(), cmd_fail() and cmd_print() do.
 */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H
#include "config/config.h"
#include "tui/page.h"

enum { PROGRESS_ROWS_MAX = 16, PROGRESS_TEXT_MAX = 1024 };

struct progress {
	bool quiet; /* say nothing */
	bool live;  /* on a terminal that can paint it again */
	bool color;
	bool utf8;
	/* Lay it out as of now; *out has begun. */
	void (*draw)(void *context, struct page *out);
	void *context;
	struct page *page; /* owned */
	int tty;           /* for keys; owned; -1: without them */
	/* The rows that are there now, and their columns. */
	size_t rows;
	size_t width[PROGRESS_ROWS_MAX];
	char last[PROGRESS_TEXT_MAX]; /* what was said */
	int64_t began;                /* by progress_ticks() */
};

/* One at a time in a process.  draw may be NULL: then what progress_say() is
 * given is shown on a terminal, with the time that has passed, and nothing
 * elsewhere.  End it with progress_end(). */
void progress_begin(struct progress *progress, const struct config *config,
    bool quiet, void (*draw)(void *context, struct page *out), void *context);
/* What is waited for has changed: text is all that a plain line needs. */
void progress_say(struct progress *progress, const char *text);
/* Paint it again as of now: for process_each_second(), where what draw() looks
 * at stays as it is meanwhile. */
void progress_tick(void);
/* Wait, and keep what is shown up to date.  ^C meanwhile, or q or Escape on a
 * terminal whose foreground we are, says `left` and ends the process as SIGINT
 * does.  No seconds: only look whether one of these was typed. */
void progress_sleep(
    struct progress *progress, int64_t seconds, const char *left);
/* Seconds that pass, even if somebody sets the clock. */
int64_t progress_ticks(void);
/* Take it off the terminal, until it is painted again. */
void progress_hide(void);
void progress_end(struct progress *progress);
#endif
