/* prove.c - proof of a challenge's sender: see prove.h */
#include "answer/prove.h"

#include <assert.h>
#include <string.h>

#include "answer/anchors.h"
#include "base/frame.h"
#include "base/text.h"
#include "config/identity.h"
#include "process/helper.h"
#include "process/resolve.h"
#include "reply/verdict.h"

enum {
	WEEK = 7 * 24 * 3600,
	REQUEST_ROOM = FRAME_TRUST_MAX + 1024 * 1024,
	ANSWER_MAX = 64 * 1024,
	WANTS_ROOM = 2 * 1024 * 1024,
	/* Each asks of every certificate at one place more: of two, at four
	 * places, the home first. */
	ROUNDS_MAX = 12
};

static enum status
add_dkim(const struct prover *prover, const struct rules *rules,
    const struct answer_claims *claims, struct buf *request, struct note *note)
{
	const struct authres_policy *policy = &rules->policy;
	enum status status = STATUS_OK;
	uint32_t i;

	frame_add_number(request, "now", prover->now);
	frame_add(
	    request, "headers", span_of(dkim_coverage_name(policy->coverage)));
	for (i = 0; i < claims->query.count && status == STATUS_OK; i++)
		status = resolve(policy, prover->home, VERB_TXT,
		    claims->query.key_name[i], prover->now, request, note);
	return status;
}

/* What a signer is checked against; revocation: "off", "soft", "hard"; asks: CAs
 * may be asked, too. */
static enum status
add_trust(const struct prover *prover, const char *from, const char *revocation,
    bool asks, struct buf *request, struct note *note)
{
	const struct authres_policy *policy = &prover->config->authenticate;
	enum status status;

	status = anchors_add(policy->smime_anchors, "anchor", request, note);
	if (status == STATUS_OK && strcmp(revocation, "off") != 0 &&
	    (policy->smime_crls[0] != '\0' || asks)) {
		frame_add(request, "revocation", span_of(revocation));
		status = anchors_add(policy->smime_crls, "crl", request, note);
	}
	if (status == STATUS_OK && from[0] != '\0' &&
	    anchors_has_word(policy->smime_anchors, SPAN("smimea")))
		status = resolve(policy, prover->home, VERB_SMIMEA, from,
		    prover->now, request, note);
	return status;
}

/* Certificates are judged as of delivery (RFC 8550 section 4), so far as that
 * can be known and is not long ago. */
static int64_t
delivered(const struct prover *prover, const struct challenge *challenge)
{
	return challenge->delivered > prover->now - WEEK &&
		challenge->delivered <= prover->now
	    ? challenge->delivered
	    : prover->now;
}

/* The question that proves a sender. */
static enum status
add_question(const struct prover *prover, enum authres_method method,
    const struct rules *rules, struct span message,
    const struct answer_claims *claims, struct buf *question, struct note *note)
{
	const char *from = claims->challenge.claimed_from;
	enum status status;

	frame_add(question, "from", span_of(from));
	if (method == AUTHRES_DKIM) {
		status = add_dkim(prover, rules, claims, question, note);
	} else {
		if (rules->challenge.auto_submitted)
			frame_add(question, "auto-submitted", SPAN(""));
		frame_add_number(
		    question, "when", delivered(prover, &claims->challenge));
		status = add_trust(prover, from, "hard", false, question, note);
	}
	frame_add(question, "message", message);
	return status;
}

enum status
prove_sender(const struct prover *prover, enum authres_method method,
    const struct rules *rules, struct span message,
    const struct answer_claims *claims, struct authres_verdict *out,
    struct note *note)
{
	struct buf question, answer;
	enum status status;

	buf_init(&question, message.len + REQUEST_ROOM);
	buf_init(&answer, ANSWER_MAX);
	out->note = (struct note){ "" };
	status = add_question(
	    prover, method, rules, message, claims, &question, note);
	if (status == STATUS_OK)
		status =
		    helper_ask(method == AUTHRES_DKIM ? VERB_DKIM : VERB_SMIME,
			&question, &answer, note);
	out->status = status;
	if (status == STATUS_OK &&
	    (!verdict_read(buf_span(&answer), out) ||
		!authres_verdict_ok(
		    out, span_of(claims->challenge.claimed_from)) ||
		out->proof.method != method))
		status = note_set(
		    note, STATUS_BUG, "the verifier sent a malformed verdict");
	buf_clear(&answer);
	buf_clear(&question);
	return status;
}

