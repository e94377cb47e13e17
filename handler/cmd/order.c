/* order.c - mailcert order: order a certificate for an address */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cmd/passphrase.h"
#include "cmd/session.h"
#include "order/caa.h"
#include "order/place.h"

#define SYNOPSIS                                                             \
	"mailcert order [--ca NAME|URL] [--key KIND] [--usage USAGE] "       \
	"[--passphrase]\n"                                                   \
	"                      [--agree] [--contact ADDRESS]... [--eab-kid " \
	"KID]\n"                                                             \
	"                      [--eab-key-file FILE] [--no-wait] [--new] "   \
	"[--dry-run]\n"                                                      \
	"                      ADDRESS..."

static const char help[] =
    "usage: " SYNOPSIS "\n\n"
    "Order a certificate from an ACME CA, wait until its challenge mail was\n"
    "answered (mailcert handle does that, from your mail program or\n"
    "unattended), and store the certificate.  May be left at any time:\n"
    "mailcert finish goes on, and so does the same order again.\n\n"
    "  --ca NAME|URL        which CA; see ca in mailcert-config(5)\n"
    "  --key KIND           rsa:3072 (default), rsa:2048, rsa:4096, ec:p256,\n"
    "                       ec:p384, ed25519 (can only sign)\n"
    "  --usage USAGE        both (default), sign, encrypt, or separate: two\n"
    "                       certificates, one for each\n"
    "  --passphrase         lock the key with a passphrase\n"
    "  --agree              you agree to the CA's terms of service\n"
    "  --contact ADDRESS    where the CA may write to, of a new account\n"
    "  --eab-kid KID        your account at the CA, for a new ACME account\n"
    "  --eab-key-file FILE  its MAC key\n"
    "  --no-wait            return as soon as the challenge is expected\n"
    "  --new                even where the same order is on its way\n"
    "  --dry-run            look, and order nothing\n";

struct options {
	struct enrolment enrolment;
	struct order_request request;
	const char *key; /* as typed, or NULL */
	struct config_usage usage;
	bool has_usage;
	bool passphrase;
	bool no_wait;
	bool dry_run;
};

static bool
take_option(int c, struct options *out)
{
	switch (c) {
	case 'k':
		out->key = optarg;
		return key_kind_parse(span_of(optarg), &out->request.key);
	case 'u':
		out->has_usage = true;
		return config_usage_parse(span_of(optarg), &out->usage);
	case 'p':
		out->passphrase = true;
		break;
	case 'n':
		out->no_wait = true;
		break;
	case 'N':
		out->request.anew = true;
		break;
	case 'd':
		out->dry_run = true;
		break;
	default:
		return enrolment_take(&out->enrolment, c);
	}
	return true;
}

