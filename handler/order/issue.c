/* issue.c - from an order to a certificate, step by step: see issue.h */
#include "order/issue.h"
#include "order/issue_p.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "acme/identifier.h"
#include "base/text.h"
#include "mail/date.h"
#include "order/download.h"
#include "order/sent.h"

enum { POLL_LEAST = 1, POLL_MOST = 3600, POLL_USUAL = 3, SENT_SECONDS = 3 };

#define END_OF_TIME INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

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

/* A year before 1970, as of a server that leaves the time out (0001-01-01), is
 * past; one beyond 9999 is the end of time.  What else is not a time lasts a
 * day, no longer than a challenge may (S/MIME BR 3.2.2.4). */
int64_t
issue_time_of(const char *text)
{
	const struct span s = span_of(text);
	size_t digits = 0;
	int64_t when;

	if (text[0] == '\0' || date_parse_iso(s, &when) == STATUS_OK)
		return text[0] == '\0' ? 0 : when > 0 ? when : 1;
	while (digits < s.len && ascii_is_digit(s.at[digits]))
		digits++;
	if (text[0] == '+' || (digits > 4 && text[digits] == '-'))
		return END_OF_TIME;
	if (text[0] == '-' ||
	    (digits == 4 && text[4] == '-' && strcmp(text, "1970") < 0))
		return 1;
	return (int64_t)time(NULL) + 86400;
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

static enum status
bad_challenge(const struct acme_authorization *authz, struct note *note)
{
	static const char *const faults[ACME_FAULTS] = {
		[ACME_BAD_CHALLENGES] = "there are two of them",
		[ACME_BAD_URL] = "no usable \"url\"",
		[ACME_BAD_TOKEN] = "no usable \"token\"",
		[ACME_SHORT_TOKEN] = "a \"token\" below 128 bits",
		[ACME_BAD_FROM] = "no usable \"from\"",
	};

	if (authz->has_challenge == 0)
		return note_set(note, STATUS_BAD_CA,
		    "the CA has no email-reply-00 challenge for %.100s",
		    authz->identifier);
	return note_set(note, STATUS_BAD_CA,
	    "the email-reply-00 challenge of the CA for %.100s cannot be used: "
	    "%s",
	    authz->identifier, faults[authz->challenge_fault]);
}

/* The address as the CA names it: RFC 8555 section 7.1.4, so that is what the
 * reply has to come from.  It may differ from what was ordered in case only. */
static bool
take_address(const char *identifier, const char *ordered, struct order *order)
{
	const char *address =
	    span_eq_nocase(span_of(identifier), span_of(ordered)) ? identifier
								  : ordered;
	struct mailbox mailbox;

	return address_parse(span_of(address), &mailbox) == STATUS_OK &&
	    address_normal(&mailbox, order->address_normal) == STATUS_OK &&
	    span_copy(span_of(address), order->address, ADDRESS_SIZE);
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
	/* One that is over ends the order, which says so itself. */
	if (status != STATUS_OK || authz.status == ACME_VALID ||
	    authz.status == ACME_INVALID || authz.status == ACME_GONE)
		return status;
	address = issue_find_address(issuance, authz.identifier);
	if (address == NULL || !take_address(authz.identifier, address, &order))
		return note_set(note, STATUS_BAD_CA,
		    "the CA wants a proof for %.100s, which was not ordered",
		    authz.identifier);
	if (authz.has_challenge == 0 || authz.challenge_fault != ACME_GOOD)
		return bad_challenge(&authz, note);
	if (address_parse(span_of(authz.from), &mailbox) != STATUS_OK ||
	    address_normal(&mailbox, order.from_normal) != STATUS_OK ||
	    !span_copy(span_of(authz.from), order.from, ADDRESS_SIZE) ||
	    !ca_is_own(&issuer->ca, authz.challenge_url))
		return note_set(note, STATUS_BAD_CA,
		    "the challenge of the CA has no usable \"from\" or \"url\"");
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

/* What the CA said, and what can be done about it. */
static void
take_why(struct issuance *issuance, const char *what,
    const struct acme_problem *problem, const char *advice)
{
	char said[250] = "";

	if (problem->type[0] != '\0')
		ca_describe(problem, said, sizeof(said));
	(void)snprintf(issuance->why, sizeof(issuance->why), "%s%s%s%s%.120s%s",
	    what, said[0] != '\0' ? ": " : "", said,
	    advice[0] != '\0' ? " [" : "", advice,
	    advice[0] != '\0' ? "]" : "");
}

/* It is over, for the reason that it has by now. */
static enum status
give_up(struct issuer *issuer, struct issuance *issuance, struct note *note)
{
	enum status status;

	issuance->state = ISSUANCE_FAILED;
	status = issuance_save(issuer->home, issuance, note);
	return status == STATUS_OK
	    ? note_set(note, STATUS_CA, "%.310s", issuance->why)
	    : status;
}

enum status
issue_fail(struct issuer *issuer, struct issuance *issuance, const char *what,
    const struct acme_problem *problem, struct note *note)
{
	take_why(issuance, what, problem, ca_advice(problem->type));
	return give_up(issuer, issuance, note);
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

/* Was it told, whatever it answered?  An answer that was lost, and the CA does
 * not take a second one. */
static bool
knows_already(struct issuer *issuer, const struct order *order)
{
	struct acme_authorization authz;

	return ca_fetch_authorization(&issuer->ca, order->authorization_url,
		   &authz, NULL, NULL) == STATUS_OK &&
	    (authz.challenge_status == ACME_PROCESSING ||
		authz.challenge_status == ACME_VALID ||
		authz.challenge_status == ACME_INVALID ||
		authz.status == ACME_VALID || authz.status == ACME_INVALID ||
		authz.status == ACME_GONE);
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
	if (status == STATUS_CA && knows_already(issuer, order))
		status = STATUS_OK;
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

/* In the order in which the answers went out; those that did not come last. */
static int
by_answer(const void *left, const void *right)
{
	const struct order *a = left, *b = right;
	const bool a_waits = a->state == ORDER_PENDING;
	const bool b_waits = b->state == ORDER_PENDING;

	if (a_waits != b_waits)
		return a_waits ? 1 : -1;
	if (a->answered != b->answered)
		return a->answered < b->answered ? -1 : 1;
	if (a->created != b->created)
		return a->created < b->created ? -1 : 1;
	return strcmp(a->id, b->id);
}

/* One after the other: a CA that looks for one answer may put the others aside,
 * and never see them again. */
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
	if (status == STATUS_OK && count > 1)
		qsort(orders, count, sizeof(*orders), by_answer);
	for (i = 0; status == STATUS_OK && *valid && i < count; i++)
		status = advance_order(
		    issuer, issuance, &orders[i], now, valid, out, note);
	free(orders);
	return status;
}

/* A No that the next try may turn: a race, a proxy, too many requests. */
static bool
may_pass(const struct ca_answer *answer)
{
	return answer->code == 409 ||
	    strcmp(answer->problem.type, "orderNotReady") == 0 ||
	    strcmp(answer->problem.type, "unknown") == 0;
}

/* Some CAs call a signing request that they do not like by another name. */
static const char *
advice_on_request(const struct acme_problem *problem)
{
	return strcmp(problem->type, "malformed") == 0 ||
		strcmp(problem->type, "unauthorized") == 0
	    ? ca_advice("badCSR")
	    : ca_advice(problem->type);
}

/*
 * Send the signing request.  A No is remembered, but it does not end the order:
 * what became of that the order itself says (RFC 8555 section 7.4).  *passes:
 * whether the same request may do later.
 */
static enum status
finalize(struct issuer *issuer, struct issuance *issuance,
    const struct acme_order *acme, int64_t now, bool *passes, struct note *note)
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
	*passes = status != STATUS_CA || may_pass(&answer);
	if (status == STATUS_CA) {
		take_why(issuance, "the CA refused to issue", &answer.problem,
		    advice_on_request(&answer.problem));
		if (issuance->refused == 0)
			issuance->refused = now;
		status = issuance_save(issuer->home, issuance, note);
	} else if (status == STATUS_OK && issuance->refused != 0) {
		issuance->refused = 0;
		issuance->why[0] = '\0';
		status = issuance_save(issuer->home, issuance, note);
	}
	buf_clear(&answer.body);
	buf_clear(&payload);
	return status;
}

/* It is refused, and not over.  For so long as the user has patience. */
static enum status
wait_for_another_word(struct issuer *issuer, struct issuance *issuance,
    bool passes, int64_t now, struct issue_step *out, struct note *note)
{
	const int64_t since = now - issuance->refused;

	if (since >= issuer->config->patience)
		return give_up(issuer, issuance, note);
	if (!passes)
		return note_set(note, STATUS_CA,
		    "%.240s; the order is kept: mailcert finish asks again",
		    issuance->why);
	if (since / 2 > out->seconds)
		out->seconds = since / 2 < 60 ? since / 2 : 60;
	return STATUS_OK;
}

/* What is known of the order at the CA by now. */
static enum status
judge_order(struct issuer *issuer, struct issuance *issuance,
    const struct acme_order *acme, bool passes, int64_t now,
    struct issue_step *out, struct note *note)
{
	enum status status;

	if (acme->status == ACME_VALID && acme->certificate[0] != '\0') {
		status = download(
		    issuer, issuance, acme->certificate, now, &out->hint, note);
		out->wait = ISSUE_DONE;
		return status;
	}
	if (acme->status == ACME_INVALID || acme->status == ACME_GONE)
		return issuance->refused != 0 && acme->problem.type[0] == '\0'
		    ? give_up(issuer, issuance, note)
		    : issue_fail(issuer, issuance, "the CA gave the order up",
			  &acme->problem, note);
	/* While it is processed, another request would not help. */
	return issuance->refused != 0
	    ? wait_for_another_word(issuer, issuance,
		  passes || acme->status != ACME_READY, now, out, note)
	    : STATUS_OK;
}

/* The order itself, once every challenge is met. */
static enum status
advance_acme(struct issuer *issuer, struct issuance *issuance, int64_t now,
    struct issue_step *out, struct note *note)
{
	struct acme_order *acme = calloc(1, sizeof(*acme));
	bool passes = true;
	int64_t retry_after;
	enum status status;

	if (acme == NULL)
		return STATUS_MEMORY;
	out->wait = ISSUE_CA;
	status = ca_fetch_order(
	    &issuer->ca, issuance->order_url, acme, &retry_after, note);
	if (status == STATUS_OK && issuance->expires == 0)
		issuance->expires = issue_time_of(acme->expires);
	if (status == STATUS_OK && acme->status == ACME_PENDING)
		status = issue_expect_challenges(issuer, issuance, acme, note);
	if (status == STATUS_OK && acme->status == ACME_READY) {
		status = finalize(issuer, issuance, acme, now, &passes, note);
		if (status == STATUS_OK)
			status = ca_fetch_order(&issuer->ca,
			    issuance->order_url, acme, &retry_after, note);
	}
	out->seconds = pause_of(retry_after);
	if (status == STATUS_OK)
		status =
		    judge_order(issuer, issuance, acme, passes, now, out, note);
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
	const struct acme_problem none = { .type = "" };
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
