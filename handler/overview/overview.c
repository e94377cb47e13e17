/* overview.c - judge what is in a home: see overview.h */
#include "overview/overview.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "order/renew.h"

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

static struct overview_item *
add_item(struct overview *overview)
{
	const size_t room = overview->room == 0 ? 16 : 2 * overview->room;
	struct overview_item *more;

	if (overview->count == overview->room) {
		more = reallocarray(overview->item, room, sizeof(*more));
		if (more == NULL) {
			overview->failed = true;
			return NULL;
		}
		overview->item = more;
		overview->room = room;
	}
	more = &overview->item[overview->count++];
	*more = (struct overview_item){ .section = OVERVIEW_NEEDS_YOU };
	return more;
}

/* Of a long one, the end: it says whose domain it is. */
static void
set_address(const char *address, size_t more, bool utf8, char out[160])
{
	enum { MOST = 120 };
	struct span shown;
	struct buf text, line;

	buf_init(&text, 16 * 1024);
	buf_init(&line, 4096);
	text_show(&text, span_of(address), TEXT_NO_LIMIT, utf8);
	shown = buf_span(&text);
	if (shown.len > MOST) {
		buf_add_text(&line, utf8 ? "\xe2\x80\xa6" : "...");
		shown = span_cut(shown, shown.len - MOST, shown.len);
		/* From where a character begins. */
		while (shown.len > 0 &&
		    ((unsigned char)shown.at[0] & 0xc0) == 0x80)
			shown = span_cut(shown, 1, shown.len);
	}
	buf_add(&line, shown);
	if (more > 0)
		buf_addf(&line, " and %zu more", more);
	text_show_in(out, 160, buf_span(&line), utf8);
	buf_clear(&line);
	buf_clear(&text);
}

static void
set_what(
    struct overview_item *item, bool utf8, const char *before, const char *text)
{
	struct buf line;

	buf_init(&line, 4096);
	buf_addf(&line, "%s%s", before, text);
	text_show_in(item->what, sizeof(item->what), buf_span(&line), utf8);
	buf_clear(&line);
}

static void
judge(struct overview_item *item, enum overview_section section,
    enum overview_grade grade, const char *word, const char *what)
{
	item->section = section;
	item->grade = grade;
	item->word = word;
	(void)snprintf(item->what, sizeof(item->what), "%s", what);
}

static void
set_when(struct overview_item *item, int64_t when, bool since)
{
	item->when = when;
	item->since = since;
}

static void
set_acts(struct overview_item *item, enum overview_act first, unsigned others)
{
	item->first = first;
	item->can = (unsigned)first | others;
}

/* --- challenges ------------------------------------------------------------*/

static bool
has_ended(const struct expectation *expectation, int64_t now)
{
	return expectation->expires != 0 && expectation->expires <= now;
}

/* How urgently does it want the user?  0: not at all. */
static int
urgency(const struct expectation *expectation, int64_t now)
{
	if (expectation->met != 0)
		return 0;
	switch (expectation->state) {
	case EXPECTATION_PENDING:
		return has_ended(expectation, now) ? 4 : 1;
	case EXPECTATION_ANSWERING:
		return 3;
	case EXPECTATION_DRAFTED:
		return 2;
	case EXPECTATION_BOUNCED:
		return 4;
	case EXPECTATION_SENT:
		break;
	}
	return 0;
}

/* The one that the user should see to first; NULL: none. */
static const struct expectation *
most_urgent(const struct expectation *expectations, size_t count, int64_t now)
{
	const struct expectation *best = NULL;
	size_t i;

	for (i = 0; i < count; i++)
		if (urgency(&expectations[i], now) > 0 &&
		    (best == NULL ||
			urgency(&expectations[i], now) > urgency(best, now)))
			best = &expectations[i];
	return best;
}

