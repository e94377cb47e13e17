/*
 * dialog.h - what a person is asked: facts, proof, a question
 *
 * Filled once (answer/confirm.c), with safe text (base/text.h), and shown by
 * question.c on a screen or by prompt.c in lines: what is shown is what will
 * be used.
 */
#ifndef TUI_DIALOG_H
#define TUI_DIALOG_H
#include "base/buf.h"

enum {
	DIALOG_ROWS_MAX = 32, /* all that confirm_build() can say at once */
	DIALOG_TEXT_MAX = 700,
	DIALOG_COLUMN = 16,      /* where the text begins */
	DIALOG_BRIEF_COLUMN = 6, /* the same on a narrow screen */
	DIALOG_NARROW = 60       /* columns; a screen with fewer is narrow */
};

enum dialog_mark {
	DIALOG_FACT,
	DIALOG_OK,     /* "ok" */
	DIALOG_DUE,    /* "due" */
	DIALOG_NONE,   /* "NONE" */
	DIALOG_WARNING /* the label says it */
};

/* Where not all fits on the screen, in this order; what comes first stays in
 * sight, while others scroll. */
enum dialog_rank { RANK_PROOF, RANK_DECIDES, RANK_OTHER, RANK_LAST };

struct dialog_row {
	enum dialog_mark mark;
	enum dialog_rank rank;
	const char *label; /* constant text; "": of the row above */
	/* On a narrow screen: what stands in its place, and the text. */
	const char *brief;
	char brief_text[300]; /* "": text, with the address */
	char before[40];      /* the address */
	char address[DIALOG_TEXT_MAX];
	char text[DIALOG_TEXT_MAX];
	/* A stranger's own words: behind the text, in quotation marks, on one
	 * line. */
	char quoted[DIALOG_TEXT_MAX];
};

struct dialog {
	const char *title;
	/* The first that fits is asked. */
	char question[DIALOG_TEXT_MAX], brief[DIALOG_TEXT_MAX];
	const char *shortest;
	struct dialog_row row[DIALOG_ROWS_MAX];
	size_t rows;
	bool refused;   /* there is nothing to ask: it can be closed */
	bool ask_twice; /* there are warnings: one yes is not enough */
	/* Writes the details, safe text in lines; called when asked for.  May
	 * be NULL. */
	void (*details)(void *context, struct buf *out);
	void *context;
};

/* Add a row, of RANK_OTHER; the text may be "". */
struct dialog_row *dialog_add(struct dialog *dialog, enum dialog_mark mark,
    const char *label, const char *brief, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* "for alice@example.org": on a narrow screen it is cut in the middle of its
 * local part if it must be.  Nothing but `before` and it is shown there. */
void dialog_address(
    struct dialog_row *row, const char *before, const char *address);
/* Say it in these words on a narrow screen. */
void dialog_brief(struct dialog_row *row, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
#endif
