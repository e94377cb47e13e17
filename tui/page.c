/* page.c - rows of text in roles: see page.h.  Input: hostile text. */
#include "tui/page.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

bool
page_begin(struct page *page, size_t width, size_t height, bool utf8)
{
	page->rows = page->cursor_row = page->cursor_column = 0;
	page->width = width < PAGE_COLUMNS_MAX ? width : PAGE_COLUMNS_MAX;
	page->height = height < PAGE_ROWS_MAX ? height : PAGE_ROWS_MAX;
	page->utf8 = utf8;
	return width >= PAGE_COLUMNS_MIN && height >= PAGE_ROWS_MIN;
}

bool
page_is_narrow(const struct page *page)
{
	return page->width < 60;
}

bool
page_is_low(const struct page *page)
{
	return page->height < 16;
}

static void
row_begin(struct page_row *row, size_t columns, bool utf8)
{
	row->columns = (uint16_t)columns;
	row->width = row->len = row->runs = row->tag = 0;
	row->utf8 = utf8;
	row->full = row->selected = false;
	row->text[0] = '\0';
}

struct page_row *
page_add(struct page *page)
{
	struct page_row *row = &page->row[page->rows];

	page->rows += page->rows < page->height;
	row_begin(row, page->width, page->utf8);
	return row;
}

size_t
page_room(const struct page *page)
{
	return page->height - page->rows;
}

void
page_cursor(struct page *page, size_t row, size_t column)
{
	page->cursor_row = row < page->height ? row : page->height - 1;
	page->cursor_column = column < page->width ? column : page->width - 1;
}

/* Put octets that are shown text behind the row's. */
static void
row_put(struct page_row *row, enum role role, struct span shown, size_t width)
{
	struct page_run *last = row->runs > 0 ? &row->run[row->runs - 1] : NULL;

	if (shown.len == 0 || row->len + shown.len >= PAGE_TEXT_SIZE)
		return;
	(void)memcpy(row->text + row->len, shown.at, shown.len);
	if (last == NULL || (last->role != role && row->runs < PAGE_RUNS_MAX)) {
		last = &row->run[row->runs++];
		*last = (struct page_run){ role, row->len, 0 };
	}
	last->len = (uint16_t)(last->len + shown.len);
	row->len = (uint16_t)(row->len + shown.len);
	row->width = (uint16_t)(row->width + width);
	row->text[row->len] = '\0';
}

void
row_add_in(
    struct page_row *row, enum role role, struct span text, size_t columns)
{
	const size_t left = row->full ? 0 : (size_t)(row->columns - row->width);
	struct buf shown;
	size_t width;

	if (columns > left)
		columns = left;
	/* What is longer than that would be cut anyway. */
	text = span_cut(text, 0, 2 * PAGE_TEXT_SIZE);
	buf_init(&shown, 64 * PAGE_TEXT_SIZE);
	text_show(&shown, text, TEXT_NO_LIMIT, row->utf8);
	width = text_width(buf_span(&shown));
	if (width > columns) {
		row->full = columns == left;
		buf_clear(&shown);
		text_show(&shown, text, columns, row->utf8);
		width = text_width(buf_span(&shown));
	}
	/* An ellipsis alone may be wider than what is left. */
	if (buf_status(&shown) == STATUS_OK && width <= columns)
		row_put(row, role, buf_span(&shown), width);
	buf_clear(&shown);
}

void
row_add(struct page_row *row, enum role role, struct span text)
{
	row_add_in(row, role, text, row->columns);
}

void
row_addf(struct page_row *row, enum role role, const char *format, ...)
{
	char text[2 * PAGE_TEXT_SIZE];
	va_list list;

	va_start(list, format);
	(void)vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	row_add(row, role, span_of(text));
}

bool
row_add_address(
    struct page_row *row, enum role role, struct span address, size_t columns)
{
	const struct span dots = row->utf8 ? SPAN("\xe2\x80\xa6") : SPAN("...");
	const size_t dots_width = row->utf8 ? 1 : 3;
	struct span domain = address, local;
	struct buf whole, piece;
	size_t at, width, least;
	bool fits;

