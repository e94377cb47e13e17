/*
 * view.h - lay out the confirmation as rows of text
 *
 * Pure: a model and a size give rows; screen.c paints them and prompt.c
 * prints them.  The question stays on the screen at any size; what does not
 * fit above it scrolls.
 */
#ifndef TUI_VIEW_H
#define TUI_VIEW_H
#include "tui/model.h"

enum {
	VIEW_COLUMNS_MAX = 200,
	VIEW_ROWS_MAX = 100,
	VIEW_COLUMNS_MIN = 30, /* below: the plain prompt */
	VIEW_ROWS_MIN = 6,
	VIEW_ROW_SIZE = 4 * VIEW_COLUMNS_MAX + 1
};

enum view_style {
	VIEW_PLAIN,
	VIEW_TITLE,
	VIEW_FACT, /* `mark` columns of it are the label */
	VIEW_WARNING,
	VIEW_BUTTONS, /* the selected one stands in brackets */
	VIEW_HELP
};

struct view_row {
	enum view_style style;
	size_t mark;
	char text[VIEW_ROW_SIZE];
};

struct view {
	struct view_row row[VIEW_ROWS_MAX];
	size_t rows;
};

/* Fill *out with exactly `height` rows of at most `width` columns. */
void view_draw(struct model *model, size_t width, size_t height, bool utf8,
    struct view *out);

/* All the content in lines, without question and keys: the plain prompt. */
void view_print(
    const struct dialog *dialog, size_t width, bool utf8, struct buf *out);
#endif
