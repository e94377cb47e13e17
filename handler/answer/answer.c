/*
 * answer.c - the flow from message to answer: see answer.h
 *
 * What is believed, since when: nothing of the message before authres_check;
 * its sender afterwards; its token only together with the expectation it fits.
 */
#include "answer/answer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answer/advice.h"
#include "answer/confirm.h"
#include "answer/details.h"
#include "answer/policy.h"
#include "base/text.h"
#include "reply/draft.h"

/* One method.  Results need nobody else; of the others the parser knows
 * whether there is anything to ask about. */
static enum status
try_method(const struct world *world, enum authres_method method,
    const struct rules *rules, struct span message,
    const struct answer_claims *claims, struct authres_verdict *out,
    struct note *note)
{
	const struct authres_query *query = &claims->query;

	switch (method) {
	case AUTHRES_RESULTS:
		out->proof = query->results;
		*note = query->results_note;
		return (enum status)query->results_status;
	case AUTHRES_SMIME:
		if (query->smime == 0)
			return note_set(note, STATUS_NO_AUTHRES,
			    "the message has no signature");
		break;
	case AUTHRES_DKIM:
		if (query->dkim_status != STATUS_OK) {
			*note = query->dkim_note;
			return (enum status)query->dkim_status;
		}
		break;
	}
	return world->prove(
	    world->context, method, rules, message, claims, out, note);
}

/* The first method that proves it; of several refusals the one that came
 * nearest is told. */
static enum status
try_methods(const struct world *world, const struct rules *rules,
    struct span message, const struct answer_claims *claims,
    struct authres_verdict *out, struct note *note)
{
	const struct authres_methods *by = &rules->policy.by;
	enum status status = STATUS_NO_AUTHRES, best = STATUS_NO_AUTHRES;
	struct note why;
	size_t i;

	for (i = 0; i < by->count && status != STATUS_OK; i++) {
		why.text[0] = '\0';
		status = try_method(
		    world, by->method[i], rules, message, claims, out, &why);
		if (status != STATUS_OK &&
		    (i == 0 || !status_is_refusal(status) ||
			authres_nearer(status, best))) {
			best = status;
			*note = why;
		}
	}
	if (status == STATUS_OK)
		note->text[0] = '\0';
	return status == STATUS_OK ? status : best;
}

/* Stage 3: is the sender proved as the policy demands?  S/MIME proves the
 * protected fields: they are the challenge from then on. */
static enum status
authenticate(const struct world *world, const struct rules *rules,
    struct span message, const struct answer_claims *claims,
    struct authres **out, struct challenge *challenge, struct note *note)
{
	const struct authres_methods *by = &rules->policy.by;
	struct authres_verdict *verdict;
	enum status status;

	if (by->none)
		return authres_waive(by, out);
	if ((verdict = calloc(1, sizeof(*verdict))) == NULL)
		return STATUS_MEMORY;
	status = try_methods(world, rules, message, claims, verdict, note);
	if (status == STATUS_OK)
		status = authres_admit(&verdict->proof,
		    span_of(claims->challenge.claimed_from), by, out);
	if (status == STATUS_OK && verdict->proof.method == AUTHRES_SMIME) {
		/* A Date that is protected stands for the outer one. */
		verdict->challenge.warnings |=
		    challenge->warnings & ~(unsigned)WARNING_NO_DATE;
		*challenge = verdict->challenge;
	}
	free(verdict);
	return status;
}

/* The expectations that this may belong to. */
static enum status
load_expectations(const struct home *home, const struct challenge *challenge,
    struct expectation **expectations, size_t *count, struct note *note)
{
	size_t near = 0;
	const struct match_interest interest = { challenge, &near };
	struct record_search search = { .ids = 0 };

	match_search(challenge, &search);
	return expectations_find(home, &search, match_concerns, &interest,
	    expectations, count, note);
}

/* No readable order matches.  A record that cannot be read may be the right
 * one: a damaged file must not lose a challenge. */
