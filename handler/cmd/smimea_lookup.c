/* smimea_lookup.c - mailcert smimea lookup: find certificates in the DNS */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "answer/anchors.h"
#include "answer/prove.h"
#include "answer/retrieval.h"
#include "base/frame.h"
#include "base/text.h"
#include "cmd/installing.h"
#include "cmd/sender.h"
#include "cmd/smimea.h"
#include "cmd/smimea_found.h"
#include "input/input.h"
#include "process/resolve.h"

struct options {
	const char *certificate;
	const char *message;
	bool own;
	bool save;
	bool again;
	bool dry_run;
	bool json;
	struct install_wishes wishes;
};

#define AT(field) .offset = offsetof(struct options, field)

static const struct cmd_option rows[] = {
	{ "certificate", "FILE", AT(certificate),
	    .help = "does a record name that certificate (PEM or DER)?" },
	{ "message", "FILE", AT(message),
	    .help = "does a record name who signed that message, and is the\n"
		    "signature valid?" },
	{ "own", NULL, AT(own),
	    .help = "do the records name your certificates in use?" },
	{ "save", NULL, AT(save),
	    .help = "install the certificate to encrypt to the address, as\n"
		    "mailcert remember does" },
	{ "dry-run", NULL, AT(dry_run),
	    .help = "with --save: show what would be done, and do nothing" },
	{ "trust-root", "SHA256", AT(wishes.root), option_fingerprint,
	    OPTION_FINGERPRINT,
	    .help = "with --save: trust the root certificate with that\n"
		    "fingerprint" },
	{ "again", NULL, AT(again),
	    .help = "ask the DNS, whatever was found before" },
	{ "json", NULL, AT(json), .help = "print JSON" }, { 0 }
};

static const struct cmd_line command_line = {
	.name = "smimea lookup",
	.operands = "ADDRESS",
	.least = 1,
	.most = 1,
	.options = rows,
	.about =
	    "Look up the certificates of an address in the DNS (RFC 8162), by TCP.  Only an\n"
	    "answer that DNSSEC secures counts.  Exit 1 if there is no record, or none\n"
	    "that names what it is compared with, 65 if the answer is not secured, 75 if\n"
	    "nobody answers.\n",
};

enum {
	CHAINS_MOST = 64,
	ANSWER_MAX = 4 * 1024 * 1024,
	CHAIN_SIZE = 512 * 1024
};

/* One look-up. */
struct lookup_run {
	struct session *session;
	const struct options *options;
	char address[ADDRESS_SIZE]; /* in normal form */
	struct smimea_owner owner;
	struct dns_answer answer;      /* owned */
	struct buf line;               /* owned: the answer as a line */
	struct buf chain[CHAINS_MOST]; /* owned: what is compared */
	struct smimea_compared compared[CHAINS_MOST];
	struct smimea_targets targets; /* owned: our own certificates */
	struct buf frames;             /* owned: what the verifier says */
	struct buf signer; /* owned: the chain of --message, if it is good */
	struct smimea_found found;
	struct retrieval retrieval; /* ends with the run */
	int64_t now;
};

static struct note *
note_of(const struct lookup_run *run)
{
	return &run->session->note;
}

/* Ask the DNS. */
static enum status
ask(struct lookup_run *run)
{
	struct session *session = run->session;
	enum status status;

	status = smimea_owner(run->address, &run->owner, note_of(run));
	if (status == STATUS_OK)
		status = resolve_smimea(&session->config.authenticate,
		    &session->home, run->address, run->owner.name, run->now,
		    run->options->again, &run->answer, &run->found.remembered,
		    note_of(run));
	if (status != STATUS_OK)
		return status;
	run->found.address = run->address;
	run->found.owner = run->owner.name;
	run->found.answer = &run->answer;
	dns_answer_write(&run->answer, &run->line);
	return buf_status(&run->line);
}

/* Is it an answer that counts? */
static enum status
judge(const struct lookup_run *run)
{
	const struct dns_answer *answer = &run->answer;
	const char *before = run->found.remembered
	    ? ", as was found before; --again asks again"
	    : "";
	const char *colon = answer->reason[0] != '\0' ? ": " : "";

	switch (answer->state) {
	case DNS_TROUBLE:
		return note_set(note_of(run), STATUS_DNS,
		    "no answer for %.60s%s%.150s%s", run->address, colon,
		    answer->reason, before);
	case DNS_BOGUS:
		return note_set(note_of(run), STATUS_INSECURE,
		    "the answer for %.60s is bogus%s%.150s%s", run->address,
		    colon, answer->reason, before);
	case DNS_UNVALIDATED:
		return note_set(note_of(run), STATUS_INSECURE,
		    "the answer for %.60s is not secured by DNSSEC%s%.120s%s",
		    run->address, colon, answer->reason, before);
	case DNS_SECURE:
		break;
	}
	return answer->count > 0
	    ? STATUS_OK
	    : note_set(note_of(run), STATUS_NO, "%.150s has no SMIMEA record%s",
		  run->address, before);
}

