/* listing.c - the overview as lines of text: see listing.h */
#include "overview/listing.h"

#include <string.h>

#include "answer/advice.h"
#include "answer/confirm.h"
#include "base/text.h"
#include "order/proof.h"
#include "order/renew.h"

enum { LINE_MAX_OCTETS = 16 * 1024, INDENT = 4, DEEPER = 6, LEAST = 20 };

bool
listing_shows_secrets(const struct expectation *expectation, bool named)
{
	return named ||
	    (expectation->order[0] != '\0' &&
		expectation->state != EXPECTATION_SENT);
}

const char *
listing_next(const struct order *order, int64_t now)
{
	switch (order->state) {
	case ORDER_REQUESTED:
		if (order->ca[0] != '\0')
			return "mailcert finish asks the CA's program again";
		return "paste its request into the CA's web page (mailcert csr "
		       "prints it again), then: mailcert import FILE";
	case ORDER_ISSUED:
		if (order_is_foreign(order) && order->ca[0] == '\0' &&
		    order->replaced[0] == '\0')
			return order->expires <= now
			    ? "it has expired; get another one: mailcert csr, "
			      "or order"
			    : "get another one in time (mailcert csr, or "
			      "order); mailcert cannot renew it";
		return order->replaced[0] != '\0'
		    ? "nothing; a newer one has taken its place"
		    : order->expires != 0 && order->expires <= now
		    ? "it has expired: mailcert renew"
		    : "mailcert renew, when it is due";
	case ORDER_FAILED:
		return "order again; finish --forget removes this one";
	case ORDER_REVOKED:
		return "nothing; keep its key to read old mail";
	case ORDER_NEW:
		return order->queued
		    ? "finish another order for the same address first: two "
		      "open challenges cannot be told apart"
		    : "the CA was not reached: mailcert finish";
	case ORDER_PLACED:
	case ORDER_FINALIZING:
		break;
	}
	if (order_is_server(order))
		return order->proof.told != 0 || order->proof.met != 0
		    ? "mailcert finish"
		    : "publish this, then: mailcert finish";
	return "answer its challenges, then: mailcert finish";
}

static void
add_blanks(struct buf *out, size_t count)
{
	while (count-- > 0)
		buf_add_byte(out, ' ');
}

void
listing_add_text(const struct listing *listing, size_t indent, const char *text,
    struct buf *out)
{
	size_t room = listing->width, used = 0, end, width, hang;
	struct span rest = span_of(text), word;

	if (room != 0 && room < indent + LEAST)
		indent = room > LEAST ? room - LEAST : 0;
	hang = indent == 0 && room >= 2 * LEAST ? INDENT : indent;
	add_blanks(out, indent);
	for (; rest.len > 0; rest = span_cut(rest, end + 1, rest.len)) {
		end = span_find_byte(rest, ' ');
		word = span_cut(rest, 0, end);
		width = text_width(word);
		if (used > 0 && room != 0 && indent + used + 1 + width > room) {
			buf_add_byte(out, '\n');
			add_blanks(out, indent = hang);
			used = 0;
		} else if (used > 0) {
			buf_add_byte(out, ' ');
			used++;
		}
		buf_add(out, word);
		used += width;
	}
	buf_add_byte(out, '\n');
}

/* A line whose text may be anybody's: it is made safe. */
static void
add_line(const struct listing *listing, size_t indent, const struct buf *line,
    struct buf *out)
{
	struct buf shown;

	buf_init(&shown, 16 * LINE_MAX_OCTETS);
	text_show(&shown, buf_span(line), TEXT_NO_LIMIT, listing->utf8);
	if (shown.at != NULL)
		listing_add_text(listing, indent, shown.at, out);
	buf_clear(&shown);
}

/* below: the order has other challenges, or other things to say. */
static void
add_challenge(const struct listing *listing,
    const struct expectation *expectation, bool below, struct buf *out)
{
	const size_t indent = below ? DEEPER : INDENT;
	struct buf line;

	buf_init(&line, LINE_MAX_OCTETS);
	if (below) {
		buf_addf(&line, "challenge for %s", expectation->address);
		add_line(listing, INDENT, &line, out);
		buf_cut(&line, 0);
	}
	if (expectation->note[0] != '\0') {
		buf_add_byte(&line, '"');
		text_show(&line, span_of(expectation->note), 60, listing->utf8);
		buf_add_byte(&line, '"');
		add_line(listing, indent, &line, out);
		buf_cut(&line, 0);
	}
	advice_add_state(expectation, listing->now, &line);
	add_line(listing, indent, &line, out);
	buf_cut(&line, 0);
	buf_add_text(&line, "next: ");
	advice_add_next(expectation, listing->now, &line);
	add_line(listing, indent, &line, out);
	buf_cut(&line, 0);
	if (listing_shows_secrets(expectation, listing->named)) {
		buf_addf(&line,
		    "by hand: token-part2 %s, thumbprint %s, token-join %s",
		    expectation->part2, expectation->thumbprint,
		    token_join_name(expectation->join));
		add_line(listing, indent, &line, out);
	}
	buf_clear(&line);
}

