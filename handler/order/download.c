/* download.c - download, check and store the certificate: see download.h */
#include "order/download.h"

#include <string.h>

#include "base/frame.h"
#include "order/candidate.h"
#include "process/helper.h"

#define PEM_CHAIN "application/pem-certificate-chain"

static enum status
check(const struct order *order, struct span chain, int64_t now,
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
fetch(struct client *client, const struct order *order, const char *url,
    int64_t now, struct ca_answer *answer, struct candidate *out,
    struct note *note)
{
	enum status status;

	status = ca_post(&client->ca, url, SPAN(""), PEM_CHAIN, answer, note);
	return status == STATUS_OK
	    ? check(order, buf_span(&answer->body), now, out, note)
	    : status;
}

/* Take the first alternate that leads to the preferred root; without one,
 * keep the CA's default. */
static void
prefer(struct client *client, const struct order *order,
    const struct ca_answer *first, int64_t now, struct candidate *chosen,
    struct note *hint)
{
	const char *wanted = client->settings.chain;
	struct ca_answer answer = { .code = 0 };
	struct candidate other;
	struct buf swap;
	size_t i;

	if (wanted[0] == '\0' || strcmp(chosen->facts.top, wanted) == 0)
		return;
	buf_init(&answer.body, CANDIDATE_MAX);
	buf_init(&other.chain, CANDIDATE_MAX);
	for (i = 0; i < first->alternates; i++)
		if (fetch(client, order, first->alternate[i], now, &answer,
			&other, NULL) == STATUS_OK &&
		    strcmp(other.facts.top, wanted) == 0)
			break;
	if (i < first->alternates) {
		swap = chosen->chain;
		*chosen = other;
		other.chain = swap;
	} else {
		note_say(hint,
		    "the CA offers no chain to %.100s; took its default",
		    wanted);
	}
	buf_clear(&other.chain);
	buf_clear(&answer.body);
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
download(struct client *client, struct order *order, const char *url,
    int64_t now, struct note *hint, struct note *note)
{
	struct ca_answer answer = { .code = 0 };
	struct candidate chosen;
	enum status status;

	buf_init(&answer.body, CANDIDATE_MAX);
	buf_init(&chosen.chain, CANDIDATE_MAX);
	status = fetch(client, order, url, now, &answer, &chosen, note);
	if (status == STATUS_OK)
		prefer(client, order, &answer, now, &chosen, hint);
	if (status == STATUS_OK)
		status =
		    candidate_store(client->home, order->id, &chosen, note);
	if (status == STATUS_OK)
		status = mark_replaced(client->home, order, note);
	if (status == STATUS_OK) {
		candidate_apply(&chosen, order);
		tell_limits(&chosen.facts, hint);
		status = order_save(client->home, order, note);
	}
	buf_clear(&chosen.chain);
	buf_clear(&answer.body);
	return status;
}
