/* issue.c - from an order to a certificate, step by step: see issue.h */
#include "issue.h"
#include "issue_p.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "acme/identifier.h"
#include "base/text.h"
#include "download.h"
#include "mail/date.h"
#include "sent.h"

enum { POLL_LEAST = 1, POLL_MOST = 3600, POLL_USUAL = 3, SENT_SECONDS = 3 };

/* A clamped Retry-After (threats C10). */
static int64_t
pause_of(int64_t retry_after)
{
	if (retry_after < 0)
		return POLL_USUAL;
	return retry_after < POLL_LEAST ? POLL_LEAST
	    : retry_after > POLL_MOST   ? POLL_MOST
					: retry_after;
}

int64_t
issue_time_of(const char *text)
{
	int64_t when;

	return date_parse_iso(span_of(text), &when) == STATUS_OK ? when : 0;
}

const char *
issue_find_address(const struct issuance *issuance, const char *identifier)
{
	struct mailbox mailbox;
	char normal[ADDRESS_SIZE];
	size_t i;

	for (i = 0; i < issuance->addresses; i++)
		if (identifier_names(
			span_of(identifier), span_of(issuance->address[i])))
			return issuance->address[i];
	if (address_parse(span_of(identifier), &mailbox) != STATUS_OK ||
	    address_normal(&mailbox, normal) != STATUS_OK)
		return NULL;
	for (i = 0; i < issuance->addresses; i++)
		if (identifier_names(
			span_of(normal), span_of(issuance->address[i])))
			return issuance->address[i];
	return NULL;
}

/* Expect the challenge mail of one authorization, if it needs one. */
static enum status
expect_challenge(struct issuer *issuer, const struct issuance *issuance,
    const char *url, struct note *note)
{
	struct acme_authorization authz;
	struct order order = { .join = issuer->settings.join };
	struct mailbox mailbox;
	const char *address;
	enum status status;

	status = ca_fetch_authorization(&issuer->ca, url, &authz, NULL, note);
	if (status != STATUS_OK || authz.status == ACME_VALID)
		return status;
	address = issue_find_address(issuance, authz.identifier);
	if (address == NULL)
		return note_set(note, STATUS_BAD_CA,
		    "the CA wants a proof for %.100s, which was not ordered",
		    authz.identifier);
	if (authz.has_challenge == 0)
		return note_set(note, STATUS_BAD_CA,
		    "the CA has no email-reply-00 challenge for %.100s",
		    address);
	if (address_parse(span_of(authz.from), &mailbox) != STATUS_OK ||
	    address_normal(&mailbox, order.from_normal) != STATUS_OK ||
	    !span_copy(span_of(authz.from), order.from, ADDRESS_SIZE) ||
	    !ca_is_own(&issuer->ca, authz.challenge_url))
		return note_set(note, STATUS_BAD_CA,
		    "the challenge of the CA has no usable \"from\" or \"url\"");
	(void)strcpy(order.address, address);
	(void)strcpy(order.address_normal, address);
	(void)strcpy(order.part2, authz.token);
	(void)strcpy(order.thumbprint, issuer->account.thumbprint);
	(void)strcpy(order.issuance, issuance->id);
	(void)strcpy(order.authorization_url, url);
	(void)strcpy(order.challenge_url, authz.challenge_url);
	order.created = (int64_t)time(NULL);
	order.expires = issue_time_of(authz.expires);
	status = order_new_id(order.id);
	return status == STATUS_OK ? order_save(issuer->home, &order, note)
				   : status;
}

/* The challenges that are ours already, after a crash in between. */
static bool
is_expected(const struct order *orders, size_t count, const char *url)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strcmp(orders[i].authorization_url, url) == 0)
			return true;
	return false;
}

enum status
issue_expect_challenges(struct issuer *issuer, const struct issuance *issuance,
    const struct acme_order *acme, struct note *note)
{
	struct order *orders = NULL;
	enum status status;
	size_t count, i;

	status = orders_load(issuer->home, &orders, &count, note);
	for (i = 0; status == STATUS_OK && i < acme->authorizations; i++)
		if (!is_expected(orders, count, acme->authorization[i]))
			status = expect_challenge(
			    issuer, issuance, acme->authorization[i], note);
	free(orders);
	return status;
}

