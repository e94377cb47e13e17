/*
 * screens.h - golden screens for the unit tests
 *
 * Every state at every size, as text and as roles.  UPDATE_SCREENS=1 writes the
 * file; then a person looks at the difference.
 */
#ifndef UNIT_SCREENS_H
#define UNIT_SCREENS_H
#include "tap.h"

#include "base/text.h"
#include "tui/page.h"

static struct buf screens;
static struct page page;

/* What every screen must keep to. */
static inline void
check_page(size_t width, size_t height)
{
	const struct page_row *last = &page.row[page.rows - 1];
	bool fits = page.rows <= height, clean = true;
	size_t i, j;

	for (i = 0; i < page.rows; i++) {
		fits = fits && text_width(span_of(page.row[i].text)) <= width;
		for (j = 0; page.row[i].text[j] != '\0'; j++)
			clean = clean &&
			    (unsigned char)page.row[i].text[j] >= ' ' &&
			    page.row[i].text[j] != 0x7f;
	}
	OK(fits);
	OK(clean);
	OK(strstr(last->text, "q ") != NULL || strstr(last->text, "^C ") ||
	    strstr(page.row[0].text, "Keys") != NULL);
}

/* Add it to the golden screens, at three sizes and in ASCII. */
static inline void
keep_screen(
    const char *name, void (*draw)(void *, struct page *), void *context)
{
	static const struct {
		size_t width, height;
		bool utf8;
	} sizes[] = { { 80, 24, true }, { 40, 10, true }, { 200, 60, true },
		{ 80, 24, false } };
	size_t i, j;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		OK(page_begin(
		    &page, sizes[i].width, sizes[i].height, sizes[i].utf8));
		draw(context, &page);
		check_page(sizes[i].width, sizes[i].height);
		buf_addf(&screens, "=== %s, %zux%zu%s\n", name, sizes[i].width,
		    sizes[i].height, sizes[i].utf8 ? "" : ", ASCII");
		page_print(&page, &screens);
	}
	/* Of the last one, the roles: what has a colour, and what has none. */
	buf_addf(&screens, "=== %s, roles\n", name);
	for (i = 0; i < page.rows; i++) {
		for (j = 0; j < page.row[i].runs; j++)
			if (page.row[i].run[j].role != ROLE_PLAIN &&
			    page.row[i].run[j].role != ROLE_KEY)
				buf_addf(&screens, "%zu %d %.*s\n", i,
				    (int)page.row[i].run[j].role,
				    (int)page.row[i].run[j].len,
				    page.row[i].text + page.row[i].run[j].from);
		if (page.row[i].selected)
			buf_addf(&screens, "%zu selected\n", i);
	}
}

static inline void
compare_screens(const char *path)
{
	struct buf golden;
	char piece[4096];
	size_t got;
	FILE *file;

	if (getenv("UPDATE_SCREENS") != NULL) {
		file = fopen(path, "w");
		OK(file != NULL &&
		    fwrite(screens.at, 1, screens.len, file) == screens.len);
		if (file != NULL)
			(void)fclose(file);
		return;
	}
	buf_init(&golden, 1024 * 1024);
	file = fopen(path, "r");
	while (file != NULL && (got = fread(piece, 1, sizeof(piece), file)) > 0)
		buf_add(&golden, (struct span){ piece, got });
	if (file != NULL)
		(void)fclose(file);
	for (got = 0; got < golden.len && got < screens.len &&
	     golden.at[got] == screens.at[got];
	     got++)
		;
	OK(golden.len == screens.len && got == golden.len);
	if (golden.len != screens.len || got != golden.len)
		printf("# from octet %zu on:\n# %.300s\n", got,
		    got < screens.len ? screens.at + got : "");
	buf_clear(&golden);
}
#endif