static void
judge_challenge(struct overview_item *item,
    const struct expectation *expectation, int64_t now)
{
	const bool ours = expectation->order[0] != '\0';

	switch (expectation->state) {
	case EXPECTATION_PENDING:
		if (has_ended(expectation, now)) {
			judge(item, OVERVIEW_NEEDS_YOU, OVERVIEW_BAD, "expired",
			    ours ? "not answered in time; order again"
				 : "not answered in time");
			set_when(item, expectation->expires, true);
			set_acts(
			    item, ours ? OVERVIEW_ORDER : OVERVIEW_NOTHING, 0);
			return;
		}
		judge(item, OVERVIEW_NEEDS_YOU, OVERVIEW_WAITS, "waiting",
		    "answer it in your mail");
		set_when(item, expectation->expires, false);
		set_acts(item, OVERVIEW_ANSWER, ours ? OVERVIEW_FINISH : 0);
		return;
	case EXPECTATION_ANSWERING:
		judge(item, OVERVIEW_NEEDS_YOU, OVERVIEW_DUE, "doubt",
		    "was the reply sent?");
		set_when(item, expectation->answered, true);
		set_acts(item, ours ? OVERVIEW_FINISH : OVERVIEW_NOTHING, 0);
		return;
	case EXPECTATION_DRAFTED:
		judge(item, OVERVIEW_NEEDS_YOU, OVERVIEW_WAITS, "drafted",
		    "send the drafted reply");
		set_when(item, expectation->answered, true);
		set_acts(item, ours ? OVERVIEW_FINISH : OVERVIEW_NOTHING, 0);
		return;
	case EXPECTATION_BOUNCED:
		judge(item, OVERVIEW_NEEDS_YOU, OVERVIEW_BAD, "bounced",
		    "not delivered; answer again");
		set_when(item, expectation->answered, true);
		set_acts(item, OVERVIEW_ANSWER, ours ? OVERVIEW_FINISH : 0);
		return;
	case EXPECTATION_SENT:
		judge(item, OVERVIEW_OVER, OVERVIEW_DIM, "sent",
		    "the reply was sent; your ACME client goes on");
		set_when(item, expectation->answered, true);
		return;
	}
}

void
overview_add_challenge(struct overview *overview,
    const struct overview_world *world, const struct expectation *expectation)
{
	struct overview_item *item = add_item(overview);

	if (item == NULL)
		return;
	(void)snprintf(item->id, sizeof(item->id), "%s",
	    expectation_shown_id(expectation));
	set_address(expectation->address, 0, world->utf8, item->address);
	item->created = expectation->created;
	item->expectations = expectation;
	item->expectation_count = 1;
	judge_challenge(item, expectation, world->now);
}

/* --- orders ----------------------------------------------------------------*/

/* All replies are sent: what does it wait for? */
static void
judge_sent(struct overview_item *item, const struct order *order,
    const struct expectation *expectations, size_t count)
{
	int64_t answered = 0;
	size_t i, unmet = 0;

	for (i = 0; i < count; i++) {
		unmet += expectations[i].met == 0;
		if (answered < expectations[i].answered)
			answered = expectations[i].answered;
	}
	if (order->state == ORDER_FINALIZING || (unmet == 0 && count > 0))
		judge(item, OVERVIEW_ON_ITS_WAY, OVERVIEW_WAITS, "[3/4]",
		    "waiting for the certificate");
	else
		judge(item, OVERVIEW_ON_ITS_WAY, OVERVIEW_WAITS, "[2/4]",
		    "reply sent, waiting for the CA");
	set_when(item, answered != 0 ? answered : order->created, true);
	set_acts(item, OVERVIEW_FINISH, 0);
}

/* The CA has an order for a server. */
static void
judge_server(struct overview_item *item, const struct order *order)
{
	const struct order_proof *proof = &order->proof;

	set_when(item, order->created, true);
	if (order->state == ORDER_FINALIZING || proof->met != 0)
		judge(item, OVERVIEW_ON_ITS_WAY, OVERVIEW_WAITS, "[3/4]",
		    "waiting for the certificate");
	else if (proof->told != 0)
		judge(item, OVERVIEW_ON_ITS_WAY, OVERVIEW_WAITS, "[2/4]",
		    "waiting for the CA");
	else if (proof->published != 0)
		judge(item, OVERVIEW_ON_ITS_WAY, OVERVIEW_WAITS, "[1/4]",
		    "waiting for the DNS");
	else
		judge(item, OVERVIEW_NEEDS_YOU, OVERVIEW_WAITS, "waiting",
		    "publish what proves the host");
}

