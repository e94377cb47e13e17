/*
 * question.h - ask a dialog on a full screen
 *
 * The state (question.c) and its pages (question_view.c) are pure: no
 * terminal, no clock of their own.  What decides comes first and stays; a yes
 * counts once every line above the question has been on the screen.
 */
#ifndef TUI_QUESTION_H
#define TUI_QUESTION_H
#include "tui/dialog.h"
#include "tui/reader.h"
#include "tui/screen.h"

enum {
	/* A yes that is sooner is no answer to what is on the screen. */
	QUESTION_READ_MS = 300,
	QUESTION_DETAILS_MAX = 64 * 1024
};

enum question_result { QUESTION_OPEN, QUESTION_YES, QUESTION_NO };

struct question {
	const struct dialog *dialog; /* borrowed */
	struct buf details;          /* owned; filled on demand */
	struct reader reader;        /* of the details, or of the help */
	bool reading;
	bool yes_selected;
	bool asked_twice; /* the second question stands */
	const char *says; /* why a yes did not count; constant text, or NULL */
	size_t scroll;
	/*
	 * Set by the view.  Of the lines above the question, `stays` do not
	 * scroll, `room` are those that do; the first `seen` were on the
	 * screen, at that width.  Once they were all of them it stays so.
	 */
	size_t stays, room, last, seen, seen_width;
	bool seen_all;
	int64_t shown_at;
	enum question_result result;
};

void question_init(struct question *question, const struct dialog *dialog);
void question_clear(struct question *question);
enum screen_next question_press(
    struct question *question, const struct stroke *stroke, int64_t now_ms);
void question_draw(struct question *question, struct page *out);
/* It as a screen, which borrows it. */
struct screen question_screen(struct question *question);

/* All that stands above the question, in lines of at most `width` columns. */
void question_print(
    const struct dialog *dialog, size_t width, bool utf8, struct buf *out);
#endif
