/* remember.c - mailcert remember: keep a correspondent's certificate */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "answer/anchors.h"
#include "answer/prove.h"
#include "base/frame.h"
#include "cmd/installing.h"
#include "cmd/sender.h"
#include "cmd/session.h"

struct options {
	bool dry_run;
	struct install_wishes wishes;
};

#define AT(field) .offset = offsetof(struct options, field)

static const struct cmd_option rows[] = {
	{ "dry-run", NULL, AT(dry_run),
	    .help = "show what would be done, and do nothing" },
	{ "trust-root", "SHA256", AT(wishes.root), option_fingerprint,
	    OPTION_FINGERPRINT,
	    .help = "trust the root certificate with that fingerprint" },
	{ 0 }
};

static const struct cmd_line command_line = {
	.name = "remember",
	.operands = "[FILE]",
	.most = 1,
	.options = rows,
	.about =
	    "Verify a signed message, and install its signer's certificate, to encrypt\n"
	    "to the signer, wherever mailcert has installed a certificate of yours.\n",
};

enum { CHAIN_SIZE = 512 * 1024 };

/* Who signed it, for certain, and the certificate to encrypt to. */
static enum status
verify(const struct prover *prover, struct span message,
    struct smime_report *report, struct buf *chain, struct note *note)
{
	struct sender sender;
	enum status status;

	status = sender_look(message, &sender, note);
	if (status == STATUS_OK)
		status = prove_signer(
		    prover, message, sender.from, report, chain, note);
	if (status != STATUS_OK)
		return status;
	if (report->status != SMIME_STATUS_VERIFIED)
		return note_set(note, STATUS_NO,
		    "the signer is not verified: %s",
		    report->errors > 0 ? report->error[0] : report->why);
	return chain->len > 0
	    ? STATUS_OK
	    : note_set(note, STATUS_NO,
		  "the message has no certificate to encrypt to %.200s",
		  report->signer);
}

static enum status
install(struct session *session, const struct smime_report *report,
    struct span chain, struct options *options)
{
	struct buf anchors;
	enum status status;

	installing_wishes(&session->config, &options->wishes);
	buf_init(&anchors, FRAME_TRUST_MAX);
	status = anchors_add_roots(session->config.authenticate.smime_anchors,
	    &anchors, &session->note);
	if (status == STATUS_OK)
		status = install_correspondent(&session->home, chain,
		    report->signer, buf_span(&anchors), &options->wishes,
		    options->dry_run, &session->out, &session->note);
	buf_clear(&anchors);
	return status;
}

static enum status
remember(struct session *session, struct span message, struct options *options)
{
	struct retrieval retrieval;
	struct prover prover = { &session->config, &session->home,
		(int64_t)time(NULL), NULL };
	struct smime_report *report = calloc(1, sizeof(*report));
	enum status status;
	struct buf chain;

	if (report == NULL)
		return STATUS_MEMORY;
	retrieval_begin(
	    &retrieval, &session->config, &session->home, prover.now, false);
	if (retrieval_is_wanted(&session->config))
		prover.retrieval = &retrieval;
	buf_init(&chain, CHAIN_SIZE);
	status = verify(&prover, message, report, &chain, &session->note);
	if (status == STATUS_OK)
		status = install(session, report, buf_span(&chain), options);
	retrieval_end(&retrieval);
	buf_clear(&chain);
	free(report);
	return status;
}

int
cmd_remember(const struct invocation *invocation, int argc, char *argv[])
{
	struct options options = { .dry_run = false };
	struct session *session;
	enum status status;
	struct buf message;
	int code = 0;

	if (!cmd_parse(&command_line, argc, argv, &options, &code))
		return code;
	if ((session = session_begin(invocation, false, &code)) == NULL)
		return code;
	buf_init(&message, 0);
	if (session->home.dir < 0)
		status = note_set(&session->note, STATUS_NO,
		    "there is no home yet; mailcert install comes first");
	else
		status = session_read(session, argv[optind], &message);
	if (status == STATUS_OK)
		status = remember(session, buf_span(&message), &options);
	buf_clear(&message);
	return session_end(session, status);
}
