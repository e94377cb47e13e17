/*
 * main.c - mailcert-mail: submit mail, and read mailboxes
 *
 * It talks to one mail server at a time, with the user's password.  It keeps
 * running for the next question, since loading libcurl costs more than most of
 * them.  base/verb.h has the frames of its verbs.
 */
#include <openssl/crypto.h>

#include "base/network.h"
#include "base/sandbox.h"
#include "base/serve.h"
#include "helpers/mail/announced.h"
#include "helpers/mail/mailbox.h"
#include "helpers/mail/probe.h"
#include "helpers/mail/send.h"

enum {
	QUESTION_MAX = 64 * 1024 * 1024,
	CPU_SECONDS = 60 /* SCRAM may take ten each time */
};

static const struct {
	enum verb_id verb;
	question_answer *answer;
} answers[] = {
	{ VERB_SEND, send_answer },
	{ VERB_PROBE, probe_answer },
	{ VERB_ANNOUNCED, announced_answer },
	{ VERB_APPEND, mailbox_answer },
	{ VERB_LOOK, mailbox_answer },
	{ VERB_MARK, mailbox_answer },
};

static bool
take_port(struct span frames, uint16_t *out)
{
	int64_t port;

	if (!frame_number(frame_get(frames, "port"), &port) || port < 1 ||
	    port > 0xffff)
		return false;
	*out = (uint16_t)port;
	return true;
}

/* What goes into a URL for libcurl must not be more than a host. */
static bool
host_ok(struct span host)
{
	size_t i;
	char c;

	for (i = 0; i < host.len; i++) {
		c = host.at[i];
		if (!ascii_is_alnum(c) && c != '-' && c != '.' && c != ':' &&
		    c != '[' && c != ']')
			return false;
	}
	return host.len > 0;
}

/* Where to, and as whom; the rest is for the verb. */
static enum status
take_question(const struct serve *serve, struct question *out)
{
	const struct span frames = serve->frames;
	const struct span tls = frame_get(frames, "tls");
	const struct span token = frame_get(frames, "token");
	const struct span secret = frame_get(frames, "secret");
	const struct span host = frame_get(frames, "host");

	out->verb = serve->verb;
	out->frames = frames;
	out->to.imap = serve->verb == VERB_PROBE
	    ? span_eq(frame_get(frames, "protocol"), SPAN("imap"))
	    : serve->verb != VERB_SEND;
	out->to.implicit_tls = span_eq(tls, SPAN("implicit"));
	out->account.token = token.len > 0;
	out->account.secret = token.len > 0 ? token : secret;
	out->account.user = frame_get(frames, "user");
	out->account.host = span_of(out->to.host);
	if ((!out->to.implicit_tls && !span_eq(tls, SPAN("starttls"))) ||
	    !host_ok(host) ||
	    !span_copy(host, out->to.host, sizeof(out->to.host)) ||
	    !take_port(frames, &out->to.port))
		return STATUS_USAGE;
	out->account.port = out->to.port;
	return STATUS_OK;
}

/* Only certificates and the resolver's files stay readable. */
static void
confine(const char *ca_file)
{
	const char *const readable[] = { NETWORK_RESOLVER,
		ca_file[0] != '\0' ? ca_file : NETWORK_CERTIFICATES,
		NETWORK_CERTIFICATES_MORE };
	const struct sandbox_rules rules = { .readable = readable,
		.readables = sizeof(readable) / sizeof(*readable),
		.network = true,
		.cpu_seconds = CPU_SECONDS };

	(void)sandbox_enter_with(&rules);
}

/* Prepare before anything is received.  Later questions can read no ca-file but
 * that of the first one. */
static enum status
prepare(const struct question *question)
{
	enum status status = connect_prepare();

	if (status == STATUS_OK)
		confine(question->to.ca_file);
	return status;
}

static enum status
answer_verb(const struct question *question, struct buf *out, struct note *note)
{
	size_t i;

	for (i = 0; i < sizeof(answers) / sizeof(*answers); i++)
		if (answers[i].verb == question->verb)
			return answers[i].answer(question, out, note);
	return STATUS_USAGE;
}

/* Read and answer the rest in the sandbox, which the first question enters. */
static enum status
answer(struct serve *serve, bool *prepared, struct buf *out, struct note *note)
{
	struct question question = { .verb = VERB_COUNT };
	enum status status = STATUS_OK;

	if (!span_copy(frame_get(serve->open, "ca-file"), question.to.ca_file,
		sizeof(question.to.ca_file)))
		return STATUS_USAGE;
	if (!*prepared)
		status = prepare(&question);
	*prepared = *prepared || status == STATUS_OK;
	if (status == STATUS_OK)
		status = serve_read(serve);
	if (status == STATUS_OK)
		status = take_question(serve, &question);
	return status == STATUS_OK ? answer_verb(&question, out, note) : status;
}

int
main(int argc, char *argv[])
{
	enum status status;
	struct serve serve;

	sandbox_early();
	status = serve_begin(&serve, "mailcert-mail", argc, argv, QUESTION_MAX);
	/* For libcurl's TLS: if memory runs out here, the library crashes
	 * later. */
	if (status == STATUS_OK && OSSL_LIB_CTX_get0_global_default() == NULL)
		status = STATUS_MEMORY;
	if (status != STATUS_OK)
		return serve_refuse(status);
	serve_all(&serve, QUESTION_MAX, answer);
	mailbox_end();
	connect_end();
	return status_exit(STATUS_OK);
}
