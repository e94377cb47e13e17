/* submit.c - newOrder, once for each order: see submit.h */
#include "order/submit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acme/identifier.h"
#include "acme/url.h"
#include "order/ca_object.h"
#include "order/challenges.h"
#include "order/refusal.h"

static bool
is_named(const char *address, const struct order *order,
    const struct acme_order *acme)
{
	const char *known;
	size_t i;

	for (i = 0; i < acme->identifiers; i++) {
		known = order_find_address(order, acme->identifier[i]);
		if (known != NULL && strcmp(known, address) == 0)
			return true;
	}
	return false;
}

/* Does the CA's order name exactly our addresses? */
static bool
is_for(const struct order *order, const struct acme_order *acme)
{
	size_t i;

	for (i = 0; i < acme->identifiers; i++)
		if (order_find_address(order, acme->identifier[i]) == NULL)
			return false;
	for (i = 0; i < order->addresses; i++)
		if (!is_named(order->address[i], order, acme))
			return false;
	return true;
}

static enum status
post_order(struct client *client, struct order *out, const char *replaces,
    struct ca_answer *answer, struct note *note)
{
	struct buf payload;
	enum status status;
	size_t i;

	buf_init(&payload, 64 * 1024);
	buf_add_text(&payload, "{\"identifiers\":[");
	for (i = 0; i < out->addresses; i++) {
		buf_add_text(&payload, i > 0 ? "," : "");
		if (order_is_server(out))
			identifier_write_host(
			    &payload, span_of(out->address[i]));
		else
			identifier_write(&payload, span_of(out->address[i]));
	}
	buf_add_text(&payload, "]");
	if (replaces[0] != '\0')
		buf_addf(&payload, ",\"replaces\":\"%s\"", replaces);
	buf_add_text(&payload, "}");
	status = ca_post(&client->ca, client->ca.directory.new_order,
	    buf_span(&payload), "application/json", answer, note);
	buf_clear(&payload);
	return status;
}

/* The identifier of the certificate that this one is to replace, where the CA
 * wants to know (RFC 9773 section 5). */
static void
find_replaced(const struct client *client, const struct order *order,
    char out[ACME_ID_SIZE])
{
	struct order *old = calloc(1, sizeof(*old));

	out[0] = '\0';
	if (old != NULL && order->replaces[0] != '\0' &&
	    client->ca.directory.renewal_info[0] != '\0' &&
	    order_load(client->home, order->replaces, old, NULL) == STATUS_OK)
		(void)strcpy(out, old->cert_id);
	free(old);
}

/* Make this the order's URL at the CA. */
static enum status
adopt(struct client *client, struct order *out, const char *url,
    const char *expires, struct note *note)
{
	(void)strcpy(out->url, url);
	out->expires = ca_time_of(expires);
	out->state = ORDER_PLACED;
	return order_save(client->home, out, note);
}

/* The CA made an order.  Save its URL first: whatever else the answer says, a
 * second order must not be made. */
static enum status
take_order(struct client *client, struct order *out,
    const struct ca_answer *answer, struct acme_order *acme, struct note *note)
{
	const struct acme_problem none = { .type = "" };
	enum status status;

	if (!acme_url_ok(span_of(answer->location)) ||
	    !ca_is_own(&client->ca, answer->location))
		return order_fail(client, out,
		    "the CA sent a malformed URL for the order", &none, note);
	status = adopt(client, out, answer->location, "", note);
	if (status == STATUS_OK)
		status = ca_parse_order(buf_span(&answer->body), acme, note);
	/* The list may be missing, but may not name other addresses. */
	if (status == STATUS_OK && acme->identifiers > 0 && !is_for(out, acme))
		status = note_set(note, STATUS_BAD_CA,
		    "the CA's order names other addresses");
	return status == STATUS_OK
	    ? adopt(client, out, answer->location, acme->expires, note)
	    : status;
}

