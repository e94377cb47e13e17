/* candidate.c - certificates that mailcert-verify has seen: see candidate.h */
#include "order/candidate.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/frame.h"
#include "base/text.h"
#include "process/helper.h"

/* Returns what is wrong with the answer, or NULL. */
static const char *
take_facts(struct span answer, struct candidate *out)
{
	struct certificate *facts = &out->facts;
	const struct span id = frame_get(answer, "id");

	if (!frame_number(frame_get(answer, "starts"), &facts->starts))
		return "starts is not a number";
	if (!frame_number(frame_get(answer, "expires"), &facts->expires))
		return "expires is not a number";
	if (id.len > 0 &&
	    (!acme_id_ok(id) || !span_copy(id, facts->id, sizeof(facts->id))))
		return "id is not that of a certificate";
	if (!span_copy(
		frame_get(answer, "top"), facts->top, sizeof(facts->top)))
		return "top is too long";
	return out->chain.len > 0 ? NULL : "chain is empty";
}

enum status
candidate_take(enum verb_id verb, struct span answer, struct candidate *out,
    struct note *note)
{
	const char *wrong;

	buf_clear(&out->chain);
	out->facts = (struct certificate){ .id = "" };
	buf_add(&out->chain, frame_get(answer, "chain"));
	text_show_in(out->facts.limits, sizeof(out->facts.limits),
	    frame_get(answer, "limits"), false);
	wrong = take_facts(answer, out);
	return wrong == NULL ? buf_status(&out->chain)
			     : helper_malformed(verb, wrong, note);
}

enum status
candidate_store(const struct home *home, const char *id,
    const struct candidate *candidate, struct note *note)
{
	return order_save_chain(home, id, buf_span(&candidate->chain), note);
}

void
candidate_apply(const struct candidate *candidate, struct order *order)
{
	const struct certificate *facts = &candidate->facts;

	order->state = ORDER_ISSUED;
	/* 0 says that there is none, and old keys may have odd dates. */
	order->starts = facts->starts > 0 ? facts->starts : 1;
	order->expires = facts->expires > 0 ? facts->expires : 1;
	(void)strcpy(order->cert_id, facts->id);
	order->window = (struct order_window){ .start = 0 };
	order->refused = 0;
	(void)snprintf(order->why, sizeof(order->why), "%s", facts->limits);
}
