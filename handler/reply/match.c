/* match.c - challenge and order: see match.h.  Input: challenge hostile. */
#include "reply/match.h"

#include <string.h>

#include "base/base64url.h"
#include "base/text.h"
#include "mail/date.h"

enum { DAY = 24 * 3600, LONGEST_ORDER = 31 * DAY, NEAR_MOST = 16 };

static bool
from_fits(const struct order *order, const struct challenge *challenge)
{
	return strcmp(order->from_normal, challenge->claimed_from) == 0;
}

static enum address_match
to_fits(const struct order *order, const struct challenge *challenge)
{
	return address_compare(
	    span_of(order->address_normal), span_of(challenge->claimed_to));
}

bool
match_concerns(const void *order, const void *interest)
{
	const struct match_interest *in = interest;
	const struct order *one = order;
	const bool from = from_fits(one, in->challenge);
	const bool to = to_fits(one, in->challenge) != ADDRESS_OTHER;

	if (from && to)
		return true;
	return one->state == ORDER_PENDING && (from || to) &&
	    (*in->near)++ < NEAR_MOST;
}

/* Why none fits: say what is nearest to the truth, for the person who waits
 * for this mail. */
static enum status
say_why_not(const struct challenge *challenge, const struct order *orders,
    size_t count, struct note *note)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (orders[i].state == ORDER_PENDING &&
		    from_fits(&orders[i], challenge))
			return note_set(note, STATUS_BAD_TO,
			    "order %s is for %s, but the message is not "
			    "addressed to that",
			    orders[i].id, orders[i].address);
	for (i = 0; i < count; i++)
		if (orders[i].state == ORDER_PENDING &&
		    to_fits(&orders[i], challenge) != ADDRESS_OTHER)
			return note_set(note, STATUS_NO_ORDER,
			    "order %s expects its challenge from %s, and this "
			    "is from somebody else",
			    orders[i].id, orders[i].from);
	return STATUS_NO_ORDER;
}

/* The oldest that a challenge of that order can be.  A creation that lies ahead
 * was written by a clock that was wrong: then all that is known is that the
 * order was made before now. */
static int64_t
oldest(const struct order *order, int64_t now)
{
	return order->created > now ? now - LONGEST_ORDER
				    : order->created - DAY;
}

static enum status
check_clock(const struct order *order, const struct challenge *challenge,
    int64_t now, struct note *note)
{
	struct buf text;
	enum status status = STATUS_OK;

	buf_init(&text, sizeof(note->text));
	if (order->expires != 0 && order->expires <= now) {
		buf_addf(&text, "order %s expired at ", order->id);
		date_add_iso(&text, order->expires);
		buf_add_text(&text, "; it is now ");
		date_add_iso(&text, now);
		buf_add_text(&text, ", if the clock is right");
		status = STATUS_BAD_CLOCK;
	} else if (challenge->date != 0 &&
	    challenge->date < oldest(order, now)) {
		buf_addf(&text, "the message is dated ");
		date_add_iso(&text, challenge->date);
		buf_addf(&text, ", before order %s was made (", order->id);
		date_add_iso(&text, order->created);
		buf_add_text(&text,
		    "): it is an old one, or the clock was ahead then; if it "
		    "was, order again");
		status = STATUS_BAD_CLOCK;
	} else if (challenge->date > now + DAY) {
		buf_addf(&text, "the message is dated ");
		date_add_iso(&text, challenge->date);
		buf_add_text(&text, ", but it is now ");
		date_add_iso(&text, now);
		buf_add_text(&text, ": look at the clock");
		status = STATUS_BAD_CLOCK;
	}
	if (status != STATUS_OK && text.at != NULL)
		(void)note_set(note, status, "%s", text.at);
	buf_clear(&text);
	return status;
}

static bool
same_token(const struct order *order, const struct challenge *challenge)
{
	return span_eq(base64url_trim_pad(span_of(order->part1)),
	    base64url_trim_pad(span_of(challenge->part1)));
}

