/*
 * main.c - mailcert-verify: verify signatures with libcrypto
 *
 * It has no files, no network and no keys: it enters its sandbox before it
 * reads its first octet.  base/verb.h has its verbs and their frames.
 *
 * Trust: revocation (off, soft, hard); retrieve (crl, ocsp, both); file (its
 * name) before each anchor or crl (its content); anchor-fault, crl-fault (a
 * sentence about an unreadable file).  file is a key of mail/cms.h before ocsp
 * (a response) and retrieve-fault (a sentence).
 */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "acme/certificate.h"
#include "acme/chain.h"
#include "acme/csr.h"
#include "acme/foreign.h"
#include "acme/keyauth.h"
#include "base/base64url.h"
#include "base/idn.h"
#include "base/sandbox.h"
#include "base/serve.h"
#include "mail/dane.h"
#include "mail/envelope.h"
#include "mail/recipients.h"
#include "mail/smime_object.h"
#include "mail/smime_verify.h"
#include "mail/smimea_record.h"
#include "reply/response.h"
#include "reply/verdict.h"

enum { QUESTION_MAX = 270 * 1024 * 1024 + FRAME_TRUST_MAX };

/* DNS answers, and who is trusted. */
struct evidence {
	struct dns_answer answer[AUTHRES_QUERIES_MAX]; /* owned */
	size_t answers;
	struct trust *trust; /* owned */
};

static enum status
take_answer(struct evidence *evidence, struct span line)
{
	struct dns_answer *answer = &evidence->answer[evidence->answers];

	if (evidence->answers == AUTHRES_QUERIES_MAX)
		return STATUS_USAGE;
	evidence->answers++;
	dns_answer_init(answer);
	return dns_answer_parse(span_trim(line), answer);
}

static enum status
take_revocation(struct trust *trust, struct span value)
{
	enum trust_revocation revocation;

	if (!trust_revocation_parse(value, &revocation))
		return STATUS_USAGE;
	trust_set_revocation(trust, revocation);
	return STATUS_OK;
}

/* file: the name of the content in the next frame. */
static enum status
take_frame(
    struct evidence *evidence, const struct frame *frame, struct span *file)
{
	const struct span name = frame->name, value = frame->value;

	if (span_eq(name, SPAN("dns")))
		return take_answer(evidence, value);
	if (span_eq(name, SPAN("revocation")))
		return take_revocation(evidence->trust, value);
	if (span_eq(name, SPAN("identities")))
		trust_set_identities(evidence->trust, value);
	if (span_eq(name, SPAN("retrieve")))
		return trust_set_retrieval(evidence->trust,
		    !span_eq(value, SPAN("ocsp")),
		    !span_eq(value, SPAN("crl")));
	if (span_eq(name, SPAN("ocsp")) ||
	    span_eq(name, SPAN("retrieve-fault")))
		return trust_add_answer(evidence->trust, *file, value,
		    span_eq(name, SPAN("retrieve-fault")));
	if (span_eq(name, SPAN("anchor")))
		return trust_add_anchors(evidence->trust, *file, value);
	if (span_eq(name, SPAN("crl")))
		return trust_add_crls(evidence->trust, *file, value);
	if (span_eq(name, SPAN("anchor-fault")))
		trust_add_anchor_fault(evidence->trust, value);
	else if (span_eq(name, SPAN("crl-fault")))
		trust_add_crl_fault(evidence->trust, value);
	else if (span_eq(name, SPAN("file")))
		*file = value;
	return STATUS_OK;
}

static enum status
take_evidence(struct span frames, struct evidence *out)
{
	enum status status = STATUS_OK;
	struct span file = SPAN("");
	struct frame frame;

	if ((out->trust = trust_new()) == NULL)
		return STATUS_MEMORY;
	while (status == STATUS_OK && frame_take(&frames, &frame) == STATUS_OK)
		status = take_frame(out, &frame, &file);
	return status;
}

