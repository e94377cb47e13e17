/* model.c - the state of the confirmation: see model.h */
#include "tui/model.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

void
dialog_add(struct dialog *dialog, enum dialog_kind kind, const char *label,
    const char *format, ...)
{
	struct dialog_row *row;
	va_list list;

	/* A warning that is left out would be a lie. */
	assert(dialog->rows < DIALOG_ROWS_MAX);
	row = &dialog->row[dialog->rows++];
	row->kind = kind;
	row->label = label;
	va_start(list, format);
	(void)vsnprintf(row->text, sizeof(row->text), format, list);
	va_end(list);
}

void
model_init(struct model *model, const struct dialog *dialog, int64_t now_ms)
{
	*model =
	    (struct model){ .dialog = dialog, .page = 1, .shown_at = now_ms };
	buf_init(&model->details, 64 * 1024);
}

void
model_clear(struct model *model)
{
	buf_clear(&model->details);
}

static void
open_details(struct model *model)
{
	const struct dialog *dialog = model->dialog;

	if (model->details.len == 0 && dialog->details != NULL)
		dialog->details(dialog->context, &model->details);
	model->show_details = !model->show_details;
	model->scroll = 0;
}

static void
approve(struct model *model, int64_t now_ms)
{
	if (now_ms - model->shown_at < DIALOG_READ_MS) {
		model->too_soon = true;
		return;
	}
	model->too_soon = false;
	if (model->show_details)
		return; /* the question is on the other page */
	if (!model->seen_all) {
		model->more_first = true;
		model->scroll = model->seen;
		model->shown_at = now_ms;
		return;
	}
	if (model->dialog->ask_twice && !model->asked_twice) {
		model->asked_twice = true;
		model->yes_selected = false;
		model->shown_at = now_ms;
		return;
	}
	model->result = MODEL_APPROVED;
}

void
model_press(struct model *model, enum press key, int64_t now_ms)
{
	switch (key) {
	case PRESS_YES:
		approve(model, now_ms);
		break;
	case PRESS_NO:
		model->result = MODEL_DECLINED;
		break;
	case PRESS_ENTER:
		if (model->show_details)
			open_details(model);
		else if (model->yes_selected)
			approve(model, now_ms);
		else
			model->result = MODEL_DECLINED;
		break;
	case PRESS_SELECT:
		model->yes_selected = !model->yes_selected;
		break;
	case PRESS_LINE_UP:
		model->scroll -= model->scroll > 0;
		break;
	case PRESS_LINE_DOWN:
		model->scroll++; /* the view brings it back */
		break;
	case PRESS_PAGE_UP:
		model->scroll -=
		    model->scroll < model->page ? model->scroll : model->page;
		break;
	case PRESS_PAGE_DOWN:
		model->scroll += model->page;
		break;
	case PRESS_DETAILS:
		open_details(model);
		break;
	case PRESS_BACK:
		if (model->show_details)
			open_details(model);
		else
			model->result = MODEL_DECLINED;
		break;
	case PRESS_ESCAPE:
		if (model->show_details)
			open_details(model);
		break;
	case PRESS_OTHER:
		break;
	}
}
