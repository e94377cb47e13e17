/* advice.c - where a challenge stands, and what to do next: see advice.h */
#include "answer/advice.h"

#include "answer/confirm.h"

static bool
is_expired(const struct expectation *expectation, int64_t now)
{
	return expectation->expires != 0 && expectation->expires <= now;
}

void
advice_add_state(
    const struct expectation *expectation, int64_t now, struct buf *out)
{
	switch (expectation->state) {
	case EXPECTATION_PENDING:
		if (is_expired(expectation, now)) {
			buf_add_text(out, "expired ");
			confirm_add_time(out, expectation->expires, now);
			return;
		}
		buf_addf(
		    out, "waits for the challenge from %s", expectation->from);
		if (expectation->expires != 0) {
			buf_add_text(out, ", until ");
			confirm_add_time(out, expectation->expires, now);
		}
		return;
	case EXPECTATION_ANSWERING:
		buf_add_text(out, "an answer was started ");
		break;
	case EXPECTATION_DRAFTED:
		buf_add_text(out, "a reply was drafted ");
		break;
	case EXPECTATION_SENT:
	case EXPECTATION_BOUNCED:
		buf_add_text(out, "the reply was sent ");
		break;
	}
	confirm_add_time(out, expectation->answered, now);
	buf_addf(out, ", %s", expectation->draft);
	if (expectation->state == EXPECTATION_BOUNCED)
		buf_addf(
		    out, "; it was not delivered: %s", expectation->bounce);
	if (expectation->state == EXPECTATION_ANSWERING)
		buf_add_text(out, "; the reply may have been sent");
}

/* Another client ordered: telling the CA stays with it. */
static void
add_next_elsewhere(const struct expectation *expectation, struct buf *out)
{
	switch (expectation->state) {
	case EXPECTATION_PENDING:
		buf_addf(out,
		    "answer the challenge when it comes: mailcert handle; by "
		    "hand: mailcert respond %s",
		    expectation_shown_id(expectation));
		return;
	case EXPECTATION_ANSWERING:
		buf_addf(out,
		    "look in your sent mail; if the reply is there: mailcert "
		    "finish --sent %s; if not, handle the challenge again",
		    expectation_shown_id(expectation));
		return;
	case EXPECTATION_DRAFTED:
		buf_addf(out,
		    "send the reply, then: mailcert finish --sent %s; or "
		    "handle the challenge again",
		    expectation_shown_id(expectation));
		return;
	case EXPECTATION_BOUNCED:
		buf_addf(out,
		    "see why the server refused it, then handle the challenge "
		    "again; if you have sent the reply in another way: "
		    "mailcert finish --sent %s",
		    expectation_shown_id(expectation));
		return;
	case EXPECTATION_SENT:
		break;
	}
	buf_addf(out,
	    "let your ACME client continue; then forget this challenge (expect "
	    "--forget %s)",
	    expectation_shown_id(expectation));
}

void
advice_add_next(
    const struct expectation *expectation, int64_t now, struct buf *out)
{
	const bool ours = expectation->order[0] != '\0';

	if (expectation->state == EXPECTATION_PENDING &&
	    is_expired(expectation, now)) {
		buf_addf(out,
		    ours ? "if the clock is right, order again, then: mailcert "
			   "finish --forget %s"
			 : "order again with your ACME client, then forget "
			   "this challenge (expect --forget %s)",
		    ours ? expectation->order
			 : expectation_shown_id(expectation));
	} else if (!ours) {
		add_next_elsewhere(expectation, out);
	} else if (expectation->state == EXPECTATION_SENT ||
	    expectation->met != 0) {
		buf_addf(out,
		    expectation->met != 0 ? "nothing; the CA accepted it"
					  : "mailcert finish %s",
		    expectation_shown_id(expectation));
	} else if (expectation->state == EXPECTATION_DRAFTED) {
		buf_addf(out, "send the reply, then: mailcert finish --sent %s",
		    expectation_shown_id(expectation));
	} else {
		add_next_elsewhere(expectation, out);
		if (expectation->state == EXPECTATION_PENDING)
			buf_addf(out, ", then mailcert finish --sent %s",
			    expectation_shown_id(expectation));
	}
}
