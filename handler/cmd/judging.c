/* judging.c - judge the S/MIME signatures of messages: see judging.h */
#include "cmd/judging.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "answer/anchors.h"
#include "base/text.h"

enum { TRUST_MAX = 4 * 1024 * 1024 };

/* What a result depends on besides the message. */
static void
add_trust(const struct config *config, struct buf *out)
{
	const struct authres_policy *policy = &config->authenticate;

	buf_addf(out, "%s\n%s\n%s\n%s\n%s\n%s\n%s\n", policy->smime_anchors,
	    policy->smime_crls, config->revocation, config->smime_identities,
	    policy->resolver, policy->anchor, config->retrieve_revocation);
	anchors_mark(policy->smime_anchors, out);
	anchors_mark(policy->smime_crls, out);
}

/* The keys are among what a result depends on: with another one, more can be
 * read. */
static enum status
begin_opening(struct judging *judging, struct buf *trust, struct note *note)
{
	const struct prover *prover = &judging->prover;
	enum status status;

	judging->opened = *prover;
	if (prover->retrieval != NULL)
		judging->opened.retrieval = &judging->offline;
	status = opening_begin(
	    &judging->opening, prover->config, prover->home, note);
	opening_mark(&judging->opening, trust);
	return status;
}

enum status
judging_begin(struct judging *judging, const struct config *config,
    const struct home *home, unsigned how, struct note *note)
{
	const int64_t now = (int64_t)time(NULL);
	enum status status = STATUS_OK;
	struct span trust;
	char digest[1][65];
	struct buf text;

	*judging = (struct judging){
		.prover = { .config = config, .home = home, .now = now },
		.how = how
	};
	retrieval_begin(&judging->retrieval, config, home, now,
	    (how & JUDGING_OFFLINE) != 0);
	retrieval_begin(&judging->offline, config, home, now, true);
	if (retrieval_is_wanted(config))
		judging->prover.retrieval = &judging->retrieval;
	buf_init(&text, TRUST_MAX);
	add_trust(config, &text);
	if ((how & JUDGING_DECRYPT) != 0)
		status = begin_opening(judging, &text, note);
	trust = buf_span(&text);
	if (status == STATUS_OK)
		status = buf_status(&text);
	if (status == STATUS_OK)
		status = prove_digests(&trust, 1, digest, note);
	buf_clear(&text);
	if (status != STATUS_OK)
		return status;
	judging->cache = verified_open(home, digest[0], now);
	return judging->cache != NULL ? STATUS_OK : STATUS_MEMORY;
}

void
judging_end(struct judging *judging)
{
	verified_close(judging->cache);
	retrieval_end(&judging->retrieval);
	retrieval_end(&judging->offline);
	opening_end(&judging->opening);
	judging->cache = NULL;
}

/* A batch, and what is left of it to be judged. */
struct batch {
	struct sender sender[JUDGING_MOST];
	size_t count;
	struct span message[JUDGING_MOST];
	struct judgement *out[JUDGING_MOST];
	char digest[JUDGING_MOST][65];
	bool was_good[JUDGING_MOST]; /* at delivery */
	struct smime_report report[JUDGING_MOST];
};

/* Only of one message is the sender's SMIMEA record asked for. */
static enum status
ask(const struct judging *judging, struct batch *batch, size_t from,
    size_t count, struct note *note)
{
	const struct prover *prover = &judging->prover;
	const char *anchors = prover->config->authenticate.smime_anchors;
	enum status status = STATUS_OK;
	size_t i;

	if ((judging->how & JUDGING_OFFLINE) != 0 ||
	    (count > 1 && !anchors_has_word(anchors, SPAN("smimea"))))
		return prove_statuses(prover, batch->message + from, count,
		    batch->report + from, note);
	for (i = from; i < from + count && status == STATUS_OK; i++)
		status = prove_status(prover, batch->message[i],
		    batch->out[i]->sender.from, &batch->report[i], note);
	return status;
}

/* The verifier did not survive it. */
static void
give_up(const struct sender *sender, struct smime_report *out)
{
	*out = (struct smime_report){ .status = SMIME_STATUS_FAILED,
		.at_delivery = SMIME_STATUS_FAILED,
		.errors = 1,
		.passing = 1 };
	text_show_in(out->error[0], SMIME_TEXT_SIZE,
	    SPAN("the verifier gave up on this message"), true);
	text_show_in(out->from, sizeof(out->from), span_of(sender->from), true);
}

/* Halve where one of them brings the verifier down: it hides no other. */
static enum status
ask_some(const struct judging *judging, struct batch *batch, size_t from,
    size_t count, struct note *note)
{
	enum status status = ask(judging, batch, from, count, note);

	if (status != STATUS_BUG && status != STATUS_AGAIN)
		return status;
	if (count == 1) {
		give_up(&batch->out[from]->sender, &batch->report[from]);
		return STATUS_OK;
	}
	status = ask_some(judging, batch, from, count / 2, note);
	return status == STATUS_OK ? ask_some(judging, batch, from + count / 2,
					 count - count / 2, note)
				   : status;
}

