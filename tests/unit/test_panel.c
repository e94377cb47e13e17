/* test_panel.c - the overview's screen: keys, and golden screens */
#include "screens.h"

#include "overview/panel.h"

enum { NOW = 1800000000, DAY = 86400 };

static const struct config config;
static struct overview overview;
static struct decisions decisions;
static struct panel panel;

static void
add_details(void *context, const struct overview_item *item, size_t columns,
    struct buf *out)
{
	size_t i;

	(void)context;
	buf_addf(out, "%s in %zu columns\n", item->id, columns);
	for (i = 0; i < 40; i++)
		buf_addf(out, "line %zu\n", i);
}

static void
add_installed(const void *context, const char *id, struct buf *out)
{
	(void)context;
	if (id[0] == 'a')
		buf_add_text(out, "mutt, thunderbird");
}

static void
add_order(const char *id, const char *address, enum order_state state, int days,
    enum expectation_state challenge, bool queued)
{
	const struct overview_world world = { .config = &config,
		.now = NOW,
		.utf8 = true,
		.installed = add_installed };
	struct order order = { .addresses = 1,
		.state = state,
		.key = KEY_EC_P256,
		.queued = queued,
		.created = NOW - 9 * DAY,
		.starts = state == ORDER_ISSUED ? NOW - (90 - days) * DAY : 0,
		.expires = NOW + days * DAY };
	struct expectation one = { .state = challenge,
		.created = NOW - 60,
		.expires = NOW + DAY - 3600,
		.answered = NOW - 3 * DAY };

	(void)snprintf(order.id, sizeof(order.id), "%s", id);
	(void)snprintf(order.account, sizeof(order.account), "account1");
	(void)snprintf(
	    order.address[0], sizeof(order.address[0]), "%s", address);
	(void)snprintf(one.order, sizeof(one.order), "%s", id);
	if (state == ORDER_FAILED)
		(void)snprintf(order.why, sizeof(order.why), "CAA forbids it");
	overview_add_order(&overview, &world, &order, &one,
	    state == ORDER_PLACED || state == ORDER_FINALIZING);
}

static void
add(const char *id, const char *address, enum order_state state, int days)
{
	add_order(id, address, state, days, EXPECTATION_PENDING, false);
}

static void
begin(void)
{
	overview_clear(&overview);
	panel_clear(&panel);
	panel_init(&panel);
	decisions.count = 0;
	panel.overview = &overview;
	panel.decisions = &decisions;
	panel.details = add_details;
	panel.mail = panel.program = "neomutt";
	panel.now = NOW;
}

static void
end(void)
{
	overview_settle(&overview);
	panel_update(&panel);
}

static enum screen_next
press(char byte)
{
	const struct stroke stroke = { STROKE_TYPED, (unsigned char)byte,
		false };

	return panel_press(&panel, &stroke, 0);
}

static void
keep(const char *name)
{
	keep_screen(name, panel_draw, &panel);
}

static void
add_work(void)
{
	static const struct decision said[] = {
		{ { "2027-01-15T07:50:00Z", 20 },
		    { "refused: unexpected: \x1b[2J", 24 } },
		{ { "2027-01-15T07:59:00Z", 20 },
		    { "answered for work@example.org", 29 } },
	};

	add("bob", "bob@example.org", ORDER_PLACED, 1);
	add("failed", "old@example.org", ORDER_FAILED, 0);
	add_order("work", "work@example.org", ORDER_PLACED, 1, EXPECTATION_SENT,
	    false);
	add("alice", "alice@example.org", ORDER_ISSUED, 88);
	add("home", "me@home.example", ORDER_ISSUED, 51);
	(void)memcpy(decisions.decision, said, sizeof(said));
	decisions.count = 2;
}

static void
test_states(void)
{
	static const struct {
		const char *name;
		enum order_state state;
		enum expectation_state challenge;
		bool queued;
	} steps[] = {
		{ "not reached", ORDER_NEW, EXPECTATION_PENDING, false },
		{ "queued", ORDER_NEW, EXPECTATION_PENDING, true },
		{ "waiting", ORDER_PLACED, EXPECTATION_PENDING, false },
		{ "drafted", ORDER_PLACED, EXPECTATION_DRAFTED, false },
		{ "in doubt", ORDER_PLACED, EXPECTATION_ANSWERING, false },
		{ "sent", ORDER_PLACED, EXPECTATION_SENT, false },
		{ "finalizing", ORDER_FINALIZING, EXPECTATION_SENT, false },
	};
	size_t i;
	char id[16];

	begin();
	end();
	keep("empty home");
	(void)press('j');
	keep("empty home, second choice");
	begin();
	add_work();
	end();
	keep("work to do");
	(void)press('a');
	keep("answer");
	(void)press('q');
	(void)press('G');
	(void)press('i');
	keep("install");
	(void)press('q');
	(void)press('r');
	keep("renew before it is due");
	(void)press('q');
	(void)press('?');
	keep("help");
	(void)press('x');
	(void)press('\r');
	keep("details");
	(void)press(' ');
	keep("details, a page on");
	begin();
	add("alice", "alice@example.org", ORDER_ISSUED, 88);
	end();
	keep("all fine");
	for (i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		begin();
		add_order("bob", "bob@example.org", steps[i].state, 1,
		    steps[i].challenge, steps[i].queued);
		end();
		keep(steps[i].name);
	}
	begin();
	for (i = 0; i < 40; i++) {
		(void)snprintf(id, sizeof(id), "o%zu", i);
		add(id, "user@example.org", ORDER_ISSUED, 40 + (int)i);
	}
	end();
	for (i = 0; i < 25; i++)
		(void)press('j');
	keep("40 certificates, in the middle");
	begin();
	add("evil", "a\x1b]0;x\x07\xe2\x80\xae@\xc2\x9b.example\n>  ok  b@c.d",
	    ORDER_PLACED, 1);
	add("long",
	    "a-local-part-that-is-much-too-long-to-stand-in-any-column@a-"
	    "domain-that-is-as-well.example",
	    ORDER_ISSUED, 88);
	overview_add_damage(&overview, "certificates/x: \x1b[2J why", true);
	end();
	keep("hostile");
}

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
	buf_init(&screens, 1024 * 1024);
	test_states();
	compare_screens("tests/screens/overview.txt");
	test_keys();
	test_paste();
	test_find();
	test_any_key();
	overview_clear(&overview);
	panel_clear(&panel);
	buf_clear(&screens);
	return tap_done();
}
