/* csr.c - mailcert csr: make a signing request for a CA's web page */
#include <stdlib.h>

#include "cmd/key_options.h"
#include "cmd/passphrase.h"
#include "cmd/session.h"
#include "order/request.h"

struct options {
	struct key_options key;
	bool another;
};

static const struct cmd_option rows[] = { KEY_OPTIONS,
	{ "new", NULL, .offset = offsetof(struct options, another),
	    .help = "a new key, even if a request for the same waits" },
	{ 0 } };

static const struct cmd_line command_line = {
	.name = "csr",
	.operands = "ADDRESS...",
	.least = 1,
	.most = NO_LIMIT,
	.options = rows,
	.about =
	    "Make a key, and print a certificate signing request (PKCS #10, PEM) for a CA\n"
	    "that mailcert does not talk to: paste it into the CA's web page, and import\n"
	    "the certificate with mailcert import.  The key stays in the home.  The same\n"
	    "command prints the same request again until the certificate is there.\n",
};

/* What is to be done with it, beside the request itself. */
static void
tell_next(const struct order *order, bool found, bool separate)
{
	struct note note;

	note_say(&note,
	    "%s %s%s%s: paste it into the CA's web page, then: mailcert import "
	    "FILE%s",
	    found ? "the same request again," : "request", order->id,
	    separate ? ", to " : "",
	    separate ? csr_usage_name(order->usage) : "",
	    found ? "; --new makes another one" : "");
	cmd_say(&note);
}

static enum status
make_one(
    struct session *session, const struct order_request *request, bool separate)
{
	const struct request_form form = { .empty_subject = false };
	struct order *order = calloc(1, sizeof(*order));
	enum status status = STATUS_MEMORY;
	bool found = false;

	if (order != NULL)
		status = request_place(&session->home, request, &form, order,
		    &found, &session->note);
	if (status == STATUS_OK) {
		request_add_pem(order, &session->out);
		tell_next(order, found, separate);
	}
	free(order);
	return status;
}

/* Is each of them there already?  Then no key is made, and none is locked. */
static bool
is_there(struct session *session, struct order_request request, bool separate)
{
	struct order *order = calloc(1, sizeof(*order));
	bool there = order != NULL && !request.another &&
	    request_find(&session->home, &request, order, NULL) == STATUS_OK;

	if (there && separate) {
		request.usage = CSR_ENCRYPT;
		there = request_find(&session->home, &request, order, NULL) ==
		    STATUS_OK;
	}
	free(order);
	return there;
}

static enum status
make(struct session *session, struct order_request *request,
    const struct key_options *key)
{
	struct buf passphrase;
	enum status status = STATUS_OK;

	buf_init(&passphrase, PASSPHRASE_MAX);
	if (key->passphrase &&
	    !is_there(session, *request, key->usage.separate))
		status = passphrase_get(
		    &session->config, true, &passphrase, &session->note);
	request->passphrase = buf_span(&passphrase);
	if (status == STATUS_OK)
		status = make_one(session, request, key->usage.separate);
	if (status == STATUS_OK && key->usage.separate) {
		request->usage = CSR_ENCRYPT;
		status = make_one(session, request, true);
	}
	buf_wipe(&passphrase);
	return status;
}

int
cmd_csr(const struct invocation *invocation, int argc, char *argv[])
{
	struct options options = { .another = false };
	struct order_request request = { 0 };
	struct session *session;
	enum status status;
	int code = 0;

	if (!cmd_parse(&command_line, argc, argv, &options, &code))
		return code;
	if ((session = session_begin(invocation, true, &code)) == NULL)
		return code;
	key_options_fill(&options.key, &session->config);
	request =
	    (struct order_request){ .addresses =
					(const char *const *)argv + optind,
		    .count = (size_t)(argc - optind),
		    .key = options.key.kind,
		    .usage = options.key.usage.of,
		    .another = options.another };
	status = key_options_check(&options.key, &session->note);
	if (status == STATUS_OK)
		status = order_check(&request, &session->note);
	if (status == STATUS_OK)
		status = make(session, &request, &options.key);
	return session_end(session, status);
}
