/*
 * waiting.h - what an order waits for, as a few lines that change
 *
 * Pure.  The steps with their marks, for whom the current one waits, since
 * when, until when, and what to do meanwhile.  Texts are made safe here.
 */
#ifndef TUI_WAITING_H
#define TUI_WAITING_H
#include "tui/page.h"

enum { WAITING_STEPS_MAX = 6, WAITING_ABOUT_MAX = 4, WAITING_TEXT_MAX = 800 };

struct waiting_step {
	const char *text; /* constant text */
	char done[16];    /* when it was done, "18:52:07", or "" */
};

struct waiting {
	char title[WAITING_TEXT_MAX];
	struct waiting_step step[WAITING_STEPS_MAX];
	size_t steps, current; /* those before are done */
	const char *whom;      /* "waiting for you"; constant text */
	/* The other lines, the most important first; or "". */
	char about[WAITING_ABOUT_MAX][WAITING_TEXT_MAX];
	const char *leave; /* "You may leave"; constant text */
	int64_t elapsed;   /* seconds */
};

/* "0:42", "1:02:03" */
void waiting_add_elapsed(struct buf *out, int64_t seconds);
void waiting_draw(const struct waiting *waiting, struct page *out);
#endif