enum status
issue_fail(struct issuer *issuer, struct issuance *issuance, const char *what,
    const struct acme_problem *problem, struct note *note)
{
	const char *advice = ca_advice(problem->type);
	enum status status;

	issuance->state = ISSUANCE_FAILED;
	(void)snprintf(issuance->why, sizeof(issuance->why),
	    "%s%s%.40s%s%.110s%s%.120s%s", what,
	    problem->type[0] != '\0' ? ": " : "", problem->type,
	    problem->detail[0] != '\0' ? ", " : "", problem->detail,
	    advice[0] != '\0' ? " [" : "", advice,
	    advice[0] != '\0' ? "]" : "");
	status = issuance_save(issuer->home, issuance, note);
	return status == STATUS_OK
	    ? note_set(note, STATUS_CA, "%.300s", issuance->why)
	    : status;
}

/* Remember when it happened, in a member of *order: the CA was told, say.  The
 * rest of the order may have changed in between. */
struct moment {
	size_t member; /* where it is in the struct */
	int64_t now;
};

static enum status
set_moment(void *record, const void *arg, struct note *note)
{
	const struct moment *moment = arg;

	(void)note;
	(void)memcpy(
	    (char *)record + moment->member, &moment->now, sizeof(moment->now));
	return STATUS_OK;
}

static enum status
mark(struct issuer *issuer, struct order *order, int64_t *when, int64_t now,
    struct note *note)
{
	const struct moment moment = { (size_t)((char *)when - (char *)order),
		now };

	return order_change(
	    issuer->home, order->id, set_moment, &moment, order, note);
}

/* Tell the CA that the answer is out (RFC 8823 section 3, step 7). */
static enum status
tell(struct issuer *issuer, struct order *order, int64_t now, struct note *note)
{
	struct ca_answer answer = { .code = 0 };
	enum status status;

	buf_init(&answer.body, BODY_MAX);
	status = ca_post(&issuer->ca, order->challenge_url, SPAN("{}"),
	    "application/json", &answer, note);
	buf_clear(&answer.body);
	return status == STATUS_OK
	    ? mark(issuer, order, &order->told, now, note)
	    : status;
}

static enum status
set_sent(void *record, const void *arg, struct note *note)
{
	struct order *order = record;

	(void)arg;
	(void)note;
	if (order->state == ORDER_SENT)
		return STATUS_NO;
	if (order->state == ORDER_PENDING)
		(void)strcpy(order->draft, "by hand");
	order->state = ORDER_SENT;
	order->answered = (int64_t)time(NULL);
	return STATUS_OK;
}

enum status
issue_mark_sent(const struct home *home, struct order *order, struct note *note)
{
	return order_change(home, order->id, set_sent, NULL, order, note);
}

/* Did the user's mail program send the draft?  Its copy of what it sent says
 * so. */
static enum status
look_for_sent(struct issuer *issuer, struct order *order, struct note *note)
{
	enum status status;

	status = sent_find(&issuer->config->sent_folder, order, note);
	if (status == STATUS_OK)
		return issue_mark_sent(issuer->home, order, note);
	return status == STATUS_NO ? STATUS_OK : status;
}

/* The CA's reason follows, where it gives one.  Without one there is what is
 * known of CAs. */
static const char *
why_refused(const struct order *order, const struct acme_authorization *authz)
{
	if (authz->problem.type[0] == '\0')
		return "the CA did not accept the answer and does not say why; "
		       "mostly it looked too early (ca.NAME.settle), joins the "
		       "tokens otherwise (ca.NAME.token_join), or wants the "
		       "reply DKIM-signed";
	/* The two ways to join give the same where no bits are left over. */
	if (strcmp(authz->problem.type, "incorrectResponse") == 0 &&
	    strlen(order->part1) % 4 != 0)
		return "the CA did not accept the answer; perhaps it joins the "
		       "tokens otherwise (ca.NAME.token_join)";
	return "the CA did not accept the answer";
}