/* What any message's signer is checked against; from: see prove_status(). */
static enum status
add_question_trust(const struct prover *prover, const char *from,
    struct buf *question, struct note *note)
{
	const struct config *config = prover->config;
	struct identity identity;
	struct span rest = span_of(config->smime_identities);
	struct buf lines;

	frame_add_number(question, "now", prover->now);
	buf_init(&lines, 4 * CONFIG_VALUE_SIZE);
	while (identity_next(&rest, &identity))
		buf_addf(&lines, "%s %s\n", identity.from, identity.signer);
	if (lines.len > 0)
		frame_add(question, "identities", buf_span(&lines));
	buf_clear(&lines);
	return add_trust(prover, from, config->revocation,
	    prover->retrieval != NULL, question, note);
}

static size_t
length_of(const struct span *all, size_t count)
{
	size_t i, sum = 0;

	for (i = 0; i < count; i++)
		sum += all[i].len + 64;
	return sum;
}

/* What the verifier is asked about. */
struct subject {
	const char *name; /* of the frame for each of ... */
	const struct span *at;
	size_t count;
	struct span more; /* frames */
};

static void
add_subject(const struct subject *subject, struct buf *question)
{
	size_t i;

	for (i = 0; i < subject->count; i++)
		frame_add(question, subject->name, subject->at[i]);
	buf_add(question, subject->more);
}

/* Ask, and again with what CAs say about revocation, until the verifier wants no
 * more. */
static enum status
ask_verifier(const struct prover *prover, enum verb_id verb,
    const struct subject *subject, const char *from, struct buf *answer,
    struct note *note)
{
	struct retrieval *retrieval = prover->retrieval;
	struct buf question;
	enum status status;
	bool more = false;
	int round = 0;

	buf_init(&question,
	    length_of(subject->at, subject->count) + subject->more.len +
		REQUEST_ROOM);
	do {
		buf_wipe(&question);
		buf_clear(answer);
		status = add_question_trust(prover, from, &question, note);
		if (retrieval != NULL)
			retrieval_add(retrieval, &question);
		add_subject(subject, &question);
		if (status == STATUS_OK)
			status = helper_ask(verb, &question, answer, note);
		more = status == STATUS_OK && retrieval != NULL &&
		    ++round < ROUNDS_MAX &&
		    retrieval_get(retrieval, buf_span(answer));
	} while (more);
	buf_wipe(&question);
	return status;
}

static bool
take_reports(struct span answer, size_t count, struct smime_report *out)
{
	struct span report;
	size_t i;

	for (i = 0; i < count; i++) {
		out[i] = (struct smime_report){ .status = SMIME_STATUS_NULL };
		if (!frame_next(&answer, "report", &report) ||
		    !smime_report_read(report, &out[i]) ||
		    !smime_report_ok(&out[i]))
			return false;
	}
	return !frame_next(&answer, "report", &report);
}

/* VERB_STATUSES, or VERB_OPENED of one message. */
static enum status
ask_reports(const struct prover *prover, enum verb_id verb,
    const struct subject *subject, const char *from, struct smime_report *out,
    struct note *note)
{
	const size_t count = subject->count;
	enum status status;
	struct buf answer;

	buf_init(&answer, ANSWER_MAX * (count + 1) + WANTS_ROOM);
	status = ask_verifier(prover, verb, subject, from, &answer, note);
	if (status == STATUS_OK && !take_reports(buf_span(&answer), count, out))
		status = note_set(
		    note, STATUS_BUG, "the verifier sent a malformed report");
	buf_clear(&answer);
	return status;
}

static enum status
ask_statuses(const struct prover *prover, const struct span *messages,
    size_t count, const char *from, struct smime_report *out, struct note *note)
{
	const struct subject subject = { "message", messages, count,
		{ NULL, 0 } };

	return ask_reports(prover, VERB_STATUSES, &subject, from, out, note);
}

enum status
prove_opened(const struct prover *prover, struct span message, const char *from,
    struct span key, struct smime_report *out, struct note *note)
{
	struct subject subject = { "message", &message, 1, { NULL, 0 } };
	enum status status;
	struct buf more;

	assert(prover->retrieval == NULL || prover->retrieval->offline);
	buf_init(&more, 1024);
	frame_add(&more, "key", key);
	subject.more = buf_span(&more);
	status = buf_status(&more);
	if (status == STATUS_OK)
		status =
		    ask_reports(prover, VERB_OPENED, &subject, from, out, note);
	buf_wipe(&more);
	return status;
}

enum status
prove_status(const struct prover *prover, struct span message, const char *from,
    struct smime_report *out, struct note *note)
{
	return ask_statuses(prover, &message, 1, from, out, note);
}

