/* test_page.c - a page of text in roles, without a terminal */
#include "tap.h"

#include "base/text.h"
#include "tui/page.h"

static struct page page;

static void
check_text(const char *want)
{
	struct buf out;
	size_t i;

	buf_init(&out, 100000);
	page_print(&page, &out);
	TEXT(buf_span(&out), want);
	buf_clear(&out);
	for (i = 0; i < page.rows; i++)
		OK(text_width(span_of(page.row[i].text)) <= page.width);
}

static void
test_size(void)
{
	OK(!page_begin(&page, 29, 24, true));
	OK(!page_begin(&page, 80, 5, true));
	OK(page_begin(&page, 30, 6, true));
	/* However wide the window: nobody reads longer lines. */
	OK(page_begin(&page, 300, 500, true));
	OK(page.width == 100 && page.height == 200);
	page_begin(&page, 30, 6, false);
	page_title(&page, "mailcert", "2 certificates");
	page_fill(&page, 1);
	(void)row_right(page_add(&page), ROLE_DIM, SPAN("end"));
	row_add(page_add(&page), ROLE_PLAIN, SPAN("one too many"));
	check_text("mailcert        2 certificates\n\n\n\n\n"
		   "                           end\n");
	page_begin(&page, 30, 16, false);
	page_title(&page, "mailcert", "more than there is room for");
	check_text("mailcert\n------------------------------\n");
}

static void
test_keys(void)
{
	static const struct page_key keys[] = {
		{ "y", "yes", "Send it.", false },
		{ "n", "no", "Do not.", false },
		{ "j k", NULL, "Scroll.", false },
		{ "d", "details", "Show the details.", false },
		{ "f", "finish", "Resume the order.", false },
		{ "?", "help", "Show this page.", true },
		{ "q", "quit", "Leave.", true },
	};
	struct lines lines;

	page_begin(&page, 80, 24, false);
	page_keys(&page, keys, 7);
	check_text(" y yes   n no   d details   f finish   ? help   q quit\n");
	/* Closer first, then fewer, from the right. */
	page_begin(&page, 50, 24, false);
	page_keys(&page, keys, 7);
	check_text(" y yes  n no  d details  f finish  ? help  q quit\n");
	page_begin(&page, 40, 24, false);
	page_keys(&page, keys, 7);
	check_text(" y yes  n no  d details  ? help  q quit\n");
	page_begin(&page, 30, 24, false);
	page_keys(&page, keys, 7);
	check_text(" y yes  n no  ? help  q quit\n");
	OK(page.row[0].run[0].role == ROLE_PLAIN);
	OK(page.row[0].run[1].role == ROLE_KEY);
	page_begin(&page, 40, 24, false);
	lines_init(&lines, &page);
	lines_keys(&lines, keys + 4, 2);
	page_lines(&page, &lines, 0, 9);
	lines_clear(&lines);
	check_text(" f            Resume the order.\n"
		   " ?            Show this page.\n");
}

static void
address(const char *text, size_t columns, bool fits, const char *want)
{
	page_begin(&page, 80, 24, true);
	OK(row_add_address(
	       page_add(&page), ROLE_PLAIN, span_of(text), columns) == fits);
	check_text(want);
}

static void
test_address(void)
{
	address("alice@example.org", 17, true, "alice@example.org\n");
	address("acme-challenge+eb5d011860b7@ca.example", 30, true,
	    "acme-challen\u20261860b7@ca.example\n");
	address("acme-challenge+eb5d011860b7@ca.example", 17, false, "\n");
	address("no address at all", 8, false, "\n");
	address(
	    "evil\x1b[2J@ca.example", 30, true, "evil\\x1b[2J@ca.example\n");
}

static void
test_rows(void)
{
	struct page_row *row;

	page_begin(&page, 30, 24, false);
	row = page_add(&page);
	row_add(row, ROLE_BAD, SPAN("bad"));
	row_pad(row, 8);
	row_add(row, ROLE_BAD, SPAN("a\nb\033[31m \342\200\256"));
	row_add(row, ROLE_BAD, SPAN(" more than fits there"));
	check_text("bad     a\\x0ab\\x1b[31m ...\n");
	row = page_add(&page);
	row_add_in(row, ROLE_PLAIN, SPAN("cut to ten columns"), 10);
	OK(row_right(row, ROLE_GOOD, SPAN("ok")));
	OK(!row_right(row, ROLE_GOOD, SPAN("ok")));
	page_buttons(&page, (const char *[]){ "No", "Yes" }, 2, 1);
	OK(page.cursor_row == 2 && page.cursor_column == 14);
}

static void
flow(const char *text, size_t width, const char *want)
{
	struct lines lines;

	page_begin(&page, 30, 24, false);
	lines_init(&lines, &page);
	lines.columns = width;
	row_add(lines_add(&lines), ROLE_KEY, SPAN("To "));
	lines_flow(&lines, ROLE_PLAIN, span_of(text), 3);
	OK(!lines.cut);
	page_lines(&page, &lines, 0, lines.count);
	lines_clear(&lines);
	check_text(want);
}

static void
test_lines(void)
{
	struct lines lines;
	int i;

	flow("one", 10, "To one\n");
	flow("four one two three", 10, "To four\n   one two\n   three\n");
	flow("exactly three", 10, "To exactly\n   three\n");
	flow("alice@example.org", 10, "To alice@e\n   xample.\n   org\n");
	page_begin(&page, 30, 24, false);
	lines_init(&lines, &page);
	lines_text(&lines, ROLE_PLAIN, SPAN("one\n\nthree\tdays"));
	page_lines(&page, &lines, 0, 9);
	check_text("one\n\nthree\\x09days\n");
	for (i = 0; i < LINES_MAX; i++)
		(void)lines_add(&lines);
	OK(lines.count == LINES_MAX && lines.cut);
	OK(lines_add(&lines) == NULL);
	lines_clear(&lines);
}

int
main(void)
{
	test_size();
	test_keys();
	test_address();
	test_rows();
	test_lines();
	return tap_done();
}
