/* question.c - keys to the model, its view to a page: see question.h */
#include "tui/question.h"

#include "tui/view.h"

enum { CTRL_C = 3 };

static enum role
role_of(const struct view_row *row)
{
	switch (row->style) {
	case VIEW_TITLE:
	case VIEW_BUTTONS:
		return ROLE_TITLE;
	case VIEW_WARNING:
		return ROLE_BAD;
	case VIEW_PLAIN:
	case VIEW_FACT:
	case VIEW_HELP:
		break;
	}
	return ROLE_PLAIN;
}

static void
draw(void *context, struct page *out)
{
	static struct view view;
	struct model *model = context;
	const struct view_row *row;
	struct page_row *to;
	struct span text;
	size_t i;

	view_draw(model, out->width, out->height, out->utf8, &view);
	for (i = 0; i < view.rows; i++) {
		row = &view.row[i];
		text = span_of(row->text);
		to = page_add(out);
		row_add(to, ROLE_KEY, span_cut(text, 0, row->mark));
		row_add(to, role_of(row), span_cut(text, row->mark, text.len));
	}
	/* A screen reader follows the cursor: put it on the question. */
	page_cursor(out, view.rows - 2, model->yes_selected ? 13 : 4);
}

static enum press
press_of_byte(unsigned char byte)
{
	switch (byte) {
	case 'y':
	case 'Y':
		return PRESS_YES;
	case 'n':
	case 'N':
	case CTRL_C:
		return PRESS_NO;
	case '\r':
	case '\n':
		return PRESS_ENTER;
	case '\t':
	case 'h':
	case 'l':
		return PRESS_SELECT;
	case 'k':
		return PRESS_LINE_UP;
	case 'j':
		return PRESS_LINE_DOWN;
	case '-':
		return PRESS_PAGE_UP;
	case ' ':
		return PRESS_PAGE_DOWN;
	case 'd':
	case '?':
		return PRESS_DETAILS;
	case 'q':
		return PRESS_BACK;
	default:
		return PRESS_OTHER;
	}
}

static enum press
press_of(const struct stroke *stroke)
{
	switch (stroke->kind) {
	case STROKE_TYPED:
		return press_of_byte(stroke->byte);
	case STROKE_ESCAPE:
		return PRESS_ESCAPE;
	case STROKE_LEFT:
	case STROKE_RIGHT:
		return PRESS_SELECT;
	case STROKE_UP:
		return PRESS_LINE_UP;
	case STROKE_DOWN:
		return PRESS_LINE_DOWN;
	case STROKE_PAGE_UP:
		return PRESS_PAGE_UP;
	case STROKE_PAGE_DOWN:
		return PRESS_PAGE_DOWN;
	default: /* what is pasted answers nothing */
		return PRESS_OTHER;
	}
}

static enum screen_next
press(void *context, const struct stroke *stroke, int64_t now_ms)
{
	struct model *model = context;
	enum press key = press_of(stroke);

	/* Who types one letter does not send ten at once: a paste, on a
	 * terminal that does not bracket it. */
	if (key == PRESS_YES && stroke->more)
		return SCREEN_FRESH;
	model_press(model, key, now_ms);
	return model->result == MODEL_OPEN ? SCREEN_STAY : SCREEN_END;
}

static void
shown(void *context, int64_t now_ms)
{
	struct model *model = context;

	model->shown_at = now_ms;
}

struct screen
question_screen(struct model *model)
{
	return (struct screen){
		.context = model, .draw = draw, .press = press, .shown = shown
	};
}
