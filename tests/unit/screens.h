/*
 * screens.h - what every screen must keep to, for the unit tests
 *
 * How each one looks is in tests/golden.
 */
#ifndef UNIT_SCREENS_H
#define UNIT_SCREENS_H
#include "tap.h"

#include "base/text.h"
#include "tui/page.h"

static inline void
check_page(const struct page *page, size_t width, size_t height)
{
	const struct page_row *last = &page->row[page->rows - 1];
	bool fits = page->rows <= height, clean = true;
	size_t i, j;

	for (i = 0; i < page->rows; i++) {
		fits = fits && text_width(span_of(page->row[i].text)) <= width;
		for (j = 0; page->row[i].text[j] != '\0'; j++)
			clean = clean &&
			    (unsigned char)page->row[i].text[j] >= ' ' &&
			    page->row[i].text[j] != 0x7f;
	}
	OK(fits);
	OK(clean);
	OK(strstr(last->text, "q ") != NULL || strstr(last->text, "^C ") ||
	    strstr(page->row[0].text, "Keys") != NULL);
}
#endif