static void
clear_evidence(struct evidence *evidence)
{
	size_t i;

	for (i = 0; i < evidence->answers; i++)
		dns_answer_clear(&evidence->answer[i]);
	trust_free(evidence->trust);
}

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
do_dkim(struct span frames, const struct evidence *evidence,
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
static enum status
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
do_smime(struct span frames, const struct evidence *evidence,
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

static enum status
do_verdict(enum verb_id verb, struct span frames,
    const struct evidence *evidence, struct buf *out, struct note *note)
{
	struct authres_verdict *verdict = calloc(1, sizeof(*verdict));
	enum status status;

	if (verdict == NULL)
		return STATUS_MEMORY;
	status = verb == VERB_DKIM ? do_dkim(frames, evidence, verdict, note)
				   : do_smime(frames, evidence, verdict, note);
	if (status == STATUS_OK)
		verdict_write(verdict, out);
	free(verdict);
	return status;
}

/* VERB_SIGNER gives the certificate to encrypt with, too, if there is one. */
static enum status
do_status(enum verb_id verb, struct span frames,
    const struct evidence *evidence, struct buf *out)
{
	struct smime_report report = { 0 };
	enum status status;
	struct buf chain;
	int64_t now;

	if (!frame_number(frame_get(frames, "now"), &now))
		return STATUS_USAGE;
	buf_init(&chain, CERTIFICATE_SIZE_MAX);
	status = smime_judge(frame_get(frames, "message"), evidence->trust,
	    first_answer(evidence), now, &report,
	    verb == VERB_SIGNER ? &chain : NULL);
	if (status == STATUS_OK)
		smime_report_write(&report, out);
	if (status == STATUS_OK && chain.len > 0)
		frame_add(out, "chain", buf_span(&chain));
	if (status == STATUS_OK)
		buf_add(out, trust_wants(evidence->trust));
	buf_clear(&chain);
	return status;
}

/* The same of what is encrypted in a message. */
static enum status
do_opened(struct span frames, const struct evidence *evidence, struct buf *out)
{
	struct smime_report report = { .status = SMIME_STATUS_NULL };
	enum status status;
	struct buf one;
	int64_t now;

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
static enum status
do_statuses(
    struct span frames, const struct evidence *evidence, struct buf *out)
{
	struct smime_report *report = malloc(sizeof(*report));
	enum status status = report == NULL ? STATUS_MEMORY : STATUS_OK;
	struct span rest = frames, message;
	struct buf one;
	int64_t now;

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
static enum status
do_object(struct span frames, const struct evidence *evidence, struct buf *out)
{
	struct span rest = frames, content;
	const bool detached = frame_next(&rest, "content", &content);
	int64_t now;

	return frame_number(frame_get(frames, "now"), &now)
	    ? smime_object_judge(frame_get(frames, "object"),
		  detached ? &content : NULL, evidence->trust, now, out)
	    : STATUS_USAGE;
}

/* What the records of an address are good for, and which of them name chains to
 * compare. */
static enum status
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

/* Answer a verb that needs evidence. */
static enum status
do_evident(
    enum verb_id verb, struct span frames, struct buf *out, struct note *note)
{
	struct evidence evidence = { .answers = 0 };
	enum status status = take_evidence(frames, &evidence);

	if (status == STATUS_OK && (verb == VERB_STATUS || verb == VERB_SIGNER))
		status = do_status(verb, frames, &evidence, out);
	else if (status == STATUS_OK && verb == VERB_STATUSES)
		status = do_statuses(frames, &evidence, out);
	else if (status == STATUS_OK && verb == VERB_OPENED)
		status = do_opened(frames, &evidence, out);
	else if (status == STATUS_OK && verb == VERB_OBJECT)
		status = do_object(frames, &evidence, out);
	else if (status == STATUS_OK && verb == VERB_RECORDS)
		status = do_records(frames, &evidence, out, note);
	else if (status == STATUS_OK && verb == VERB_SIGNATURE)
		status = do_signature(frames, &evidence, out, note);
	else if (status == STATUS_OK)
		status = do_verdict(verb, frames, &evidence, out, note);
	clear_evidence(&evidence);
	return status;
}

static enum status
take_wanted(struct span frames, struct certificate_wanted *out)
{
	struct span rest = frames, address;

	out->addresses = 0;
	while (frame_next(&rest, "address", &address)) {
		if (out->addresses == CSR_ADDRESSES_MAX)
			return STATUS_USAGE;
		out->address[out->addresses++] = address;
	}
	out->srvs = 0;
	rest = frames;
	while (frame_next(&rest, "srv", &address)) {
		if (out->srvs == CSR_ADDRESSES_MAX)
			return STATUS_USAGE;
		out->srv[out->srvs++] = address;
	}
	return csr_usage_parse(frame_get(frames, "usage"), &out->usage) &&
		frame_number(frame_get(frames, "now"), &out->now)
	    ? STATUS_OK
	    : STATUS_USAGE;
}

static void
add_facts(const struct certificate *facts, struct span chain, struct buf *out)
{
	frame_add_number(out, "starts", facts->starts);
	frame_add_number(out, "expires", facts->expires);
	frame_add(out, "id", span_of(facts->id));
	frame_add(out, "top", span_of(facts->top));
	frame_add(out, "limits", span_of(facts->limits));
	frame_add(out, "chain", chain);
}

static enum status
do_certificate(struct span frames, struct buf *out, struct note *note)
{
	struct buf key, chain;
	struct certificate facts;
	struct certificate_wanted wanted;
	enum status status;

	buf_init(&key, CSR_SIZE_MAX);
	buf_init(&chain, CERTIFICATE_SIZE_MAX);
	status = take_wanted(frames, &wanted);
	if (status == STATUS_OK)
		status = base64url_decode(&key, frame_get(frames, "key"));
	wanted.key = buf_span(&key);
	if (status == STATUS_OK)
		status = certificate_check(
		    frame_get(frames, "chain"), &wanted, &chain, &facts, note);
	if (status == STATUS_OK)
		add_facts(&facts, buf_span(&chain), out);
	buf_clear(&chain);
	buf_clear(&key);
	return status;
}

/* The frames are of a certificate that mailcert did not order. */
static void
add_foreign(const struct foreign *found, struct span chain, struct buf *out)
{
	size_t i;

	add_facts(&found->facts, chain, out);
	for (i = 0; i < found->addresses; i++)
		frame_add(out, "address", span_of(found->address[i]));
	frame_add(out, "usage", span_of(csr_usage_name(found->usage)));
	frame_add(out, "kind", span_of(key_kind_name(found->kind)));
	frame_add(out, "digest", span_of(found->digest));
}

static enum status
do_foreign(struct span frames, struct buf *out, struct note *note)
{
	struct foreign *found = calloc(1, sizeof(*found));
	struct buf key, chain;
	enum status status = found != NULL ? STATUS_OK : STATUS_MEMORY;
	int64_t now = 0;

	buf_init(&key, CSR_SIZE_MAX);
	buf_init(&chain, CERTIFICATE_SIZE_MAX);
	if (status == STATUS_OK &&
	    !frame_number(frame_get(frames, "now"), &now))
		status = STATUS_USAGE;
	if (status == STATUS_OK)
		status = base64url_decode(&key, frame_get(frames, "key"));
	if (status == STATUS_OK)
		status = foreign_read(frame_get(frames, "chain"),
		    buf_span(&key), now, &chain, found, note);
	if (status == STATUS_OK)
		add_foreign(found, buf_span(&chain), out);
	buf_clear(&chain);
	buf_clear(&key);
	free(found);
	return status;
}

/* Nothing is believed of the anchors but their own signatures: the user is
 * shown the root before it counts. */
static enum status
do_describe(struct span frames, struct buf *out, struct note *note)
{
	struct span rest = frames, file;
	struct chain *chain = NULL;
	enum status status;

	status = chain_new(frame_get(frames, "chain"), &chain, note);
	while (status == STATUS_OK && frame_next(&rest, "anchor", &file))
		chain_extend(chain, file);
	if (status == STATUS_OK)
		status = chain_describe(chain, out, note);
	chain_free(chain);
	return status;
}

/* Which of the certificates, counted from 0, is the message encrypted to? */
static enum status
do_recipient(struct span frames, struct buf *out, struct note *note)
{
	struct recipients *recipients = NULL;
	struct span rest = frames, pem;
	enum status status;
	int64_t index;

	status =
	    recipients_parse(frame_get(frames, "message"), &recipients, note);
	for (index = 0;
	     status == STATUS_OK && frame_next(&rest, "certificate", &pem);
	     index++)
		if (recipients_have(recipients, pem))
			frame_add_number(out, "index", index);
	recipients_free(recipients);
	return status;
}

/* What a key holder must unwrap, of the first certificate that has something. */
static enum status
do_seal(struct span frames, struct buf *out)
{
	struct envelope *envelope = NULL;
	struct span rest = frames, pem;
	struct buf sealed;
	enum status status;
	bool found = false;
	int64_t index;

	buf_init(&sealed, 16 * 1024);
	status = smime_envelope(frame_get(frames, "message"), &envelope);
	for (index = 0; status == STATUS_OK && !found &&
	     frame_next(&rest, "certificate", &pem);
	     index++) {
		found = envelope_seal(envelope, pem, &sealed);
		if (!found)
			continue;
		frame_add_number(out, "index", index);
		frame_add(out, "sealed", buf_span(&sealed));
		status = buf_status(&sealed);
	}
	buf_clear(&sealed);
	envelope_free(envelope);
	return status == STATUS_MISSING ? STATUS_OK : status;
}

/* A number of an SMIMEA record. */
static bool
take_number(struct span frames, const char *name, int64_t most, unsigned *out)
{
	int64_t number;

	if (!frame_number(frame_get(frames, name), &number) || number < 0 ||
	    number > most)
		return false;
	*out = (unsigned)number;
	return true;
}

static enum status
do_associate(struct span frames, struct buf *out, struct note *note)
{
	struct smimea kind = { .selector = 0 };
	enum status status = STATUS_USAGE;
	unsigned usage;
	struct buf data;

	buf_init(&data, CERTIFICATE_SIZE_MAX);
	if (take_number(frames, "usage", SMIMEA_DANE_EE, &usage) &&
	    take_number(frames, "selector", 1, &kind.selector) &&
	    take_number(frames, "matching", 2, &kind.matching)) {
		kind.usage = (enum smimea_usage)usage;
		status =
		    smimea_make(frame_get(frames, "chain"), &kind, &data, note);
	}
	if (status == STATUS_OK)
		frame_add(out, "data", buf_span(&data));
	buf_clear(&data);
	return status;
}

static enum status
add_digest(struct span message, struct buf *out)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0, i;
	struct buf hex;

	if (EVP_Digest(
		message.at, message.len, digest, &len, EVP_sha256(), NULL) != 1)
		return STATUS_CRYPTO;
	buf_init(&hex, 2 * EVP_MAX_MD_SIZE);
	for (i = 0; i < len; i++)
		buf_addf(&hex, "%02x", digest[i]);
	frame_add(out, "digest", buf_span(&hex));
	buf_clear(&hex);
	return STATUS_OK;
}

static enum status
do_digest(struct span frames, struct buf *out)
{
	enum status status = STATUS_OK;
	struct span rest = frames, message;

	while (status == STATUS_OK && frame_next(&rest, "message", &message))
		status = add_digest(message, out);
	return status;
}

static enum status
do_dane(struct span frames, struct buf *out)
{
	const struct dane_question question = { .chain =
						    frame_get(frames, "chain"),
		.host = frame_get(frames, "host"),
		.smtp = frame_get(frames, "smtp").len > 0,
		.trusted = frame_get(frames, "trusted").len > 0 };
	struct span rest = frames, record;
	enum status status = STATUS_OK;
	enum dane_verdict verdict;

	while (status == STATUS_OK && frame_next(&rest, "record", &record)) {
		status = dane_judge(&question, record, &verdict);
		if (status == STATUS_OK)
			frame_add(out, "verdict",
			    span_of(dane_verdict_name(verdict)));
	}
	return status;
}

static enum status
do_response(struct span frames, struct buf *out)
{
	struct response response;
	enum token_join join;
	enum status status;

	if (!token_join_parse(frame_get(frames, "join"), &join))
		return STATUS_USAGE;
	status = response_compute(frame_get(frames, "part1"),
	    frame_get(frames, "part2"), frame_get(frames, "thumbprint"), join,
	    &response);
	if (status == STATUS_OK)
		frame_add(out, "digest", span_of(response.digest));
	return status;
}

static enum status
do_proof(struct span frames, struct buf *out)
{
	const struct span token = frame_get(frames, "token");
	const struct span thumbprint = frame_get(frames, "thumbprint");
	struct span rest = frames, suffix;
	char value[SERVICE_VALUE_SIZE];
	enum status status = STATUS_OK;
	size_t count = 0;

	while (status == STATUS_OK && frame_next(&rest, "suffix", &suffix)) {
		status = keyauth_digest(token, thumbprint, suffix, value);
		if (status == STATUS_OK)
			frame_add(out, "value", span_of(value));
		count++;
	}
	if (count > 0)
		return status;
	status = keyauth_digest(token, thumbprint, SPAN(""), value);
	if (status == STATUS_OK)
		frame_add(out, "value", span_of(value));
	return status;
}

static enum status
answer(
    enum verb_id verb, struct span frames, struct buf *out, struct note *note)
{
	enum status status;

	if (verb == VERB_RESPONSE)
		status = do_response(frames, out);
	else if (verb == VERB_PROOF)
		status = do_proof(frames, out);
	else if (verb == VERB_DIGEST)
		status = do_digest(frames, out);
	else if (verb == VERB_DANE)
		status = do_dane(frames, out);
	else if (verb == VERB_CERTIFICATE)
		status = do_certificate(frames, out, note);
	else if (verb == VERB_FOREIGN)
		status = do_foreign(frames, out, note);
	else if (verb == VERB_LEAVES)
		status = foreign_leaves(
		    frame_get(frames, "chain"), "public", out, note);
	else if (verb == VERB_RECIPIENT)
		status = do_recipient(frames, out, note);
	else if (verb == VERB_SEAL)
		status = do_seal(frames, out);
	else if (verb == VERB_ASSOCIATE)
		status = do_associate(frames, out, note);
	else if (verb == VERB_DESCRIBE)
		status = do_describe(frames, out, note);
	else
		status = do_evident(verb, frames, out, note);
	return status == STATUS_OK ? buf_status(out) : status;
}

/* Load everything now: nothing can be opened later. */
static enum status
prepare(enum verb_id verb)
{
	if (OPENSSL_init_crypto(
		OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) !=
	    1)
		return STATUS_CRYPTO;
	/* If memory runs out here, the library crashes later. */
	if (OSSL_LIB_CTX_get0_global_default() == NULL)
		return STATUS_MEMORY;
	if (verb != VERB_RESPONSE) {
		idn_load();
		if (setenv("TZ", "UTC0", 1) == 0)
			tzset();
	}
	return STATUS_OK;
}

int
main(int argc, char *argv[])
{
	struct note note = { "" };
	enum status status;
	struct serve serve;
	struct buf out;

	sandbox_early();
	status =
	    serve_begin(&serve, "mailcert-verify", argc, argv, QUESTION_MAX);
	if (status == STATUS_OK)
		status = prepare(serve.verb);
	if (status != STATUS_OK)
		return serve_refuse(status);
	(void)sandbox_enter();
	/* OBJECT gives what is inside, STATUSES a report of each message. */
	buf_init(&out,
	    serve.verb == VERB_OBJECT || serve.verb == VERB_STATUSES
		? QUESTION_MAX
		: 2 * CERTIFICATE_SIZE_MAX);
	status = serve_read(&serve);
	if (status == STATUS_OK)
		status = answer(serve.verb, serve.frames, &out, &note);
	status = serve_answer(status, &note, buf_span(&out));
	buf_clear(&out);
	serve_clear(&serve);
	return status_exit(status);
}