static bool
parse_options(int argc, char *argv[], struct options *out, int *code)
{
	static const struct option longs[] = { ENROLMENT_OPTIONS,
		{ "key", required_argument, NULL, 'k' },
		{ "usage", required_argument, NULL, 'u' },
		{ "passphrase", no_argument, NULL, 'p' },
		{ "no-wait", no_argument, NULL, 'n' },
		{ "new", no_argument, NULL, 'N' },
		{ "dry-run", no_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' }, { 0 } };
	int c;

	*out =
	    (struct options){ .enrolment.client.agrees = session_asks_terms };
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1)
		if (!take_option(c, out)) {
			*code = c == 'h' ? cmd_help(help) : cmd_usage(SYNOPSIS);
			return false;
		}
	out->request.addresses = (const char *const *)argv + optind;
	out->request.count = (size_t)(argc - optind);
	if (optind == argc) {
		*code = cmd_usage(SYNOPSIS);
		return false;
	}
	return true;
}

/* What was not said is as configured. */
static void
fill_in(struct options *options, const struct config *config)
{
	options->enrolment.client.key = config->account_key;
	if (options->key == NULL)
		options->request.key = config->key;
	if (!options->has_usage)
		options->usage = config->usage;
	options->request.usage = options->usage.of;
	options->passphrase = options->passphrase || config->lock_keys;
}

static enum status
check(const struct options *options, struct note *note)
{
	const struct order_request *request = &options->request;

	if (!csr_usage_fits(request->key, request->usage) ||
	    !csr_usage_fits(
		request->key, options->usage.separate ? CSR_ENCRYPT : CSR_SIGN))
		return note_set(note, STATUS_USAGE,
		    "a key of kind %s can only sign: --usage sign",
		    key_kind_name(request->key));
	return order_check(request, note);
}

/* --dry-run: what would be done, and what could be in the way. */
static enum status
report(struct session *session, const struct options *options)
{
	const struct client *client = &session->client;
	const struct acme_directory *directory = &client->ca.directory;
	struct buf *out = &session->out;
	size_t i;

	buf_addf(out, "CA         %s\n", client->ca.directory_url);
	if (directory->terms[0] != '\0')
		buf_addf(out, "Terms      %s\n", directory->terms);
	buf_addf(out, "Account    %s\n",
	    client->account.url[0] != '\0' ? client->account.url
		: directory->external_account != 0
		? "a new one; the CA wants an external account (--eab-kid)"
		: "a new one");
	for (i = 0; i < options->request.count; i++) {
		buf_add_text(out, i == 0 ? "Addresses  " : "           ");
		text_show(out, span_of(options->request.addresses[i]),
		    TEXT_NO_LIMIT, text_locale_is_utf8());
		buf_add_byte(out, '\n');
	}
	buf_addf(out, "Key        %s%s\n", key_kind_name(options->request.key),
	    options->passphrase ? ", with a passphrase" : "");
	buf_addf(out, "Usage      %s\n",
	    options->usage.separate ? "sign and encrypt, two certificates"
				    : csr_usage_name(options->request.usage));
	buf_add_text(out, "Nothing was ordered.\n");
	return STATUS_OK;
}

/* Addresses of one domain often stand together: it is asked once. */
static bool
has_domain_of(const char *address, const char *other)
{
	const char *one = strrchr(address, '@'), *two = strrchr(other, '@');

	return one != NULL && two != NULL && strcmp(one, two) == 0;
}

static void
warn_of_caa(const struct client *client, const struct order_request *request)
{
	struct note warning;
	size_t i;

	for (i = 0; i < request->count; i++)
		if ((i == 0 ||
			!has_domain_of(request->addresses[i],
			    request->addresses[i - 1])) &&
		    caa_forbids(client, request->addresses[i], &warning))
			cmd_say(&warning);
}

/* One certificate. */
static enum status
order_one(
    struct session *session, const struct order_request *request, bool no_wait)
{
	const struct follow_options how = { .wait_for_mail = true };
	struct order *order = calloc(1, sizeof(*order));
	struct note again = { "" };
	struct follow_result result;
	bool resumed = false;
	enum status status = STATUS_MEMORY;

	if (order != NULL)
		status = order_place(
		    &session->client, request, order, &resumed, &session->note);
	if (status == STATUS_OK && resumed) {
		note_say(&again,
		    "going on with the order %s, which is for the same; --new "
		    "makes another",
		    order->id);
		cmd_say(&again);
	}
	if (status == STATUS_OK && no_wait && order->state == ORDER_NEW) {
		note_say(&again,
		    "order %s waits for another one's challenge for the same "
		    "address; mailcert finish begins it after that",
		    order->id);
		cmd_say(&again);
	}
	if (status == STATUS_OK && no_wait) {
		buf_addf(&session->out, "%s\n", order->id);
	} else if (status == STATUS_OK) {
		status = follow(
		    &session->client, order, &how, &result, &session->note);
		if (status == STATUS_OK)
			buf_addf(&session->out, "%s\n", result.path);
	}
	free(order);
	return status;
}

static enum status
expectation(struct session *session, struct options *options)
{
	struct order_request *request = &options->request;
	struct buf passphrase;
	enum status status;

	buf_init(&passphrase, PASSPHRASE_MAX);
	if (options->passphrase)
		status = passphrase_get(
		    &session->config, true, &passphrase, &session->note);
	else
		status = STATUS_OK;
	request->passphrase = buf_span(&passphrase);
	if (status == STATUS_OK)
		status = client_enroll(&session->client,
		    &options->enrolment.client, &session->note);
	if (status == STATUS_OK)
		status = order_one(session, request, options->no_wait);
	if (status == STATUS_OK && options->usage.separate) {
		request->usage = CSR_ENCRYPT;
		status = order_one(session, request, options->no_wait);
	}
	buf_wipe(&passphrase);
	return status;
}

int
cmd_order(const struct invocation *invocation, int argc, char *argv[])
{
	struct session *session;
	struct options options;
	enum status status;
	int code = 0;

	if (!parse_options(argc, argv, &options, &code) ||
	    (session = session_begin(invocation, true, &code)) == NULL)
		return code;
	fill_in(&options, &session->config);
	status = check(&options, &session->note);
	if (status == STATUS_OK)
		status = session_ca(session, &options.enrolment.ca);
	/* Who may issue for these domains is known before anything is asked. */
	if (status == STATUS_OK)
		status = client_reach(
		    &session->client, options.enrolment.ca, &session->note);
	if (status == STATUS_OK && session->config.caa)
		warn_of_caa(&session->client, &options.request);
	if (status == STATUS_OK)
		status = options.dry_run ? report(session, &options)
					 : expectation(session, &options);
	return session_end(session, status);
}
