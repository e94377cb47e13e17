/* answering.c - what handle, watch and renew share: see answering.h */
#include "cmd/answering.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "answer/bounced.h"
#include "answer/prove.h"
#include "base/text.h"
#include "cmd/background.h"
#include "cmd/mail_access.h"
#include "cmd/reporting.h"
#include "process/helper.h"
#include "watch/filter.h"

int64_t
answering_now(void *context)
{
	(void)context;
	return (int64_t)time(NULL);
}

enum status
answering_prove(void *context, enum authres_method method,
    const struct rules *rules, struct span message,
    const struct answer_claims *claims, struct authres_verdict *out,
    struct note *note)
{
	const struct answering *answering = context;
	const struct prover prover = { answering->config, answering->home,
		(int64_t)time(NULL), NULL };

	return prove_sender(&prover, method, rules, message, claims, out, note);
}

enum status
answering_compute(void *context, const struct match *match,
    struct response *out, struct note *note)
{
	const struct expectation *expectation = match_expectation(match);

	(void)context;
	return helper_response(match_challenge(match)->part1,
	    expectation->part2, expectation->thumbprint, expectation->join, out,
	    note);
}

enum status
answering_deliver(void *context, const struct delivery *delivery,
    struct span message, enum outcome *outcome, struct note *note)
{
	(void)context;
	return deliver(delivery, message, outcome, note);
}

const struct authres_proof *
answering_proof(const struct answer_report *report)
{
	return report->match != NULL
	    ? authres_proof(match_authres(report->match))
	    : NULL;
}

static void
log_skipped(const struct home *home, const struct note *skipped)
{
	struct note line;

	note_say(&line, "skipped %.300s", skipped->text);
	home_log(home, line.text);
}

void
answering_log(const struct home *home, const char *where, enum status status,
    const struct note *note, const struct answer_report *report)
{
	const struct authres_proof *proof = answering_proof(report);
	const struct expectation *expectation;
	struct buf line;

	buf_init(&line, 2048);
	if (status == STATUS_OK) {
		expectation = match_expectation(report->match);
		buf_addf(&line,
		    "answered, sender proved by %s: challenge %s, %s to %s, token "
		    "%.64s",
		    proof == NULL ? "none"
				  : authres_method_name(
					(enum authres_method)proof->method),
		    expectation_shown_id(expectation), expectation->address,
		    report->challenge.reply_to_written[0],
		    report->challenge.part1);
	} else
		buf_addf(&line, "%s: %s: %s",
		    status_is_refusal(status) ? "refused" : "failed",
		    status_name(status), note_text(note, status));
	if (status != STATUS_OK && report->has_challenge)
		buf_addf(&line, " (from %.200s, %.200s)",
		    report->challenge.claimed_from,
		    report->challenge.message_id);
	if (where[0] != '\0')
		buf_addf(&line, " [%.200s]", where);
	if (buf_status(&line) == STATUS_OK)
		home_log(home, line.at);
	buf_clear(&line);
}

void
answering_log_trouble(const struct home *home)
{
	const struct note *skipped;
	size_t i;

	if (helper_said()[0] != '\0')
		home_log(home, helper_said());
	for (i = 0; (skipped = home_warning(home, i)) != NULL; i++)
		log_skipped(home, skipped);
}

enum status
answering_bounce(const struct config *config, const struct home *home,
    struct span message, struct note *note)
{
	const struct reporting reporting = { config, home };
	struct expectation expectation;
	char key[64];
	enum status status;

	if (!filter_is_report(span_cut(message, 0, FILTER_HEAD_MAX)))
		return STATUS_MISSING;
	status = bounced_record(home, message, &expectation, note);
	if (status == STATUS_UNCHANGED) {
		note->text[0] = '\0';
		return STATUS_OK;
	}
	if (status != STATUS_OK)
		return status;
	note_say(note,
	    "the answer to challenge %s for %.100s was not delivered: %.150s",
	    expectation_shown_id(&expectation), expectation.address,
	    expectation.bounce);
	home_log(home, note->text);
	/* As finish and renew report it, which then say that it is in order. */
	(void)snprintf(
	    key, sizeof(key), "order %s", expectation_shown_id(&expectation));
	reporting_trouble(&reporting, key, note->text);
	return STATUS_OK;
}

/* The destination was chosen before, and nobody is there. */
static enum status
choose(void *context, struct answer_options *options, struct note *note)
{
	(void)context;
	(void)options;
	(void)note;
	return STATUS_OK;
}

static enum status
ask(void *context, const struct dialog *dialog, struct note *note)
{
	(void)context;
	(void)dialog;
	(void)note;
	return STATUS_NO_PERSON;
}

enum status
answering_unattended(const struct invocation *invocation,
    const struct config *config, const struct home *home,
    const struct destination *destination, const char *where,
    struct span message, bool logged, bool *intent, struct note *note)
{
	struct answering answering = { config, home };
	const struct world world = { &answering, answering_now, ask,
		answering_prove, answering_compute, choose, answering_deliver };
	const struct mail_access access = mail_access_of(config, false);
	struct answer_options options = { .auto_approve = true,
		.destination = *destination,
		.access = &access };
	struct answer_report *report = calloc(1, sizeof(*report));
	enum status status;

	*intent = false;
	if (report == NULL)
		return STATUS_MEMORY;
	buf_init(&report->message, 64 * 1024);
	status = answer(&world, config, home, message, &options, report, note);
	if (logged || status == STATUS_OK || report->intent)
		answering_log(home, where, status, note, report);
	if (invocation != NULL)
		background_finish(invocation, config, report);
	*intent = report->intent;
	buf_clear(&report->message);
	match_free(report->match);
	free(report);
	return status;
}