/* CAs are asked for revocations, where the user wants that. */
static struct prover
prover_of(struct lookup_run *run, const struct config *config)
{
	return (struct prover){ .config = config,
		.home = &run->session->home,
		.now = run->now,
		.retrieval =
		    retrieval_is_wanted(config) ? &run->retrieval : NULL };
}

static struct buf *
next_chain(struct lookup_run *run, const char *name, bool own)
{
	struct smimea_found *found = &run->found;

	if (found->count == CHAINS_MOST)
		return NULL;
	found->compared[found->count] =
	    (struct smimea_compared){ .name = name, .own = own };
	return &run->chain[found->count++];
}

/* The certificates of the home for that address. */
static enum status
add_own(struct lookup_run *run)
{
	struct session *session = run->session;
	char address[ADDRESS_SIZE];
	enum status status;
	struct buf *chain;
	size_t i;

	if (session->home.dir < 0 && !run->options->own)
		return STATUS_OK;
	status = smimea_targets(session, run->address, address, &run->targets);
	if (status == STATUS_NO && !run->options->own)
		status = STATUS_OK;
	for (i = 0; status == STATUS_OK && i < run->targets.count; i++) {
		chain = next_chain(run, run->targets.at[i].order->id, true);
		if (chain != NULL)
			status = order_load_chain(&session->home,
			    run->targets.at[i].order->id, chain, note_of(run));
	}
	return status;
}

static enum status
add_file(struct lookup_run *run)
{
	struct input input = { .kind = INPUT_OTHER };
	enum status status;
	struct buf *chain;

	if (run->options->certificate == NULL)
		return STATUS_OK;
	chain = next_chain(run, run->options->certificate, false);
	status = input_read(run->options->certificate, "application/x-pem",
	    SMIMEA_CHAIN_MAX, &input, note_of(run));
	if (status == STATUS_OK && chain != NULL)
		buf_add(chain, buf_span(&input.bytes));
	buf_clear(&input.bytes);
	return status == STATUS_OK && chain != NULL ? buf_status(chain)
						    : status;
}

/* What are the records good for? */
static enum status
examine(struct lookup_run *run)
{
	const struct prover prover = prover_of(run, &run->session->config);
	struct span chain[CHAINS_MOST];
	enum status status;
	size_t i;

	status = add_file(run);
	if (status == STATUS_OK)
		status = add_own(run);
	for (i = 0; i < run->found.count; i++)
		chain[i] = buf_span(&run->chain[i]);
	if (status == STATUS_OK)
		status = prove_records(&prover, run->address,
		    span_trim(buf_span(&run->line)), chain, run->found.count,
		    &run->frames, note_of(run));
	run->found.frames = buf_span(&run->frames);
	return status == STATUS_OK
	    ? smimea_found_read(&run->found, note_of(run))
	    : status;
}

/* Verify a message of that address, as if smime_anchors had "smimea". */
static enum status
verify(struct lookup_run *run, struct span message, struct config *config)
{
	const struct prover prover = {
		.config = config, .home = &run->session->home, .now = run->now
	};
	struct smime_report *report = calloc(1, sizeof(*report));
	struct sender sender;
	enum status status = STATUS_MEMORY;

	if (report != NULL)
		status = sender_look(message, &sender, note_of(run));
	if (status == STATUS_OK && strcmp(sender.from, run->address) != 0)
		status = note_set(note_of(run), STATUS_NO,
		    "%.100s is not from %.100s", run->options->message,
		    run->address);
	if (status == STATUS_OK)
		status = prove_signer(&prover, message, run->address, report,
		    &run->signer, note_of(run));
	if (status == STATUS_OK && report->status != SMIME_STATUS_VERIFIED)
		status = note_set(note_of(run), STATUS_NO,
		    "the signer of %.80s is not verified: %.200s",
		    run->options->message,
		    report->errors > 0 ? report->error[0] : report->why);
	free(report);
	return status;
}

static enum status
check_message(struct lookup_run *run)
{
	struct config *config = malloc(sizeof(*config));
	struct authres_policy *policy;
	enum status status = STATUS_MEMORY;
	struct buf message, anchors;

	buf_init(&message, 0);
	buf_init(&anchors, AUTHRES_PATHS_SIZE - 1);
	if (config != NULL) {
		*config = run->session->config;
		policy = &config->authenticate;
		buf_addf(&anchors, "%s smimea", policy->smime_anchors);
		status = span_copy(buf_span(&anchors), policy->smime_anchors,
			     sizeof(policy->smime_anchors))
		    ? session_read(
			  run->session, run->options->message, &message)
		    : buf_status(&anchors);
	}
	if (status == STATUS_OK)
		status = verify(run, buf_span(&message), config);
	buf_clear(&anchors);
	buf_clear(&message);
	free(config);
	return status;
}

