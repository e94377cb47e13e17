/* reader.c - read a text: see reader.h */
#include "tui/reader.h"

#include <stdio.h>
#include <string.h>

#include "tui/moves.h"

enum { CTRL_C = 3, CTRL_U = 21, BACKSPACE = 8, DEL = 127 };

static const struct page_key keys[] = {
	{ "q", "back", "Go back; Escape does, too.", true },
	{ "j k", "scroll", "Scroll by a line; so do the arrows.", false },
	{ "/", "search", "Search for a text.", false },
	{ "n", "next", "Go to the next place with that text.", false },
	{ "?", "help", "This page.", true },
	{ "N", NULL, "Go to the place before.", false },
	{ "Space -", NULL, "Scroll by a page; ^D and ^U by a half.", false },
	{ "g G", NULL, "Go to the beginning or the end.", false },
};

void
reader_open(struct reader *reader, const char *title, struct span text)
{
	*reader = (struct reader){ .title = title, .text = text };
}

void
reader_open_help(
    struct reader *reader, const struct page_key *table, size_t count)
{
	*reader = (struct reader){ .title = "Keys of this screen",
		.table = table,
		.keys = count,
		.any_key = true };
}

/* The needle is being typed; Enter searches, Escape does not. */
static void
type(struct reader *reader, const struct stroke *stroke)
{
	const unsigned char byte = stroke->byte;

	if (stroke->kind == STROKE_ESCAPE)
		reader->typing = false;
	if (stroke->kind > STROKE_PASTED)
		return;
	if (byte == '\r' || byte == '\n') {
		reader->typing = false;
		reader->find = reader->needle_len > 0;
	} else if (byte == CTRL_C) {
		reader->typing = false;
	} else if (byte == CTRL_U) {
		reader->needle_len = 0;
	} else if (byte == BACKSPACE || byte == DEL) {
		/* With the octets of UTF-8 that follow its first. */
		while (reader->needle_len > 0 &&
		    ((unsigned char)reader->needle[--reader->needle_len] &
			0xc0) == 0x80)
			;
	} else if (byte >= ' ' && reader->needle_len < READER_NEEDLE_MAX) {
		reader->needle[reader->needle_len++] = (char)byte;
	}
	reader->needle[reader->needle_len] = '\0';
}

bool
reader_press(struct reader *reader, const struct stroke *stroke)
{
	const enum move move = move_of(stroke);
	const unsigned char byte = move_typed(stroke);

	reader->says = NULL;
	if (reader->typing) {
		type(reader, stroke);
		return true;
	}
	if (stroke->kind == STROKE_PASTED)
		return true;
	if (reader->helping) {
		reader->helping = false;
		return true;
	}
	if (move != MOVE_NONE && (!reader->any_key || reader->last > 0)) {
		reader->top =
		    move_to(move, reader->top, reader->last, reader->page);
		reader->found = false;
		return true;
	}
	if (reader->any_key)
		return false;
	if (byte == '/') {
		reader->typing = true;
		reader->needle_len = 0;
		reader->needle[0] = '\0';
	} else if (byte == 'n') {
		reader->find = 1;
	} else if (byte == 'N') {
		reader->find = -1;
	} else if (byte == '?') {
		reader->helping = true;
	}
	return stroke->kind != STROKE_ESCAPE && stroke->kind != STROKE_LEFT &&
	    byte != 'q' && byte != 'd' && byte != 'h' && byte != '\r' &&
	    byte != '\n' && byte != CTRL_C;
}

static bool
has(struct span line, struct span needle)
{
	for (; line.len >= needle.len; line = span_cut(line, 1, line.len))
		if (span_eq_nocase(span_cut(line, 0, needle.len), needle))
			return true;
	return false;
}

/* The line that begins at `from`, and where the next one does. */
static struct span
line_at(struct span text, size_t from, size_t *next)
{
	const struct span rest = span_cut(text, from, text.len);
	const size_t end = span_find_byte(rest, '\n');

	*next = from + end + 1;
	return span_cut(rest, 0, end);
}

