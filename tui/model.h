/*
 * model.h - the state of the confirmation, and how a key changes it
 *
 * Pure: no terminal, no clock of its own.  The dialog's text is already safe
 * (base/text.h) and complete: what is shown is what will be used.
 */
#ifndef TUI_MODEL_H
#define TUI_MODEL_H
#include <stdint.h>

#include "base/buf.h"

enum {
	DIALOG_ROWS_MAX = 32, /* all that confirm_build() can say at once */
	DIALOG_TEXT_MAX = 700,
	/* Keys pressed sooner are not an answer to what is on the screen. */
	DIALOG_READ_MS = 1000
};

enum dialog_kind { DIALOG_FACT, DIALOG_WARNING };

struct dialog_row {
	enum dialog_kind kind;
	const char *label; /* constant text */
	char text[DIALOG_TEXT_MAX];
};

struct dialog {
	const char *title;
	const char *question;
	struct dialog_row row[DIALOG_ROWS_MAX];
	size_t rows;
	bool ask_twice; /* there are warnings: one yes is not enough */
	/* Writes the details, safe text in lines; called when asked for. */
	void (*details)(void *context, struct buf *out);
	void *context;
};

enum press {
	PRESS_OTHER,
	PRESS_YES,
	PRESS_NO,
	PRESS_ENTER,
	PRESS_SELECT, /* Tab, left, right */
	PRESS_LINE_UP,
	PRESS_LINE_DOWN,
	PRESS_PAGE_UP,
	PRESS_PAGE_DOWN,
	PRESS_DETAILS,
	PRESS_BACK,  /* q: out of the details, else no */
	PRESS_ESCAPE /* out of the details, else nothing */
};

enum model_result { MODEL_OPEN, MODEL_APPROVED, MODEL_DECLINED };

struct model {
	const struct dialog *dialog; /* borrowed */
	struct buf details;          /* owned; filled on demand */
	bool show_details;
	bool yes_selected;
	bool asked_twice; /* the second question stands */
	bool too_soon;    /* a yes came before anybody could read */
	bool more_first;  /* a yes came before all was on the screen */
	size_t scroll;
	/* The content lines that were on the screen, at that width, from the
	 * first; set by the view.  Once they were all of them it stays so. */
	size_t seen;
	size_t seen_width;
	bool seen_all;
	size_t page; /* content lines on the screen, set by the view */
	int64_t shown_at;
	enum model_result result;
};

void model_init(
    struct model *model, const struct dialog *dialog, int64_t now_ms);
void model_clear(struct model *model);
void model_press(struct model *model, enum press key, int64_t now_ms);

/* Fill a dialog. */
void dialog_add(struct dialog *dialog, enum dialog_kind kind, const char *label,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
#endif