static enum status
doubt(const struct home *home, enum status status, struct note *note)
{
	struct note damaged;
	const enum status skipped = expectations_skipped(home, &damaged);

	if (skipped == STATUS_OK ||
	    (status != STATUS_NO_EXPECTATION && status != STATUS_BAD_TO &&
		status != STATUS_BAD_CLOCK))
		return status;
	return note_set(note, skipped,
	    "no readable record of a challenge matches this message: %.250s",
	    damaged.text);
}

/* The cheap look: which expectation fits, if any? */
static enum status
find_expected(const struct world *world, const struct home *home,
    const struct challenge *challenge, struct expectation *out,
    struct note *note)
{
	struct expectation *expectations = NULL;
	enum status status;
	size_t count;

	status =
	    load_expectations(home, challenge, &expectations, &count, note);
	if (status == STATUS_OK)
		status = match_expects(challenge, expectations, count,
		    world->now(world->context), out, NULL, note);
	free(expectations);
	return doubt(home, status, note);
}

/* Stage 2: the claims, by the rules of the CA whose challenge they fit.  Which
 * it is, only the claims tell: where CAs have rules of their own, the message
 * is read once more by these. */
static enum status
take_claims(const struct world *world, const struct config *config,
    const struct home *home, struct span message, struct rules *rules,
    struct answer_claims *claims, struct expectation *expectation,
    struct answer_report *report, struct note *note)
{
	const int64_t now = world->now(world->context);
	enum status status;

	rules_before(config, rules);
	status = answer_parse(message, rules, now, claims, note);
	if (status != STATUS_OK)
		return status;
	report->challenge = claims->challenge;
	report->has_challenge = true;
	status =
	    find_expected(world, home, &claims->challenge, expectation, note);
	if (status != STATUS_OK || !config_has_own(config))
		return status;
	status = rules_of(config, home, expectation, rules, note);
	if (status == STATUS_OK)
		status = answer_parse(message, rules, now, claims, note);
	if (status == STATUS_OK)
		report->challenge = claims->challenge;
	return status;
}

/* A signature that fails here and passed there: say what may help. */
static void
add_advice(const struct config *config, const struct home *home,
    const struct expectation *expectation, const struct authres_query *query,
    enum status status, struct note *note)
{
	const size_t len = strlen(note->text);

	if (status == STATUS_BAD_DKIM_COVERAGE)
		rules_hint(config, home, expectation, query, note);
	else if (status == STATUS_BAD_DKIM && query->passed)
		(void)snprintf(note->text + len, sizeof(note->text) - len,
		    "; it passed before a server rewrote the message; if your "
		    "server says so in Authentication-Results, see "
		    "authenticate = results:NAME");
}

/* Stage 4: the one expectation that this fits. */
static enum status
find_match(const struct world *world, const struct home *home,
    const struct challenge *challenge, const struct authres *authres,
    struct match **out, struct note *note)
{
	struct expectation *expectations = NULL;
	enum status status;
	size_t count;

	status =
	    load_expectations(home, challenge, &expectations, &count, note);
	if (status == STATUS_OK)
		status = match_find(challenge, authres, expectations, count,
		    world->now(world->context), out, note);
	free(expectations);
	return doubt(home, status, note);
}

/* Stage 5. */
static enum status
confirm(const struct world *world, const struct match *match,
    struct span message, struct note *note)
{
	const int64_t now = world->now(world->context);
	struct details details = { match, message, now, world->compute,
		world->context };
	struct dialog *dialog;
	enum status status;

	if ((dialog = malloc(sizeof(*dialog))) == NULL)
		return STATUS_MEMORY;
	confirm_build(match, now, note->text, dialog);
	note->text[0] = '\0';
	dialog->details = details_write;
	dialog->context = &details;
	status = world->ask(world->context, dialog, note);
	free(dialog);
	return status;
}

/* Stage 7. */
static enum status
build(const struct world *world, const struct answer_options *options,
    struct answer_report *report)
{
	/* mutt and neomutt make both themselves when they send. */
	const bool by_mua = options->destination.kind == DESTINATION_MUA ||
	    options->destination.kind == DESTINATION_STAGE;
	const struct draft_options draft = {
		.now = by_mua ? 0 : world->now(world->context),
		.message_id = report->reply_id,
		.auto_replied = options->auto_approve,
	};
	enum status status = STATUS_OK;

