/* order.c - from an order to a certificate, step by step: see order.h */
#include "order/order.h"
#include "order/order_p.h"

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
order_time_of(const char *text)
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
order_find_address(const struct order *order, const char *identifier)
{
	struct mailbox mailbox;
	char normal[ADDRESS_SIZE];
	size_t i;

	for (i = 0; i < order->addresses; i++)
		if (identifier_names(
			span_of(identifier), span_of(order->address[i])))
			return order->address[i];
	if (address_parse(span_of(identifier), &mailbox) != STATUS_OK ||
	    address_normal(&mailbox, normal) != STATUS_OK)
		return NULL;
	for (i = 0; i < order->addresses; i++)
		if (identifier_names(
			span_of(normal), span_of(order->address[i])))
			return order->address[i];
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
take_address(const char *identifier, const char *ordered,
    struct expectation *expectation)
{
	const char *address =
	    span_eq_nocase(span_of(identifier), span_of(ordered)) ? identifier
								  : ordered;
	struct mailbox mailbox;

	return address_parse(span_of(address), &mailbox) == STATUS_OK &&
	    address_normal(&mailbox, expectation->address_normal) ==
	    STATUS_OK &&
	    span_copy(span_of(address), expectation->address, ADDRESS_SIZE);
}

/* Expect the challenge mail of one authorization, if it needs one. */
static enum status
expect_challenge(struct client *client, const struct order *order,
    const char *url, struct note *note)
{
	struct acme_authorization authz;
	struct expectation expectation = { .join = client->settings.join };
	struct mailbox mailbox;
	const char *address;
	enum status status;

	status = ca_fetch_authorization(&client->ca, url, &authz, NULL, note);
	/* One that is over ends the order, which says so itself. */
	if (status != STATUS_OK || authz.status == ACME_VALID ||
	    authz.status == ACME_INVALID || authz.status == ACME_GONE)
		return status;
	address = order_find_address(order, authz.identifier);
	if (address == NULL ||
	    !take_address(authz.identifier, address, &expectation))
		return note_set(note, STATUS_BAD_CA,
		    "the CA wants a proof for %.100s, which was not ordered",
		    authz.identifier);
	if (authz.has_challenge == 0 || authz.challenge_fault != ACME_GOOD)
		return bad_challenge(&authz, note);
	if (address_parse(span_of(authz.from), &mailbox) != STATUS_OK ||
	    address_normal(&mailbox, expectation.from_normal) != STATUS_OK ||
	    !span_copy(span_of(authz.from), expectation.from, ADDRESS_SIZE) ||
	    !ca_is_own(&client->ca, authz.challenge_url))
		return note_set(note, STATUS_BAD_CA,
		    "the challenge of the CA has no usable \"from\" or \"url\"");
	(void)strcpy(expectation.part2, authz.token);
	(void)strcpy(expectation.thumbprint, client->account.thumbprint);
	(void)strcpy(expectation.order, order->id);
	(void)strcpy(expectation.authorization_url, url);
	(void)strcpy(expectation.challenge_url, authz.challenge_url);
	expectation.created = (int64_t)time(NULL);
	expectation.expires = order_time_of(authz.expires);
	status = record_new_id(expectation.id);
	return status == STATUS_OK
	    ? expectation_save(client->home, &expectation, note)
	    : status;
}

/* The challenges that are ours already, after a crash in between. */
static bool
is_expected(
    const struct expectation *expectations, size_t count, const char *url)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strcmp(expectations[i].authorization_url, url) == 0)
			return true;
	return false;
}

enum status
order_expect_challenges(struct client *client, const struct order *order,
    const struct acme_order *acme, struct note *note)
{
	struct expectation *expectations = NULL;
	enum status status;
	size_t count, i;

	status = expectations_load(client->home, &expectations, &count, note);
	for (i = 0; status == STATUS_OK && i < acme->authorizations; i++)
		if (!is_expected(expectations, count, acme->authorization[i]))
			status = expect_challenge(
			    client, order, acme->authorization[i], note);
	free(expectations);
	return status;
}

/* What the CA said, and what can be done about it. */
static void
take_why(struct order *order, const char *what,
    const struct acme_problem *problem, const char *advice)
{
	char said[250] = "";

	if (problem->type[0] != '\0')
		ca_describe(problem, said, sizeof(said));
	(void)snprintf(order->why, sizeof(order->why), "%s%s%s%s%.120s%s", what,
	    said[0] != '\0' ? ": " : "", said, advice[0] != '\0' ? " [" : "",
	    advice, advice[0] != '\0' ? "]" : "");
}

