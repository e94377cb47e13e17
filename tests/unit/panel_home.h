/*
 * panel_home.h - a home for the tests of the overview's screen
 */
#ifndef UNIT_PANEL_HOME_H
#define UNIT_PANEL_HOME_H
#include <stdio.h>
#include <string.h>

#include "overview/panel.h"

enum { NOW = 1800000000, DAY = 86400 };

static const struct config config;
static struct overview overview;
static struct decisions decisions;
static struct panel panel;
static bool utf8 = true; /* what can be shown */

static inline void
add_details(void *context, const struct overview_item *item, size_t columns,
    struct buf *out)
{
	size_t i;

	(void)context;
	buf_addf(out, "%s in %zu columns\n", item->id, columns);
	for (i = 0; i < 40; i++)
		buf_addf(out, "line %zu\n", i);
}

static inline void
add_installed(const void *context, const char *id, struct buf *out)
{
	(void)context;
	if (id[0] == 'a')
		buf_add_text(out, "mutt, thunderbird");
}

static inline void
add_order(const char *id, const char *address, enum order_state state, int days,
    enum expectation_state challenge, bool queued)
{
	const struct overview_world world = { .config = &config,
		.now = NOW,
		.utf8 = utf8,
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

static inline void
add(const char *id, const char *address, enum order_state state, int days)
{
	add_order(id, address, state, days, EXPECTATION_PENDING, false);
}

static inline void
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

static inline void
end(void)
{
	overview_settle(&overview);
	panel_update(&panel);
}

static inline enum screen_next
press(char byte)
{
	const struct stroke stroke = { STROKE_TYPED, (unsigned char)byte,
		false };

	return panel_press(&panel, &stroke, 0);
}

static inline void
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
#endif