/* An order that was answered: by this challenge, or by another? */
static enum status
check_state(const struct order *order, const struct challenge *challenge,
    uint32_t *warnings, struct note *note)
{
	struct buf when;
	enum status status = STATUS_OK;

	if (order->state == ORDER_PENDING)
		return STATUS_OK;
	if (!same_token(order, challenge)) {
		*warnings |= WARNING_OTHER_TOKEN;
		return STATUS_OK;
	}
	buf_init(&when, 64);
	date_add_iso(&when, order->answered);
	if (order->state == ORDER_SENT) {
		status = note_set(note, STATUS_BAD_REPEAT,
		    "this challenge was answered at %s (%s)", when.at,
		    order->draft);
	} else {
		/* The answer may be out: only a person can know. */
		*warnings |= WARNING_IN_DOUBT;
		note_say(note, "an answer was begun at %s (%s)", when.at,
		    order->draft);
	}
	buf_clear(&when);
	return status;
}

/* Pending orders first, then the ones where this token was answered, then the
 * others: what a challenge most likely belongs to. */
static int
rank(const struct order *order, const struct challenge *challenge)
{
	if (order->state != ORDER_PENDING && same_token(order, challenge))
		return 3;
	return order->state == ORDER_PENDING ? 2 : 1;
}

static enum status
find(const struct challenge *challenge, const struct order *orders,
    size_t count, int64_t now, const struct order **found, uint32_t *warnings,
    struct note *note)
{
	const struct order *best = NULL;
	enum status status, late = STATUS_OK;
	struct note late_note = { "" };
	size_t i, equal = 0;
	int order_rank, best_rank = 0;

	*warnings = challenge->warnings;
	for (i = 0; i < count; i++) {
		if (!from_fits(&orders[i], challenge) ||
		    to_fits(&orders[i], challenge) == ADDRESS_OTHER)
			continue;
		order_rank = rank(&orders[i], challenge);
		status = check_clock(&orders[i], challenge, now, &late_note);
		if (status != STATUS_OK && order_rank != 3) {
			late = status;
			continue;
		}
		if (order_rank > best_rank) {
			best = &orders[i];
			best_rank = order_rank;
			equal = 1;
		} else if (order_rank == best_rank) {
			/* The newest of several that were answered long ago
			 * says most; two pending ones are a question. */
			best = &orders[i];
			equal++;
		}
	}
	if (best == NULL && late != STATUS_OK)
		return note_set(note, late, "%s", late_note.text);
	if (best == NULL)
		return say_why_not(challenge, orders, count, note);
	status = check_state(best, challenge, warnings, note);
	if (status != STATUS_OK)
		return status;
	if (best_rank == 3 &&
	    (status = check_clock(best, challenge, now, note)) != STATUS_OK)
		return status;
	if (equal > 1 && best_rank == 2)
		*warnings |= WARNING_TWO_ORDERS;
	if (to_fits(best, challenge) == ADDRESS_SPELLING)
		*warnings |= WARNING_SPELLING;
	*found = best;
	return STATUS_OK;
}

enum status
match_expects(const struct challenge *challenge, const struct order *orders,
    size_t count, int64_t now, struct order *out, struct note *note)
{
	const struct order *order = NULL;
	uint32_t warnings;
	enum status status;

	status = find(challenge, orders, count, now, &order, &warnings, note);
	if (status == STATUS_OK)
		*out = *order;
	return status;
}

enum status
match_find(const struct challenge *challenge, const struct authres *authres,
    const struct order *orders, size_t count, int64_t now, struct match *out,
    struct note *note)
{
	const struct order *order = NULL;
	uint32_t warnings = 0;
	enum status status;

	status = find(challenge, orders, count, now, &order, &warnings, note);
	if (status != STATUS_OK)
		return status;
	out->challenge = *challenge;
	out->order = *order;
	out->authres = *authres;
	out->warnings = warnings | (authres->weak ? WARNING_WEAK_KEY : 0);
	return STATUS_OK;
}