static void
judge_open(struct overview_item *item, const struct overview_world *world,
    const struct order *order, const struct expectation *expectations,
    size_t count)
{
	const struct expectation *first;

	set_acts(item, OVERVIEW_FINISH, 0);
	if (order->state == ORDER_NEW && order->queued) {
		judge(item, OVERVIEW_ON_ITS_WAY, OVERVIEW_WAITS, "[0/4]",
		    "waits for an earlier order");
		set_acts(item, OVERVIEW_NOTHING, OVERVIEW_FINISH);
		set_when(item, order->created, true);
		return;
	}
	if (order->state == ORDER_NEW) {
		judge(item, OVERVIEW_ON_ITS_WAY, OVERVIEW_DUE, "[0/4]",
		    "the CA was not reached");
		set_when(item, order->created, true);
		return;
	}
	if (order_is_server(order)) {
		judge_server(item, order);
		return;
	}
	first = order->state == ORDER_PLACED
	    ? most_urgent(expectations, count, world->now)
	    : NULL;
	if (first == NULL) {
		judge_sent(item, order, expectations, count);
		return;
	}
	judge_challenge(item, first, world->now);
	if (count > 1)
		set_address(first->address, order->addresses - 1, world->utf8,
		    item->address);
}

static void
judge_requested(struct overview_item *item, const struct order *order)
{
	judge(item, OVERVIEW_ON_ITS_WAY, OVERVIEW_WAITS, "request",
	    order->ca[0] != '\0' ? "waiting for the CA's program"
				 : "waiting for your CA's certificate");
	set_when(item, order->created, true);
	if (order->ca[0] != '\0')
		set_acts(item, OVERVIEW_FINISH, 0);
	else
		set_acts(item, OVERVIEW_IMPORT, 0);
}

/* "RSA 3072  mutt, thunderbird" */
static void
describe_certificate(struct overview_item *item,
    const struct overview_world *world, const struct order *order)
{
	static const struct {
		enum key_kind kind;
		const char *name;
	} names[] = { { KEY_EC_P256, "EC P-256" }, { KEY_EC_P384, "EC P-384" },
		{ KEY_ED25519, "Ed25519" }, { KEY_RSA_2048, "RSA 2048" },
		{ KEY_RSA_3072, "RSA 3072" }, { KEY_RSA_4096, "RSA 4096" } };
	const char *name = key_kind_name(order->key);
	struct buf text;
	size_t i, before;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].kind == order->key)
			name = names[i].name;
	buf_init(&text, 1024);
	buf_addf(&text, "%-8s", name);
	if (order->usage != CSR_BOTH)
		buf_addf(&text, "  %s",
		    order->usage == CSR_SIGN          ? "signs"
			: order->usage == CSR_ENCRYPT ? "encrypts"
						      : "for a mail server");
	if (world->installed != NULL && !order_is_server(order)) {
		buf_add_text(&text, "  ");
		before = text.len;
		world->installed(world->context, order->id, &text);
		if (text.len == before) {
			buf_add_text(&text, "not installed");
			item->can |= OVERVIEW_INSTALL;
		}
	}
	text_show_in(
	    item->what, sizeof(item->what), buf_span(&text), world->utf8);
	buf_clear(&text);
}

static void
judge_certificate(struct overview_item *item,
    const struct overview_world *world, const struct order *order)
{
	const bool renews = !order_is_foreign(order) || order->ca[0] != '\0';

	item->can = order_is_server(order) ? 0 : OVERVIEW_INSTALL;
	if (renews)
		item->can |= OVERVIEW_RENEW;
	item->renewal = renew_known(world->config, order);
	set_when(item, order->expires, false);
	if (order->expires != 0 && order->expires <= world->now) {
		judge(item, OVERVIEW_NEEDS_YOU, OVERVIEW_BAD, "expired",
		    renews ? "renew it"
			   : "get another one; mailcert cannot renew it");
		item->since = true;
	} else if (item->renewal <= world->now && !renews) {
		judge(item, OVERVIEW_NEEDS_YOU, OVERVIEW_DUE, "due",
		    "get another one; mailcert cannot renew it");
	} else if (item->renewal + 2 * DAY <= world->now) {
		judge(item, OVERVIEW_NEEDS_YOU, OVERVIEW_DUE, "due",
		    "its renewal is overdue");
	} else {
		judge(item, OVERVIEW_CERTIFICATES,
		    item->renewal <= world->now ? OVERVIEW_DUE : OVERVIEW_GOOD,
		    item->renewal <= world->now ? "due" : "ok", "");
		describe_certificate(item, world, order);
	}
	if (item->section == OVERVIEW_NEEDS_YOU)
		set_acts(
		    item, renews ? OVERVIEW_RENEW : OVERVIEW_IMPORT, item->can);
}