/* Use what the cache has; what is left is moved to the front. */
static void
look_up(const struct judging *judging, struct batch *batch)
{
	struct verified kept = { .at = 0 };
	size_t i, n = 0;
	bool have;

	for (i = 0; i < batch->count; i++) {
		have = verified_find(judging->cache, batch->digest[i], &kept);
		if (have && kept.current &&
		    (judging->how & JUDGING_FRESH) == 0) {
			batch->out[i]->verified = kept;
			continue;
		}
		batch->was_good[n] =
		    have && kept.report.at_delivery == SMIME_STATUS_VERIFIED;
		batch->message[n] = batch->message[i];
		batch->out[n] = batch->out[i];
		(void)memmove(batch->digest[n], batch->digest[i],
		    sizeof(batch->digest[n]));
		n++;
	}
	batch->count = n;
}

/* What was good at delivery stays good. */
static void
keep(const struct judging *judging, struct batch *batch, size_t i)
{
	struct verified *verified = &batch->out[i]->verified;

	verified->at = judging->prover.now;
	verified->current = true;
	verified->report = batch->report[i];
	if (batch->was_good[i] &&
	    verified->report.at_delivery == SMIME_STATUS_FAILED)
		verified->report.at_delivery = SMIME_STATUS_VERIFIED;
	/* It was decrypted then, and is not now: that must not be forgotten. */
	if (batch->was_good[i] &&
	    verified->report.at_delivery == SMIME_STATUS_UNKNOWN)
		return;
	if (verified->report.passing == 0 &&
	    (judging->how & JUDGING_OFFLINE) == 0)
		verified_keep(judging->cache, batch->digest[i], verified);
}

/* Of a message that brings the verifier down, what is inside stays unknown. */
static enum status
open_some(struct judging *judging, struct batch *batch, struct note *note)
{
	const bool offline = (judging->how & JUDGING_OFFLINE) != 0;
	enum status status = STATUS_OK;
	struct smime_report *report;
	size_t i;

	for (i = 0; status == STATUS_OK && i < batch->count; i++) {
		report = &batch->report[i];
		if (report->encrypted == 0 ||
		    report->status != SMIME_STATUS_UNKNOWN)
			continue;
		status = opening_judge(&judging->opening, &judging->opened,
		    batch->message[i],
		    offline ? "" : batch->out[i]->sender.from, report, note);
		if (status == STATUS_BUG || status == STATUS_AGAIN) {
			report->passing = 1;
			status = STATUS_OK;
		}
	}
	return status;
}

static enum status
judge_likely(struct judging *judging, struct batch *batch, struct note *note)
{
	enum status status;
	size_t i;

	if (batch->count == 0)
		return STATUS_OK;
	status =
	    prove_digests(batch->message, batch->count, batch->digest, note);
	if (status == STATUS_OK)
		look_up(judging, batch);
	if (status == STATUS_OK && batch->count > 0)
		status = ask_some(judging, batch, 0, batch->count, note);
	if (status == STATUS_OK && (judging->how & JUDGING_DECRYPT) != 0)
		status = open_some(judging, batch, note);
	for (i = 0; status == STATUS_OK && i < batch->count; i++)
		keep(judging, batch, i);
	return status;
}

/* It cannot be signed; nobody else needs to read it. */
static void
say_unsigned(const struct sender *sender, int64_t now, struct verified *out)
{
	struct smime_report *report = &out->report;

	*out = (struct verified){ .at = now, .current = true };
	report->status = report->at_delivery = SMIME_STATUS_NULL;
	text_show_in(
	    report->from, sizeof(report->from), span_of(sender->from), true);
	text_show_in(report->why, sizeof(report->why),
	    SPAN("the message is not signed"), true);
}

/* Look at each header in one child; where it does not survive, at each in its
 * own: the message that broke it may be signed. */
static enum status
look(const struct span *messages, size_t count, struct sender *out,
    struct note *note)
{
	enum status status = senders_look(messages, count, out, note);
	size_t i;

	if (status != STATUS_BUG && status != STATUS_AGAIN)
		return status;
	for (i = 0; i < count; i++) {
		status = sender_look(messages[i], &out[i], note);
		if (status == STATUS_BUG || status == STATUS_AGAIN)
			out[i] = (struct sender){ .likely = 1 };
		else if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}

enum status
judging_judge(struct judging *judging, const struct span *messages,
    size_t count, struct judgement *out, struct note *note)
{
	struct batch *batch = calloc(1, sizeof(*batch));
	enum status status;
	size_t i;

	assert(count <= JUDGING_MOST);
	if (batch == NULL)
		return STATUS_MEMORY;
	status = look(messages, count, batch->sender, note);
	for (i = 0; status == STATUS_OK && i < count; i++) {
		out[i].sender = batch->sender[i];
		if (out[i].sender.likely == 0) {
			say_unsigned(&out[i].sender, judging->prover.now,
			    &out[i].verified);
			continue;
		}
		batch->message[batch->count] = messages[i];
		batch->out[batch->count++] = &out[i];
	}
	if (status == STATUS_OK)
		status = judge_likely(judging, batch, note);
	free(batch);
	return status;
}
