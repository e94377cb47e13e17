/*
 * verify/main.c - mailcert-verify, the program that computes with libcrypto
 *
 * It has no files, no network and no keys: it shuts itself in before it reads
 * its first octet.
 *
 *	mailcert-verify response	reads four lines (token-part1,
 *		token-part2, thumbprint, token join), prints the digest
 *
 * The others read frames (base/frame.h) and print one struct:
 *
 *	mailcert-verify dkim		now, from, headers, dns..., message:
 *	mailcert-verify smime		from, auto-submitted, when, trust,
 *		dns, message: a struct authres_verdict
 *	mailcert-verify status		now, trust, dns, message: a struct
 *		smime_report
 *	mailcert-verify certificate	now, key, address..., usage, chain: frames
 *		(expires, chain), or one frame "error"
 *	mailcert-verify digest		anything: SHA-256, as 64 hex digits
 *
 * Trust: revocation (off, soft, hard); file (its name) before each anchor or
 * crl (its content); anchor-fault, crl-fault (a sentence on a file that cannot
 * be read).
 *
 * On other failures it prints nothing and exits with the status's code.
 */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "acme/certificate.h"
#include "acme/csr.h"
#include "base/base64url.h"
#include "base/buf.h"
#include "base/fd.h"
#include "base/frame.h"
#include "base/idn.h"
#include "base/sandbox.h"
#include "mail/smime_verify.h"
#include "reply/authres.h"
#include "reply/response.h"

enum { LINES = 4, INPUT_MAX = 270 * 1024 * 1024 + FRAME_TRUST_MAX };

/* What the frames say. */
struct request {
	struct span from;
	struct span message;
	int64_t now;
	int64_t when;
	enum dkim_coverage coverage;
	struct challenge_rules rules;
	struct dns_answer answer[AUTHRES_QUERIES_MAX]; /* owned */
	size_t answers;
	struct trust *trust; /* owned */
	struct span file;    /* the name of what comes next */
	struct span key;     /* SubjectPublicKeyInfo, in base64url */
	struct span chain;
	struct span address[CSR_ADDRESSES_MAX];
	size_t addresses;
	enum csr_usage usage; /* of the certificate */
};

static enum status
take_answer(struct request *request, struct span line)
{
	struct dns_answer *answer = &request->answer[request->answers];

	if (request->answers == AUTHRES_QUERIES_MAX)
		return STATUS_USAGE;
	request->answers++;
	dns_answer_init(answer);
	return dns_answer_parse(span_trim(line), answer);
}

static bool
take_revocation(struct request *request, struct span value)
{
	enum trust_revocation revocation;

	if (!trust_revocation_parse(value, &revocation))
		return false;
	trust_set_revocation(request->trust, revocation);
	return true;
}

static enum status
take_frame(struct request *request, const struct frame *frame)
{
	const struct span name = frame->name, value = frame->value;

	if (span_eq(name, SPAN("dns")))
		return take_answer(request, value);
	if (span_eq(name, SPAN("anchor")))
		return trust_add_anchors(request->trust, request->file, value);
	if (span_eq(name, SPAN("crl")))
		return trust_add_crls(request->trust, request->file, value);
	if (span_eq(name, SPAN("anchor-fault")))
		trust_add_anchor_fault(request->trust, value);
	else if (span_eq(name, SPAN("crl-fault")))
		trust_add_crl_fault(request->trust, value);
	else if (span_eq(name, SPAN("file")))
		request->file = value;
	else if (span_eq(name, SPAN("address")) &&
	    request->addresses < CSR_ADDRESSES_MAX)
		request->address[request->addresses++] = value;
	else if (span_eq(name, SPAN("key")))
		request->key = value;
	else if (span_eq(name, SPAN("chain")))
		request->chain = value;
	else if (span_eq(name, SPAN("from")))
		request->from = value;
	else if (span_eq(name, SPAN("message")))
		request->message = value;
	else if (span_eq(name, SPAN("auto-submitted")))
		request->rules.auto_submitted = true;
	else if (!(span_eq(name, SPAN("revocation")) &&
		     take_revocation(request, value)) &&
	    !(span_eq(name, SPAN("headers")) &&
		dkim_coverage_parse(value, &request->coverage)) &&
	    !(span_eq(name, SPAN("now")) &&
		frame_number(value, &request->now)) &&
	    !(span_eq(name, SPAN("usage")) &&
		csr_usage_parse(value, &request->usage)) &&
	    !(span_eq(name, SPAN("when")) &&
		frame_number(value, &request->when)))
		return STATUS_USAGE;
	return STATUS_OK;
}

static enum status
take_request(struct span input, struct request *request)
{
	enum status status = STATUS_OK;
	struct frame frame;

	if ((request->trust = trust_new()) == NULL)
		return STATUS_MEMORY;
	while (status == STATUS_OK &&
	    (status = frame_take(&input, &frame)) == STATUS_OK)
		status = take_frame(request, &frame);
	return status == STATUS_NO ? STATUS_OK : status;
}

static void
clear_request(struct request *request)
{
	size_t i;

	for (i = 0; i < request->answers; i++)
		dns_answer_clear(&request->answer[i]);
	trust_free(request->trust);
}

static const struct dns_answer *
first_answer(const struct request *request)
{
	return request->answers > 0 ? &request->answer[0] : NULL;
}