static void
judge_ended(struct overview_item *item, const struct overview_world *world,
    const struct order *order)
{
	judge(item, OVERVIEW_OVER, OVERVIEW_DIM,
	    order->state == ORDER_REVOKED ? "revoked" : "replaced",
	    "its key reads old mail");
	if (order->state == ORDER_FAILED) {
		judge(item, OVERVIEW_NEEDS_YOU, OVERVIEW_BAD, "failed",
		    order->replaces[0] != '\0' ? "renewal refused"
					       : "order again");
		if (order->why[0] != '\0')
			set_what(item, world->utf8,
			    order->replaces[0] != '\0' ? "renewal: " : "",
			    order->why);
		item->failed = true;
		set_acts(item,
		    order->replaces[0] != '\0' ? OVERVIEW_RENEW
					       : OVERVIEW_ORDER,
		    0);
	} else if (order->expires != 0 && order->expires <= world->now) {
		set_when(item, order->expires, true);
	}
}

void
overview_add_order(struct overview *overview,
    const struct overview_world *world, const struct order *order,
    const struct expectation *expectations, size_t count)
{
	struct overview_item *item = add_item(overview);

	if (item == NULL)
		return;
	(void)snprintf(item->id, sizeof(item->id), "%s", order->id);
	(void)snprintf(
	    item->replaces, sizeof(item->replaces), "%s", order->replaces);
	set_address(order->address[0], order->addresses - 1, world->utf8,
	    item->address);
	item->created = order->created;
	item->order = order;
	item->expectations = expectations;
	item->expectation_count = count;
	if (order_is_open(order))
		judge_open(item, world, order, expectations, count);
	else if (order->state == ORDER_REQUESTED)
		judge_requested(item, order);
	else if (order_is_current(order))
		judge_certificate(item, world, order);
	else
		judge_ended(item, world, order);
}

void
overview_add_damage(struct overview *overview, const char *text, bool utf8)
{
	struct overview_item *item = add_item(overview);

	if (item == NULL)
		return;
	judge(item, OVERVIEW_NEEDS_YOU, OVERVIEW_BAD, "damaged", "");
	set_what(item, utf8, "", text);
	set_acts(item, OVERVIEW_DOCTOR, 0);
}

void
overview_add_timer(struct overview *overview, const char *by)
{
	struct overview_item *item = add_item(overview);

	if (item == NULL)
		return;
	judge(item, OVERVIEW_NEEDS_YOU, OVERVIEW_DUE, "timer",
	    "no timer renews certificates");
	if (by != NULL)
		(void)snprintf(
		    item->what, sizeof(item->what), "%s does not run", by);
	item->last = true;
	set_acts(item, by == NULL ? OVERVIEW_TIMER : OVERVIEW_DOCTOR, 0);
}

/* --- all together ----------------------------------------------------------*/

