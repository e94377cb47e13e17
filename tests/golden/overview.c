/* overview.c - the states of the overview, as files: see golden.h */
#include "golden.h"
#include "tests/unit/panel_home.h"

/* Draw it, and after each of these keys. */
static void
show(const char *keys, struct page *out)
{
	const size_t width = out->width, height = out->height;

	end();
	panel_draw(&panel, out);
	for (; *keys != '\0'; keys++) {
		(void)press(*keys);
		(void)page_begin(out, width, height, out->utf8);
		panel_draw(&panel, out);
	}
}

static void
draw_work(const char *keys, struct page *out)
{
	utf8 = out->utf8;
	begin();
	add_work();
	show(keys, out);
}

static void
draw_empty(struct page *out)
{
	begin();
	show("", out);
}

static void
draw_empty_second(struct page *out)
{
	begin();
	show("j", out);
}

static void
draw_trouble(struct page *out)
{
	draw_work("", out);
}

static void
draw_answer(struct page *out)
{
	draw_work("ja", out);
}

static void
draw_install(struct page *out)
{
	draw_work("Gi", out);
}

static void
draw_renew(struct page *out)
{
	draw_work("Gr", out);
}

static void
draw_not_here(struct page *out)
{
	draw_work("Ga", out);
}

static void
draw_find(struct page *out)
{
	draw_work("/home", out);
}

static void
draw_help(struct page *out)
{
	draw_work("?", out);
}

static void
draw_help_on(struct page *out)
{
	draw_work("?j", out);
}

static void
draw_details(struct page *out)
{
	draw_work("\r", out);
}

static void
draw_details_on(struct page *out)
{
	draw_work("\r ", out);
}

static void
draw_one(enum panel_renewal renewal, const char *keys, struct page *out)
{
	begin();
	add("alice", "alice@example.org", ORDER_ISSUED, 88);
	panel.renewal = renewal;
	if (renewal == PANEL_BY_HAND)
		overview_add_timer(&overview, NULL);
	if (renewal == PANEL_STOPPED)
		overview_add_timer(&overview, "mailcert-renew.timer");
	panel.way[0] = (struct panel_way){ "systemd",
		"systemctl --user enable --now mailcert-renew.timer" };
	panel.way[1] = (struct panel_way){ "cron",
		"17 */6 * * * '/usr/bin/mailcert' -C "
		"'/home/alice/.local/share/mailcert' renew" };
	panel.ways = 2;
	show(keys, out);
}

static void
draw_fine(struct page *out)
{
	draw_one(PANEL_BY_ITSELF, "", out);
}

/* Before it is known whether anything renews it. */
static void
draw_first(struct page *out)
{
	draw_one(PANEL_UNKNOWN, "", out);
}

static void
draw_no_timer(struct page *out)
{
	draw_one(PANEL_BY_HAND, "", out);
}

static void
draw_timer_stopped(struct page *out)
{
	draw_one(PANEL_STOPPED, "", out);
}

static void
draw_timer_ways(struct page *out)
{
	draw_one(PANEL_BY_HAND, "t", out);
}

static void
draw_timer_cron(struct page *out)
{
	draw_one(PANEL_BY_HAND, "tj", out);
}

static void
draw_choices_help(struct page *out)
{
	draw_work("ja?", out);
}

static void
draw_reading(struct page *out)
{
	begin();
	add("alice", "alice@example.org", ORDER_ISSUED, 2);
	panel.reading = true;
	show("", out);
}

/* One order, at one of its steps. */
static void
draw_step(struct page *out, enum order_state state,
    enum expectation_state challenge, bool queued)
{
	begin();
	add_order("bob", "bob@example.org", state, 1, challenge, queued);
	show("", out);
}

static void
draw_not_reached(struct page *out)
{
	draw_step(out, ORDER_NEW, EXPECTATION_PENDING, false);
}

static void
draw_queued(struct page *out)
{
	draw_step(out, ORDER_NEW, EXPECTATION_PENDING, true);
}

static void
draw_waiting(struct page *out)
{
	draw_step(out, ORDER_PLACED, EXPECTATION_PENDING, false);
}

static void
draw_drafted(struct page *out)
{
	draw_step(out, ORDER_PLACED, EXPECTATION_DRAFTED, false);
}

static void
draw_doubt(struct page *out)
{
	draw_step(out, ORDER_PLACED, EXPECTATION_ANSWERING, false);
}

static void
draw_bounced(struct page *out)
{
	draw_step(out, ORDER_PLACED, EXPECTATION_BOUNCED, false);
}

static void
draw_sent(struct page *out)
{
	draw_step(out, ORDER_PLACED, EXPECTATION_SENT, false);
}

static void
draw_finalizing(struct page *out)
{
	draw_step(out, ORDER_FINALIZING, EXPECTATION_SENT, false);
}

static void
draw_forty(struct page *out)
{
	char id[16];
	size_t i;

	begin();
	for (i = 0; i < 40; i++) {
		(void)snprintf(id, sizeof(id), "o%zu", i);
		add(id, "user@example.org", ORDER_ISSUED, 40 + (int)i);
	}
	show("jjjjjjjjjjjjjjjjjjjjjjjjj", out);
}

static void
draw_hostile(struct page *out)
{
	utf8 = out->utf8;
	begin();
	add("evil", "a\x1b]0;x\x07\xe2\x80\xae@\xc2\x9b.example\n>  ok  b@c.d",
	    ORDER_PLACED, 1);
	add("long",
	    "a-local-part-that-is-much-too-long-to-stand-in-any-column@a-"
	    "domain-that-is-as-well.example",
	    ORDER_ISSUED, 88);
	/* Wide, combining, and from right to left. */
	add("wide",
	    "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac"
	    "\xe8\xaa\x9e@\xe4\xbe\x8b\xe3\x81\x88.example",
	    ORDER_ISSUED, 87);
	add("marks",
	    "z\xcc\x81\xcc\x82\xcc\x83\xcc\x84\xcc\x85\xcc\x86\xcc\x87"
	    "algo@\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d.example",
	    ORDER_ISSUED, 86);
	overview_add_damage(
	    &overview, "certificates/x: \x1b[2J why", out->utf8);
	show("", out);
}

const struct golden golden_overview[] = { { "overview-empty", draw_empty },
	{ "overview-empty-second", draw_empty_second },
	{ "overview-fine", draw_fine }, { "overview-first", draw_first },
	{ "overview-no-timer", draw_no_timer },
	{ "overview-timer-stopped", draw_timer_stopped },
	{ "overview-timer-ways", draw_timer_ways },
	{ "overview-timer-cron", draw_timer_cron },
	{ "overview-choices-help", draw_choices_help },
	{ "overview-reading", draw_reading }, { "overview-work", draw_trouble },
	{ "overview-answer", draw_answer },
	{ "overview-install", draw_install }, { "overview-renew", draw_renew },
	{ "overview-not-here", draw_not_here }, { "overview-find", draw_find },
	{ "overview-help", draw_help }, { "overview-help-on", draw_help_on },
	{ "overview-details", draw_details },
	{ "overview-details-on", draw_details_on },
	{ "overview-0-not-reached", draw_not_reached },
	{ "overview-0-queued", draw_queued },
	{ "overview-1-waiting", draw_waiting },
	{ "overview-1-drafted", draw_drafted },
	{ "overview-1-doubt", draw_doubt },
	{ "overview-1-bounced", draw_bounced },
	{ "overview-2-sent", draw_sent },
	{ "overview-3-finalizing", draw_finalizing },
	{ "overview-forty", draw_forty }, { "overview-hostile", draw_hostile },
	{ NULL, NULL } };
