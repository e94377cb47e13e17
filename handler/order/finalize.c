/* finalize.c - finalize an order: see finalize.h */
#include "order/finalize.h"

#include <stdlib.h>
#include <string.h>

#include "order/ca_object.h"
#include "order/challenges.h"
#include "order/download.h"
#include "order/problem.h"
#include "order/refusal.h"

/* Could the same request succeed later: a race, a proxy, too many requests? */
static bool
may_pass(const struct ca_answer *answer)
{
	return answer->code == 409 ||
	    strcmp(answer->problem.type, "orderNotReady") == 0 ||
	    strcmp(answer->problem.type, "unknown") == 0;
}

/* Some CAs report a bad signing request under another type. */
static const char *
advice_on_request(const struct acme_problem *problem)
{
	return strcmp(problem->type, "malformed") == 0 ||
		strcmp(problem->type, "unauthorized") == 0
	    ? problem_advice("badCSR")
	    : problem_advice(problem->type);
}

/*
 * Send the signing request.  A refusal is recorded, but does not end the order:
 * the order object says what became of it. *passes: whether the same request
 * may do later.
 */
static enum status
send_request(
    struct order_work *work, const struct acme_order *acme, bool *passes)
{
	struct client *client = work->client;
	struct order *order = work->order;
	struct ca_answer answer = { .code = 0 };
	struct buf payload;
	enum status status;

	if (!ca_is_own(&client->ca, acme->finalize))
		return STATUS_BAD_CA;
	buf_init(&payload, 128 * 1024);
	buf_init(&answer.body, STEP_BODY_MAX);
	order->state = ORDER_FINALIZING;
	status = order_save(client->home, order, work->note);
	buf_addf(&payload, "{\"csr\":\"%s\"}", order->csr);
	if (status == STATUS_OK)
		status = buf_status(&payload);
	if (status == STATUS_OK)
		status =
		    ca_post(&client->ca, acme->finalize, buf_span(&payload),
			"application/json", &answer, work->note);
	*passes = status != STATUS_CA || may_pass(&answer);
	if (status == STATUS_CA) {
		refusal_keep(order, "the CA refused to issue", &answer.problem,
		    advice_on_request(&answer.problem));
		if (order->refused == 0)
			order->refused = work->now;
		status = order_save(client->home, order, work->note);
	} else if (status == STATUS_OK && order->refused != 0) {
		order->refused = 0;
		order->why[0] = '\0';
		status = order_save(client->home, order, work->note);
	}
	buf_clear(&answer.body);
	buf_clear(&payload);
	return status;
}

/* The CA refused, but the order is open: wait as long as the configured
 * patience lasts. */
static enum status
wait_for_another_word(struct order_work *work, bool passes)
{
	const int64_t since = work->now - work->order->refused;

	if (since >= work->client->config->patience)
		return refusal_end(work->client, work->order, work->note);
	if (!passes)
		return note_set(work->note, STATUS_CA,
		    "%.240s; the order is kept; mailcert finish asks again",
		    work->order->why);
	if (since / 2 > work->step->seconds)
		work->step->seconds = since / 2 < 60 ? since / 2 : 60;
	return STATUS_OK;
}

/* Judge what the order object says. */
static enum status
judge(struct order_work *work, const struct acme_order *acme, bool passes)
{
	struct order *order = work->order;

	if (acme->status == ACME_VALID && acme->certificate[0] != '\0') {
		work->step->wait = STEP_DONE;
		return download(work->client, order, acme->certificate,
		    work->now, &work->step->hint, work->note);
	}
	if (acme->status == ACME_INVALID || acme->status == ACME_GONE)
		return order->refused != 0 && acme->problem.type[0] == '\0'
		    ? refusal_end(work->client, order, work->note)
		    : order_fail(work->client, order, "the CA closed the order",
			  &acme->problem, work->note);
	/* While it is processed, another request would not help. */
	return order->refused != 0
	    ? wait_for_another_word(work, passes || acme->status != ACME_READY)
	    : STATUS_OK;
}

enum status
order_finalize(struct order_work *work)
{
	struct ca *ca = &work->client->ca;
	struct order *order = work->order;
	struct acme_order *acme = calloc(1, sizeof(*acme));
	bool passes = true;
	int64_t retry_after;
	enum status status;

	if (acme == NULL)
		return STATUS_MEMORY;
	work->step->wait = STEP_CA;
	status = ca_fetch_order(ca, order->url, acme, &retry_after, work->note);
	if (status == STATUS_OK && order->expires == 0)
		order->expires = ca_time_of(acme->expires);
	if (status == STATUS_OK && acme->status == ACME_PENDING)
		status = order_expect_challenges(
		    work->client, order, acme, work->note);
	if (status == STATUS_OK && acme->status == ACME_READY) {
		status = send_request(work, acme, &passes);
		if (status == STATUS_OK)
			status = ca_fetch_order(
			    ca, order->url, acme, &retry_after, work->note);
	}
	work->step->seconds = step_pause(retry_after);
	if (status == STATUS_OK)
		status = judge(work, acme, passes);
	free(acme);
	return status;
}