/* One struct, whole: the reader checks every field again. */
static enum status
do_verdict(struct request *request, bool smime, struct buf *output)
{
	struct authres_verdict *verdict = calloc(1, sizeof(*verdict));
	enum status status;

	if (verdict == NULL)
		return STATUS_MEMORY;
	if (smime)
		status = authres_smime(request->message, request->from,
		    &request->rules, request->when, request->trust,
		    first_answer(request), &verdict->authres,
		    &verdict->challenge, &verdict->note);
	else
		status = authres_dkim(request->message, request->from,
		    request->coverage, request->now, request->answer,
		    request->answers, &verdict->authres, &verdict->note);
	verdict->status = status;
	if (status == STATUS_OK || status_is_refusal(status)) {
		buf_add(output,
		    (struct span){ (const char *)verdict, sizeof(*verdict) });
		status = buf_status(output);
	}
	free(verdict);
	return status;
}

static enum status
do_status(struct request *request, struct buf *output)
{
	struct smime_report report = { 0 };
	enum status status;

	status = smime_judge(request->message, request->trust,
	    first_answer(request), request->now, &report);
	if (status == STATUS_OK)
		buf_add(output,
		    (struct span){ (const char *)&report, sizeof(report) });
	return status;
}

static enum status
do_certificate(struct request *request, struct buf *output)
{
	struct note note = { "" };
	enum status status;
	struct buf key, chain;
	struct certificate facts;

	buf_init(&key, CSR_SIZE_MAX);
	buf_init(&chain, CERTIFICATE_SIZE_MAX);
	status = base64url_decode(&key, request->key);
	if (status == STATUS_OK)
		status = certificate_check(request->chain, buf_span(&key),
		    request->address, request->addresses, request->usage,
		    request->now, &chain, &facts, &note);
	if (status == STATUS_OK) {
		frame_add_number(output, "starts", facts.starts);
		frame_add_number(output, "expires", facts.expires);
		frame_add(output, "id", span_of(facts.id));
		frame_add(output, "top", span_of(facts.top));
		frame_add(output, "limits", span_of(facts.limits));
		frame_add(output, "chain", buf_span(&chain));
	} else if (status == STATUS_BAD_CA) {
		frame_add(output, "error", span_of(note.text));
		status = STATUS_OK;
	}
	buf_clear(&chain);
	buf_clear(&key);
	return status;
}

static enum status
do_digest(struct span input, struct buf *output)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0, i;

	if (EVP_Digest(input.at, input.len, digest, &len, EVP_sha256(), NULL) !=
	    1)
		return STATUS_CRYPTO;
	for (i = 0; i < len; i++)
		buf_addf(output, "%02x", digest[i]);
	buf_add_byte(output, '\n');
	return STATUS_OK;
}

static enum status
do_response(struct span input, struct buf *output)
{
	struct response response;
	struct span line[LINES];
	enum token_join join;
	enum status status;
	size_t i, end;

	for (i = 0; i < LINES; i++) {
		end = span_find_byte(input, '\n');
		line[i] = span_cut(input, 0, end);
		input = span_cut(input, end + 1, input.len);
	}
	if (input.len > 0 || !token_join_parse(line[3], &join))
		return STATUS_USAGE;
	status = response_compute(line[0], line[1], line[2], join, &response);
	if (status == STATUS_OK)
		buf_addf(output, "%s\n", response.digest);
	return status;
}

static enum status
do_request(const char *verb, struct span input, struct buf *output)
{
	struct request request = { .now = 0 };
	enum status status = take_request(input, &request);

	if (status != STATUS_OK)
		;
	else if (strcmp(verb, "status") == 0)
		status = do_status(&request, output);
	else if (strcmp(verb, "certificate") == 0)
		status = do_certificate(&request, output);
	else
		status =
		    do_verdict(&request, strcmp(verb, "smime") == 0, output);
	clear_request(&request);
	return status;
}

static bool
is_verb(const char *verb)
{
	static const char *const verbs[] = { "response", "dkim", "smime",
		"status", "certificate", "digest" };
	const size_t count = sizeof(verbs) / sizeof(*verbs);

	return span_index(span_of(verb), verbs, count) < count;
}

int
main(int argc, char *argv[])
{
	const char *verb = argc == 2 ? argv[1] : "";
	struct buf input, output;
	enum status status;
	bool response;

	sandbox_early();
	if (!is_verb(verb))
		return status_exit(STATUS_USAGE);
	if (OPENSSL_init_crypto(
		OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) !=
	    1)
		return status_exit(STATUS_CRYPTO);
	/* Without memory for it the library crashes later on. */
	if (OSSL_LIB_CTX_get0_global_default() == NULL)
		return status_exit(STATUS_MEMORY);
	response = strcmp(verb, "response") == 0;
	if (!response) {
		/* Nothing can be opened later. */
		idn_load();
		if (setenv("TZ", "UTC0", 1) == 0)
			tzset();
	}
	(void)sandbox_enter();
	buf_init(&input, response ? 4096 : INPUT_MAX);
	buf_init(&output, 2 * CERTIFICATE_SIZE_MAX);
	status = fd_read(STDIN_FILENO, &input, 10);
	if (status == STATUS_OK && response)
		status = do_response(buf_span(&input), &output);
	else if (status == STATUS_OK && strcmp(verb, "digest") == 0)
		status = do_digest(buf_span(&input), &output);
	else if (status == STATUS_OK)
		status = do_request(verb, buf_span(&input), &output);
	if (status == STATUS_OK)
		status = fd_write(STDOUT_FILENO, buf_span(&output));
	buf_clear(&output);
	buf_clear(&input);
	return status_exit(status);
}