enum status
prove_statuses(const struct prover *prover, const struct span *messages,
    size_t count, struct smime_report *out, struct note *note)
{
	return ask_statuses(prover, messages, count, "", out, note);
}

enum status
prove_signer(const struct prover *prover, struct span message, const char *from,
    struct smime_report *out, struct buf *chain, struct note *note)
{
	const struct subject subject = { "message", &message, 1, { NULL, 0 } };
	struct smime_report report = { .status = SMIME_STATUS_NULL };
	enum status status;
	struct buf answer;

	buf_init(&answer, ANSWER_MAX + chain->ceiling + WANTS_ROOM);
	status =
	    ask_verifier(prover, VERB_SIGNER, &subject, from, &answer, note);
	if (status == STATUS_OK &&
	    (!smime_report_read(buf_span(&answer), &report) ||
		!smime_report_ok(&report)))
		status = note_set(
		    note, STATUS_BUG, "the verifier sent a malformed report");
	if (status == STATUS_OK) {
		buf_add(chain, frame_get(buf_span(&answer), "chain"));
		*out = report;
	}
	buf_clear(&answer);
	return status == STATUS_OK ? buf_status(chain) : status;
}

enum status
prove_records(const struct prover *prover, const char *address,
    struct span line, const struct span *chain, size_t chains, struct buf *out,
    struct note *note)
{
	struct subject subject = { "chain", chain, chains, { NULL, 0 } };
	enum status status;
	struct buf more;

	buf_init(&more, DNS_LINE_MAX + 8192);
	frame_add(&more, "address", span_of(address));
	frame_add(&more, "dns", line);
	subject.more = buf_span(&more);
	status = buf_status(&more);
	if (status == STATUS_OK)
		status =
		    ask_verifier(prover, VERB_RECORDS, &subject, "", out, note);
	buf_clear(&more);
	return status;
}

/* What the verifier was told by a stranger, it must have made safe. */
static bool
is_all_shown(struct span frames)
{
	char text[SMIME_TEXT_SIZE];
	struct frame frame;

	while (frame_take(&frames, &frame) == STATUS_OK)
		if (!span_eq(frame.name, SPAN("content")) &&
		    (!span_copy(frame.value, text, sizeof(text)) ||
			!text_is_shown(text, sizeof(text))))
			return false;
	return true;
}

enum status
prove_object(const struct prover *prover, const struct prove_object *object,
    struct buf *out, struct note *note)
{
	const size_t content =
	    object->content != NULL ? object->content->len : 0;
	struct buf question;
	enum status status = STATUS_OK;

	buf_init(&question, object->object.len + content + REQUEST_ROOM);
	frame_add_number(&question, "now", prover->now);
	if (object->roots[0] != '\0')
		status = anchors_add_path(
		    span_of(object->roots), "anchor", &question, note);
	if (status == STATUS_OK)
		status = add_trust(prover, "", prover->config->revocation,
		    false, &question, note);
	frame_add(&question, "object", object->object);
	if (object->content != NULL)
		frame_add(&question, "content", *object->content);
	if (status == STATUS_OK)
		status = helper_ask(VERB_OBJECT, &question, out, note);
	if (status == STATUS_OK && !is_all_shown(buf_span(out)))
		status = helper_malformed(
		    VERB_OBJECT, "a text in it is not safe", note);
	buf_clear(&question);
	return status;
}

static bool
is_digest(struct span text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (!ascii_is_digit(text.at[i]) &&
		    !(text.at[i] >= 'a' && text.at[i] <= 'f'))
			return false;
	return text.len == 64;
}

static bool
take_digests(struct span answer, size_t count, char (*out)[65])
{
	struct span digest;
	size_t i;

	for (i = 0; i < count; i++)
		if (!frame_next(&answer, "digest", &digest) ||
		    !is_digest(digest) || !span_copy(digest, out[i], 65))
			return false;
	return true;
}

enum status
prove_digests(
    const struct span *bytes, size_t count, char (*out)[65], struct note *note)
{
	const struct subject subject = { "message", bytes, count, { NULL, 0 } };
	struct buf question, answer;
	enum status status;

	buf_init(&question, length_of(bytes, count) + 1024);
	buf_init(&answer, 1024 + 128 * count);
	add_subject(&subject, &question);
	status = helper_ask(VERB_DIGEST, &question, &answer, note);
	if (status == STATUS_OK && !take_digests(buf_span(&answer), count, out))
		status = helper_malformed(
		    VERB_DIGEST, "digest is not 64 hexadecimal digits", note);
	buf_clear(&answer);
	buf_clear(&question);
	return status;
}
