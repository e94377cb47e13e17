/*
 * queue.c - one challenge at a time for an address at a CA: see queue.h
 *
 * Two orders for one address get two challenge mails with the same To and the
 * same From, and nothing in them says which is whose.  So the second order is
 * submitted when the challenges of the first are met, or closed.
 */
#include "order/queue.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "order/submit.h"

enum { START_SECONDS = 10, LOOK_SECONDS = 2 };

static bool
is_at_this_ca(const struct client *client, const char *account)
{
	struct account other;

	return strcmp(account, client->account.id) == 0 ||
	    (account_load(client->home, account, &other, NULL) == STATUS_OK &&
		strcmp(other.directory, client->account.directory) == 0);
}

/* Is the challenge of another order open, at the same CA and for one of the
 * same addresses? */
static bool
is_in_the_way(const struct client *client, const struct order *order,
    const struct expectation *expectation, int64_t now, struct order *other)
{
	return expectation->order[0] != '\0' && expectation->met == 0 &&
	    (expectation->expires == 0 || expectation->expires > now) &&
	    strcmp(expectation->order, order->id) != 0 &&
	    order_is_for(order, expectation->address_normal) &&
	    order_load(client->home, expectation->order, other, NULL) ==
	    STATUS_OK &&
	    order_is_open(other) && is_at_this_ca(client, other->account);
}

/* STATUS_MISSING: nothing is in the way. */
static enum status
find_in_the_way(const struct client *client, const struct order *order,
    int64_t now, struct expectation *out, struct note *note)
{
	struct order *other = calloc(1, sizeof(*other));
	struct record_search search = { .ids = 0 };
	struct expectation *expectations = NULL;
	enum status status = STATUS_MEMORY;
	size_t count = 0, i;

	for (i = 0; i < order->addresses; i++)
		expectation_search_unmet(&search, order->address[i], now);
	if (other != NULL)
		status = expectations_find(client->home, &search, NULL, NULL,
		    &expectations, &count, note);
	for (i = 0; status == STATUS_OK && i < count; i++)
		if (is_in_the_way(client, order, &expectations[i], now, other))
			break;
	if (status == STATUS_OK && i == count)
		status = STATUS_MISSING;
	else if (status == STATUS_OK)
		*out = expectations[i];
	free(expectations);
	free(other);
	return status;
}

static enum status
set_queued(
    struct client *client, struct order *order, bool queued, struct note *note)
{
	if (order->queued == queued)
		return STATUS_OK;
	order->queued = queued;
	return order_save(client->home, order, note);
}

enum status
order_start(struct client *client, struct order *order,
    const struct order_start *how, int64_t now, struct order_step *out,
    struct note *note)
{
	enum status status;
	bool again;
	int lock = -1;

	out->seconds = LOOK_SECONDS;
	/* Of two that start at once, the second sees the first one's
	 * challenge. */
	status =
	    home_lock_on(client->home, "start", START_SECONDS, &lock, note);
	if (status == STATUS_AGAIN) {
		out->wait = STEP_OTHER;
		return STATUS_OK;
	}
	if (status == STATUS_OK)
		status = how->beside ? STATUS_MISSING
				     : find_in_the_way(client, order, now,
					   &out->expectation, note);
	if (status == STATUS_OK) {
		out->wait = STEP_QUEUED;
		status = set_queued(client, order, true, note);
	} else if (status == STATUS_MISSING) {
		/* The CA has not seen an order that was in the queue. */
		again = how->again && !order->queued;
		status = set_queued(client, order, false, note);
		if (status == STATUS_OK)
			status = order_submit(client, order, again, note);
	}
	if (lock >= 0)
		(void)close(lock);
	return status;
}