/* One challenge: true in *valid when the CA is content with it. */
static enum status
advance_order(struct issuer *issuer, struct issuance *issuance,
    struct order *order, int64_t now, bool *valid, struct issue_step *out,
    struct note *note)
{
	const bool before_mail = issuer->settings.before_mail;
	struct acme_authorization authz;
	int64_t retry_after;
	enum status status;

	*valid = order->met != 0;
	if (*valid)
		return STATUS_OK;
	out->order = *order;
	if (order->told == 0 && before_mail &&
	    (status = tell(issuer, order, now, note)) != STATUS_OK)
		return status;
	if (order->told == 0 || before_mail) {
		out->seconds = 1;
		if (order->state == ORDER_PENDING) {
			out->wait = ISSUE_MAIL;
			return STATUS_OK;
		}
		if (order->state != ORDER_SENT &&
		    (status = look_for_sent(issuer, order, note)) != STATUS_OK)
			return status;
		if (order->state != ORDER_SENT) {
			out->wait = ISSUE_SENT;
			out->seconds = SENT_SECONDS;
			return STATUS_OK;
		}
		/* Written by a clock that was ahead: it counts from now. */
		if (order->answered > now &&
		    (status = mark(issuer, order, &order->answered, now,
			 note)) != STATUS_OK)
			return status;
		if (!before_mail &&
		    now < order->answered + issuer->settings.settle) {
			out->wait = ISSUE_SETTLE;
			out->seconds =
			    order->answered + issuer->settings.settle - now;
			return STATUS_OK;
		}
		if (order->told == 0 &&
		    (status = tell(issuer, order, now, note)) != STATUS_OK)
			return status;
	}
	status = ca_fetch_authorization(
	    &issuer->ca, order->authorization_url, &authz, &retry_after, note);
	out->seconds = pause_of(retry_after);
	if (status != STATUS_OK)
		return status;
	if (authz.status == ACME_INVALID || authz.status == ACME_GONE)
		return issue_fail(issuer, issuance, why_refused(order, &authz),
		    &authz.problem, note);
	*valid = authz.status == ACME_VALID;
	out->wait = ISSUE_CA;
	return *valid ? mark(issuer, order, &order->met, now, note) : STATUS_OK;
}

/* One after the other (interop 2b.6). */
static enum status
advance_challenges(struct issuer *issuer, struct issuance *issuance,
    int64_t now, bool *valid, struct issue_step *out, struct note *note)
{
	struct order *orders = NULL;
	enum status status;
	size_t count, i;

	*valid = true;
	status =
	    orders_load_of(issuer->home, issuance->id, &orders, &count, note);
	for (i = 0; status == STATUS_OK && *valid && i < count; i++)
		status = advance_order(
		    issuer, issuance, &orders[i], now, valid, out, note);
	free(orders);
	return status;
}

static enum status
finalize(struct issuer *issuer, struct issuance *issuance,
    const struct acme_order *acme, struct note *note)
{
	struct ca_answer answer = { .code = 0 };
	struct buf payload;
	enum status status;

	if (!ca_is_own(&issuer->ca, acme->finalize))
		return STATUS_BAD_CA;
	buf_init(&payload, 128 * 1024);
	buf_init(&answer.body, BODY_MAX);
	issuance->state = ISSUANCE_FINALIZING;
	status = issuance_save(issuer->home, issuance, note);
	buf_addf(&payload, "{\"csr\":\"%s\"}", issuance->csr);
	if (status == STATUS_OK)
		status = buf_status(&payload);
	if (status == STATUS_OK)
		status = ca_post(&issuer->ca, acme->finalize,
		    buf_span(&payload), "application/json", &answer, note);
	/* Any 4xx ends the order: some servers never leave "processing". */
	if (status == STATUS_CA)
		status = issue_fail(issuer, issuance, "the CA refused to issue",
		    &answer.problem, note);
	buf_clear(&answer.body);
	buf_clear(&payload);
	return status;
}

