/* order.c - mailcert order: order a certificate for an address */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cmd/ask_command.h"
#include "cmd/key_options.h"
#include "cmd/order_list.h"
#include "cmd/ordering.h"
#include "cmd/passphrase.h"
#include "cmd/session.h"
#include "order/command.h"
#include "order/place.h"

struct options {
	struct enrolment enrolment;
	struct order_request request;
	struct key_options key;
	const char *from_file;
	struct address_file file;
	bool no_wait;
	bool dry_run;
};

#define AT(field) .offset = offsetof(struct options, field)

static const struct cmd_option rows[] = {
	ENROLMENT_CA("the CA; see ca in mailcert-config(5)"), KEY_OPTIONS,
	ENROLMENT_AGREE,
	ENROLMENT_CONTACT("where the CA may write to you, for a new account"),
	ENROLMENT_EAB("your account at the CA, for a new ACME account"),
	{ "from-file", "LIST", AT(from_file),
	    .help = "order for each line of this file: its addresses, between\n"
		    "blanks; the same command resumes it" },
	{ "no-wait", NULL, AT(no_wait),
	    .help = "return as soon as the challenge is expected" },
	{ "new", NULL, AT(request.another),
	    .help = "even if the same order is pending" },
	{ "dry-run", NULL, AT(dry_run),
	    .help = "show what would be ordered, and order nothing" },
	{ 0 }
};

static const struct cmd_line command_line = {
	.name = "order",
	.operands = "ADDRESS...",
	.most = NO_LIMIT,
	.options = rows,
	.about =
	    "Order a certificate from an ACME CA, wait until its challenge mail is\n"
	    "answered (mailcert handle does that, from your mail program or\n"
	    "unattended), and store the certificate.  You can interrupt it at any\n"
	    "time: mailcert finish, or the same order again, resumes it.\n",
};

/* Take from the configuration what no option says. */
static void
fill_in(struct options *options, const struct config *config)
{
	options->enrolment.client.key = config->account_key;
	key_options_fill(&options->key, config);
	options->request.key = options->key.kind;
	options->request.usage = options->key.usage.of;
}

static enum status
check(const struct options *options, struct note *note)
{
	enum status status = key_options_check(&options->key, note);

	return status == STATUS_OK && options->from_file == NULL
	    ? order_check(&options->request, note)
	    : status;
}

/* What is the same for every CA. */
static void
report_rest(const struct options *options, struct buf *out)
{
	size_t i;

	if (options->from_file != NULL)
		buf_addf(out, "Lines      %zu\n", options->file.lines);
	for (i = 0; i < options->request.count; i++) {
		buf_add_text(out, i == 0 ? "Addresses  " : "           ");
		text_show(out, span_of(options->request.addresses[i]),
		    TEXT_NO_LIMIT, text_locale_is_utf8());
		buf_add_byte(out, '\n');
	}
	buf_addf(out, "Key        %s%s\n", key_kind_name(options->request.key),
	    options->key.passphrase ? ", with a passphrase" : "");
	buf_addf(out, "Usage      %s\n",
	    options->key.usage.separate
		? "sign and encrypt, two certificates"
		: csr_usage_name(options->request.usage));
	buf_add_text(out, "Nothing was ordered.\n");
}

/* --dry-run: say what would be done, and what may prevent it. */
static enum status
report(struct session *session, const struct options *options)
{
	const struct client *client = &session->client;
	const struct acme_directory *directory = &client->ca.directory;
	struct buf *out = &session->out;

	buf_addf(out, "CA         %s\n", client->ca.directory_url);
	if (directory->terms[0] != '\0')
		buf_addf(out, "Terms      %s\n", directory->terms);
	buf_addf(out, "Account    %s\n",
	    client->account.url[0] != '\0' ? client->account.url
		: directory->external_account != 0
		? "a new one; the CA requires an external account "
		  "(--eab-kid)"
		: "a new one");
	report_rest(options, out);
	return STATUS_OK;
}

/* The CA of that name, if it is a program; NULL: it speaks ACME. */
static const struct config_ca *
find_command(const struct session *session, const char *name)
{
	const struct config_ca *ca = config_known_ca(&session->config, name);

	return ca != NULL && ca->command[0] != '\0' ? ca : NULL;
}

static enum status
report_command(struct session *session, const struct options *options,
    const struct config_ca *ca)
{
	buf_addf(&session->out, "CA         %s, the program %s\n", ca->name,
	    ca->command);
	report_rest(options, &session->out);
	return STATUS_OK;
}