	buf_init(&whole, 64 * PAGE_TEXT_SIZE);
	buf_init(&piece, 64 * PAGE_TEXT_SIZE);
	text_show(&whole, address, TEXT_NO_LIMIT, row->utf8);
	if (columns > (size_t)(row->columns - row->width))
		columns = (size_t)(row->columns - row->width);
	width = text_width(buf_span(&whole));
	fits = buf_status(&whole) == STATUS_OK && width <= columns;
	if (fits) {
		row_put(row, role, buf_span(&whole), width);
		goto out;
	}
	/* The last "@": a local part may hold one, in quotes. */
	for (at = whole.len; at > 0 && whole.at[at - 1] != '@'; at--)
		;
	if (at == 0 || buf_status(&whole) != STATUS_OK)
		goto out;
	domain = span_cut(buf_span(&whole), at - 1, whole.len);
	local = span_cut(buf_span(&whole), 0, at - 1);
	least = text_width(domain) + dots_width + 6;
	if (least > columns || !span_is_ascii(local))
		goto out;
	/* Both ends of it: two thirds from the beginning. */
	width = columns - text_width(domain) - dots_width;
	buf_add(&piece, span_cut(local, 0, width - width / 3));
	buf_add(&piece, dots);
	buf_add(&piece, span_cut(local, local.len - width / 3, local.len));
	buf_add(&piece, domain);
	fits = buf_status(&piece) == STATUS_OK;
	if (fits)
		row_put(
		    row, role, buf_span(&piece), text_width(buf_span(&piece)));
out:
	buf_clear(&piece);
	buf_clear(&whole);
	return fits;
}

void
row_pad(struct page_row *row, size_t column)
{
	while (row->width < column && row->width < row->columns)
		row_put(row, ROLE_PLAIN, SPAN(" "), 1);
}

bool
row_right(struct page_row *row, enum role role, struct span text)
{
	struct buf shown;
	size_t width;
	bool fits;

	buf_init(&shown, 64 * PAGE_TEXT_SIZE);
	text_show(&shown, text, TEXT_NO_LIMIT, row->utf8);
	width = text_width(buf_span(&shown));
	fits = buf_status(&shown) == STATUS_OK && width > 0 &&
	    row->width + (row->width > 0 ? 2U : 0U) + width <= row->columns;
	if (fits) {
		row_pad(row, row->columns - width);
		row_put(row, role, buf_span(&shown), width);
	}
	buf_clear(&shown);
	return fits;
}

void
page_rule(struct page *page)
{
	struct page_row *row = page_add(page);
	size_t i;

	for (i = 0; i < page->width; i++)
		row_put(row, ROLE_DIM,
		    page->utf8 ? SPAN("\xe2\x94\x80") : SPAN("-"), 1);
}

void
page_title(struct page *page, const char *title, const char *right)
{
	struct page_row *row = page_add(page);

	row_add(row, ROLE_TITLE, span_of(title));
	(void)row_right(row, ROLE_DIM, span_of(right));
	if (!page_is_low(page))
		page_rule(page);
}

void
page_fill(struct page *page, size_t below)
{
	while (page_room(page) > below)
		(void)page_add(page);
}

static size_t
keys_width(
    const struct page_key *keys, const bool *shown, size_t count, size_t gap)
{
	size_t i, width = 1 - gap;

	for (i = 0; i < count; i++)
		if (shown[i])
			width += gap + text_width(span_of(keys[i].key)) + 1 +
			    text_width(span_of(keys[i].does));
	return width;
}

void
page_keys(struct page *page, const struct page_key *keys, size_t count)
{
	enum { KEYS_MAX = 32 };
	bool shown[KEYS_MAX] = { false };
	struct page_row *row = page_add(page);
	size_t gap, i, last;

	if (count > KEYS_MAX)
		count = KEYS_MAX;
	for (i = 0; i < count; i++)
		shown[i] = keys[i].does != NULL;
	gap = keys_width(keys, shown, count, 3) <= page->width ? 3 : 2;
	for (last = count;
	     last > 0 && keys_width(keys, shown, count, gap) > page->width;)
		if (!keys[--last].stays)
			shown[last] = false;
	for (i = 0; i < count; i++) {
		if (!shown[i])
			continue;
		row_pad(row, row->width == 0 ? 1 : row->width + gap);
		row_add(row, ROLE_KEY, span_of(keys[i].key));
		row_pad(row, row->width + 1U);
		row_add(row, ROLE_PLAIN, span_of(keys[i].does));
	}
}

void
page_buttons(
    struct page *page, const char *const names[], size_t count, size_t selected)
{
	struct page_row *row = page_add(page);
	size_t i;

	row_pad(row, 3);
	for (i = 0; i < count; i++) {
		row_pad(row, row->width + (i > 0 ? 3U : 0U));
		if (i == selected)
			page_cursor(page, page->rows - 1, row->width + 2U);
		row_addf(row, i == selected ? ROLE_SELECT : ROLE_PLAIN,
		    i == selected ? "[ %s ]" : "  %s  ", names[i]);
	}
}

void
page_print(const struct page *page, struct buf *out)
{
	size_t i, len;

	for (i = 0; i < page->rows; i++) {
		len = page->row[i].len;
		while (len > 0 && page->row[i].text[len - 1] == ' ')
			len--;
		buf_add(out, (struct span){ page->row[i].text, len });
		buf_add_byte(out, '\n');
	}
}

