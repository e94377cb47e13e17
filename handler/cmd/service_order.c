/* service_order.c - mailcert service order: a certificate for a mail server */
#include <stdio.h>
#include <string.h>

#include "cmd/installing.h"
#include "cmd/key_options.h"
#include "cmd/ordering.h"
#include "cmd/service.h"
#include "cmd/service_where.h"

struct options {
	struct enrolment enrolment;
	struct order_request request;
	struct key_options key;
	struct service_where where;
	char look_at[2 * ORDER_LOOK_AT_SIZE];
	enum proof proof;
	bool has_proof;
	bool no_wait;
};

static bool
option_proof(const char *value, void *field)
{
	return proof_parse(span_of(value), field);
}

#define AT(field) .offset = offsetof(struct options, field)
#define PROOF_NAMES                                                       \
	"dns-email-00, dns-01, capability-imap-00, capability-pop-00 or " \
	"capability-smtp-00"

static const struct cmd_option rows[] = {
	WHERE_SERVICE("a service of the server, on its usual port or on PORT"),
	WHERE_PORT, WHERE_ADDRESS,
	{ "challenge", "TYPE", AT(proof), option_proof, PROOF_NAMES,
	    offsetof(struct options, has_proof),
	    .help = "dns-email-00, dns-01, capability-imap-00,\n"
		    "capability-pop-00, capability-smtp-00; default: the\n"
		    "first of these that the CA offers for all services" },
	{ "srv-id", NULL, AT(request.srv_id),
	    .help = "ask for the services in the certificate, too (RFC 4985)" },
	ENROLMENT_CA("the CA; see ca in mailcert-config(5)"),
	{ "key", "KIND", KEY_OPTION(kind), option_key_kind, OPTION_KEY_KIND,
	    offsetof(struct options, key.has_kind),
	    .help = "ec:p256 (default), ec:p384, ed25519, rsa:2048, rsa:3072,\n"
		    "rsa:4096" },
	ENROLMENT_AGREE,
	ENROLMENT_CONTACT("where the CA may write to you, for a new account"),
	ENROLMENT_EAB("your account at the CA, for a new ACME account"),
	{ "no-wait", NULL, AT(no_wait),
	    .help = "return as soon as it is known what to publish" },
	{ "new", NULL, AT(request.another),
	    .help = "even if the same order is pending" },
	{ 0 }
};

static const struct cmd_line command_line = {
	.name = "service order",
	.operands = "HOST",
	.least = 1,
	.most = 1,
	.options = rows,
	.forms = "--service... [--port] [--address]... [--challenge] "
		 "[--srv-id] [--ca] [--key] [--agree] [--contact]... "
		 "[--eab-kid --eab-key-file] [--no-wait] [--new] HOST",
	.about =
	    "Order a certificate for the mail server HOST, show how its CA wants it\n"
	    "proved, wait until that is in place, and store the certificate.  With\n"
	    "dns_update_server in the configuration mailcert changes the DNS itself.\n"
	    "It can take days: mailcert finish, or the same order again, resumes it.\n",
};

static enum status
place(struct session *session, struct options *options)
{
	enum status status;

	status =
	    ordering_reach(session, options->enrolment.ca, &options->request);
	if (status == STATUS_OK)
		status = client_enroll(&session->client,
		    &options->enrolment.client, &session->note);
	return status == STATUS_OK
	    ? ordering_one(session, &options->request, options->no_wait)
	    : status;
}

/* A CA that is a program has no challenges. */
static enum status
check_ca(struct session *session, const char *name)
{
	const struct config_ca *ca = config_known_ca(&session->config, name);

	return ca != NULL && ca->command[0] != '\0'
	    ? note_set(&session->note, STATUS_CONFIG,
		  "ca.%s is a program and cannot prove a host; name a CA that "
		  "speaks ACME",
		  ca->name)
	    : STATUS_OK;
}

/* More than an order takes is noticed there. */
static void
join_addresses(struct options *options)
{
	size_t i, len = 0;

	for (i = 0; i < options->where.addresses; i++) {
		(void)snprintf(options->look_at + len,
		    sizeof(options->look_at) - len, "%s%s", i > 0 ? " " : "",
		    options->where.address[i]);
		len = strlen(options->look_at);
	}
	options->request.look_at = options->look_at;
}

int
service_order(const struct invocation *invocation, int argc, char *argv[])
{
	struct options options = { .enrolment.client.agrees =
				       session_asks_terms,
		.key.kind = KEY_EC_P256 };
	struct order_request *request = &options.request;
	struct session *session;
	const char *why = NULL;
	enum status status;
	int code = 0;

	if (!cmd_parse(&command_line, argc, argv, &options, &code))
		return code;
	if (options.where.count == 0)
		return cmd_misuse(&command_line, "--service is missing");
	if (!service_where_ok(&options.where, &why))
		return cmd_misuse(&command_line, "%s", why);
	request->addresses = (const char *const *)argv + optind;
	request->count = 1;
	request->usage = CSR_SERVER;
	request->key = options.key.kind;
	request->passphrase = SPAN("");
	request->service = options.where.at;
	request->services = options.where.count;
	join_addresses(&options);
	request->proof = options.has_proof ? &options.proof : NULL;
	if ((session = session_begin(invocation, true, &code)) == NULL)
		return code;
	options.enrolment.client.key = session->config.account_key;
	status = order_check(request, &session->note);
	if (status == STATUS_OK)
		status = session_ca(session, &options.enrolment.ca);
	if (status == STATUS_OK)
		status = check_ca(session, options.enrolment.ca);
	if (status == STATUS_OK)
		status = place(session, &options);
	installing_tidy_late(&session->home);
	return session_end(session, status);
}
