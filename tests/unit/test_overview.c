/* test_overview.c - judge orders and challenges, and list them */
#include "tap.h"

#include "base/text.h"
#include "overview/listing.h"

enum { NOW = 1800000000, DAY = 86400 };

static const struct config config;
static struct overview overview;
static const struct overview_world world = { .config = &config, .now = NOW };

static struct order
make_order(const char *id, const char *address, enum order_state state)
{
	struct order order = { .addresses = 1,
		.state = state,
		.key = KEY_EC_P256,
		.created = NOW - 9 * DAY };

	(void)snprintf(order.id, sizeof(order.id), "%s", id);
	(void)snprintf(order.account, sizeof(order.account), "account1");
	(void)snprintf(
	    order.address[0], sizeof(order.address[0]), "%s", address);
	return order;
}

static struct order
make_certificate(const char *id, const char *address, int days)
{
	struct order order = make_order(id, address, ORDER_ISSUED);

	order.starts = NOW - (90 - days) * DAY;
	order.expires = NOW + days * DAY;
	return order;
}

static struct expectation
make_challenge(const char *order, enum expectation_state state)
{
	struct expectation one = { .state = state,
		.created = NOW - 60,
		.expires = NOW + DAY,
		.answered = state == EXPECTATION_PENDING ? 0 : NOW - 30 };

	(void)snprintf(one.id, sizeof(one.id), "challeng");
	(void)snprintf(one.order, sizeof(one.order), "%s", order);
	(void)snprintf(one.address, sizeof(one.address), "bob@example.org");
	(void)snprintf(one.from, sizeof(one.from), "ca@ca.example");
	return one;
}

static void
add(const struct order *order, const struct expectation *one)
{
	overview_add_order(&overview, &world, order, one, one != NULL);
}

/* What became of the order with that id. */
static const struct overview_item *
item(const char *id)
{
	static const struct overview_item none = { .word = "none" };
	size_t i;

	for (i = 0; i < overview.count; i++)
		if (strcmp(overview.item[i].id, id) == 0)
			return &overview.item[i];
	return &none;
}

static bool
is(const char *id, enum overview_section section, const char *word,
    enum overview_act first)
{
	const struct overview_item *it = item(id);

	if (it->section == section && strcmp(it->word, word) == 0 &&
	    it->first == first)
		return true;
	printf("# %s is %d %s %d\n", id, it->section, it->word, it->first);
	return false;
}

static void
test_certificates(void)
{
	const struct order fine = make_certificate("fine", "a@x.org", 80),
			   due = make_certificate("due", "b@x.org", 29),
			   late = make_certificate("late", "c@x.org", 9),
			   dead = make_certificate("dead", "d@x.org", -1);
	struct order old = make_certificate("old", "a@x.org", 10),
		     foreign = make_certificate("foreign", "e@x.org", 9);

	(void)snprintf(old.replaced, sizeof(old.replaced), "fine");
	foreign.account[0] = '\0';
	add(&fine, NULL);
	add(&due, NULL);
	add(&late, NULL);
	add(&dead, NULL);
	add(&old, NULL);
	add(&foreign, NULL);
	overview_settle(&overview);
	OK(is("fine", OVERVIEW_CERTIFICATES, "ok", OVERVIEW_NOTHING));
	OK(is("due", OVERVIEW_CERTIFICATES, "due", OVERVIEW_NOTHING));
	OK(is("late", OVERVIEW_NEEDS_YOU, "due", OVERVIEW_RENEW));
	OK(is("dead", OVERVIEW_NEEDS_YOU, "expired", OVERVIEW_RENEW));
	OK(is("old", OVERVIEW_OVER, "replaced", OVERVIEW_NOTHING));
	OK(is("foreign", OVERVIEW_NEEDS_YOU, "due", OVERVIEW_IMPORT));
	OK((item("foreign")->can & OVERVIEW_RENEW) == 0);
	/* The worst first. */
	OK(strcmp(overview.item[0].id, "dead") == 0);
	OK(strcmp(overview.item[overview.count - 1].id, "old") == 0);
	OK(overview_next_renewal(&overview) == item("due"));
	OK(overview_count(&overview, OVERVIEW_NEEDS_YOU) == 3);
	overview_clear(&overview);
}

static void
test_challenges(void)
{
	static const struct {
		enum expectation_state state;
		enum overview_section section;
		const char *word;
		enum overview_act first;
	} rows[] = {
		{ EXPECTATION_PENDING, OVERVIEW_NEEDS_YOU, "waiting",
		    OVERVIEW_ANSWER },
		{ EXPECTATION_ANSWERING, OVERVIEW_NEEDS_YOU, "doubt",
		    OVERVIEW_FINISH },
		{ EXPECTATION_DRAFTED, OVERVIEW_NEEDS_YOU, "drafted",
		    OVERVIEW_FINISH },
		{ EXPECTATION_SENT, OVERVIEW_ON_ITS_WAY, "[2/4]",
		    OVERVIEW_FINISH },
	};
	const struct order order =
	    make_order("bobs", "bob@example.org", ORDER_PLACED);
	struct expectation one;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		one = make_challenge("bobs", rows[i].state);
		add(&order, &one);
		overview_settle(&overview);
		OK(is("bobs", rows[i].section, rows[i].word, rows[i].first));
		overview_clear(&overview);
	}
	one = make_challenge("bobs", EXPECTATION_PENDING);
	one.expires = NOW - 1;
	add(&order, &one);
	OK(is("bobs", OVERVIEW_NEEDS_YOU, "expired", OVERVIEW_ORDER));
	overview_clear(&overview);
	one = make_challenge("bobs", EXPECTATION_SENT);
	one.met = NOW;
	add(&order, &one);
	OK(is("bobs", OVERVIEW_ON_ITS_WAY, "[3/4]", OVERVIEW_FINISH));
	overview_clear(&overview);
	/* Another client's: once it is sent, nothing is left to do here. */
	one = make_challenge("", EXPECTATION_SENT);
	overview_add_challenge(&overview, &world, &one);
	OK(is("challeng", OVERVIEW_OVER, "sent", OVERVIEW_NOTHING));
	overview_clear(&overview);
}