/* "ordered TIME, valid until TIME, to be renewed TIME: why not" */
static void
add_facts(
    const struct listing *listing, const struct order *order, struct buf *out)
{
	const int64_t now = listing->now;
	struct buf line;

	buf_init(&line, LINE_MAX_OCTETS);
	buf_addf(&line, "%s ",
	    !order_is_foreign(order) || order->ca[0] != '\0' ? "ordered"
		: order->state == ORDER_REQUESTED            ? "made"
		: order->csr[0] != '\0'                      ? "requested"
							     : "imported");
	confirm_add_time(&line, order->created, now);
	if (order->expires != 0) {
		buf_add_text(&line,
		    order->starts != 0 ? ", valid until " : ", expires ");
		confirm_add_time(&line, order->expires, now);
	}
	if (renew_is_candidate(order)) {
		buf_add_text(&line,
		    order_is_foreign(order) && order->ca[0] == '\0'
			? ", to be replaced "
			: ", to be renewed ");
		confirm_add_time(
		    &line, renew_known(listing->config, order), now);
	}
	if (order->revoked != 0) {
		buf_add_text(&line, ", revoked ");
		confirm_add_time(&line, order->revoked, now);
	}
	if (order->why[0] != '\0')
		buf_addf(&line, ": %s", order->why);
	add_line(listing, INDENT, &line, out);
	buf_clear(&line);
}

/* Which services, and while it is wanted, what proves the host. */
static void
add_server(
    const struct listing *listing, const struct order *order, struct buf *out)
{
	struct buf lines, line;
	struct span rest;
	size_t i, end;

	buf_init(&lines, LINE_MAX_OCTETS);
	buf_init(&line, LINE_MAX_OCTETS);
	for (i = 0; i < order->services; i++)
		buf_addf(&line, "%s%s on port %d", i > 0 ? ", " : "",
		    order->service[i].service->name, order->service[i].port);
	if (order->proof.chosen)
		buf_addf(&line, "; proof: %s", proof_name(order->proof.kind));
	add_line(listing, INDENT, &line, out);
	if (order_is_open(order) && order->proof.met == 0)
		proof_add_lines(order, &lines);
	for (rest = buf_span(&lines); rest.len > 0;
	     rest = span_cut(rest, end + 1, rest.len)) {
		end = span_find_byte(rest, '\n');
		add_blanks(out, DEEPER);
		/* To be copied as it is. */
		buf_add(out, span_cut(rest, 0, end + 1));
	}
	buf_clear(&line);
	buf_clear(&lines);
}

static void
add_order(const struct listing *listing, const struct overview_item *item,
    struct buf *out)
{
	const struct order *order = item->order;
	const bool open = order_is_open(order);
	/* The one challenge of an order and the order are one thing. */
	const bool one = open && order->addresses == 1 &&
	    item->expectation_count == 1 && order->state == ORDER_PLACED;
	struct buf line;
	size_t i;

	add_facts(listing, order, out);
	if (order_is_server(order))
		add_server(listing, order, out);
	buf_init(&line, LINE_MAX_OCTETS);
	/* In short on the screen; here with its grounds. */
	if (!open && item->section == OVERVIEW_CERTIFICATES &&
	    item->what[0] != '\0') {
		buf_add_text(&line, item->what);
		add_line(listing, INDENT, &line, out);
		buf_cut(&line, 0);
	}
	for (i = 0; (open || listing->over) && i < item->expectation_count; i++)
		add_challenge(listing, &item->expectations[i], !one, out);
	if (!one) {
		buf_addf(&line, "next: %s", listing_next(order, listing->now));
		add_line(listing, INDENT, &line, out);
	}
	buf_clear(&line);
}

/* "fd5gr2wh  waiting  certificate for alice@example.org" */
static void
add_name(const struct listing *listing, const struct overview_item *item,
    struct buf *out)
{
	const struct order *order = item->order;
	struct buf line;
	size_t i;

	buf_init(&line, LINE_MAX_OCTETS);
	buf_addf(&line, "%s  %s  ", item->id, item->word);
	if (order == NULL)
		buf_addf(&line, "challenge for %s",
		    item->expectation_count > 0 ? item->expectations->address
						: item->address);
	else
		buf_add_text(&line, "certificate for");
	for (i = 0; order != NULL && i < order->addresses; i++)
		buf_addf(&line, " %s", order->address[i]);
	add_line(listing, 0, &line, out);
	buf_clear(&line);
}

bool
listing_has(const struct listing *listing, const struct overview_item *item)
{
	return listing->over || listing->named ||
	    item->section != OVERVIEW_OVER;
}

void
listing_add(const struct listing *listing, const struct overview_item *item,
    struct buf *out)
{
	struct buf line;

	if (item->id[0] == '\0') {
		buf_init(&line, LINE_MAX_OCTETS);
		buf_addf(&line, "%s: %s", item->word, item->what);
		add_line(listing, 0, &line, out);
		buf_clear(&line);
		if ((item->can & OVERVIEW_TIMER) != 0)
			listing_add_text(listing, INDENT,
			    "next: t in the overview turns one on; mailcert "
			    "doctor says how",
			    out);
		return;
	}
	add_name(listing, item, out);
	if (item->order != NULL)
		add_order(listing, item, out);
	else if (item->expectation_count > 0)
		add_challenge(listing, item->expectations, false, out);
}

void
listing_add_summary(const struct listing *listing,
    const struct overview *overview, struct buf *out)
{
	const struct overview_item *next = overview_next_renewal(overview);
	struct buf line;

	if (overview_count(overview, OVERVIEW_NEEDS_YOU) > 0)
		return;
	buf_init(&line, LINE_MAX_OCTETS);
	buf_add_text(&line,
	    overview_count(overview, OVERVIEW_ON_ITS_WAY) > 0
		? "Nothing needs you."
		: "Everything is fine.");
	if (next != NULL) {
		buf_addf(&line, " Next renewal: %s, ", next->address);
		confirm_add_time(&line, next->renewal, listing->now);
		buf_add_byte(&line, '.');
	}
	add_line(listing, 0, &line, out);
	buf_clear(&line);
}
