/* view.c - the confirmation as rows of text: see view.h */
#include "tui/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { LABEL_COLUMNS = 11, LINES_MAX = 4000 };

/* All content lines, before the window is cut out of them. */
struct lines {
	struct view_row *line; /* owned, LINES_MAX of them */
	size_t count;
};

static struct view_row *
lines_add(struct lines *lines, enum view_style style)
{
	struct view_row *row;

	if (lines->count == LINES_MAX)
		return NULL;
	row = &lines->line[lines->count++];
	row->style = style;
	row->mark = 0;
	row->text[0] = '\0';
	return row;
}

static void
row_set(struct view_row *row, struct span indent, struct span text)
{
	struct buf line;

	if (row == NULL)
		return;
	buf_init(&line, VIEW_ROW_SIZE - 1);
	buf_add(&line, indent);
	buf_add(&line, text);
	(void)span_copy(buf_span(&line), row->text, VIEW_ROW_SIZE);
	buf_clear(&line);
}

/* The piece of text that fits into `columns`, cut at a blank if one is in its
 * second half; at least one character. */
static struct span
take_line(struct span *text, size_t columns)
{
	struct span rest = *text, all = *text, one;
	size_t used = 0, width, blank = 0;
	uint32_t c;

	while (rest.len > 0) {
		one = rest;
		(void)utf8_take(&rest, &c);
		one.len -= rest.len;
		width = text_width(one);
		if (used + width > columns && rest.len + one.len < all.len) {
			rest = one.at == all.at
			    ? rest
			    : span_cut(all, (size_t)(one.at - all.at), all.len);
			break;
		}
		used += width;
		if (c == ' ' && used * 2 > columns)
			blank = (size_t)(rest.at - all.at);
	}
	if (rest.len == 0) {
		*text = rest;
		return all;
	}
	if (blank > 0) {
		*text = span_cut(all, blank, all.len);
		return span_cut(all, 0, blank - 1);
	}
	*text = rest;
	return span_cut(all, 0, all.len - rest.len);
}

static void
add_wrapped(struct lines *lines, enum view_style style, struct span label,
    struct span text, size_t width)
{
	static const char blanks[] = "            ";
	const size_t indent = style == VIEW_PLAIN ? 0
	    : width >= 50                         ? LABEL_COLUMNS
						  : 2;
	struct span pad = { blanks, indent };
	struct view_row *row;
	bool first = true;
	char head[32];

	if (label.len > 0 && width < 50) {
		/* Narrow: the label has a line of its own. */
		if ((row = lines_add(lines, style)) != NULL)
			row->mark = label.len;
		row_set(row, SPAN(""), label);
		label = SPAN("");
	}
	do {
		(void)snprintf(head, sizeof(head), "%-*.*s", (int)pad.len,
		    first ? (int)label.len : 0, label.at);
		if ((row = lines_add(lines, style)) == NULL)
			return;
		row->mark = first ? label.len : 0;
		row_set(row, span_of(head), take_line(&text, width - pad.len));
		first = false;
	} while (text.len > 0);
}

static void
add_dialog(
    struct lines *lines, const struct dialog *dialog, size_t width, bool utf8)
{
	const struct dialog_row *row;
	enum view_style style;
	struct buf shown;
	size_t i;

	for (i = 0; i < dialog->rows; i++) {
		row = &dialog->row[i];
		style = row->kind == DIALOG_WARNING ? VIEW_WARNING : VIEW_FACT;
		buf_init(&shown, 16 * DIALOG_TEXT_MAX);
		text_show(&shown, span_of(row->text), TEXT_NO_LIMIT, utf8);
		add_wrapped(
		    lines, style, span_of(row->label), buf_span(&shown), width);
		buf_clear(&shown);
	}
}

static void
add_details(struct lines *lines, struct span text, size_t width, bool utf8)
{
	struct buf shown;
	size_t end;

	while (text.len > 0) {
		end = span_find_byte(text, '\n');
		buf_init(&shown, 64 * 1024);
		text_show(&shown, span_cut(text, 0, end), TEXT_NO_LIMIT, utf8);
		add_wrapped(
		    lines, VIEW_PLAIN, SPAN(""), buf_span(&shown), width);
		buf_clear(&shown);
		text = span_cut(text, end + 1, text.len);
	}
}

static void
rule(struct view_row *row, size_t width, bool utf8, const char *title)
{
	struct buf line;
	size_t i, used;

	buf_init(&line, VIEW_ROW_SIZE - 1);
	buf_addf(&line, "%s %s ", utf8 ? "\xe2\x94\x80" : "-", title);
	used = text_width(buf_span(&line));
	for (i = used; i < width; i++)
		buf_add_text(&line, utf8 ? "\xe2\x94\x80" : "-");
	row->style = VIEW_TITLE;
	(void)span_copy(buf_span(&line), row->text, VIEW_ROW_SIZE);
	buf_clear(&line);
}

/* Where the rest is: "^ 2 above  v 3 below", or nothing. */
static void
add_rest(size_t above, size_t below, char *out, size_t size)
{
	char up[32] = "", down[32] = "";

	if (above > 0)
		(void)snprintf(up, sizeof(up), "^ %zu above", above);
	if (below > 0)
		(void)snprintf(down, sizeof(down), "v %zu below", below);
	(void)snprintf(
	    out, size, "%s%s%s", up, above > 0 && below > 0 ? "  " : "", down);
}

