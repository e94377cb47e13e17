/* test_tui.c - the confirmation without a terminal: model and view */
#include "tap.h"

#include "base/text.h"
#include "tui/view.h"

static struct dialog dialog;
static struct view view;

static void
details(void *context, struct buf *out)
{
	(void)context;
	buf_add_text(out, "line one\nline two\n");
}

static void
make_dialog(bool ask_twice)
{
	dialog = (struct dialog){ .title = "ACME challenge",
		.question = "Send the answer?",
		.ask_twice = ask_twice,
		.details = details };
	dialog_add(&dialog, DIALOG_FACT, "Address", "%s", "alice@example.org");
	dialog_add(&dialog, DIALOG_FACT, "From", "%s",
	    "a-very-long-local-part-of-an-address@ca.example");
	dialog_add(&dialog, DIALOG_WARNING, "Proof", "%s", "NONE.");
}

static void
look(struct model *m, size_t width, size_t height)
{
	view_draw(m, width, height, false, &view);
}

static void
test_model(void)
{
	struct model m;

	make_dialog(false);
	model_init(&m, &dialog, 5000);
	model_press(&m, PRESS_YES, 5100); /* nobody has read it yet */
	OK(m.result == MODEL_OPEN && m.too_soon);
	look(&m, 80, 24);
	model_press(&m, PRESS_YES, 6100);
	OK(m.result == MODEL_APPROVED);
	model_clear(&m);

	model_init(&m, &dialog, 0);
	model_press(&m, PRESS_ENTER, 9000); /* No is selected */
	OK(m.result == MODEL_DECLINED);
	model_clear(&m);

	model_init(&m, &dialog, 0);
	look(&m, 80, 24);
	model_press(&m, PRESS_SELECT, 9000);
	model_press(&m, PRESS_ENTER, 9000);
	OK(m.result == MODEL_APPROVED);
	model_clear(&m);

	model_init(&m, &dialog, 0);
	model_press(&m, PRESS_DETAILS, 9000);
	model_press(
	    &m, PRESS_YES, 9000); /* the question is not on the screen */
	OK(m.result == MODEL_OPEN && m.show_details);
	model_press(&m, PRESS_BACK, 9000);
	OK(m.result == MODEL_OPEN && !m.show_details);
	model_press(&m, PRESS_BACK, 9000);
	OK(m.result == MODEL_DECLINED);
	model_clear(&m);

	/* Escape alone leads back, but answers nothing. */
	model_init(&m, &dialog, 0);
	model_press(&m, PRESS_DETAILS, 9000);
	model_press(&m, PRESS_ESCAPE, 9000);
	OK(m.result == MODEL_OPEN && !m.show_details);
	model_press(&m, PRESS_ESCAPE, 9000);
	OK(m.result == MODEL_OPEN);
	model_press(&m, PRESS_NO, 9000);
	OK(m.result == MODEL_DECLINED);
	model_clear(&m);

	make_dialog(true);
	model_init(&m, &dialog, 0);
	look(&m, 80, 24);
	model_press(&m, PRESS_YES, 9000);
	OK(m.result == MODEL_OPEN && m.asked_twice);
	model_press(&m, PRESS_YES, 9100); /* a bouncing key is no second yes */
	OK(m.result == MODEL_OPEN);
	model_press(&m, PRESS_YES, 10100);
	OK(m.result == MODEL_APPROVED);
	model_clear(&m);
}

