/* challenges.c - the challenges of an order: see challenges.h */
#include "order/challenges.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "acme/identifier.h"
#include "order/ca_object.h"
#include "order/proof.h"
#include "order/refusal.h"
#include "order/sent.h"

enum { SENT_SECONDS = 3 };

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
		[ACME_BAD_CHALLENGES] = "there are two",
		[ACME_BAD_URL] = "no usable \"url\"",
		[ACME_BAD_TOKEN] = "no usable \"token\"",
		[ACME_SHORT_TOKEN] = "a \"token\" below 128 bits",
		[ACME_BAD_FROM] = "no usable \"from\"",
	};

	if (authz->has_challenge == 0)
		return note_set(note, STATUS_BAD_CA,
		    "the CA offers no email-reply-00 challenge for %.100s",
		    authz->identifier);
	return note_set(note, STATUS_BAD_CA,
	    "the CA's email-reply-00 challenge for %.100s cannot be used: %s",
	    authz->identifier, faults[authz->challenge_fault]);
}

/* Take the address as the CA names it (RFC 8555 section 7.1.4): the reply must
 * come from there.  It may differ from the ordered one in ASCII case only. */
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
	/* A closed authorization ends the order, which says so itself. */
	if (status != STATUS_OK || authz.status == ACME_VALID ||
	    authz.status == ACME_INVALID || authz.status == ACME_GONE)
		return status;
	address = order_find_address(order, authz.identifier);
	if (address == NULL ||
	    !take_address(authz.identifier, address, &expectation))
		return note_set(note, STATUS_BAD_CA,
		    "the CA asks for proof of %.100s, which was not ordered",
		    authz.identifier);
	if (authz.has_challenge == 0 || authz.challenge_fault != ACME_GOOD)
		return bad_challenge(&authz, note);
	if (address_parse(span_of(authz.from), &mailbox) != STATUS_OK ||
	    address_normal(&mailbox, expectation.from_normal) != STATUS_OK ||
	    !span_copy(span_of(authz.from), expectation.from, ADDRESS_SIZE) ||
	    !ca_is_own(&client->ca, authz.challenge_url))
		return note_set(note, STATUS_BAD_CA,
		    "the CA's challenge has a malformed \"from\" or \"url\"");
	(void)strcpy(expectation.part2, authz.token);
	(void)strcpy(expectation.thumbprint, client->account.thumbprint);
	(void)strcpy(expectation.order, order->id);
	(void)strcpy(expectation.authorization_url, url);
	(void)strcpy(expectation.challenge_url, authz.challenge_url);
	expectation.created = (int64_t)time(NULL);
	expectation.expires = ca_time_of(authz.expires);
	status = record_new_id(expectation.id);
	return status == STATUS_OK
	    ? expectation_save(client->home, &expectation, note)
	    : status;
}

/* Was it expected before a crash? */
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
order_expect_challenges(struct client *client, struct order *order,
    const struct acme_order *acme, struct note *note)
{
	struct record_search search = { .ids = 0 };
	struct expectation *expectations = NULL;
	enum status status;
	size_t count, i;

	if (order_is_server(order))
		return proof_choose(client, order, acme, note);
	for (i = 0; i < acme->authorizations; i++)
		expectation_search_authorization(
		    &search, acme->authorization[i]);
	status = expectations_find(
	    client->home, &search, NULL, NULL, &expectations, &count, note);
	for (i = 0; status == STATUS_OK && i < acme->authorizations; i++)
		if (!is_expected(expectations, count, acme->authorization[i]))
			status = expect_challenge(
			    client, order, acme->authorization[i], note);
	free(expectations);
	return status;
}

/* Remember when something happened (the CA was told, say) in one member.  The
 * rest of the record may have changed in between. */
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
mark(struct order_work *work, struct expectation *expectation, int64_t *when)
{
	const struct moment moment = {
		(size_t)((char *)when - (char *)expectation), work->now
	};

	return expectation_change(work->client->home, expectation->id,
	    set_moment, &moment, expectation, work->note);
}

/* Was the CA told before?  Its answer may have been lost, and it does not take
 * a second one. */
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
tell(struct order_work *work, struct expectation *expectation)
{
	struct ca_answer answer = { .code = 0 };
	enum status status;

	buf_init(&answer.body, STEP_BODY_MAX);
	status = ca_post(&work->client->ca, expectation->challenge_url,
	    SPAN("{}"), "application/json", &answer, work->note);
	buf_clear(&answer.body);
	if (status == STATUS_CA && knows_already(work->client, expectation))
		status = STATUS_OK;
	return status == STATUS_OK ? mark(work, expectation, &expectation->told)
				   : status;
}

