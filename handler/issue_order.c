/* issue_order.c - newOrder, once for each order (RFC 8555 section 7.4): see
 * issue_p.h */
#include <stdlib.h>
#include <string.h>

#include "acme/identifier.h"
#include "acme/url.h"
#include "issue_p.h"

/* Is the order at the CA the one that we want? */
static bool
is_for(const struct issuance *issuance, const struct acme_order *acme)
{
	size_t i;

	for (i = 0; i < acme->identifiers; i++)
		if (issue_find_address(issuance, acme->identifier[i]) == NULL)
			return false;
	return acme->identifiers == issuance->addresses;
}

static enum status
post_order(struct issuer *issuer, struct issuance *out, const char *replaces,
    struct acme_order *acme, struct ca_answer *answer, struct note *note)
{
	struct buf payload;
	enum status status;
	size_t i;

	buf_init(&payload, 64 * 1024);
	buf_add_text(&payload, "{\"identifiers\":[");
	for (i = 0; i < out->addresses; i++) {
		buf_add_text(&payload, i > 0 ? "," : "");
		identifier_write(&payload, span_of(out->address[i]));
	}
	buf_add_text(&payload, "]");
	if (replaces[0] != '\0')
		buf_addf(&payload, ",\"replaces\":\"%s\"", replaces);
	buf_add_text(&payload, "}");
	status = ca_post(&issuer->ca, issuer->ca.directory.new_order,
	    buf_span(&payload), "application/json", answer, note);
	if (status == STATUS_OK)
		status = ca_parse_order(buf_span(&answer->body), acme, note);
	if (status == STATUS_OK &&
	    (!acme_url_ok(span_of(answer->location)) ||
		!ca_is_own(&issuer->ca, answer->location)))
		status = note_set(note, STATUS_BAD_CA,
		    "the CA gives the order no usable URL");
	if (status == STATUS_OK && !is_for(out, acme))
		status = note_set(note, STATUS_BAD_CA,
		    "the CA's order is for other addresses");
	buf_clear(&payload);
	return status;
}

/* The identifier of the certificate that this one is to replace, where the CA
 * wants to know (RFC 9773 section 5). */
static void
find_replaced(const struct issuer *issuer, const struct issuance *issuance,
    char out[ACME_ID_SIZE])
{
	struct issuance *old = calloc(1, sizeof(*old));

	out[0] = '\0';
	if (old != NULL && issuance->replaces[0] != '\0' &&
	    issuer->ca.directory.renewal_info[0] != '\0' &&
	    issuance_load(issuer->home, issuance->replaces, old, NULL) ==
		STATUS_OK)
		(void)strcpy(out, old->cert_id);
	free(old);
}

/* That is it from now on. */
static enum status
adopt(struct issuer *issuer, struct issuance *out, const char *url,
    const struct acme_order *acme, struct note *note)
{
	(void)strcpy(out->order_url, url);
	out->expires = issue_time_of(acme->expires);
	out->state = ISSUANCE_ORDERED;
	return issuance_save(issuer->home, out, note);
}

static enum status
new_order(struct issuer *issuer, struct issuance *out, struct acme_order *acme,
    struct note *note)
{
	struct ca_answer answer = { .code = 0 };
	char replaces[ACME_ID_SIZE];
	enum status status;

	buf_init(&answer.body, BODY_MAX);
	find_replaced(issuer, out, replaces);
	status = post_order(issuer, out, replaces, acme, &answer, note);
	/* Another order has done that already (409), or another account had
	 * it: this one is plain. */
	if (status == STATUS_CA && replaces[0] != '\0')
		status = post_order(issuer, out, "", acme, &answer, note);
	if (status == STATUS_OK) {
		status = adopt(issuer, out, answer.location, acme, note);
	} else if (status == STATUS_CA) {
		/* It never was one; nobody has seen its key. */
		(void)!issuance_forget(issuer->home, out->id, NULL);
	}
	buf_clear(&answer.body);
	return status;
}

/* Is the order at that URL none of ours? */
static bool
is_unknown(const struct issuance *all, size_t count, const char *url)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strcmp(all[i].order_url, url) == 0)
			return false;
	return true;
}

/* We may have died between newOrder and its answer: does the CA have such an
 * order that we know nothing of (section 7.1.2.1; not every CA lists them)?
 * STATUS_NO. */
static enum status
find_orphan(struct issuer *issuer, struct issuance *out,
    struct acme_order *acme, struct note *note)
{
	struct acme_account *account = calloc(1, sizeof(*account));
	struct acme_orders *orders = calloc(1, sizeof(*orders));
	struct issuance *all = NULL;
	enum status status = STATUS_MEMORY;
	size_t count = 0, i;

	if (account != NULL && orders != NULL)
		status = issuances_load(issuer->home, &all, &count, note);
	if (status != STATUS_OK)
		goto out;
	if (issuer_ask(issuer, account, NULL) != STATUS_OK ||
	    account->orders[0] == '\0' ||
	    ca_fetch_orders(&issuer->ca, account->orders, orders, NULL) !=
		STATUS_OK)
		orders->orders = 0;
	status = STATUS_NO;
	for (i = 0; status == STATUS_NO && i < orders->orders; i++) {
		if (!is_unknown(all, count, orders->order[i]) ||
		    !ca_is_own(&issuer->ca, orders->order[i]) ||
		    ca_fetch_order(&issuer->ca, orders->order[i], acme, NULL,
			NULL) != STATUS_OK ||
		    (acme->status != ACME_PENDING &&
			acme->status != ACME_READY) ||
		    !is_for(out, acme))
			continue;
		status = adopt(issuer, out, orders->order[i], acme, note);
	}
out:
	free(all);
	free(orders);
	free(account);
	return status;
}

enum status
issue_order(struct issuer *issuer, struct issuance *issuance, bool again,
    struct note *note)
{
	struct acme_order *acme = calloc(1, sizeof(*acme));
	enum status status = STATUS_NO;

	if (acme == NULL)
		return STATUS_MEMORY;
	if (again)
		status = find_orphan(issuer, issuance, acme, note);
	if (status == STATUS_NO)
		status = new_order(issuer, issuance, acme, note);
	if (status == STATUS_OK)
		status = issue_expect_challenges(issuer, issuance, acme, note);
	free(acme);
	return status;
}
