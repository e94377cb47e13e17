/* test_tui.c - a question without a terminal: its state and its pages */
#include "tap.h"

#include "base/text.h"
#include "tui/moves.h"
#include "tui/question.h"

enum { ESCAPE = -1, LEFT = -2, RIGHT = -3, PASTED = -4, AT_ONCE = -5 };

static struct dialog dialog;
static struct question q;
static struct page page;

static void
details(void *context, struct buf *out)
{
	(void)context;
	buf_add_text(out, "line one\nline two\n");
}

static void
make_dialog(bool ask_twice)
{
	struct dialog_row *row;

	dialog = (struct dialog){ .title = "Answer this?",
		.question = "Send the answer for alice@example.org?",
		.shortest = "Send the answer?",
		.ask_twice = ask_twice,
		.details = details };
	row = dialog_add(
	    &dialog, DIALOG_FACT, "You ordered", "For", "%s", ", today");
	dialog_address(row, "a certificate for ", "alice@example.org");
	row->rank = RANK_DECIDES;
	row =
	    dialog_add(&dialog, DIALOG_FACT, "This message", "From", "%s", "");
	dialog_address(
	    row, "from ", "a-very-long-local-part-of-an-address@ca.example");
	row->rank = RANK_DECIDES;
	dialog_add(&dialog, DIALOG_NONE, "Proof", "", "%s", "the check is off")
	    ->rank = RANK_PROOF;
	row = dialog_add(&dialog, DIALOG_FACT, "", "Name", "calls itself ");
	(void)strcpy(row->quoted, "The CA, which has a long name");
	dialog_add(&dialog, DIALOG_WARNING, "Warning", "Warning", "%s",
	    "somebody resent this message (resent)");
}

static void
look(size_t width, size_t height)
{
	OK(page_begin(&page, width, height, false));
	question_draw(&q, &page);
}

static void
begin(size_t width, size_t height)
{
	question_init(&q, &dialog);
	if (width > 0)
		look(width, height);
}

static enum screen_next
press(int key, int64_t now)
{
	struct stroke stroke = { .kind = STROKE_TYPED,
		.byte = (unsigned char)key };

	if (key == ESCAPE)
		stroke.kind = STROKE_ESCAPE;
	else if (key == LEFT)
		stroke.kind = STROKE_LEFT;
	else if (key == RIGHT)
		stroke.kind = STROKE_RIGHT;
	else if (key == PASTED)
		stroke = (struct stroke){ STROKE_PASTED, 'y', false };
	else if (key == AT_ONCE)
		stroke = (struct stroke){ STROKE_TYPED, 'y', true };
	return question_press(&q, &stroke, now);
}

/* These keys, each at a time when it counts, end it like that. */
static void
ends(const char *keys, enum question_result want)
{
	begin(80, 24);
	for (; *keys != '\0'; keys++)
		(void)press(*keys, 9000);
	OK(q.result == want);
	question_clear(&q);
}

static void
test_keys(void)
{
	make_dialog(false);
	ends("y", QUESTION_YES);
	ends("Y", QUESTION_YES);
	ends("n", QUESTION_NO);
	ends("N", QUESTION_NO);
	ends("q", QUESTION_NO);
	ends("\003", QUESTION_NO);
	ends("\r", QUESTION_NO); /* No is selected */
	ends("\t\r", QUESTION_YES);
	ends("\t\t\r", QUESTION_NO);
	ends("l\r", QUESTION_YES);
	ends("lh\r", QUESTION_NO);
	ends("jkgG -xz", QUESTION_OPEN);
	/* On another page nothing answers. */
	ends("dy", QUESTION_OPEN);
	ends("dqn", QUESTION_NO);
	ends("d\r", QUESTION_OPEN);
	ends("dd", QUESTION_OPEN);
	ends("?y", QUESTION_OPEN);
	ends("?yy", QUESTION_YES);
	ends("?q", QUESTION_OPEN);
	begin(80, 24);
	OK(press(RIGHT, 9000) == SCREEN_STAY && q.yes_selected);
	OK(press(LEFT, 9000) == SCREEN_STAY && !q.yes_selected);
	/* Escape alone leads back, but answers nothing. */
	(void)press('d', 9000);
	OK(press(ESCAPE, 9000) == SCREEN_FRESH && !q.reading);
	OK(press(ESCAPE, 9000) == SCREEN_STAY && q.result == QUESTION_OPEN);
	/* Neither does a paste, whether the terminal tells or not. */
	OK(press(PASTED, 9000) == SCREEN_STAY && q.result == QUESTION_OPEN);
	OK(press(AT_ONCE, 9000) == SCREEN_FRESH && q.result == QUESTION_OPEN);
	question_clear(&q);
}