/* A yes counts once every line was on the screen; until then it reads on. */
static void
test_seen(void)
{
	struct model m;
	int64_t now = 2000;
	int i;

	make_dialog(false);
	model_init(&m, &dialog, 0);
	look(&m, 40, 10);
	model_press(&m, PRESS_YES, now);
	OK(m.result == MODEL_OPEN && m.more_first);
	look(&m, 40, 10);
	OK(m.scroll > 0 && m.seen_all);
	model_press(&m, PRESS_YES, now + 100); /* the same key, held down */
	OK(m.result == MODEL_OPEN && m.too_soon);
	model_press(&m, PRESS_YES, now + 1100);
	OK(m.result == MODEL_APPROVED);
	model_clear(&m);

	/* Enter on Yes is a yes as well. */
	model_init(&m, &dialog, 0);
	look(&m, 40, 10);
	model_press(&m, PRESS_SELECT, now);
	model_press(&m, PRESS_ENTER, now);
	OK(m.result == MODEL_OPEN && m.more_first);
	model_clear(&m);

	/* Scrolled there by hand, line by line: no delay. */
	model_init(&m, &dialog, 0);
	for (i = 0; i < 12; i++) {
		look(&m, 40, 10);
		model_press(&m, PRESS_LINE_DOWN, now);
	}
	look(&m, 40, 10);
	model_press(&m, PRESS_YES, now);
	OK(m.result == MODEL_APPROVED);
	model_clear(&m);

	/* Another width has other lines; a height only shows fewer. */
	model_init(&m, &dialog, 0);
	look(&m, 40, 6);
	model_press(&m, PRESS_PAGE_DOWN, now);
	look(&m, 40, 6);
	OK(m.seen == 4 && !m.seen_all);
	look(&m, 36, 9);
	OK(!m.seen_all);
	model_press(&m, PRESS_YES, now);
	OK(m.result == MODEL_OPEN);
	model_clear(&m);

	/* Seen once is seen. */
	model_init(&m, &dialog, 0);
	look(&m, 80, 24);
	look(&m, 40, 10);
	model_press(&m, PRESS_YES, now);
	OK(m.result == MODEL_APPROVED);
	model_clear(&m);

	/* The details are another page. */
	model_init(&m, &dialog, 0);
	model_press(&m, PRESS_DETAILS, now);
	look(&m, 40, 10);
	model_press(&m, PRESS_BACK, now);
	look(&m, 40, 10);
	model_press(&m, PRESS_YES, now);
	OK(m.result == MODEL_OPEN);
	model_clear(&m);
}

/* The rows as a golden text. */
static void
check_view(size_t width, size_t height, bool utf8, const char *want)
{
	struct model m;
	struct buf out;
	size_t i;

	make_dialog(false);
	model_init(&m, &dialog, 0);
	view_draw(&m, width, height, utf8, &view);
	buf_init(&out, 100000);
	for (i = 0; i < view.rows; i++) {
		buf_add_text(&out, view.row[i].text);
		buf_add_byte(&out, '\n');
		OK(text_width(span_of(view.row[i].text)) <= width);
	}
	TEXT(buf_span(&out), want);
	buf_clear(&out);
	model_clear(&m);
}

static void
test_view(void)
{
	check_view(60, 10, false,
	    "- ACME challenge -------------------------------------------\n"
	    "Address    alice@example.org\n"
	    "From       a-very-long-local-part-of-an-address@ca.example\n"
	    "Proof      NONE.\n"
	    "\n"
	    "\n"
	    "\n"
	    "Send the answer?\n"
	    "  [ No ]     Yes\n"
	    "y answer   n do not answer   d details\n");
	/* 40x10: nothing is cut, the address is there, the rest scrolls. */
	check_view(40, 10, true,
	    "\u2500 ACME challenge \u2500\u2500\u2500\u2500\u2500\u2500\u2500"
	    "\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2500"
	    "\u2500\u2500\u2500\u2500\u2500\n"
	    "Address\n"
	    "  alice@example.org\n"
	    "From\n"
	    "  a-very-long-local-part-of-an-address@c\n"
	    "  a.example\n"
	    "Proof\n"
	    "Send the answer?\n"
	    "  [ No ]     Yes               v 1 below\n"
	    "y yes  n no  d details   arrows scroll\n");
	/* Too small for anything: the plain prompt. */
	check_view(29, 10, true, "");
	check_view(80, 5, true, "");
}

/* Nothing is wider than the screen: curses would wrap it into the next row. */
static void
test_widths(void)
{
	struct model m;
	size_t width, i;
	int state;

	for (state = 0; state < 4; state++)
		for (width = VIEW_COLUMNS_MIN; width < 90; width += 5) {
			make_dialog(true);
			dialog.title = "ACME challenge: prove that an address "
				       "is yours";
			dialog.question = "Send the answer for this address?";
			model_init(&m, &dialog, 0);
			m.too_soon = state == 1;
			m.asked_twice = state == 2;
			m.show_details = state == 3;
			view_draw(&m, width, 10, width % 2 == 0, &view);
			for (i = 0; i < view.rows; i++)
				OK(text_width(span_of(view.row[i].text)) <=
				    width);
			model_clear(&m);
		}
}

int
main(void)
{
	test_model();
	test_seen();
	test_view();
	test_widths();
	return tap_done();
}