/* The CA is a program: no account, no challenge. */
static enum status
command_one(struct session *session, const struct config_ca *ca,
    struct order_request *request, bool no_wait)
{
	struct order *order = calloc(1, sizeof(*order));
	enum status status = STATUS_MEMORY;
	char path[1200];
	bool found = false;

	if (order != NULL)
		status = command_place(
		    &session->home, ca, request, order, &found, &session->note);
	if (status == STATUS_OK && no_wait)
		buf_addf(&session->out, "%s\n", order->id);
	else if (status == STATUS_OK)
		status = ask_command(session, order, path, &session->note);
	if (status == STATUS_OK && !no_wait)
		buf_addf(&session->out, "%s\n", path);
	free(order);
	return status;
}

/* What --from-file orders. */
static struct order_list
list_of(struct session *session, struct options *options,
    const struct config_ca *command)
{
	return (struct order_list){ .session = session,
		.file = &options->file,
		.request = &options->request,
		.command = command,
		.separate = options->key.usage.separate,
		.no_wait = options->no_wait };
}

static enum status
place(struct session *session, struct options *options,
    const struct config_ca *command)
{
	return command != NULL
	    ? command_one(session, command, &options->request, options->no_wait)
	    : ordering_one(session, &options->request, options->no_wait);
}

/* command: the CA, if it is a program; else NULL. */
static enum status
expectation(struct session *session, struct options *options,
    const struct config_ca *command)
{
	struct order_request *request = &options->request;
	struct order_list list;
	struct buf passphrase;
	enum status status;

	buf_init(&passphrase, PASSPHRASE_MAX);
	if (options->key.passphrase)
		status = passphrase_get(
		    &session->config, true, &passphrase, &session->note);
	else
		status = STATUS_OK;
	request->passphrase = buf_span(&passphrase);
	if (status == STATUS_OK && command == NULL)
		status = client_enroll(&session->client,
		    &options->enrolment.client, &session->note);
	if (status == STATUS_OK && options->from_file != NULL) {
		list = list_of(session, options, command);
		order_list_warn(&list);
		status = order_list(&list);
	} else if (status == STATUS_OK) {
		status = place(session, options, command);
	}
	if (status == STATUS_OK && options->from_file == NULL &&
	    options->key.usage.separate) {
		request->usage = CSR_ENCRYPT;
		status = place(session, options, command);
	}
	buf_wipe(&passphrase);
	return status;
}

/* --dry-run */
static enum status
show(struct session *session, struct options *options,
    const struct config_ca *command)
{
	const struct order_list list = list_of(session, options, command);
	enum status status;

	status = command != NULL ? report_command(session, options, command)
				 : report(session, options);
	return status == STATUS_OK && options->from_file != NULL
	    ? order_list_preview(&list)
	    : status;
}

int
cmd_order(const struct invocation *invocation, int argc, char *argv[])
{
	struct session *session;
	struct options options = { .enrolment.client.agrees =
				       session_asks_terms };
	const struct config_ca *command = NULL;
	enum status status;
	int code = 0;

	if (!cmd_parse(&command_line, argc, argv, &options, &code))
		return code;
	options.request.addresses = (const char *const *)argv + optind;
	options.request.count = (size_t)(argc - optind);
	if ((options.from_file != NULL) == (options.request.count > 0))
		return cmd_misuse(&command_line,
		    options.from_file != NULL
			? "--from-file LIST takes no ADDRESS"
			: "ADDRESS... is missing");
	if ((session = session_begin(invocation, true, &code)) == NULL)
		return code;
	fill_in(&options, &session->config);
	status = check(&options, &session->note);
	if (status == STATUS_OK && options.from_file != NULL)
		status = address_file_read(
		    options.from_file, &options.file, &session->note);
	if (status == STATUS_OK)
		status = session_ca(session, &options.enrolment.ca);
	if (status == STATUS_OK)
		command = find_command(session, options.enrolment.ca);
	if (status == STATUS_OK && command == NULL)
		status = ordering_reach(
		    session, options.enrolment.ca, &options.request);
	if (status == STATUS_OK && options.dry_run)
		status = show(session, &options, command);
	else if (status == STATUS_OK)
		status = expectation(session, &options, command);
	address_file_clear(&options.file);
	return session_end(session, status);
}
