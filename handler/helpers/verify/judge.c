/* judge.c - judge messages by evidence: see verbs.h */
#include <stdlib.h>

#include "acme/certificate.h"
#include "base/frame.h"
#include "helpers/verify/verbs.h"
#include "mail/smime_object.h"
#include "mail/smime_verify.h"
#include "mail/smimea_record.h"
#include "reply/verdict.h"

static const struct dns_answer *
first_answer(const struct evidence *evidence)
{
	return evidence->answers > 0 ? &evidence->answer[0] : NULL;
}

static struct authres_question
question_of(struct span frames, const struct evidence *evidence)
{
	return (struct authres_question){
		.message = frame_get(frames, "message"),
		.from = frame_get(frames, "from"),
		.answer = evidence->answer,
		.answers = evidence->answers,
		.trust = evidence->trust,
	};
}

static enum status
judge_dkim(struct span frames, const struct evidence *evidence,
    struct authres_verdict *out, struct note *note)
{
	struct authres_question question = question_of(frames, evidence);

	if (!dkim_coverage_parse(
		frame_get(frames, "headers"), &question.coverage) ||
	    !frame_number(frame_get(frames, "now"), &question.when))
		return STATUS_USAGE;
	return authres_dkim(&question, &out->proof, note);
}

/* Does a signature of that domain hold that covers what an answer's must; or,
 * without "covers", whatever it covers? */
enum status
do_signature(struct span frames, const struct evidence *evidence,
    struct buf *out, struct note *note)
{
	struct authres_question question = question_of(frames, evidence);
	struct authres_proof proof = { .weak = 0 };
	struct span rest = frames, value;
	enum status status;

	if (!frame_number(frame_get(frames, "now"), &question.when))
		return STATUS_USAGE;
	question.coverage = frame_next(&rest, "covers", &value)
	    ? COVERAGE_ANSWER
	    : COVERAGE_ANY;
	status = authres_dkim(&question, &proof, note);
	if (status == STATUS_OK)
		frame_add_number(out, "weak", proof.weak);
	return status;
}

static enum status
judge_smime(struct span frames, const struct evidence *evidence,
    struct authres_verdict *out, struct note *note)
{
	struct authres_question question = question_of(frames, evidence);
	struct span rest = frames, value;

	question.rules.auto_submitted =
	    frame_next(&rest, "auto-submitted", &value);
	if (!frame_number(frame_get(frames, "when"), &question.when))
		return STATUS_USAGE;
	return authres_smime(&question, &out->proof, &out->challenge, note);
}

typedef enum status verdict_on(struct span frames,
    const struct evidence *evidence, struct authres_verdict *out,
    struct note *note);

static enum status
give_verdict(verdict_on *judge, struct span frames,
    const struct evidence *evidence, struct buf *out, struct note *note)
{
	struct authres_verdict *verdict = calloc(1, sizeof(*verdict));
	enum status status;

	if (verdict == NULL)
		return STATUS_MEMORY;
	status = judge(frames, evidence, verdict, note);
	if (status == STATUS_OK)
		verdict_write(verdict, out);
	free(verdict);
	return status;
}

enum status
do_dkim(struct span frames, const struct evidence *evidence, struct buf *out,
    struct note *note)
{
	return give_verdict(judge_dkim, frames, evidence, out, note);
}

enum status
do_smime(struct span frames, const struct evidence *evidence, struct buf *out,
    struct note *note)
{
	return give_verdict(judge_smime, frames, evidence, out, note);
}

static enum status
give_status(struct span frames, const struct evidence *evidence,
    bool with_chain, struct buf *out)
{
	struct smime_report report = { 0 };
	enum status status;
	struct buf chain;
	int64_t now;

	if (!frame_number(frame_get(frames, "now"), &now))
		return STATUS_USAGE;
	buf_init(&chain, CERTIFICATE_SIZE_MAX);
	status = smime_judge(frame_get(frames, "message"), evidence->trust,
	    first_answer(evidence), now, &report, with_chain ? &chain : NULL);
	if (status == STATUS_OK)
		smime_report_write(&report, out);
	if (status == STATUS_OK && chain.len > 0)
		frame_add(out, "chain", buf_span(&chain));
	if (status == STATUS_OK)
		buf_add(out, trust_wants(evidence->trust));
	buf_clear(&chain);
	return status;
}

