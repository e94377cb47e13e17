/* candidate.c - certificates that mailcert-verify has seen: see candidate.h */
#include "order/candidate.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/frame.h"
#include "base/text.h"
#include "order/request.h"
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
	/* 0 means that there is no certificate yet, and old keys may have odd dates. */
	order->starts = facts->starts > 0 ? facts->starts : 1;
	order->expires = facts->expires > 0 ? facts->expires : 1;
	(void)strcpy(order->cert_id, facts->id);
	order->window = (struct order_window){ .start = 0 };
	order->refused = 0;
	order->undeployed = true;
	(void)snprintf(order->why, sizeof(order->why), "%s", facts->limits);
}

enum status
candidate_check(const struct order *order, struct span chain, int64_t now,
    struct candidate *out, struct note *note)
{
	struct buf question, answer;
	enum status status;
	size_t i;

	buf_init(&question, CANDIDATE_MAX + 64 * 1024);
	buf_init(&answer, CANDIDATE_MAX);
	frame_add_number(&question, "now", now);
	frame_add(&question, "key", span_of(order->public));
	for (i = 0; i < order->addresses; i++)
		frame_add(&question, "address", span_of(order->address[i]));
	request_add_srv_ids(order, &question);
	frame_add(&question, "usage", span_of(csr_usage_name(order->usage)));
	frame_add(&question, "chain", chain);
	status = helper_ask(VERB_CERTIFICATE, &question, &answer, note);
	if (status == STATUS_OK)
		status = candidate_take(
		    VERB_CERTIFICATE, buf_span(&answer), out, note);
	buf_clear(&answer);
	buf_clear(&question);
	return status;
}

static enum status
set_replaced(void *record, const void *by, struct note *note)
{
	struct order *old = record;

	(void)note;
	(void)strcpy(old->replaced, by);
	return STATUS_OK;
}

/* The certificate that this one replaces need not be renewed. */
static enum status
mark_replaced(
    const struct home *home, const struct order *order, struct note *note)
{
	enum status status;

	if (order->replaces[0] == '\0')
		return STATUS_OK;
	status = order_change(
	    home, order->replaces, set_replaced, order->id, NULL, note);
	return status == STATUS_MISSING ? STATUS_OK : status;
}

/* Keep the certificate, whatever it is good for, and tell the user what it
 * cannot do. */
static void
tell_limits(const struct certificate *facts, struct note *hint)
{
	const struct note before = *hint;

	if (facts->limits[0] != '\0')
		note_say(hint, "warning: the certificate %.200s%s%.100s",
		    facts->limits, before.text[0] != '\0' ? "; " : "",
		    before.text);
}

enum status
candidate_accept(const struct home *home, struct order *order,
    const struct candidate *candidate, struct note *hint, struct note *note)
{
	enum status status = candidate_store(home, order->id, candidate, note);

	if (status == STATUS_OK)
		status = mark_replaced(home, order, note);
	if (status != STATUS_OK)
		return status;
	candidate_apply(candidate, order);
	tell_limits(&candidate->facts, hint);
	return order_save(home, order, note);
}
