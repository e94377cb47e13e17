/* test_panel.c - the overview's screen: its keys */
#include "tap.h"

#include "panel_home.h"

static struct page page;

static void
test_keys(void)
{
	begin();
	add_work();
	end();
	OK(strcmp(panel.selected.id, "failed") == 0);
	OK(press('a') == SCREEN_STAY && panel.message[0] != '\0');
	(void)press('j');
	OK(strcmp(panel.selected.id, "bob") == 0);
	OK(press('f') == SCREEN_END);
	OK(strcmp(panel.command.word[0], "finish") == 0 &&
	    strcmp(panel.command.word[1], "bob") == 0 &&
	    panel.command.word[2] == NULL);
	OK(press('a') == SCREEN_STAY && panel.page == PANEL_CHOICES);
	OK(press('\r') == SCREEN_END && panel.command.mail);
	(void)press('q');
	OK(panel.page == PANEL_LIST);
	/* The selection follows its item. */
	add("worse", "worse@example.org", ORDER_ISSUED, -1);
	end();
	OK(strcmp(panel.selected.id, "bob") == 0);
	OK(strcmp(overview.item[panel.at].id, "bob") == 0);
	/* It goes: what stands in its place is selected. */
	overview_clear(&overview);
	add("alice", "alice@example.org", ORDER_ISSUED, 88);
	end();
	OK(strcmp(panel.selected.id, "alice") == 0);
	OK(press('i') == SCREEN_STAY && panel.page == PANEL_LIST);
	OK(press('i') == SCREEN_STAY && panel.page == PANEL_CHOICES);
	OK(press('\r') == SCREEN_END);
	OK(strcmp(panel.command.word[1], "neomutt") == 0 &&
	    strcmp(panel.command.word[2], "alice") == 0);
	(void)press('q');
	/* A certificate that is not due is not renewed by one key. */
	OK(press('r') == SCREEN_STAY);
	OK(press('\r') == SCREEN_STAY && panel.page == PANEL_LIST);
	(void)press('r');
	OK(press('2') == SCREEN_END);
	OK(strcmp(panel.command.word[0], "renew") == 0);
	(void)press('q');
	OK(press('q') == SCREEN_END && panel.command.word[0] == NULL);
}

static void
test_paste(void)
{
	struct stroke stroke = { STROKE_PASTED, 'f', false };

	begin();
	add("bob", "bob@example.org", ORDER_PLACED, 1);
	end();
	OK(panel_press(&panel, &stroke, 0) == SCREEN_STAY);
	stroke = (struct stroke){ STROKE_TYPED, 'f', true };
	OK(panel_press(&panel, &stroke, 0) == SCREEN_FRESH);
	OK(panel.command.word[0] == NULL);
}

static void
test_find(void)
{
	begin();
	add_work();
	end();
	(void)press('/');
	(void)press('w');
	OK(strcmp(panel.selected.id, "work") == 0);
	(void)press('q'); /* no such address */
	OK(panel.message[0] != '\0');
	(void)press('\r');
	OK(!panel.finding && press('f') == SCREEN_END);
	OK(strcmp(panel.command.word[1], "work") == 0);
}

/* The timer is offered where there is none, in the ways that there are. */
static void
test_timer(void)
{
	begin();
	add("alice", "alice@example.org", ORDER_ISSUED, 88);
	end();
	OK(press('t') == SCREEN_STAY && panel.page == PANEL_LIST);
	OK(panel.message[0] != '\0');
	panel.renewal = PANEL_BY_HAND;
	panel.way[0] = (struct panel_way){ "cron", "17 * * * * mailcert" };
	panel.ways = 1;
	overview_add_timer(&overview, NULL);
	end();
	/* The selection stays on its line; the key needs none. */
	OK(strcmp(panel.selected.id, "alice") == 0);
	OK(overview.item[0].section == OVERVIEW_NEEDS_YOU);
	OK(press('t') == SCREEN_STAY && panel.page == PANEL_CHOICES);
	(void)press('j');
	OK(press('\r') == SCREEN_STAY && panel.page == PANEL_LIST);
	(void)press('t');
	OK(press('\r') == SCREEN_END && !panel_leaves(&panel));
	OK(strcmp(panel.command.timer, "cron") == 0);
}

/* A text is read, searched, and left; one level at a time. */
static void
test_text(void)
{
	begin();
	add("bob", "bob@example.org", ORDER_PLACED, 1);
	end();
	OK(press('\r') == SCREEN_STAY && panel.page == PANEL_TEXT);
	(void)press('/');
	(void)press('q'); /* a letter of the text that is searched */
	OK(panel.page == PANEL_TEXT);
	(void)press('\r');
	(void)press('q');
	OK(panel.page == PANEL_LIST);
	(void)press('a');
	(void)press('?');
	OK(panel.page == PANEL_TEXT);
	(void)press('q');
	OK(panel.page == PANEL_CHOICES);
	(void)press('q');
	OK(panel.page == PANEL_LIST);
}

/* Whatever is pressed, at whatever size, what is drawn keeps to the rules. */
static void
test_any_key(void)
{
	static const unsigned char keys[] = "jkgG -/?\rafriowdnqx\x03\x04\x15";
	unsigned random = 1;
	struct stroke stroke;
	size_t i, width, height;

	begin();
	add_work();
	end();
	for (i = 0; i < 3000; i++) {
		random = random * 1103515245 + 12345;
		stroke = (struct stroke){ (random >> 16) % 4 == 0
			    ? (enum stroke_kind)((random >> 20) % 11)
			    : STROKE_TYPED,
			keys[(random >> 18) % (sizeof(keys) - 1)], false };
		(void)panel_press(&panel, &stroke, 0);
		width = 30 + (random >> 9) % 90;
		height = 6 + (random >> 5) % 40;
		(void)page_begin(&page, width, height, true);
		panel_draw(&panel, &page);
		if (page.rows > height || panel.at >= overview.count)
			break;
	}
	OK(i == 3000);
}

int
main(void)
{
	/* Times are local ones. */
	(void)setenv("TZ", "UTC", 1);
	test_keys();
	test_paste();
	test_find();
	test_timer();
	test_text();
	test_any_key();
	overview_clear(&overview);
	panel_clear(&panel);
	return tap_done();
}