	if (!by_mua)
		status = draft_message_id(
		    match_expectation(report->match), report->reply_id);
	return status == STATUS_OK
	    ? draft_build(report->match, report->response.digest, &draft,
		  &report->message)
	    : status;
}

/* Is it still what was shown?  Another process may have answered while the
 * user was reading. */
static bool
is_as_shown(const struct match *match, const struct match *shown)
{
	const struct expectation *one = match_expectation(match),
				 *other = match_expectation(shown);

	return strcmp(one->id, other->id) == 0 && one->state == other->state &&
	    one->answered == other->answered &&
	    (match_warnings(match) & ~match_warnings(shown)) == 0;
}

static enum status
save_intent(const struct world *world, const struct home *home,
    const struct answer_options *options, const struct match *match,
    const char *reply_id, struct note *note)
{
	const struct challenge *challenge = match_challenge(match);
	struct expectation expectation = *match_expectation(match);
	struct note cause;
	enum status status;

	expectation.state = EXPECTATION_ANSWERING;
	expectation.answered = world->now(world->context);
	expectation.answers++;
	(void)strcpy(expectation.part1, challenge->part1);
	(void)strcpy(expectation.message_id, challenge->message_id);
	(void)strcpy(expectation.reply_to, challenge->reply_to[0]);
	(void)strcpy(expectation.reply_id, reply_id);
	expectation.bounce[0] = '\0';
	destination_name(&options->destination, expectation.draft,
	    sizeof(expectation.draft));
	status = expectation_save(home, &expectation, note);
	/* Written, but not known to be durable: nothing was sent, so the
	 * expectation is what it was. */
	if (status != STATUS_OK &&
	    expectation_save(home, match_expectation(match), NULL) !=
		STATUS_OK) {
		cause = *note;
		(void)note_set(note, status,
		    "%.150s; challenge %s may be recorded as answered, but no "
		    "reply was sent",
		    cause.text, expectation_shown_id(&expectation));
	}
	return status;
}

/* Stage 8: make the intent durable, if the expectation still stands as it was
 * shown and, without a person, the limits allow it. */
static enum status
record_intent(const struct world *world, const struct config *config,
    const struct home *home, const struct rules *rules,
    const struct answer_options *options, const struct answer_report *report,
    struct note *note)
{
	const struct match *match = report->match;
	struct match *again = NULL;
	enum status status;
	int lock = -1;

	if ((status = home_lock(home, &lock, note)) != STATUS_OK)
		return status;
	status = find_match(world, home, match_challenge(match),
	    match_authres(match), &again, note);
	if (status == STATUS_OK && !is_as_shown(again, match))
		status = note_set(note, STATUS_BAD_REPEAT,
		    "challenge %s was answered or changed in the meantime",
		    expectation_shown_id(match_expectation(match)));
	if (status == STATUS_OK && options->auto_approve)
		status = policy_allows(config, home, rules, again,
		    world->now(world->context), note);
	if (status == STATUS_OK)
		status = save_intent(
		    world, home, options, again, report->reply_id, note);
	match_free(again);
	(void)close(lock);
	return status;
}

/* After stage 9: what is certain; `before` is the expectation as it was. */
struct outcome_known {
	const struct expectation *before;
	enum outcome outcome;
};

static enum status
set_outcome(void *record, const void *arg, struct note *note)
{
	const struct outcome_known *known = arg;
	struct expectation *expectation = record;

	(void)note;
	switch (known->outcome) {
	case OUTCOME_NOTHING:
		*expectation = *known->before;
		return STATUS_OK;
	case OUTCOME_SENT:
		expectation->state = EXPECTATION_SENT;
		return STATUS_OK;
	case OUTCOME_DRAFTED:
		expectation->state = EXPECTATION_DRAFTED;
		return STATUS_OK;
	case OUTCOME_DOUBT:
		break;
	}
	return STATUS_UNCHANGED;
}

static enum status
record_outcome(const struct home *home, const struct expectation *before,
    enum outcome outcome, struct note *note)
{
	const struct outcome_known known = { before, outcome };

