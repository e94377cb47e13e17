/* service_dns.c - a proof goes into the DNS: see service_dns.h */
#include "cmd/service_dns.h"

#include <stdlib.h>

#include "cmd/service_pending.h"
#include "order/proof.h"
#include "zone/zone.h"

/* What an order left behind can be removed, too. */
static bool
is_in_dns(const struct order *order)
{
	return proof_is_dns(order->proof.kind) &&
	    (order_is_open(order) || order->proof.published != 0);
}

static enum status
publish(struct session *session, struct order *order)
{
	struct note hint;
	enum status status;

	if (!zone_is_configured(&session->config, order->address[0])) {
		note_say(&hint,
		    "dns_update_server is not set: put this into the zone, "
		    "then: mailcert finish %s",
		    order->id);
		cmd_say(&hint);
		proof_add_lines(order, &session->out);
		return STATUS_OK;
	}
	status = proof_publish(
	    &session->config, &session->home, order, &session->note);
	if (status == STATUS_OK)
		buf_addf(&session->out,
		    "every name server shows the proof of %s; next: mailcert "
		    "finish %s\n",
		    order->address[0], order->id);
	return status;
}

enum status
service_dns(struct session *session, const struct service_dns *what)
{
	const struct service_pending which = { what->named, is_in_dns,
		"dns-email-00 or dns-01" };
	struct order *order = calloc(1, sizeof(*order));
	enum status status = STATUS_MEMORY;

	if (order != NULL)
		status = service_pending(session, &which, order);
	if (status == STATUS_OK && what->dry_run)
		proof_add_lines(order, &session->out);
	else if (status == STATUS_OK && !what->remove)
		status = publish(session, order);
	else if (status == STATUS_OK)
		status = proof_unpublish(
		    &session->config, &session->home, order, &session->note);
	if (status == STATUS_OK && what->remove && !what->dry_run)
		buf_addf(&session->out, "the proof of %s is out of the DNS\n",
		    order->address[0]);
	free(order);
	return status;
}
