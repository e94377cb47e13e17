/*
 * main.c - mailcert-verify: verify signatures with libcrypto
 *
 * It has no files, no network and no keys: it enters its sandbox before it
 * reads its first octet.  base/verb.h has its verbs and their frames.
 */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <time.h>

#include "acme/certificate.h"
#include "base/idn.h"
#include "base/sandbox.h"
#include "base/serve.h"
#include "helpers/verify/verbs.h"

enum { QUESTION_MAX = 270 * 1024 * 1024 + FRAME_TRUST_MAX };

/* Who answers a verb. */
struct row {
	enum verb_id verb;
	verify_verb *answer;
	verify_judge *judge; /* with evidence */
};

static const struct row rows[] = {
	{ VERB_RESPONSE, .answer = do_response },
	{ VERB_PROOF, .answer = do_proof },
	{ VERB_DIGEST, .answer = do_digest },
	{ VERB_CERTIFICATE, .answer = do_certificate },
	{ VERB_FOREIGN, .answer = do_foreign },
	{ VERB_LEAVES, .answer = do_leaves },
	{ VERB_DESCRIBE, .answer = do_describe },
	{ VERB_ASSOCIATE, .answer = do_associate },
	{ VERB_DANE, .answer = do_dane },
	{ VERB_RECIPIENT, .answer = do_recipient },
	{ VERB_SEAL, .answer = do_seal },
	{ VERB_DKIM, .judge = do_dkim },
	{ VERB_SIGNATURE, .judge = do_signature },
	{ VERB_SMIME, .judge = do_smime },
	{ VERB_STATUS, .judge = do_status },
	{ VERB_SIGNER, .judge = do_signer },
	{ VERB_STATUSES, .judge = do_statuses },
	{ VERB_OPENED, .judge = do_opened },
	{ VERB_OBJECT, .judge = do_object },
	{ VERB_RECORDS, .judge = do_records },
};

static enum status
judge_by_evidence(
    verify_judge *judge, struct span frames, struct buf *out, struct note *note)
{
	struct evidence evidence = { .answers = 0 };
	enum status status = evidence_take(frames, &evidence);

	if (status == STATUS_OK)
		status = judge(frames, &evidence, out, note);
	evidence_clear(&evidence);
	return status;
}

static enum status
answer(
    enum verb_id verb, struct span frames, struct buf *out, struct note *note)
{
	enum status status = STATUS_BUG;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].verb == verb)
			status = rows[i].answer != NULL
			    ? rows[i].answer(frames, out, note)
			    : judge_by_evidence(
				  rows[i].judge, frames, out, note);
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