/* It is over, for the reason that it has by now. */
static enum status
give_up(struct client *client, struct order *order, struct note *note)
{
	enum status status;

	order->state = ORDER_FAILED;
	status = order_save(client->home, order, note);
	return status == STATUS_OK
	    ? note_set(note, STATUS_CA, "%.310s", order->why)
	    : status;
}

enum status
order_fail(struct client *client, struct order *order, const char *what,
    const struct acme_problem *problem, struct note *note)
{
	take_why(order, what, problem, ca_advice(problem->type));
	return give_up(client, order, note);
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
mark(struct client *client, struct expectation *expectation, int64_t *when,
    int64_t now, struct note *note)
{
	const struct moment moment = {
		(size_t)((char *)when - (char *)expectation), now
	};

	return expectation_change(client->home, expectation->id, set_moment,
	    &moment, expectation, note);
}

/* Was it told, whatever it answered?  An answer that was lost, and the CA does
 * not take a second one. */
static bool
knows_already(struct client *client, const struct expectation *expectation)
{
	struct acme_authorization authz;

	return ca_fetch_authorization(&client->ca,
		   expectation->authorization_url, &authz, NULL,
		   NULL) == STATUS_OK &&
	    (authz.challenge_status == ACME_PROCESSING ||
		authz.challenge_status == ACME_VALID ||
		authz.challenge_status == ACME_INVALID ||
		authz.status == ACME_VALID || authz.status == ACME_INVALID ||
		authz.status == ACME_GONE);
}

/* Tell the CA that the answer is out (RFC 8823 section 3, step 7). */
static enum status
tell(struct client *client, struct expectation *expectation, int64_t now,
    struct note *note)
{
	struct ca_answer answer = { .code = 0 };
	enum status status;

	buf_init(&answer.body, BODY_MAX);
	status = ca_post(&client->ca, expectation->challenge_url, SPAN("{}"),
	    "application/json", &answer, note);
	buf_clear(&answer.body);
	if (status == STATUS_CA && knows_already(client, expectation))
		status = STATUS_OK;
	return status == STATUS_OK
	    ? mark(client, expectation, &expectation->told, now, note)
	    : status;
}

static enum status
set_sent(void *record, const void *arg, struct note *note)
{
	struct expectation *expectation = record;

	(void)arg;
	(void)note;
	if (expectation->state == EXPECTATION_SENT)
		return STATUS_NO;
	if (expectation->state == EXPECTATION_PENDING)
		(void)strcpy(expectation->draft, "by hand");
	expectation->state = EXPECTATION_SENT;
	expectation->answered = (int64_t)time(NULL);
	return STATUS_OK;
}

enum status
order_mark_sent(
    const struct home *home, struct expectation *expectation, struct note *note)
{
	return expectation_change(
	    home, expectation->id, set_sent, NULL, expectation, note);
}

/* Did the user's mail program send the draft?  Its copy of what it sent says
 * so. */
static enum status
look_for_sent(
    struct client *client, struct expectation *expectation, struct note *note)
{
	enum status status;

	status = sent_find(&client->config->sent_folder, expectation, note);
	if (status == STATUS_OK)
		return order_mark_sent(client->home, expectation, note);
	return status == STATUS_NO ? STATUS_OK : status;
}

/* The CA's reason follows, where it gives one.  Without one there is what is
 * known of CAs. */
static const char *
why_refused(const struct expectation *expectation,
    const struct acme_authorization *authz)
{
	if (authz->problem.type[0] == '\0')
		return "the CA did not accept the answer and does not say why; "
		       "mostly it looked too early (ca.NAME.settle), joins the "
		       "tokens otherwise (ca.NAME.token_join), or wants the "
		       "reply DKIM-signed";
	/* The two ways to join give the same where no bits are left over. */
	if (strcmp(authz->problem.type, "incorrectResponse") == 0 &&
	    strlen(expectation->part1) % 4 != 0)
		return "the CA did not accept the answer; perhaps it joins the "
		       "tokens otherwise (ca.NAME.token_join)";
	return "the CA did not accept the answer";
}

/* One challenge: true in *valid when the CA is content with it. */
static enum status
advance_challenge(struct client *client, struct order *order,
    struct expectation *expectation, int64_t now, bool *valid,
    struct order_step *out, struct note *note)
{
	const bool before_mail = client->settings.before_mail;
	struct acme_authorization authz;
	int64_t retry_after;
	enum status status;

	*valid = expectation->met != 0;
	if (*valid)
		return STATUS_OK;
	out->expectation = *expectation;
	if (expectation->told == 0 && before_mail &&
	    (status = tell(client, expectation, now, note)) != STATUS_OK)
		return status;
	if (expectation->told == 0 || before_mail) {
		out->seconds = 1;
		if (expectation->state == EXPECTATION_PENDING) {
			out->wait = STEP_MAIL;
			return STATUS_OK;
		}
		if (expectation->state != EXPECTATION_SENT &&
		    (status = look_for_sent(client, expectation, note)) !=
			STATUS_OK)
			return status;
		if (expectation->state != EXPECTATION_SENT) {
			out->wait = STEP_SENT;
			out->seconds = SENT_SECONDS;
			return STATUS_OK;
		}
		/* Written by a clock that was ahead: it counts from now. */
		if (expectation->answered > now &&
		    (status = mark(client, expectation, &expectation->answered,
			 now, note)) != STATUS_OK)
			return status;
		if (!before_mail &&
		    now < expectation->answered + client->settings.settle) {
			out->wait = STEP_SETTLE;
			out->seconds = expectation->answered +
			    client->settings.settle - now;
			return STATUS_OK;
		}
		if (expectation->told == 0 &&
		    (status = tell(client, expectation, now, note)) !=
			STATUS_OK)
			return status;
	}
	status = ca_fetch_authorization(&client->ca,
	    expectation->authorization_url, &authz, &retry_after, note);
	out->seconds = pause_of(retry_after);
	if (status != STATUS_OK)
		return status;
	if (authz.status == ACME_INVALID || authz.status == ACME_GONE)
		return order_fail(client, order,
		    why_refused(expectation, &authz), &authz.problem, note);
	*valid = authz.status == ACME_VALID;
	out->wait = STEP_CA;
	return *valid ? mark(client, expectation, &expectation->met, now, note)
		      : STATUS_OK;
}

/* In the order in which the answers went out; those that did not come last. */
static int
by_answer(const void *left, const void *right)
{
	const struct expectation *a = left, *b = right;
	const bool a_waits = a->state == EXPECTATION_PENDING;
	const bool b_waits = b->state == EXPECTATION_PENDING;

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
advance_challenges(struct client *client, struct order *order, int64_t now,
    bool *valid, struct order_step *out, struct note *note)
{
	struct expectation *expectations = NULL;
	enum status status;
	size_t count, i;

	*valid = true;
	status = expectations_load_of(
	    client->home, order->id, &expectations, &count, note);
	if (status == STATUS_OK && count > 1)
		qsort(expectations, count, sizeof(*expectations), by_answer);
	for (i = 0; status == STATUS_OK && *valid && i < count; i++)
		status = advance_challenge(
		    client, order, &expectations[i], now, valid, out, note);
	free(expectations);
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
finalize(struct client *client, struct order *order,
    const struct acme_order *acme, int64_t now, bool *passes, struct note *note)
{
	struct ca_answer answer = { .code = 0 };
	struct buf payload;
	enum status status;

	if (!ca_is_own(&client->ca, acme->finalize))
		return STATUS_BAD_CA;
	buf_init(&payload, 128 * 1024);
	buf_init(&answer.body, BODY_MAX);
	order->state = ORDER_FINALIZING;
	status = order_save(client->home, order, note);
	buf_addf(&payload, "{\"csr\":\"%s\"}", order->csr);
	if (status == STATUS_OK)
		status = buf_status(&payload);
	if (status == STATUS_OK)
		status = ca_post(&client->ca, acme->finalize,
		    buf_span(&payload), "application/json", &answer, note);
	*passes = status != STATUS_CA || may_pass(&answer);
	if (status == STATUS_CA) {
		take_why(order, "the CA refused to issue", &answer.problem,
		    advice_on_request(&answer.problem));
		if (order->refused == 0)
			order->refused = now;
		status = order_save(client->home, order, note);
	} else if (status == STATUS_OK && order->refused != 0) {
		order->refused = 0;
		order->why[0] = '\0';
		status = order_save(client->home, order, note);
	}
	buf_clear(&answer.body);
	buf_clear(&payload);
	return status;
}

/* It is refused, and not over.  For so long as the user has patience. */
static enum status
wait_for_another_word(struct client *client, struct order *order, bool passes,
    int64_t now, struct order_step *out, struct note *note)
{
	const int64_t since = now - order->refused;

	if (since >= client->config->patience)
		return give_up(client, order, note);
	if (!passes)
		return note_set(note, STATUS_CA,
		    "%.240s; the order is kept: mailcert finish asks again",
		    order->why);
	if (since / 2 > out->seconds)
		out->seconds = since / 2 < 60 ? since / 2 : 60;
	return STATUS_OK;
}

/* What is known of the order at the CA by now. */
static enum status
judge_order(struct client *client, struct order *order,
    const struct acme_order *acme, bool passes, int64_t now,
    struct order_step *out, struct note *note)
{
	enum status status;

	if (acme->status == ACME_VALID && acme->certificate[0] != '\0') {
		status = download(
		    client, order, acme->certificate, now, &out->hint, note);
		out->wait = STEP_DONE;
		return status;
	}
	if (acme->status == ACME_INVALID || acme->status == ACME_GONE)
		return order->refused != 0 && acme->problem.type[0] == '\0'
		    ? give_up(client, order, note)
		    : order_fail(client, order, "the CA gave the order up",
			  &acme->problem, note);
	/* While it is processed, another request would not help. */
	return order->refused != 0
	    ? wait_for_another_word(client, order,
		  passes || acme->status != ACME_READY, now, out, note)
	    : STATUS_OK;
}

/* The order itself, once every challenge is met. */
static enum status
advance_acme(struct client *client, struct order *order, int64_t now,
    struct order_step *out, struct note *note)
{
	struct acme_order *acme = calloc(1, sizeof(*acme));
	bool passes = true;
	int64_t retry_after;
	enum status status;

	if (acme == NULL)
		return STATUS_MEMORY;
	out->wait = STEP_CA;
	status =
	    ca_fetch_order(&client->ca, order->url, acme, &retry_after, note);
	if (status == STATUS_OK && order->expires == 0)
		order->expires = order_time_of(acme->expires);
	if (status == STATUS_OK && acme->status == ACME_PENDING)
		status = order_expect_challenges(client, order, acme, note);
	if (status == STATUS_OK && acme->status == ACME_READY) {
		status = finalize(client, order, acme, now, &passes, note);
		if (status == STATUS_OK)
			status = ca_fetch_order(
			    &client->ca, order->url, acme, &retry_after, note);
	}
	out->seconds = pause_of(retry_after);
	if (status == STATUS_OK)
		status =
		    judge_order(client, order, acme, passes, now, out, note);
	free(acme);
	return status;
}

/* The lock is held, and *order is what the home says. */
static enum status
advance(struct client *client, struct order *order, int64_t now,
    struct order_step *out, struct note *note)
{
	const struct order_start how = { .again = true };
	enum status status = STATUS_OK;
	bool valid = false;

	if (order->state == ORDER_ISSUED || order->state == ORDER_REVOKED)
		return STATUS_OK;
	if (order->state == ORDER_FAILED)
		return note_set(note, STATUS_CA, "%.300s", order->why);
	if (order->state == ORDER_NEW) {
		status = order_start(client, order, &how, now, out, note);
		if (status == STATUS_OK && order->state == ORDER_NEW)
			return STATUS_OK;
	}
	if (status == STATUS_OK)
		status =
		    advance_challenges(client, order, now, &valid, out, note);
	if (status != STATUS_OK || !valid)
		return status;
	return advance_acme(client, order, now, out, note);
}

enum status
order_advance(struct client *client, struct order *order, int64_t now,
    struct order_step *out, struct note *note)
{
	const struct acme_problem none = { .type = "" };
	char id[RECORD_ID_SIZE];
	enum status status;
	int lock = -1;

	*out = (struct order_step){ .wait = STEP_DONE };
	(void)strcpy(id, order->id);
	status = home_lock_on(client->home, id, 0, &lock, note);
	if (status == STATUS_AGAIN) {
		out->wait = STEP_OTHER;
		out->seconds = 1;
		return STATUS_OK;
	}
	if (status == STATUS_OK)
		status = order_load(client->home, id, order, note);
	if (status == STATUS_OK)
		status = advance(client, order, now, out, note);
	/* What the CA will not hear of any more is over; what only our clock
	 * says is not. */
	if (order_is_open(order) && order->expires != 0 &&
	    now > order->expires) {
		if (status == STATUS_CA)
			status = order_fail(client, order,
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
