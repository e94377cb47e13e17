/* dialog.c - what a person is asked: see dialog.h */
#include "tui/dialog.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

struct dialog_row *
dialog_add(struct dialog *dialog, enum dialog_mark mark, const char *label,
    const char *brief, const char *format, ...)
{
	struct dialog_row *row;
	va_list list;

	/* A warning that is left out would be a lie. */
	assert(dialog->rows < DIALOG_ROWS_MAX);
	row = &dialog->row[dialog->rows++];
	row->mark = mark;
	row->rank = RANK_OTHER;
	row->label = label;
	row->brief = brief;
	row->brief_text[0] = row->before[0] = row->address[0] = '\0';
	row->quoted[0] = '\0';
	va_start(list, format);
	(void)vsnprintf(row->text, sizeof(row->text), format, list);
	va_end(list);
	return row;
}

void
dialog_address(struct dialog_row *row, const char *before, const char *address)
{
	(void)snprintf(row->before, sizeof(row->before), "%s", before);
	(void)snprintf(row->address, sizeof(row->address), "%s", address);
}

void
dialog_brief(struct dialog_row *row, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	(void)vsnprintf(row->brief_text, sizeof(row->brief_text), format, list);
	va_end(list);
}