static void
test_soon(void)
{
	make_dialog(false);
	begin(80, 24);
	q.shown_at = 5000;
	OK(press('y', 5299) == SCREEN_STAY && q.says != NULL);
	OK(press('l', 5299) == SCREEN_STAY && q.says == NULL);
	OK(press('\r', 5299) == SCREEN_STAY && q.result == QUESTION_OPEN);
	OK(press('y', 5300) == SCREEN_END && q.result == QUESTION_YES);
	question_clear(&q);
	make_dialog(true);
	begin(80, 24);
	(void)press('l', 9000);
	OK(press('\r', 9000) == SCREEN_FRESH && q.asked_twice);
	OK(!q.yes_selected); /* the second time, too, No is selected */
	OK(press('y', 9400) == SCREEN_END && q.result == QUESTION_YES);
	question_clear(&q);
}

/* A yes counts once every line was on the screen; until then it reads on. */
static void
test_seen(void)
{
	int i;

	make_dialog(false);
	begin(40, 9);
	OK(!q.seen_all && q.last > 0 && q.stays == 3);
	OK(press('y', 9000) == SCREEN_FRESH && q.says != NULL);
	look(40, 9);
	OK(q.scroll > 0 && q.seen_all && q.stays == 3);
	OK(press('y', 9000) == SCREEN_END && q.result == QUESTION_YES);
	question_clear(&q);

	/* Enter on Yes is a yes as well. */
	begin(40, 9);
	(void)press('l', 9000);
	OK(press('\r', 9000) == SCREEN_FRESH && q.result == QUESTION_OPEN);
	question_clear(&q);

	/* Scrolled there by hand, line by line. */
	begin(40, 9);
	for (i = 0; i < 9; i++) {
		(void)press('j', 9000);
		look(40, 9);
	}
	OK(press('y', 9000) == SCREEN_END && q.result == QUESTION_YES);
	question_clear(&q);

	/* What was jumped over was not seen. */
	begin(40, 6);
	OK(q.last >= 4);
	(void)press('G', 9000);
	look(40, 6);
	OK(!q.seen_all);
	OK(press('y', 9000) == SCREEN_FRESH);
	look(40, 6);
	OK(q.scroll < q.last);
	question_clear(&q);

	/* Another width has other lines; a height only shows fewer. */
	begin(40, 6);
	OK(!q.seen_all);
	look(36, 6);
	OK(q.seen_width == 36 && !q.seen_all);
	OK(press('y', 9000) == SCREEN_FRESH && q.result == QUESTION_OPEN);
	question_clear(&q);

	/* Seen once is seen. */
	begin(80, 24);
	look(40, 9);
	OK(press('y', 9000) == SCREEN_END && q.result == QUESTION_YES);
	question_clear(&q);

	/* The details are another page. */
	begin(0, 0);
	(void)press('d', 9000);
	look(80, 24);
	(void)press('q', 9000);
	OK(press('y', 9000) == SCREEN_FRESH && q.result == QUESTION_OPEN);
	question_clear(&q);
}

static void
check_page(size_t width, size_t height, const char *want)
{
	struct buf out;

	begin(width, height);
	buf_init(&out, 100000);
	page_print(&page, &out);
	TEXT(buf_span(&out), want);
	buf_clear(&out);
	question_clear(&q);
}

