/* ordering.c - place an order and wait for its certificate: see ordering.h */
#include "cmd/ordering.h"

#include <stdlib.h>

#include "base/fd.h"
#include "cmd/caa_warning.h"
#include "cmd/deploying.h"
#include "cmd/publishing.h"
#include "order/proof.h"

/* Which challenge was chosen, and what it takes to meet it. */
static void
tell_proof(const struct order *order)
{
	struct buf text;

	if (order->proof.challenge_url[0] == '\0')
		return;
	buf_init(&text, 16 * 1024);
	buf_addf(&text, "mailcert: %s is to be proved by %s, order %s:\n",
	    order->address[0], proof_name(order->proof.kind), order->id);
	proof_add_lines(order, &text);
	(void)!fd_write(STDERR_FILENO, buf_span(&text));
	buf_clear(&text);
}

enum status
ordering_reach(struct session *session, const char *ca,
    const struct order_request *request)
{
	const char *last = NULL;
	enum status status;

	status = client_reach(&session->client, ca, &session->note);
	if (status == STATUS_OK && session->config.caa)
		status = caa_warning(
		    &session->client, request, &last, &session->note);
	return status;
}

enum status
ordering_one(
    struct session *session, const struct order_request *request, bool no_wait)
{
	const struct follow_options how = { .wait_for_mail = true,
		.tell_next = true };
	struct order *order = calloc(1, sizeof(*order));
	struct note again = { "" };
	struct follow_result result;
	bool resumed = false;
	enum status status = STATUS_MEMORY;

	if (order != NULL)
		status = order_place(
		    &session->client, request, order, &resumed, &session->note);
	if (status == STATUS_OK && resumed) {
		note_say(&again,
		    "resuming order %s, which asks for the same; --new makes "
		    "another",
		    order->id);
		cmd_say(&again);
	}
	if (status == STATUS_OK && no_wait && order->state == ORDER_NEW) {
		note_say(&again,
		    "order %s waits for the open challenge of another order "
		    "for the same address; mailcert finish begins it "
		    "afterwards",
		    order->id);
		cmd_say(&again);
	}
	if (status == STATUS_OK && order_is_server(order))
		tell_proof(order);
	if (status == STATUS_OK && no_wait) {
		buf_addf(&session->out, "%s\n", order->id);
	} else if (status == STATUS_OK) {
		status = follow(
		    &session->client, order, &how, &result, &session->note);
		if (status == STATUS_OK)
			buf_addf(&session->out, "%s\n", result.path);
		if (status == STATUS_OK)
			status = deploying_new(&session->config, &session->home,
			    order, &session->note);
		if (status == STATUS_OK && !order_is_server(order))
			status = publishing_offer(&session->config,
			    &session->home, order, &session->note);
	}
	free(order);
	return status;
}
