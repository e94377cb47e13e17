/* issue_order.c - newOrder, once for each order (RFC 8555 section 7.4): see
 * issue_p.h */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acme/identifier.h"
#include "acme/url.h"
#include "order/issue_p.h"

static bool
is_named(const char *address, const struct issuance *issuance,
    const struct acme_order *acme)
{
	const char *known;
	size_t i;

	for (i = 0; i < acme->identifiers; i++) {
		known = issue_find_address(issuance, acme->identifier[i]);
		if (known != NULL && strcmp(known, address) == 0)
			return true;
	}
	return false;
}

/* Is the order at the CA the one that we want: ours and no others? */
static bool
is_for(const struct issuance *issuance, const struct acme_order *acme)
{
	size_t i;

	for (i = 0; i < acme->identifiers; i++)
		if (issue_find_address(issuance, acme->identifier[i]) == NULL)
			return false;
	for (i = 0; i < issuance->addresses; i++)
		if (!is_named(issuance->address[i], issuance, acme))
			return false;
	return true;
}

static enum status
post_order(struct issuer *issuer, struct issuance *out, const char *replaces,
    struct ca_answer *answer, struct note *note)
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
    const char *expires, struct note *note)
{
	(void)strcpy(out->order_url, url);
	out->expires = issue_time_of(expires);
	out->state = ISSUANCE_ORDERED;
	return issuance_save(issuer->home, out, note);
}

/* The CA has made an order.  Where it is comes first: whatever else the answer
 * says, another one is not made. */
static enum status
take_order(struct issuer *issuer, struct issuance *out,
    const struct ca_answer *answer, struct acme_order *acme, struct note *note)
{
	const struct acme_problem none = { .type = "" };
	enum status status;

	if (!acme_url_ok(span_of(answer->location)) ||
	    !ca_is_own(&issuer->ca, answer->location))
		return issue_fail(issuer, out,
		    "the CA gives the order no usable URL", &none, note);
	status = adopt(issuer, out, answer->location, "", note);
	if (status == STATUS_OK)
		status = ca_parse_order(buf_span(&answer->body), acme, note);
	/* The list may be left out; strangers may not be in it. */
	if (status == STATUS_OK && acme->identifiers > 0 && !is_for(out, acme))
		status = note_set(note, STATUS_BAD_CA,
		    "the CA's order is for other addresses");
	return status == STATUS_OK
	    ? adopt(issuer, out, answer->location, acme->expires, note)
	    : status;
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
	status = post_order(issuer, out, replaces, &answer, note);
	/* Another order has done that already (409), or another account had
	 * it: this one is plain. */
	if (status == STATUS_CA && replaces[0] != '\0' &&
	    strcmp(answer.problem.type, "unknown") != 0)
		status = post_order(issuer, out, "", &answer, note);
	if (status == STATUS_OK) {
		status = take_order(issuer, out, &answer, acme, note);
	} else if (status == STATUS_CA &&
	    strcmp(answer.problem.type, "unknown") != 0) {
		/* It never was one; nobody has seen its key. */
		(void)!issuance_forget(issuer->home, out->id, NULL);
	}
	buf_clear(&answer.body);
	return status;
}

/* An order that is at the CA and not in the home. */
struct search {
	struct issuer *issuer;
	const struct issuance *wanted;
	const struct issuance *all; /* what is in the home */
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
		if (strcmp(search->all[i].order_url, url) == 0)
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

	if (!is_unknown(search, url) || !ca_is_own(&search->issuer->ca, url))
		return true;
	status = ca_fetch_order(&search->issuer->ca, url, acme, NULL, NULL);
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

/* We may have died between newOrder and its answer: does the CA have such an
 * order that we know nothing of (section 7.1.2.1; not every CA lists them)?
 * STATUS_NO; STATUS_NET: it may have. */
static enum status
find_orphan(struct issuer *issuer, struct issuance *out,
    struct acme_order *acme, struct note *note)
{
	struct search search = {
		.issuer = issuer, .wanted = out, .acme = acme
	};
	struct acme_account *account = calloc(1, sizeof(*account));
	struct issuance *all = NULL;
	enum status status = STATUS_MEMORY;

	if (account != NULL)
		status =
		    issuances_load(issuer->home, &all, &search.count, note);
	if (status != STATUS_OK)
		goto out;
	search.all = all;
	status = issuer_ask(issuer, account, note);
	if (status == STATUS_OK && account->orders[0] != '\0')
		status = ca_list_orders(
		    &issuer->ca, account->orders, look_at, &search, note);
	if (status == STATUS_OK)
		status = search.status;
	if (status == STATUS_OK && search.found[0] != '\0')
		status = adopt(issuer, out, search.found, acme->expires, note);
	/* A list that is not one is as good as none. */
	else if (status == STATUS_OK || status == STATUS_CA ||
	    status == STATUS_BAD_CA)
		status = STATUS_NO;
out:
	free(all);
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
