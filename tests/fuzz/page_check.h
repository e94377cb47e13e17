/*
 * page_check.h - what holds for every page, whatever was put into it
 */
#ifndef FUZZ_PAGE_CHECK_H
#define FUZZ_PAGE_CHECK_H
#include <string.h>

#include "base/text.h"
#include "fuzz.h"
#include "tui/page.h"

/* No octet that a terminal could obey, nothing wider than the screen. */
static inline void
page_check(const struct page *page, size_t width, size_t height)
{
	const struct page_row *row;
	size_t i, run, at;

	assert(page->rows <= height && page->width <= width);
	assert(page->cursor_row < height && page->cursor_column < width);
	for (i = 0; i < page->rows; i++) {
		row = &page->row[i];
		assert(strlen(row->text) == row->len);
		assert(text_width(span_of(row->text)) == row->width);
		assert(row->width <= page->width);
		assert(!text_has_hidden(span_of(row->text)));
		assert(page->utf8 || span_is_ascii(span_of(row->text)));
		for (at = run = 0; run < row->runs; run++) {
			assert(row->run[run].from == at);
			at += row->run[run].len;
		}
		assert(at == row->len);
	}
}
#endif
