/* main.c - draw the screens that are kept as files: see golden.h */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "golden.h"

static const struct golden *const tables[] = { golden_question, golden_waiting,
	golden_overview, golden_setup };

/* A letter for each column's role: what a screen without colours loses. */
static void
print_roles(const struct page_row *row)
{
	static const char letters[] = ".TgdbwmsSk";
	const struct page_run *run;
	size_t i, k, width;

	printf("%c", row->selected ? '>' : ' ');
	for (i = 0; i < row->runs; i++) {
		run = &row->run[i];
		width = text_width(
		    (struct span){ row->text + run->from, run->len });
		for (k = 0; k < width; k++)
			putchar(letters[run->role]);
	}
	putchar('\n');
}

static void
print_page(const struct page *page, const char *title)
{
	struct buf text;
	size_t i;

	printf("=== %s\n", title);
	buf_init(&text, 1024 * 1024);
	page_print(page, &text);
	(void)fwrite(text.at, 1, text.len, stdout);
	buf_clear(&text);
	printf("--- roles, cursor %zu,%zu\n", page->cursor_row,
	    page->cursor_column);
	for (i = 0; i < page->rows; i++)
		print_roles(&page->row[i]);
}

static void
print_state(const struct golden *state)
{
	static const struct {
		size_t width, height;
	} sizes[] = { { 80, 24 }, { 40, 10 }, { 200, 60 } };
	static struct page page;
	char title[100];
	size_t i;
	int utf8;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		for (utf8 = 1; utf8 >= 0; utf8--) {
			if (!page_begin(&page, sizes[i].width, sizes[i].height,
				utf8 != 0))
				exit(1);
			state->draw(&page);
			(void)snprintf(title, sizeof(title), "%s %zux%zu %s",
			    state->name, sizes[i].width, sizes[i].height,
			    utf8 ? "UTF-8" : "ASCII");
			print_page(&page, title);
		}
}

/* With a name: that state; else all names. */
int
main(int argc, char *argv[])
{
	const struct golden *state;
	size_t i;

	if (setenv("TZ", "UTC0", 1) != 0)
		return 1;
	tzset();
	for (i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		for (state = tables[i]; state->name != NULL; state++) {
			if (argc < 2)
				printf("%s\n", state->name);
			else if (strcmp(argv[1], state->name) == 0)
				print_state(state);
		}
	return 0;
}
