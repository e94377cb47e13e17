/* advance.c - take an order's next step: see advance.h */
#include "order/advance.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "order/challenges.h"
#include "order/finalize.h"
#include "order/proof.h"
#include "order/queue.h"
#include "order/refusal.h"

/* The lock is held, and the order is what the home says. */
static enum status
advance(struct order_work *work)
{
	const struct order_start how = { .again = true };
	struct order *order = work->order;
	enum status status = STATUS_OK;
	bool valid = false;

	if (order->state == ORDER_ISSUED || order->state == ORDER_REVOKED)
		return STATUS_OK;
	if (order->state == ORDER_FAILED)
		return note_set(work->note, STATUS_CA, "%.300s", order->why);
	if (order->state == ORDER_NEW) {
		status = order_start(work->client, order, &how, work->now,
		    work->step, work->note);
		if (status == STATUS_OK && order->state == ORDER_NEW)
			return STATUS_OK;
	}
	if (status == STATUS_OK)
		status = order_advance_challenges(work, &valid);
	return status == STATUS_OK && valid ? order_finalize(work) : status;
}

/* The outcome of the order counts, unless the record cannot be saved. */
static enum status
withdraw(struct order_work *work, enum status outcome)
{
	struct note note = { "" };
	enum status status;

	status =
	    proof_withdraw(work->client, work->order, &work->step->hint, &note);
	return status == STATUS_OK || outcome != STATUS_OK
	    ? outcome
	    : note_set(work->note, status, "%s", note_text(&note, status));
}

enum status
order_advance(struct client *client, struct order *order, int64_t now,
    struct order_step *out, struct note *note)
{
	const struct acme_problem none = { .type = "" };
	struct order_work work = { client, order, now, out, note };
	char id[RECORD_ID_SIZE];
	enum status status;
	int lock = -1;

	*out = (struct order_step){ .wait = STEP_DONE };
	(void)strcpy(id, order->id);
	status = home_lock_on(client->home, id, 0, &lock, note);
	if (status == STATUS_AGAIN) {
		out->wait = STEP_OTHER;
		out->seconds = 1;
		return STATUS_OK;
	}
	if (status == STATUS_OK)
		status = order_load(client->home, id, order, note);
	if (status == STATUS_OK)
		status = advance(&work);
	/* Whatever became of it. */
	if (order_is_server(order) && order->proof.published != 0)
		status = withdraw(&work, status);
	/* The order is over where the CA refuses and it has expired.  Our clock
	 * alone does not end it. */
	if (order_is_open(order) && order->expires != 0 &&
	    now > order->expires) {
		if (status == STATUS_CA)
			status = order_fail(client, order,
			    "the order at the CA has expired", &none, note);
		else if (status == STATUS_OK)
			status = note_set(note, STATUS_BAD_CLOCK,
			    "by this machine's clock the order at the CA has "
			    "expired; check the clock, then order again (--new)");
	}
	if (lock >= 0)
		(void)close(lock);
	return status;
}

static int
rank(const struct order *order)
{
	return !order_is_open(order) ? 2 : order->state == ORDER_NEW ? 1 : 0;
}

static int
by_turn(const void *left, const void *right)
{
	const struct order *a = left, *b = right;

	if (rank(a) != rank(b))
		return rank(a) - rank(b);
	if (a->created != b->created)
		return a->created < b->created ? -1 : 1;
	return strcmp(a->id, b->id);
}

void
order_sort(struct order *all, size_t count)
{
	if (count > 1)
		qsort(all, count, sizeof(*all), by_turn);
}

void
order_push(
    struct client *client, const struct expectation *expectation, int64_t now)
{
	struct order *other = calloc(1, sizeof(*other));
	struct order_step step = { .wait = STEP_CA };

	if (other != NULL &&
	    order_load(client->home, expectation->order, other, NULL) ==
		STATUS_OK &&
	    strcmp(other->account, client->account.id) == 0)
		(void)!order_advance(client, other, now, &step, NULL);
	free(other);
}
