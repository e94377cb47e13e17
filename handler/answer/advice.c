/* advice.c - where a challenge stands, and what to do next: see advice.h */
#include "answer/advice.h"

#include "answer/confirm.h"

static bool
is_expired(const struct order *order, int64_t now)
{
	return order->expires != 0 && order->expires <= now;
}

bool
advice_needs_person(const struct order *order)
{
	return order->state == ORDER_ANSWERING || order->state == ORDER_DRAFTED;
}

void
advice_add_state(const struct order *order, int64_t now, struct buf *out)
{
	switch (order->state) {
	case ORDER_PENDING:
		if (is_expired(order, now)) {
			buf_add_text(out, "expired ");
			confirm_add_time(out, order->expires, now);
			return;
		}
		buf_addf(out, "waits for the challenge from %s", order->from);
		if (order->expires != 0) {
			buf_add_text(out, ", until ");
			confirm_add_time(out, order->expires, now);
		}
		return;
	case ORDER_ANSWERING:
		buf_add_text(out, "an answer was begun ");
		break;
	case ORDER_DRAFTED:
		buf_add_text(out, "a reply was drafted ");
		break;
	case ORDER_SENT:
		buf_add_text(out, "the reply was sent ");
		break;
	}
	confirm_add_time(out, order->answered, now);
	buf_addf(out, ", %s", order->draft);
	if (order->state == ORDER_ANSWERING)
		buf_add_text(out, "; it may be out, or not");
}

/* Of an order that another client made: telling the CA stays with it. */
static void
add_next_elsewhere(const struct order *order, struct buf *out)
{
	switch (order->state) {
	case ORDER_PENDING:
		buf_addf(out,
		    "answer the challenge when it comes: mailcert handle; by "
		    "hand: mailcert respond %s",
		    order->id);
		return;
	case ORDER_ANSWERING:
		buf_addf(out,
		    "look into your sent mail; if it is there: mailcert finish "
		    "--sent %s; if not, handle the challenge again",
		    order->id);
		return;
	case ORDER_DRAFTED:
		buf_addf(out,
		    "send the reply, then: mailcert finish --sent %s; or "
		    "handle the challenge again",
		    order->id);
		return;
	case ORDER_SENT:
		break;
	}
	buf_addf(out,
	    "let your ACME client go on; then forget this one (expect --forget "
	    "%s)",
	    order->id);
}

void
advice_add_next(const struct order *order, int64_t now, struct buf *out)
{
	const bool ours = order->issuance[0] != '\0';

	if (order->state == ORDER_PENDING && is_expired(order, now)) {
		buf_addf(out,
		    ours ? "if the clock is right, order again, then: mailcert "
			   "finish --forget %s"
			 : "order again with your ACME client, then forget "
			   "this one (expect --forget %s)",
		    ours ? order->issuance : order->id);
	} else if (!ours) {
		add_next_elsewhere(order, out);
	} else if (order->state == ORDER_SENT) {
		buf_addf(out,
		    order->met != 0 ? "nothing; the CA accepted it"
				    : "mailcert finish %s",
		    order->id);
	} else if (order->state == ORDER_DRAFTED) {
		buf_addf(out, "send the reply, then: mailcert finish --sent %s",
		    order->id);
	} else {
		add_next_elsewhere(order, out);
		if (order->state == ORDER_PENDING)
			buf_addf(
			    out, ", then mailcert finish --sent %s", order->id);
	}
}