/* All lines; where each line of the text begins among them is in row->tag. */
static void
lay_out(const struct reader *reader, struct lines *lines)
{
	size_t at, next;
	uint16_t number = 0;
	size_t first;

	if (reader->table != NULL) {
		lines_keys(lines, reader->table, reader->keys);
		return;
	}
	for (at = 0; at < reader->text.len; at = next, number++) {
		first = lines->count;
		lines_text(lines, ROLE_PLAIN, line_at(reader->text, at, &next));
		if (first == lines->count && lines_add(lines) == NULL)
			return;
		for (; first < lines->count; first++)
			lines->row[first].tag = number;
	}
}

/* The number of the next line of the text with the needle, or of the one
 * before; it goes round once. */
static bool
find_line(struct reader *reader, size_t from, size_t *out)
{
	const struct span needle = { reader->needle, reader->needle_len };
	size_t at, next, number = 0, before = 0, after = 0, first = 0, last = 0;
	bool any = false, is_before = false, is_after = false;

	for (at = 0; at < reader->text.len; at = next, number++) {
		if (!has(line_at(reader->text, at, &next), needle))
			continue;
		if (!any)
			first = number;
		any = true;
		last = number;
		if (number < from) {
			before = number;
			is_before = true;
		} else if (number > from && !is_after) {
			after = number;
			is_after = true;
		}
	}
	if (!any)
		return false;
	if (reader->find > 0) {
		*out = is_after ? after : first;
		reader->says = is_after ? NULL : "The search went on above.";
	} else {
		*out = is_before ? before : last;
		reader->says = is_before ? NULL : "The search went on below.";
	}
	return true;
}

static void
search(struct reader *reader, const struct lines *lines)
{
	size_t i = 0;

	if (reader->find == 0 || lines->count == 0)
		return;
	if (!reader->found)
		reader->at = lines->row[reader->top].tag;
	if (reader->needle_len == 0) {
		reader->says = "Press / and say for what.";
	} else if (find_line(reader, reader->at, &reader->at)) {
		reader->found = true;
		while (i < lines->count && lines->row[i].tag != reader->at)
			i++;
		reader->top = i < lines->count ? i : reader->top;
	} else {
		reader->says = "That text is not there.";
	}
	reader->find = 0;
}

static void
draw_help(struct page *out)
{
	struct reader help;

	reader_open_help(&help, keys, sizeof(keys) / sizeof(*keys));
	reader_draw(&help, out);
}

void
reader_draw(struct reader *reader, struct page *out)
{
	const size_t below = page_is_low(out) ? 1 : 3;
	struct page_row *row;
	struct lines lines;
	char where[64] = "";

	if (reader->helping) {
		draw_help(out);
		return;
	}
	lines_init(&lines, out);
	lay_out(reader, &lines);
	reader->page = out->height - (page_is_low(out) ? 1 : 2) - below;
	reader->last =
	    lines.count > reader->page ? lines.count - reader->page : 0;
	if (reader->top > reader->last)
		reader->top = reader->last;
	search(reader, &lines);
	if (reader->top > reader->last)
		reader->top = reader->last;
	if (reader->last > 0)
		(void)snprintf(where, sizeof(where), "%zu-%zu of %zu",
		    reader->top + 1, reader->top + reader->page, lines.count);
	page_title(out, reader->title, where);
	page_lines(out, &lines, reader->top, reader->page);
	page_fill(out, below);
	page_cursor(out, page_is_low(out) ? 1 : 2, 0);
	if (!page_is_low(out)) {
		row = page_add(out); /* the message line */
		if (reader->says != NULL)
			row_add(row, ROLE_DUE, span_of(reader->says));
		page_rule(out);
	}
	if (reader->typing) {
		row = page_add(out);
		row_addf(row, ROLE_PLAIN, " Search for: %s", reader->needle);
		page_cursor(out, out->rows - 1, row->width);
	} else if (reader->says != NULL && page_is_low(out)) {
		row_addf(page_add(out), ROLE_DUE, " %s", reader->says);
	} else if (reader->any_key) {
		row_add(page_add(out), ROLE_PLAIN,
		    reader->last > 0 ? SPAN(" j k scroll; any other key closes")
				     : SPAN(" Any key closes."));
	} else {
		page_keys(out, keys, sizeof(keys) / sizeof(*keys));
	}
	lines_clear(&lines);
}
