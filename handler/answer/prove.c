/* prove.c - the network program, the verifier: see prove.h */
#include "answer/prove.h"

#include <stdlib.h>
#include <string.h>

#include "answer/anchors.h"
#include "base/frame.h"
#include "process/helper.h"
#include "process/resolve.h"

enum { WEEK = 7 * 24 * 3600, REQUEST_ROOM = FRAME_TRUST_MAX + 1024 * 1024 };

/* Run the verifier; exactly `size` octets are its whole answer. */
static enum status
ask_verifier(const char *verb, struct span request, void *out, size_t size,
    struct note *note)
{
	const char *const argv[] = { "mailcert-verify", verb, NULL };
	struct buf output;
	enum status status;
	int code = 0;

	buf_init(&output, size + 1);
	status = helper_run(argv, request, &output, &code, note);
	if (status == STATUS_OK && (code != 0 || output.len != size))
		status = note_set(note, STATUS_CRYPTO,
		    "the verifier gave up on this message (%d)", code);
	if (status == STATUS_OK)
		(void)memcpy(out, output.at, size);
	buf_clear(&output);
	return status;
}

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
		status = resolve(policy, prover->home, "txt",
		    claims->query.key_name[i], prover->now, request, note);
	return status;
}

/* What a signer is checked against; revocation: "off", "soft", "hard". */
static enum status
add_trust(const struct prover *prover, const char *from, const char *revocation,
    struct buf *request, struct note *note)
{
	const struct authres_policy *policy = &prover->config->authenticate;
	enum status status;

	status = anchors_add(policy->smime_anchors, "anchor", request, note);
	if (status == STATUS_OK && policy->smime_crls[0] != '\0' &&
	    strcmp(revocation, "off") != 0) {
		frame_add(request, "revocation", span_of(revocation));
		status = anchors_add(policy->smime_crls, "crl", request, note);
	}
	if (status == STATUS_OK && from[0] != '\0' &&
	    anchors_has_word(policy->smime_anchors, SPAN("smimea")))
		status = resolve(policy, prover->home, "smimea", from,
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

enum status
prove_sender(const struct prover *prover, enum authres_method method,
    const struct rules *rules, struct span message,
    const struct answer_claims *claims, struct authres_verdict *out,
    struct note *note)
{
	const char *from = claims->challenge.claimed_from;
	struct buf request;
	enum status status;

	buf_init(&request, message.len + REQUEST_ROOM);
	frame_add(&request, "from", span_of(from));
	if (method == AUTHRES_DKIM) {
		status = add_dkim(prover, rules, claims, &request, note);
	} else {
		if (rules->challenge.auto_submitted)
			frame_add(&request, "auto-submitted", SPAN(""));
		frame_add_number(
		    &request, "when", delivered(prover, &claims->challenge));
		status = add_trust(prover, from, "hard", &request, note);
	}
	frame_add(&request, "message", message);
	if (status == STATUS_OK)
		status = buf_status(&request);
	if (status == STATUS_OK)
		status = ask_verifier(authres_method_name(method),
		    buf_span(&request), out, sizeof(*out), note);
	buf_clear(&request);
	if (status != STATUS_OK)
		return status;
	if (!authres_verdict_ok(out, span_of(from)) ||
	    (out->status == STATUS_OK && out->authres.method != method))
		return note_set(
		    note, STATUS_BUG, "the verifier's verdict makes no sense");
	if (out->status != STATUS_OK && note != NULL)
		*note = out->note;
	return (enum status)out->status;
}

enum status
prove_status(const struct prover *prover, struct span message, const char *from,
    struct smime_report *out, struct note *note)
{
	struct buf request;
	enum status status;

	buf_init(&request, message.len + REQUEST_ROOM);
	frame_add_number(&request, "now", prover->now);
	status =
	    add_trust(prover, from, prover->config->revocation, &request, note);
	frame_add(&request, "message", message);
	if (status == STATUS_OK)
		status = buf_status(&request);
	if (status == STATUS_OK)
		status = ask_verifier(
		    "status", buf_span(&request), out, sizeof(*out), note);
	buf_clear(&request);
	if (status == STATUS_OK && !smime_report_ok(out))
		status = note_set(
		    note, STATUS_BUG, "the verifier's report makes no sense");
	return status;
}

enum status
prove_digest(struct span bytes, char out[65], struct note *note)
{
	enum status status = ask_verifier("digest", bytes, out, 65, note);
	size_t i;

	if (status != STATUS_OK)
		return status;
	out[64] = '\0';
	for (i = 0; i < 64; i++)
		if (!ascii_is_digit(out[i]) &&
		    !(out[i] >= 'a' && out[i] <= 'f'))
			return STATUS_CRYPTO;
	return STATUS_OK;
}