static enum status
set_sent(void *record, const void *arg, struct note *note)
{
	struct expectation *expectation = record;
	const char *reply_id = arg;

	(void)note;
	if (expectation->state == EXPECTATION_SENT)
		return STATUS_UNCHANGED;
	if (expectation->state == EXPECTATION_PENDING ||
	    expectation->state == EXPECTATION_BOUNCED) {
		(void)strcpy(expectation->draft, "by hand");
		expectation->reply_id[0] = expectation->bounce[0] = '\0';
	}
	if (reply_id != NULL)
		(void)strcpy(expectation->reply_id, reply_id);
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

/* Did the user's mail program send the draft?  Then its copy is in the folder
 * of sent mail. */
static enum status
look_for_sent(struct order_work *work, struct expectation *expectation)
{
	char reply_id[MSGID_MAX + 1];
	enum status status;

	if (expectation->state == EXPECTATION_BOUNCED)
		return STATUS_OK;
	status = sent_find(&work->client->config->sent_folder, expectation,
	    reply_id, work->note);
	if (status == STATUS_OK)
		return expectation_change(work->client->home, expectation->id,
		    set_sent, reply_id, expectation, work->note);
	return status == STATUS_MISSING ? STATUS_OK : status;
}

/* The CA's reason follows, where it gives one; else name the usual causes. */
static const char *
why_refused(const struct expectation *expectation,
    const struct acme_authorization *authz)
{
	if (authz->problem.type[0] == '\0')
		return "the CA did not accept the answer and does not say why; "
		       "usually it looked too early (ca.NAME.settle), joins the "
		       "tokens differently (ca.NAME.token_join), or wants the "
		       "reply DKIM-signed";
	/* Both ways to join give the same token where no bits are left over. */
	if (strcmp(authz->problem.type, "incorrectResponse") == 0 &&
	    strlen(expectation->part1) % 4 != 0)
		return "the CA did not accept the answer; perhaps it joins the "
		       "tokens differently (ca.NAME.token_join)";
	return "the CA did not accept the answer";
}

/* How far is this challenge: mail expected, answered, settled? *done: nothing
 * more can be done now, and the step says why. */
static enum status
advance_answer(
    struct order_work *work, struct expectation *expectation, bool *done)
{
	const bool before_mail = work->client->settings.before_mail;
	const int64_t settle = work->client->settings.settle;
	struct order_step *step = work->step;
	enum status status = STATUS_OK;

	*done = true;
	step->seconds = 1;
	if (expectation->state == EXPECTATION_PENDING) {
		step->wait = STEP_MAIL;
		return STATUS_OK;
	}
	if (expectation->state != EXPECTATION_SENT)
		status = look_for_sent(work, expectation);
	if (status == STATUS_OK && expectation->state != EXPECTATION_SENT) {
		step->wait = STEP_SENT;
		step->seconds = SENT_SECONDS;
		return STATUS_OK;
	}
	/* The clock was ahead when it was answered: count from now. */
	if (status == STATUS_OK && expectation->answered > work->now)
		status = mark(work, expectation, &expectation->answered);
	if (status != STATUS_OK)
		return status;
	if (!before_mail && work->now < expectation->answered + settle) {
		step->wait = STEP_SETTLE;
		step->seconds = expectation->answered + settle - work->now;
		return STATUS_OK;
	}
	*done = false;
	return expectation->told == 0 ? tell(work, expectation) : STATUS_OK;
}

/* Advance one challenge; *valid: the CA accepted it. */
static enum status
advance_challenge(
    struct order_work *work, struct expectation *expectation, bool *valid)
{
	const bool before_mail = work->client->settings.before_mail;
	struct order_step *step = work->step;
	struct acme_authorization authz;
	enum status status = STATUS_OK;
	int64_t retry_after;
	bool done = false;

	*valid = expectation->met != 0;
	if (*valid)
		return STATUS_OK;
	step->expectation = *expectation;
	if (expectation->told == 0 && before_mail)
		status = tell(work, expectation);
	if (status == STATUS_OK && (expectation->told == 0 || before_mail))
		status = advance_answer(work, expectation, &done);
	if (status != STATUS_OK || done)
		return status;
	status = ca_fetch_authorization(&work->client->ca,
	    expectation->authorization_url, &authz, &retry_after, work->note);
	step->seconds = step_pause(retry_after);
	if (status != STATUS_OK)
		return status;
	if (authz.status == ACME_INVALID || authz.status == ACME_GONE)
		return order_fail(work->client, work->order,
		    why_refused(expectation, &authz), &authz.problem,
		    work->note);
	*valid = authz.status == ACME_VALID;
	step->wait = STEP_CA;
	return *valid ? mark(work, expectation, &expectation->met) : STATUS_OK;
}

/* Sort by when the answers went out; unanswered ones come last. */
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

enum status
order_advance_challenges(struct order_work *work, bool *valid)
{
	struct expectation *expectations = NULL;
	enum status status;
	size_t count, i;

	if (order_is_server(work->order))
		return proof_advance(work, valid);
	*valid = true;
	status = expectations_load_of(work->client->home, work->order->id,
	    &expectations, &count, work->note);
	if (status == STATUS_OK && count > 1)
		qsort(expectations, count, sizeof(*expectations), by_answer);
	for (i = 0; status == STATUS_OK && *valid && i < count; i++)
		status = advance_challenge(work, &expectations[i], valid);
	free(expectations);
	return status;
}