/* An order that failed is over when a newer one is there for the same. */
static void
test_failed(void)
{
	struct order failed = make_order("failed", "a@x.org", ORDER_FAILED),
		     late = make_certificate("late", "b@x.org", 9),
		     renewal = make_order("renewal", "b@x.org", ORDER_PLACED),
		     newer = make_order("newer", "a@x.org", ORDER_PLACED);

	newer.created = NOW;
	renewal.created = NOW;
	(void)snprintf(renewal.replaces, sizeof(renewal.replaces), "late");
	add(&failed, NULL);
	add(&late, NULL);
	overview_settle(&overview);
	OK(is("failed", OVERVIEW_NEEDS_YOU, "failed", OVERVIEW_ORDER));
	overview_clear(&overview);
	add(&failed, NULL);
	add(&late, NULL);
	add(&newer, NULL);
	add(&renewal, NULL);
	overview_settle(&overview);
	OK(is("failed", OVERVIEW_OVER, "failed", OVERVIEW_NOTHING));
	OK(item("late")->section == OVERVIEW_CERTIFICATES);
	/* One of another usage is for something else. */
	overview_clear(&overview);
	newer.usage = CSR_SIGN;
	add(&failed, NULL);
	add(&newer, NULL);
	overview_settle(&overview);
	OK(is("failed", OVERVIEW_NEEDS_YOU, "failed", OVERVIEW_ORDER));
	overview_clear(&overview);
}

/* No line is wider than the width, but where a word is; no control octet. */
static void
check_lines(const struct buf *text, size_t width)
{
	struct span rest = buf_span(text), line, trimmed;
	bool fits = true, clean = true;
	size_t end, i;

	for (; rest.len > 0; rest = span_cut(rest, end + 1, rest.len)) {
		end = span_find_byte(rest, '\n');
		line = span_cut(rest, 0, end);
		trimmed = span_trim(line);
		if (text_width(line) > width && span_has_byte(trimmed, ' '))
			fits = false;
		for (i = 0; i < line.len; i++)
			clean = clean && (unsigned char)line.at[i] >= ' ';
	}
	OK(fits);
	OK(clean);
}

static void
test_listing(void)
{
	struct order order =
	    make_order("bobs", "bob\x1b[2J\n@example.org", ORDER_PLACED);
	struct expectation one = make_challenge("bobs", EXPECTATION_PENDING);
	struct listing listing = { .config = &config, .now = NOW };
	struct buf out;
	size_t width;

	(void)snprintf(one.note, sizeof(one.note), "a\rb \xe2\x80\xae c");
	(void)snprintf(order.why, sizeof(order.why), "no \x9b evil");
	add(&order, &one);
	overview_add_damage(&overview, "a\tfile: why", true);
	overview_settle(&overview);
	for (width = 20; width <= 100; width += 20) {
		listing.width = width;
		buf_init(&out, 64 * 1024);
		listing_add(&listing, &overview.item[0], &out);
		listing_add(&listing, &overview.item[1], &out);
		OK(out.len > 200);
		check_lines(&out, width);
		buf_clear(&out);
	}
	overview_clear(&overview);
	buf_init(&out, 1024);
	listing.width = 30;
	listing_add_text(&listing, 4, "one two three four five six", &out);
	listing_add_text(
	    &listing, 4, "longer-than-the-width-of-all-of-it", &out);
	TEXT(buf_span(&out),
	    "    one two three four five\n    six\n"
	    "    longer-than-the-width-of-all-of-it\n");
	buf_clear(&out);
}

static void
test_when(void)
{
	struct overview_item one = { .when = NOW + 88 * DAY + 5 };
	struct buf out;

	buf_init(&out, 256);
	overview_add_when(&one, NOW, &out);
	buf_add_byte(&out, ',');
	one.when = NOW + 23 * 3600;
	overview_add_when(&one, NOW, &out);
	buf_add_byte(&out, ',');
	one.when = NOW + 14 * 60;
	overview_add_when(&one, NOW, &out);
	buf_add_byte(&out, ',');
	one.when = 0;
	overview_add_when(&one, NOW, &out);
	TEXT(buf_span(&out), "88 days left,23 h left,14 min left,");
	buf_clear(&out);
}

int
main(void)
{
	test_certificates();
	test_challenges();
	test_failed();
	test_listing();
	test_when();
	return tap_done();
}