/* At the end of the row, where there is room. */
static void
add_right(struct view_row *row, size_t width, const char *text)
{
	const size_t used = strlen(row->text), more = strlen(text);

	if (more > 0 && used + 2 + more <= width && width < VIEW_ROW_SIZE)
		(void)snprintf(row->text + used, VIEW_ROW_SIZE - used, "%*s",
		    (int)(width - used), text);
}

static void
foot(const struct model *model, size_t width, const char *rest,
    struct view_row *row)
{
	const char *question = model->dialog->question;
	const char *keys;

	if (model->too_soon)
		question = "Please read it first, then press y again.";
	else if (model->more_first && !model->seen_all)
		question = "There is more below; press y to see it.";
	else if (model->asked_twice)
		question = "There are warnings. Answer anyway?";
	row[0].style = VIEW_PLAIN;
	row[1].style = VIEW_BUTTONS;
	row[2].style = VIEW_HELP;
	if (model->show_details) {
		keys = "d or Esc: back";
		(void)snprintf(row[1].text, VIEW_ROW_SIZE, "%s",
		    "Details of this challenge");
		row[1].style = VIEW_PLAIN;
	} else {
		keys = width >= 60 ? "y answer   n do not answer   d details"
				   : "y yes  n no  d details";
		(void)snprintf(row[0].text, VIEW_ROW_SIZE, "%s", question);
		(void)snprintf(row[1].text, VIEW_ROW_SIZE, "%s",
		    model->yes_selected ? "    No     [ Yes ]"
					: "  [ No ]     Yes");
	}
	add_right(&row[1], width, rest);
	(void)snprintf(row[2].text, VIEW_ROW_SIZE, "%s%s", keys,
	    rest[0] != '\0' ? "   arrows scroll" : "");
	if (text_width(span_of(row[2].text)) > width)
		(void)snprintf(row[2].text, VIEW_ROW_SIZE, "%s", keys);
}

/* A row that is too wide would be wrapped into the next one. */
static void
row_cut(struct view_row *row, size_t width, bool utf8)
{
	struct buf cut;

	if (text_width(span_of(row->text)) <= width)
		return;
	buf_init(&cut, VIEW_ROW_SIZE - 1);
	text_show(&cut, span_of(row->text), width, utf8);
	(void)span_copy(buf_span(&cut), row->text, VIEW_ROW_SIZE);
	buf_clear(&cut);
}

/* The lines from first on are on the screen, `room` of them at the most. */
static void
note_seen(struct model *model, const struct lines *lines, size_t first,
    size_t room, size_t width)
{
	if (model->show_details || model->seen_all)
		return;
	if (model->seen_width != width)
		model->seen = 0; /* the lines are others */
	model->seen_width = width;
	if (first <= model->seen && first + room > model->seen)
		model->seen = first + room;
	/* A table that is full was cut. */
	model->seen_all =
	    model->seen >= lines->count && lines->count < LINES_MAX;
	if (model->seen_all)
		model->more_first = false;
}

void
view_draw(struct model *model, size_t width, size_t height, bool utf8,
    struct view *out)
{
	struct lines lines = { 0 };
	const size_t around = 4;         /* title, question, buttons, keys */
	const size_t air = height >= 16; /* empty lines round the content */
	size_t room, i, last, below;
	char rest[80];

	if (width > VIEW_COLUMNS_MAX)
		width = VIEW_COLUMNS_MAX;
	if (height > VIEW_ROWS_MAX)
		height = VIEW_ROWS_MAX;
	if (height < VIEW_ROWS_MIN || width < VIEW_COLUMNS_MIN) {
		out->rows = 0;
		return;
	}
	out->rows = height;
	for (i = 0; i < height; i++)
		out->row[i] = (struct view_row){ .style = VIEW_PLAIN };
	lines.line = calloc(LINES_MAX, sizeof(*lines.line));
	if (lines.line == NULL)
		return;
	if (model->show_details)
		add_details(&lines, buf_span(&model->details), width, utf8);
	else
		add_dialog(&lines, model->dialog, width, utf8);
	room = height - around - 2 * air;
	last = lines.count > room ? lines.count - room : 0;
	if (model->scroll > last)
		model->scroll = last;
	model->page = room;
	below = last - model->scroll;
	note_seen(model, &lines, model->scroll, room, width);
	add_rest(model->scroll, below, rest, sizeof(rest));
	rule(&out->row[0], width, utf8, model->dialog->title);
	for (i = 0; i < room && model->scroll + i < lines.count; i++)
		out->row[1 + air + i] = lines.line[model->scroll + i];
	foot(model, width, rest, &out->row[height - 3]);
	for (i = 0; i < height; i++)
		row_cut(&out->row[i], width, utf8);
	free(lines.line);
}

void
view_print(
    const struct dialog *dialog, size_t width, bool utf8, struct buf *out)
{
	struct lines lines = { 0 };
	size_t i;

	lines.line = calloc(LINES_MAX, sizeof(*lines.line));
	if (lines.line == NULL)
		return;
	add_dialog(&lines, dialog, width, utf8);
	for (i = 0; i < lines.count; i++) {
		buf_add_text(out, lines.line[i].text);
		buf_add_byte(out, '\n');
	}
	free(lines.line);
}