enum status
do_status(struct span frames, const struct evidence *evidence, struct buf *out,
    struct note *note)
{
	(void)note;
	return give_status(frames, evidence, false, out);
}

/* With the certificate to encrypt with, if there is one. */
enum status
do_signer(struct span frames, const struct evidence *evidence, struct buf *out,
    struct note *note)
{
	(void)note;
	return give_status(frames, evidence, true, out);
}

/* The same of what is encrypted in a message. */
enum status
do_opened(struct span frames, const struct evidence *evidence, struct buf *out,
    struct note *note)
{
	struct smime_report report = { .status = SMIME_STATUS_NULL };
	enum status status;
	struct buf one;
	int64_t now;

	(void)note;
	if (!frame_number(frame_get(frames, "now"), &now))
		return STATUS_USAGE;
	buf_init(&one, CERTIFICATE_SIZE_MAX);
	status = smime_judge_opened(frame_get(frames, "message"),
	    frame_get(frames, "key"), evidence->trust, first_answer(evidence),
	    now, &report);
	if (status == STATUS_OK) {
		smime_report_write(&report, &one);
		frame_add(out, "report", buf_span(&one));
		buf_add(out, trust_wants(evidence->trust));
		status = buf_status(&one);
	}
	buf_clear(&one);
	return status;
}

/* The same for many messages, each in a frame. */
enum status
do_statuses(struct span frames, const struct evidence *evidence,
    struct buf *out, struct note *note)
{
	struct smime_report *report = malloc(sizeof(*report));
	enum status status = report == NULL ? STATUS_MEMORY : STATUS_OK;
	struct span rest = frames, message;
	struct buf one;
	int64_t now;

	(void)note;
	if (status == STATUS_OK &&
	    !frame_number(frame_get(frames, "now"), &now))
		status = STATUS_USAGE;
	buf_init(&one, CERTIFICATE_SIZE_MAX);
	while (status == STATUS_OK && frame_next(&rest, "message", &message)) {
		*report = (struct smime_report){ .status = SMIME_STATUS_NULL };
		status = smime_judge(message, evidence->trust,
		    first_answer(evidence), now, report, NULL);
		if (status != STATUS_OK)
			break;
		buf_cut(&one, 0);
		smime_report_write(report, &one);
		frame_add(out, "report", buf_span(&one));
		status = buf_status(&one);
	}
	if (status == STATUS_OK)
		buf_add(out, trust_wants(evidence->trust));
	buf_clear(&one);
	free(report);
	return status;
}

/* A signature without its message. */
enum status
do_object(struct span frames, const struct evidence *evidence, struct buf *out,
    struct note *note)
{
	struct span rest = frames, content;
	const bool detached = frame_next(&rest, "content", &content);
	int64_t now;

	(void)note;
	return frame_number(frame_get(frames, "now"), &now)
	    ? smime_object_judge(frame_get(frames, "object"),
		  detached ? &content : NULL, evidence->trust, now, out)
	    : STATUS_USAGE;
}

/* What the records of an address are good for, and which of them name chains to
 * compare. */
enum status
do_records(struct span frames, const struct evidence *evidence, struct buf *out,
    struct note *note)
{
	struct smimea_question question = { .answer = first_answer(evidence),
		.trust = evidence->trust,
		.address = frame_get(frames, "address") };
	struct span rest = frames, chain;
	enum status status;

	if (question.answer == NULL ||
	    !frame_number(frame_get(frames, "now"), &question.now))
		return STATUS_USAGE;
	status = smimea_describe(&question, out);
	while (status == STATUS_OK && frame_next(&rest, "chain", &chain))
		status = smimea_compare(&question, chain, out, note);
	if (status == STATUS_OK)
		buf_add(out, trust_wants(evidence->trust));
	return status;
}