static enum status
new_order(struct client *client, struct order *out, struct acme_order *acme,
    struct note *note)
{
	struct ca_answer answer = { .code = 0 };
	char replaces[ACME_ID_SIZE];
	enum status status;

	buf_init(&answer.body, STEP_BODY_MAX);
	find_replaced(client, out, replaces);
	status = post_order(client, out, replaces, &answer, note);
	/* Another order replaced that certificate already (409), or another
	 * account ordered it: order without "replaces". */
	if (status == STATUS_CA && replaces[0] != '\0' &&
	    strcmp(answer.problem.type, "unknown") != 0)
		status = post_order(client, out, "", &answer, note);
	if (status == STATUS_OK) {
		status = take_order(client, out, &answer, acme, note);
	} else if (status == STATUS_CA &&
	    strcmp(answer.problem.type, "unknown") != 0) {
		/* The CA made no order, and nobody saw the key. */
		(void)!order_forget(client->home, out->id, NULL);
	}
	buf_clear(&answer.body);
	return status;
}

/* Search for an order that the CA has and the home lacks. */
struct search {
	struct client *client;
	const struct order *wanted;
	const struct order *all; /* what is in the home */
	size_t count;
	struct acme_order *acme;
	char found[ACME_URL_SIZE]; /* or empty */
	enum status status;
};

static bool
is_unknown(const struct search *search, const char *url)
{
	size_t i;

	for (i = 0; i < search->count; i++)
		if (strcmp(search->all[i].url, url) == 0)
			return false;
	return true;
}

/* ca_each. */
static bool
look_at(const char *url, void *arg)
{
	struct search *search = arg;
	struct acme_order *acme = search->acme;
	enum status status;

	if (!is_unknown(search, url) || !ca_is_own(&search->client->ca, url))
		return true;
	status = ca_fetch_order(&search->client->ca, url, acme, NULL, NULL);
	if (status == STATUS_NET) {
		search->status = status;
		return false;
	}
	if (status != STATUS_OK ||
	    (acme->status != ACME_PENDING && acme->status != ACME_READY) ||
	    !is_for(search->wanted, acme))
		return true;
	(void)snprintf(search->found, sizeof(search->found), "%s", url);
	return false;
}

/* A crash may have come between newOrder and its answer: does the CA list such
 * an order (section 7.1.2.1; not every CA lists them)?  STATUS_MISSING;
 * STATUS_NET: it may. */
static enum status
find_orphan(struct client *client, struct order *out, struct acme_order *acme,
    struct note *note)
{
	struct search search = {
		.client = client, .wanted = out, .acme = acme
	};
	struct acme_account *account = calloc(1, sizeof(*account));
	struct order *all = NULL;
	enum status status = STATUS_MEMORY;

	if (account != NULL)
		status = orders_load(client->home, &all, &search.count, note);
	if (status != STATUS_OK)
		goto out;
	search.all = all;
	status = client_ask(client, account, note);
	if (status == STATUS_OK && account->orders[0] != '\0')
		status = ca_list_orders(
		    &client->ca, account->orders, look_at, &search, note);
	if (status == STATUS_OK)
		status = search.status;
	if (status == STATUS_OK && search.found[0] != '\0')
		status = adopt(client, out, search.found, acme->expires, note);
	/* Treat a malformed list as empty. */
	else if (status == STATUS_OK || status == STATUS_CA ||
	    status == STATUS_BAD_CA)
		status = STATUS_MISSING;
out:
	free(all);
	free(account);
	return status;
}

enum status
order_submit(
    struct client *client, struct order *order, bool again, struct note *note)
{
	struct acme_order *acme = calloc(1, sizeof(*acme));
	enum status status = STATUS_MISSING;

	if (acme == NULL)
		return STATUS_MEMORY;
	if (again)
		status = find_orphan(client, order, acme, note);
	if (status == STATUS_MISSING)
		status = new_order(client, order, acme, note);
	if (status == STATUS_OK)
		status = order_expect_challenges(client, order, acme, note);
	free(acme);
	return status;
}