void
lines_init(struct lines *lines, const struct page *page)
{
	*lines = (struct lines){ .columns = page->width, .utf8 = page->utf8 };
}

void
lines_clear(struct lines *lines)
{
	free(lines->row);
	lines->row = NULL;
	lines->count = lines->room = 0;
}

struct page_row *
lines_add(struct lines *lines)
{
	const size_t room = lines->room == 0 ? 64 : 2 * lines->room;
	struct page_row *more;

	if (lines->count == LINES_MAX)
		lines->cut = true;
	else if (lines->count == lines->room) {
		more = realloc(lines->row, room * sizeof(*more));
		if (more == NULL) {
			lines->cut = true;
		} else {
			lines->row = more;
			lines->room = room;
		}
	}
	if (lines->cut)
		return NULL;
	row_begin(&lines->row[lines->count], lines->columns, lines->utf8);
	return &lines->row[lines->count++];
}

/* Columns of the word that begins the text. */
static size_t
word_width(struct span text)
{
	return text_width(span_cut(text, 0, span_find_byte(text, ' ')));
}

/*
 * The piece of shown text that fits into `columns`, and the blank behind it
 * skipped.  It ends at a blank if the next word fits into a whole line, or if
 * that blank is in the second half; `started`: the row has text already, so
 * the piece may be empty.  *width is its columns.
 */
static struct span
take_line(struct span *text, size_t columns, size_t whole, bool started,
    size_t *width)
{
	struct span rest = *text, all = *text, one;
	size_t used = 0, at = 0, blank = 0, blank_used = 0, wide;
	uint32_t c;

	while (rest.len > 0) {
		one = rest;
		(void)utf8_take(&rest, &c);
		one.len -= rest.len;
		wide = text_width(one);
		at = (size_t)(one.at - all.at);
		if (used + wide > columns && (at > 0 || started))
			break;
		if (c == ' ') {
			blank = at + 1;
			blank_used = used;
		}
		used += wide;
		at += one.len;
	}
	if (at == all.len) {
		*text = (struct span){ all.at + at, 0 };
		*width = used;
		return all;
	}
	if (all.at[at] == ' ') { /* just behind the piece */
		*text = span_cut(all, at + 1, all.len);
		*width = used;
		return span_cut(all, 0, at);
	}
	if ((blank > 0 || started) &&
	    (blank_used * 2 > columns ||
		word_width(span_cut(all, blank, all.len)) <= whole))
		at = blank;
	*text = span_cut(all, at, all.len);
	all = span_cut(all, 0, at == blank && at > 0 ? at - 1 : at);
	*width = text_width(all);
	return all;
}

void
lines_flow(struct lines *lines, enum role role, struct span text, size_t indent)
{
	struct page_row *row =
	    lines->count > 0 ? &lines->row[lines->count - 1] : lines_add(lines);
	struct span rest, piece;
	struct buf shown;
	size_t width;

	if (indent + 2 > lines->columns)
		indent = 0;
	buf_init(&shown, 1024 * 1024);
	text_show(&shown, text, TEXT_NO_LIMIT, lines->utf8);
	lines->cut = lines->cut || buf_status(&shown) != STATUS_OK;
	rest = buf_span(&shown);
	while (row != NULL && rest.len > 0) {
		piece = take_line(&rest, (size_t)(row->columns - row->width),
		    lines->columns - indent, row->width > indent, &width);
		row_put(row, role, piece, width);
		if (rest.len > 0 && (row = lines_add(lines)) != NULL)
			row_pad(row, indent);
	}
	buf_clear(&shown);
}

void
lines_text(struct lines *lines, enum role role, struct span text)
{
	size_t end;

	while (text.len > 0) {
		end = span_find_byte(text, '\n');
		if (lines_add(lines) == NULL)
			return;
		lines_flow(lines, role, span_cut(text, 0, end), 0);
		text = span_cut(text, end + 1, text.len);
	}
}

void
lines_keys(struct lines *lines, const struct page_key *keys, size_t count)
{
	enum { HELP_COLUMN = 14 };
	struct page_row *row;
	size_t i;

	for (i = 0; i < count; i++) {
		if ((row = lines_add(lines)) == NULL)
			return;
		row_pad(row, 1);
		row_add(row, ROLE_KEY, span_of(keys[i].key));
		row_pad(row, HELP_COLUMN);
		lines_flow(
		    lines, ROLE_PLAIN, span_of(keys[i].help), HELP_COLUMN);
	}
}

void
page_lines(
    struct page *page, const struct lines *lines, size_t from, size_t count)
{
	size_t i;

	for (i = from; i < lines->count && i - from < count; i++)
		*page_add(page) = lines->row[i];
}
