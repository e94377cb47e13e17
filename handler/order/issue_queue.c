/*
 * issue_queue.c - one challenge at a time for an address at a CA: see issue_p.h
 *
 * Two orders for one address get two challenge mails with the same To and the
 * same From, and nothing in them says which is whose.  So the second order is
 * made at the CA when the challenges of the first are met, or over.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "order/issue_p.h"

enum { START_SECONDS = 10, LOOK_SECONDS = 2 };

static bool
is_for(const struct issuance *issuance, const char *address)
{
	size_t i;

	for (i = 0; i < issuance->addresses; i++)
		if (address_compare(span_of(issuance->address[i]),
			span_of(address)) != ADDRESS_OTHER)
			return true;
	return false;
}

static bool
is_at_this_ca(const struct issuer *issuer, const char *account)
{
	struct account other;

	return strcmp(account, issuer->account.id) == 0 ||
	    (account_load(issuer->home, account, &other, NULL) == STATUS_OK &&
		strcmp(other.directory, issuer->account.directory) == 0);
}

/* Is the challenge of another order open, at the same CA and for one of the
 * same addresses? */
static bool
is_in_the_way(const struct issuer *issuer, const struct issuance *issuance,
    const struct order *order, int64_t now, struct issuance *other)
{
	return order->issuance[0] != '\0' && order->met == 0 &&
	    (order->expires == 0 || order->expires > now) &&
	    strcmp(order->issuance, issuance->id) != 0 &&
	    is_for(issuance, order->address_normal) &&
	    issuance_load(issuer->home, order->issuance, other, NULL) ==
	    STATUS_OK &&
	    issuance_is_open(other) && is_at_this_ca(issuer, other->account);
}

/* STATUS_NO: nothing is in the way. */
static enum status
find_in_the_way(const struct issuer *issuer, const struct issuance *issuance,
    int64_t now, struct order *out, struct note *note)
{
	struct issuance *other = calloc(1, sizeof(*other));
	struct order *orders = NULL;
	enum status status = STATUS_MEMORY;
	size_t count = 0, i;

	if (other != NULL)
		status = orders_load(issuer->home, &orders, &count, note);
	for (i = 0; status == STATUS_OK && i < count; i++)
		if (is_in_the_way(issuer, issuance, &orders[i], now, other))
			break;
	if (status == STATUS_OK && i == count)
		status = STATUS_NO;
	else if (status == STATUS_OK)
		*out = orders[i];
	free(orders);
	free(other);
	return status;
}

static enum status
set_queued(struct issuer *issuer, struct issuance *issuance, bool queued,
    struct note *note)
{
	if (issuance->queued == queued)
		return STATUS_OK;
	issuance->queued = queued;
	return issuance_save(issuer->home, issuance, note);
}

enum status
issue_start(struct issuer *issuer, struct issuance *issuance,
    const struct issue_start *how, int64_t now, struct issue_step *out,
    struct note *note)
{
	enum status status;
	bool again;
	int lock = -1;

	out->seconds = LOOK_SECONDS;
	/* Of two that begin at once, the second sees the first one's. */
	status =
	    home_lock_on(issuer->home, "start", START_SECONDS, &lock, note);
	if (status == STATUS_AGAIN) {
		out->wait = ISSUE_OTHER;
		return STATUS_OK;
	}
	if (status == STATUS_OK)
		status = how->beside
		    ? STATUS_NO
		    : find_in_the_way(issuer, issuance, now, &out->order, note);
	if (status == STATUS_OK) {
		out->wait = ISSUE_QUEUED;
		status = set_queued(issuer, issuance, true, note);
	} else if (status == STATUS_NO) {
		/* The CA cannot have heard of what was in the queue. */
		again = how->again && !issuance->queued;
		status = set_queued(issuer, issuance, false, note);
		if (status == STATUS_OK)
			status = issue_order(issuer, issuance, again, note);
	}
	if (lock >= 0)
		(void)close(lock);
	return status;
}

static int
rank(const struct issuance *issuance)
{
	return !issuance_is_open(issuance)    ? 2
	    : issuance->state == ISSUANCE_NEW ? 1
					      : 0;
}

static int
by_turn(const void *left, const void *right)
{
	const struct issuance *a = left, *b = right;

	if (rank(a) != rank(b))
		return rank(a) - rank(b);
	if (a->created != b->created)
		return a->created < b->created ? -1 : 1;
	return strcmp(a->id, b->id);
}

void
issue_sort(struct issuance *all, size_t count)
{
	if (count > 1)
		qsort(all, count, sizeof(*all), by_turn);
}

void
issue_push(struct issuer *issuer, const struct order *order, int64_t now)
{
	struct issuance *other = calloc(1, sizeof(*other));
	struct issue_step step;

	if (other != NULL &&
	    issuance_load(issuer->home, order->issuance, other, NULL) ==
		STATUS_OK &&
	    strcmp(other->account, issuer->account.id) == 0)
		(void)!issue_advance(issuer, other, now, &step, NULL);
	free(other);
}