	return expectation_change(
	    home, before->id, set_outcome, &known, NULL, note);
}

/* Nobody knows whether the reply is out: say so, and what to do, in the words
 * of status and renew. */
static void
add_doubt(const struct match *match, int64_t now, struct note *note)
{
	struct expectation expectation = *match_expectation(match);
	struct note cause = *note;
	struct buf next;

	expectation.state = EXPECTATION_ANSWERING;
	buf_init(&next, sizeof(note->text));
	advice_add_next(&expectation, now, &next);
	note_say(note, "%.150s; the reply may have been sent: %s", cause.text,
	    next.at != NULL ? next.at : "");
	buf_clear(&next);
}

enum status
answer(const struct world *world, const struct config *config,
    const struct home *home, struct span message,
    struct answer_options *options, struct answer_report *report,
    struct note *note)
{
	struct delivery delivery = {
		.destination = &options->destination,
		.home = home,
		.sendmail = config->sendmail,
		.access = options->access,
		.sent_copy = &config->sent_copy,
		.hold_stdout = options->hold_stdout,
	};
	struct answer_claims *claims;
	struct note later = { "" };
	struct expectation expected;
	struct authres *authres = NULL;
	struct rules rules;
	enum status status, recorded;

	/* 2: claims, from a sandboxed child */
	if ((claims = calloc(1, sizeof(*claims))) == NULL)
		return STATUS_MEMORY;
	status = take_claims(world, config, home, message, &rules, claims,
	    &expected, report, note);

	/* 3: the proven sender; not even asked for what nobody expects */
	if (status == STATUS_OK) {
		status = authenticate(world, &rules, message, claims, &authres,
		    &report->challenge, note);
		add_advice(
		    config, home, &expected, &claims->query, status, note);
	}
	free(claims);

	/* 4: the one expectation, and the one by whose rules it was judged */
	if (status == STATUS_OK)
		status = find_match(world, home, &report->challenge, authres,
		    &report->match, note);
	authres_free(authres);
	if (status == STATUS_OK &&
	    strcmp(match_expectation(report->match)->id, expected.id) != 0)
		status = note_set(note, STATUS_AGAIN,
		    "the expected challenges changed in the meantime; try "
		    "again");
	if (status != STATUS_OK)
		return status;
	delivery.match = report->match;
	status = world->choose(world->context, options, note);
	if (status != STATUS_OK)
		return status;
	delivery.mua = options->mua;
	if ((status = deliver_check(&delivery, note)) != STATUS_OK)
		return status;

	/* 5: the user, or the policy */
	status = options->auto_approve
	    ? policy_allows(config, home, &rules, report->match,
		  world->now(world->context), note)
	    : confirm(world, report->match, message, note);
	if (status != STATUS_OK)
		return status;

	/* 6, 7: the answer, and the message that carries it */
	status = world->compute(
	    world->context, report->match, &report->response, note);
	if (status == STATUS_OK)
		status = build(world, options, report);
	if (status == STATUS_OK)
		status = deliver_prepare(&delivery, note);
	if (status != STATUS_OK)
		return status;

	/* 8: durable before the act */
	status =
	    record_intent(world, config, home, &rules, options, report, note);
	if (status != STATUS_OK)
		return status;
	report->intent = true;

	/* 9: from here on the answer may be out */
	status = world->deliver(world->context, &delivery,
	    buf_span(&report->message), &report->outcome, note);
	if (status != STATUS_OK && report->outcome == OUTCOME_DOUBT)
		add_doubt(report->match, world->now(world->context), note);
	recorded = record_outcome(
	    home, match_expectation(report->match), report->outcome, &later);
	if (recorded == STATUS_OK && report->outcome == OUTCOME_NOTHING)
		report->intent = false;
	if (status == STATUS_OK && recorded != STATUS_OK)
		return note_set(note, recorded,
		    "the answer was delivered, but: %s",
		    note_text(&later, recorded));
	if (report->outcome == OUTCOME_SENT)
		deliver_copy(&delivery, buf_span(&report->message), note);
	return status;
}