/* The order itself, once every challenge is met. */
static enum status
advance_acme(struct issuer *issuer, struct issuance *issuance, int64_t now,
    struct issue_step *out, struct note *note)
{
	struct acme_order *acme = calloc(1, sizeof(*acme));
	int64_t retry_after;
	enum status status;

	if (acme == NULL)
		return STATUS_MEMORY;
	out->wait = ISSUE_CA;
	status = ca_fetch_order(
	    &issuer->ca, issuance->order_url, acme, &retry_after, note);
	if (status == STATUS_OK && acme->status == ACME_PENDING)
		status = issue_expect_challenges(issuer, issuance, acme, note);
	if (status == STATUS_OK && acme->status == ACME_READY) {
		status = finalize(issuer, issuance, acme, note);
		if (status == STATUS_OK)
			status = ca_fetch_order(&issuer->ca,
			    issuance->order_url, acme, &retry_after, note);
	}
	out->seconds = pause_of(retry_after);
	if (status == STATUS_OK && acme->status == ACME_VALID) {
		status = acme->certificate[0] != '\0'
		    ? download(issuer, issuance, acme->certificate, now,
			  &out->hint, note)
		    : note_set(note, STATUS_BAD_CA,
			  "the CA says valid, but not where the certificate "
			  "is");
		out->wait = ISSUE_DONE;
	} else if (status == STATUS_OK &&
	    (acme->status == ACME_INVALID || acme->status == ACME_GONE))
		status = issue_fail(issuer, issuance,
		    "the CA gave the order up", &acme->problem, note);
	free(acme);
	return status;
}

/* The lock is held, and *issuance is what the home says. */
static enum status
advance(struct issuer *issuer, struct issuance *issuance, int64_t now,
    struct issue_step *out, struct note *note)
{
	const struct issue_start how = { .again = true };
	enum status status = STATUS_OK;
	bool valid = false;

	if (issuance->state == ISSUANCE_ISSUED ||
	    issuance->state == ISSUANCE_REVOKED)
		return STATUS_OK;
	if (issuance->state == ISSUANCE_FAILED)
		return note_set(note, STATUS_CA, "%.300s", issuance->why);
	if (issuance->state == ISSUANCE_NEW) {
		status = issue_start(issuer, issuance, &how, now, out, note);
		if (status == STATUS_OK && issuance->state == ISSUANCE_NEW)
			return STATUS_OK;
	}
	if (status == STATUS_OK)
		status = advance_challenges(
		    issuer, issuance, now, &valid, out, note);
	if (status != STATUS_OK || !valid)
		return status;
	return advance_acme(issuer, issuance, now, out, note);
}

enum status
issue_advance(struct issuer *issuer, struct issuance *issuance, int64_t now,
    struct issue_step *out, struct note *note)
{
	const struct acme_problem none = { "", "", "" };
	char id[JSONFILE_ID_SIZE];
	enum status status;
	int lock = -1;

	*out = (struct issue_step){ .wait = ISSUE_DONE };
	(void)strcpy(id, issuance->id);
	status = home_lock_on(issuer->home, id, 0, &lock, note);
	if (status == STATUS_AGAIN) {
		out->wait = ISSUE_OTHER;
		out->seconds = 1;
		return STATUS_OK;
	}
	if (status == STATUS_OK)
		status = issuance_load(issuer->home, id, issuance, note);
	if (status == STATUS_OK)
		status = advance(issuer, issuance, now, out, note);
	/* What the CA will not hear of any more is over; what only our clock
	 * says is not. */
	if (issuance_is_open(issuance) && issuance->expires != 0 &&
	    now > issuance->expires) {
		if (status == STATUS_CA)
			status = issue_fail(issuer, issuance,
			    "the order at the CA has expired", &none, note);
		else if (status == STATUS_OK)
			status = note_set(note, STATUS_BAD_CLOCK,
			    "by our clock the order at the CA has expired; is "
			    "the clock right? order again (--new) if it is");
	}
	if (lock >= 0)
		(void)close(lock);
	return status;
}