static int
compare(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int
usage_of(const struct overview_item *item)
{
	return item->order != NULL ? (int)item->order->usage : -1;
}

/* What may take each other's place together, the newest first. */
static int
by_address(const void *left, const void *right)
{
	const struct overview_item *a = left, *b = right;
	const int order = strcmp(a->address, b->address);

	if (order != 0)
		return order;
	if (usage_of(a) != usage_of(b))
		return usage_of(a) < usage_of(b) ? -1 : 1;
	return compare(b->created, a->created);
}

/* newer is an order for the same. */
static void
weigh(struct overview_item *item, const struct overview_item *newer)
{
	if (item->failed) {
		judge(item, OVERVIEW_OVER, OVERVIEW_DIM, "failed",
		    "a newer order took its place");
		set_acts(item, OVERVIEW_NOTHING, 0);
	} else if (item->section == OVERVIEW_NEEDS_YOU &&
	    item->grade == OVERVIEW_DUE && !newer->failed &&
	    strcmp(newer->replaces, item->id) == 0)
		judge(item, OVERVIEW_CERTIFICATES, OVERVIEW_DUE, "due",
		    "its renewal is under way");
}

static void
weigh_all(struct overview *overview)
{
	struct overview_item *item, *newest = NULL;
	size_t i;

	if (overview->count > 1)
		qsort(
		    overview->item, overview->count, sizeof(*item), by_address);
	for (i = 0; i < overview->count; i++) {
		item = &overview->item[i];
		if (newest == NULL || newest->order == NULL ||
		    usage_of(newest) != usage_of(item) ||
		    strcmp(newest->address, item->address) != 0)
			newest = item;
		else
			weigh(item, newest);
	}
}

/* Section, grade, deadline, address, id: nothing is left to chance. */
static int
by_urgency(const void *left, const void *right)
{
	const struct overview_item *a = left, *b = right;
	const int64_t a_when = a->when == 0 ? INT64_MAX : a->when;
	const int64_t b_when = b->when == 0 ? INT64_MAX : b->when;
	int order;

	if (a->section != b->section)
		return a->section < b->section ? -1 : 1;
	if (a->last != b->last)
		return a->last ? 1 : -1;
	if (a->grade != b->grade)
		return a->grade > b->grade ? -1 : 1;
	if ((order = compare(a_when, b_when)) == 0 &&
	    (order = strcmp(a->address, b->address)) == 0)
		order = strcmp(a->id, b->id);
	return order;
}

void
overview_settle(struct overview *overview)
{
	weigh_all(overview);
	if (overview->count > 1)
		qsort(overview->item, overview->count, sizeof(*overview->item),
		    by_urgency);
}

void
overview_clear(struct overview *overview)
{
	free(overview->item);
	*overview = (struct overview){ .count = 0 };
}

size_t
overview_count(const struct overview *overview, enum overview_section section)
{
	size_t i, count = 0;

	for (i = 0; i < overview->count; i++)
		count += overview->item[i].section == section;
	return count;
}

bool
overview_renews(const struct overview *overview)
{
	size_t i;

	for (i = 0; i < overview->count; i++)
		if ((overview->item[i].can & OVERVIEW_RENEW) != 0)
			return true;
	return false;
}

const struct overview_item *
overview_next_renewal(const struct overview *overview)
{
	const struct overview_item *item, *next = NULL;
	size_t i;

	for (i = 0; i < overview->count; i++) {
		item = &overview->item[i];
		if (item->section == OVERVIEW_CERTIFICATES &&
		    (item->can & OVERVIEW_RENEW) != 0 &&
		    (next == NULL || item->renewal < next->renewal))
			next = item;
	}
	return next;
}

const char *
overview_heading(enum overview_section section)
{
	static const char *const headings[OVERVIEW_SECTIONS] = { "Needs you",
		"On its way", "Certificates", "Over" };

	return headings[section];
}

void
overview_short_time(int64_t when, int64_t now, char *out, size_t size)
{
	const time_t seconds = (time_t)when, today = (time_t)now;
	struct tm then, tm;
	size_t len;

	out[0] = '\0';
	if (localtime_r(&seconds, &then) == NULL ||
	    localtime_r(&today, &tm) == NULL)
		return;
	if (then.tm_year == tm.tm_year && then.tm_yday == tm.tm_yday)
		len = strftime(out, size, "%H:%M", &then);
	else if (when <= now && now - when < 300 * (int64_t)DAY)
		len = strftime(out, size, "%-e %b", &then);
	else
		len = strftime(out, size, "%Y-%m-%d", &then);
	if (len == 0)
		out[0] = '\0';
}

void
overview_add_when(
    const struct overview_item *item, int64_t now, struct buf *out)
{
	const int64_t left = item->when - now;
	char text[40] = "";

	if (item->when == 0)
		return;
	if (!item->since && left > 0) {
		if (left >= 2 * DAY)
			buf_addf(out, "%lld days left", (long long)left / DAY);
		else if (left >= 2 * HOUR)
			buf_addf(out, "%lld h left", (long long)left / HOUR);
		else
			buf_addf(
			    out, "%lld min left", (long long)left / MINUTE);
		return;
	}
	overview_short_time(item->when, now, text, sizeof(text));
	buf_addf(out, "since %s", text);
}
