/* download.c - download, check and store the certificate: see download.h */
#include "order/download.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "acme/certificate.h"
#include "base/frame.h"
#include "base/text.h"
#include "process/helper.h"

enum { BODY_MAX = 2 * 1024 * 1024 };

#define PEM_CHAIN "application/pem-certificate-chain"

/* What the verifier says of one chain. */
struct candidate {
	struct buf chain; /* owned */
	struct certificate facts;
};

/* Each field is checked again: the chain comes from the CA. */
static bool
take_facts(struct span answer, struct candidate *out)
{
	struct certificate *facts = &out->facts;
	const struct span id = frame_get(answer, "id");

	buf_add(&out->chain, frame_get(answer, "chain"));
	text_show_in(facts->limits, sizeof(facts->limits),
	    frame_get(answer, "limits"), false);
	return frame_number(frame_get(answer, "starts"), &facts->starts) &&
	    frame_number(frame_get(answer, "expires"), &facts->expires) &&
	    (id.len == 0 ||
		(acme_id_ok(id) &&
		    span_copy(id, facts->id, sizeof(facts->id)))) &&
	    span_copy(
		frame_get(answer, "top"), facts->top, sizeof(facts->top)) &&
	    out->chain.len > 0;
}

static enum status
check(const struct order *order, struct span chain, int64_t now,
    struct candidate *out, struct note *note)
{
	struct buf question, answer;
	enum status status;
	size_t i;

	buf_init(&question, BODY_MAX + 64 * 1024);
	buf_init(&answer, BODY_MAX);
	buf_clear(&out->chain);
	out->facts = (struct certificate){ .id = "" };
	frame_add_number(&question, "now", now);
	frame_add(&question, "key", span_of(order->public));
	for (i = 0; i < order->addresses; i++)
		frame_add(&question, "address", span_of(order->address[i]));
	frame_add(&question, "usage", span_of(csr_usage_name(order->usage)));
	frame_add(&question, "chain", chain);
	status = helper_ask(VERB_CERTIFICATE, &question, &answer, note);
	if (status == STATUS_OK && !take_facts(buf_span(&answer), out))
		status = note_set(note, STATUS_BUG,
		    "the verifier's report on the certificate is malformed");
	buf_clear(&answer);
	buf_clear(&question);
	return status == STATUS_OK ? buf_status(&out->chain) : status;
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
	buf_init(&answer.body, BODY_MAX);
	buf_init(&other.chain, BODY_MAX);
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
store(const struct home *home, const struct order *order, struct span chain,
    struct note *note)
{
	char name[RECORD_ID_SIZE + 8];
	enum status status;
	int dir = -1;

	(void)snprintf(name, sizeof(name), "%s.pem", order->id);
	status = home_subdir(home, "certificates", true, &dir, note);
	if (status == STATUS_OK) {
		status = file_replace(dir, name, chain, note);
		(void)close(dir);
	}
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
tell_limits(
    struct order *order, const struct certificate *facts, struct note *hint)
{
	const struct note before = *hint;

	(void)snprintf(order->why, sizeof(order->why), "%s", facts->limits);
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

	buf_init(&answer.body, BODY_MAX);
	buf_init(&chosen.chain, BODY_MAX);
	status = fetch(client, order, url, now, &answer, &chosen, note);
	if (status == STATUS_OK)
		prefer(client, order, &answer, now, &chosen, hint);
	if (status == STATUS_OK)
		status =
		    store(client->home, order, buf_span(&chosen.chain), note);
	if (status == STATUS_OK)
		status = mark_replaced(client->home, order, note);
	if (status == STATUS_OK) {
		order->state = ORDER_ISSUED;
		order->starts = chosen.facts.starts;
		order->expires = chosen.facts.expires;
		(void)strcpy(order->cert_id, chosen.facts.id);
		order->window = (struct order_window){ .start = 0 };
		order->refused = 0;
		tell_limits(order, &chosen.facts, hint);
		status = order_save(client->home, order, note);
	}
	buf_clear(&chosen.chain);
	buf_clear(&answer.body);
	return status;
}