/* More of them: tests/golden. */
static void
test_pages(void)
{
	make_dialog(false);
	check_page(60, 12,
	    "Answer this?\n"
	    " You ordered    a certificate for alice@example.org, today\n"
	    " This message   from a-very-long-local-part-of-an-address@ca\n"
	    "                .example\n"
	    " Proof    NONE  the check is off\n"
	    "                calls itself \"The CA, which has a long name\"\n"
	    " Warning        somebody resent this message (resent)\n"
	    " Send the answer for alice@example.org?\n"
	    "   [ No ]     Yes\n"
	    " y yes   n no   d details   ? help\n");
	/* What decides comes first and stays; the address is cut, but not its
	 * domain. */
	check_page(40, 9,
	    "Answer this?\n"
	    " NONE the check is off\n"
	    " For  alice@example.org\n"
	    " From a-very-long-lo...ddress@ca.example\n"
	    " Name calls itself \"The CA, which ha...\"\n"
	    " Warning somebody resent this message\n"
	    " Send the answer for alice@example.org?\n"
	    "   [ No ]     Yes               v 1 more\n"
	    " y yes  n no  j more  d details  ? help\n");
	/* Not even that fits: the proof comes first. */
	check_page(30, 6,
	    "Answer this?\n"
	    " NONE the check is off\n"
	    " Send the answer for\n"
	    " alice@example.org?\n"
	    "   [ No ]     Yes     v 6 more\n"
	    " y yes  n no  j more  ? help\n");
}

static void
test_refused(void)
{
	make_dialog(false);
	dialog.refused = true;
	ends("y", QUESTION_OPEN);
	ends("l\r", QUESTION_NO);
	ends("q", QUESTION_NO);
	ends("\t\r", QUESTION_NO);
	begin(80, 24);
	OK(strcmp(page.row[page.cursor_row].text, "   [ Close ]") == 0);
	question_clear(&q);
}

static void
read_keys(const char *keys, size_t top, const char *says)
{
	static const char text[] = "one\ntwo mx1\nthree\nfour mx2\nfive\nsix\n"
				   "seven\neight\nnine\nten MX3\n";
	struct reader reader;
	struct stroke stroke = { .kind = STROKE_TYPED };
	bool open = true;

	reader_open(&reader, "Details", SPAN(text));
	(void)page_begin(&page, 40, 6, false);
	reader_draw(&reader, &page);
	for (; *keys != '\0' && open; keys++) {
		stroke.byte = (unsigned char)*keys;
		open = reader_press(&reader, &stroke);
		(void)page_begin(&page, 40, 6, false);
		reader_draw(&reader, &page);
	}
	OK(open && reader.top == top);
	OK((says == NULL) == (reader.says == NULL));
	if (says != NULL && reader.says != NULL)
		TEXT(span_of(reader.says), says);
}

static void
test_reader(void)
{
	struct reader reader;
	struct stroke stroke = { .kind = STROKE_TYPED, .byte = 'x' };

	read_keys("jjk", 1, NULL);
	read_keys(" ", 4, NULL);
	read_keys("G", 6, NULL);
	read_keys("Gg", 0, NULL);
	read_keys("\004", 2, NULL);
	read_keys("/mx\r", 1, NULL);
	read_keys("/mx\rn", 3, NULL);
	read_keys("/mx\rnn", 6, NULL); /* the last one, in any case */
	read_keys("/mx\rnnn", 1, "The search went on above.");
	read_keys("/mx\rN", 6, "The search went on below.");
	read_keys("/mx\rnnN", 3, NULL);
	read_keys("/my\177x\r", 1, NULL);
	read_keys("/nothing\r", 0, "That text is not there.");
	read_keys("n", 0, "Press / and say for what.");
	read_keys("/q\003", 0, NULL); /* q is part of the text */
	reader_open(&reader, "Details", SPAN("one"));
	stroke.byte = 'q';
	OK(!reader_press(&reader, &stroke));
	reader_open_help(&reader, NULL, 0);
	stroke.byte = 'x';
	OK(!reader_press(&reader, &stroke));
}

static void
test_moves(void)
{
	OK(move_to(MOVE_DOWN, 0, 3, 2) == 1);
	OK(move_to(MOVE_DOWN, 3, 3, 2) == 3);
	OK(move_to(MOVE_UP, 0, 3, 2) == 0);
	OK(move_to(MOVE_PAGE_DOWN, 0, 3, 2) == 2);
	OK(move_to(MOVE_PAGE_UP, 1, 3, 2) == 0);
	OK(move_to(MOVE_HALF_DOWN, 0, 9, 4) == 2);
	OK(move_to(MOVE_LAST, 0, 9, 4) == 9);
	OK(move_to(MOVE_FIRST, 9, 9, 4) == 0);
}

int
main(void)
{
	test_keys();
	test_soon();
	test_seen();
	test_pages();
	test_refused();
	test_reader();
	test_moves();
	return tap_done();
}