/* Is everything named that the user asked for? */
static enum status
compare(struct lookup_run *run)
{
	const struct smimea_compared *one = run->found.compared;
	size_t i;

	for (i = 0; i < run->found.count; i++)
		if (!one[i].matches && (!one[i].own || run->options->own))
			return note_set(note_of(run), STATUS_NO,
			    "no record of %.100s names %.100s", run->address,
			    one[i].name);
	return run->options->message != NULL ? check_message(run) : STATUS_OK;
}

/* The certificate to encrypt to: of the signer, of the file, or of a record. */
static enum status
choose(struct lookup_run *run, struct span *chain)
{
	const struct smimea_compared *file = run->found.compared;

	if (run->options->message != NULL) {
		*chain = buf_span(&run->signer);
	} else if (run->options->certificate != NULL) {
		*chain = buf_span(&run->chain[0]);
		if (file->fault[0] != '\0')
			return note_set(note_of(run), STATUS_NO,
			    "%.100s is not to be used: %.200s", file->name,
			    file->fault);
		/* DER becomes PEM. */
		if (span_find(*chain, SPAN("-----BEGIN ")) == chain->len)
			*chain = file->pem;
	} else {
		*chain = smimea_found_newest(&run->found);
	}
	return chain->len > 0
	    ? STATUS_OK
	    : note_set(note_of(run), STATUS_NO,
		  "no record of %.150s has a certificate to encrypt to",
		  run->address);
}

static enum status
save(struct lookup_run *run, struct install_wishes *wishes)
{
	struct session *session = run->session;
	struct buf anchors, done;
	struct span chain;
	enum status status;

	if (session->home.dir < 0)
		return note_set(note_of(run), STATUS_NO,
		    "there is no home yet; mailcert install comes first");
	buf_init(&anchors, FRAME_TRUST_MAX);
	buf_init(&done, 64 * 1024);
	installing_wishes(&session->config, wishes);
	status = choose(run, &chain);
	if (status == STATUS_OK)
		status = anchors_add_roots(
		    session->config.authenticate.smime_anchors, &anchors,
		    note_of(run));
	if (status == STATUS_OK)
		status = install_correspondent(&session->home, chain,
		    run->address, buf_span(&anchors), wishes,
		    run->options->dry_run,
		    run->options->json ? &done : &session->out, note_of(run));
	buf_clear(&done);
	buf_clear(&anchors);
	return status;
}

static void
show(struct lookup_run *run)
{
	struct json_writer json;

	if (!run->options->json) {
		smimea_found_show(&run->found, run->now, &run->session->out);
		return;
	}
	json = json_begin(&run->session->out);
	smimea_found_json(&run->found, &json);
	json_close(&json);
}

static enum status
look_up(struct lookup_run *run, struct options *options)
{
	enum status status = ask(run);

	if (status == STATUS_OK)
		status = judge(run);
	if (status == STATUS_OK)
		status = examine(run);
	if (status != STATUS_OK)
		return status;
	show(run);
	status = compare(run);
	return status == STATUS_OK && options->save
	    ? save(run, &options->wishes)
	    : status;
}

static enum status
begin(struct session *session, struct options *options, const char *operand)
{
	struct lookup_run *run = calloc(1, sizeof(*run));
	struct mailbox mailbox;
	enum status status;
	size_t i;

	if (run == NULL)
		return STATUS_MEMORY;
	run->session = session;
	run->options = options;
	run->now = (int64_t)time(NULL);
	run->found.compared = run->compared;
	dns_answer_init(&run->answer);
	buf_init(&run->line, DNS_LINE_MAX);
	buf_init(&run->frames, ANSWER_MAX);
	buf_init(&run->signer, CHAIN_SIZE);
	for (i = 0; i < CHAINS_MOST; i++)
		buf_init(&run->chain[i], SMIMEA_CHAIN_MAX);
	retrieval_begin(
	    &run->retrieval, &session->config, &session->home, run->now, false);
	status = address_parse(span_of(operand), &mailbox);
	if (status == STATUS_OK)
		status = address_normal(&mailbox, run->address);
	status = status == STATUS_OK ? look_up(run, options)
				     : note_set(&session->note, STATUS_USAGE,
					   "%.200s is not an address", operand);
	retrieval_end(&run->retrieval);
	smimea_targets_clear(&run->targets);
	for (i = 0; i < CHAINS_MOST; i++)
		buf_clear(&run->chain[i]);
	buf_clear(&run->signer);
	buf_clear(&run->frames);
	buf_clear(&run->line);
	dns_answer_clear(&run->answer);
	free(run);
	return status;
}

int
smimea_lookup(const struct invocation *invocation, int argc, char *argv[])
{
	struct options options = { .save = false };
	struct session *session;
	int code = 0;

	if (!cmd_parse(&command_line, argc, argv, &options, &code))
		return code;
	if ((session = session_begin(invocation, false, &code)) == NULL)
		return code;
	return session_end(session, begin(session, &options, argv[optind]));
}
