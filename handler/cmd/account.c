/*
 * account.c - mailcert account: list and change accounts at CAs
 *
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "cmd/list_accounts.h"
#include "cmd/session.h"
#include "mail/address.h"

#define SYNOPSIS                                                             \
	"mailcert account [--json]\n"                                        \
	"       mailcert account show [--ca NAME|URL]\n"                     \
	"       mailcert account register [--ca NAME|URL] [--agree] [--key " \
	"KIND]\n"                                                            \
	"                        [--key-file FILE] [--existing] [--contact " \
	"ADDRESS]...\n"                                                      \
	"                        [--eab-kid KID --eab-key-file FILE]\n"      \
	"       mailcert account contact [--ca NAME|URL] [ADDRESS...]\n"     \
	"       mailcert account roll-over [--ca NAME|URL] [--key KIND]\n"   \
	"       mailcert account deactivate [--ca NAME|URL] [--yes]\n"       \
	"       mailcert account forget [--ca NAME|URL] [--yes] [ACCOUNT]"

static const char help[] =
    "usage: " SYNOPSIS "\n\n"
    "Alone: list our accounts.  show asks the CA what it has on record; register\n"
    "makes an account (order does so too); contact sets where the CA may write\n"
    "to; roll-over gives the account a new key; deactivate closes it for good;\n"
    "forget takes one out of use here and asks the CA nothing.  Where the CA\n"
    "closed or lost the account, or its key file is gone, register makes another.\n\n"
    "  --ca NAME|URL        which CA; default: ca of the configuration\n"
    "  --agree              you agree to the CA's terms of service\n"
    "  --key KIND           of the account key: ec:p256 (default), ec:p384,\n"
    "                       ed25519, rsa:2048, rsa:3072, rsa:4096\n"
    "  --key-file FILE      take a copy of this key (PEM), of another client\n"
    "  --existing           only find the account of that key, make none\n"
    "  --contact ADDRESS    where the CA may write to\n"
    "  --eab-kid KID        your account at the CA, where it wants one\n"
    "  --eab-key-file FILE  its MAC key\n"
    "  --yes                do not ask\n"
    "  --json               for programs\n";

struct options {
	struct enrolment enrolment;
	const char *const *rest;
	size_t rests;
	bool key; /* --key was said */
	bool yes;
	bool json;
};

static enum status
list(struct session *session, const struct options *options)
{
	struct buf *out = &session->out;
	enum status status;
	size_t count = 0;

	buf_add_text(out, options->json ? "{\"accounts\": [" : "");
	status = list_accounts(
	    &session->home, options->json, &count, out, &session->note);
	if (status != STATUS_OK)
		buf_clear(out);
	else if (options->json)
		buf_add_text(out, "]}\n");
	else if (count == 0)
		buf_add_text(out,
		    "there is no account yet; the first mailcert "
		    "order makes one\n");
	return status;
}

static void
show_account(struct session *session, const struct acme_account *account)
{
	struct buf *out = &session->out;
	uint32_t i;

	buf_addf(out, "CA          %s\nAccount     %s\nStatus      %s\n",
	    session->client.ca.directory_url, session->client.account.url,
	    account->status == ACME_VALID ? "valid" : "deactivated or revoked");
	for (i = 0; i < account->contacts; i++)
		buf_addf(out, "Contact     %s\n", account->contact[i]);
	buf_addf(out, "Thumbprint  %s\n", session->client.account.thumbprint);
	if (session->client.ca.directory.terms[0] != '\0')
		buf_addf(out, "Terms       %s\n",
		    session->client.ca.directory.terms);
}

/* The account that there must be. */
static enum status
reach(struct session *session, struct options *options)
{
	enum status status = session_ca(session, &options->enrolment.ca);

	if (status == STATUS_OK)
		status = client_reach(
		    &session->client, options->enrolment.ca, &session->note);
	if (status == STATUS_OK && session->client.account.url[0] == '\0')
		status = note_set(&session->note, STATUS_NO,
		    "there is no account at this CA; mailcert account register "
		    "makes one");
	return status;
}

static enum status
do_show(struct session *session, struct options *options)
{
	struct acme_account account;
	enum status status = reach(session, options);

	if (status == STATUS_OK)
		status = client_ask(&session->client, &account, &session->note);
	if (status == STATUS_OK)
		show_account(session, &account);
	if (status == STATUS_OK && account.status == ACME_GONE)
		status = client_is_closed(&session->note);
	return status;
}

static enum status
check_contacts(const char *const *contact, size_t count, struct note *note)
{
	struct mailbox mailbox;
	size_t i;

	for (i = 0; i < count; i++)
		if (address_parse(span_of(contact[i]), &mailbox) != STATUS_OK)
			return note_set(note, STATUS_USAGE,
			    "%.100s is no mail address", contact[i]);
	return STATUS_OK;
}

static enum status
do_register(struct session *session, struct options *options)
{
	struct acme_account account;
	enum status status = session_ca(session, &options->enrolment.ca);

	if (!options->key)
		options->enrolment.client.key = session->config.account_key;
	if (status == STATUS_OK)
		status = check_contacts(options->enrolment.client.contact,
		    options->enrolment.client.contacts, &session->note);
	if (status == STATUS_OK)
		status = client_reach(
		    &session->client, options->enrolment.ca, &session->note);
	if (status == STATUS_OK)
		status =
		    client_retire_if_gone(&session->client, &session->note);
	if (status == STATUS_OK && session->client.account.url[0] != '\0' &&
	    options->enrolment.client.key_file != NULL)
		status = note_set(&session->note, STATUS_USAGE,
		    "there is an account at this CA already; forget or "
		    "deactivate it first, or use another home (-C)");
	if (status == STATUS_OK)
		status = client_enroll(&session->client,
		    &options->enrolment.client, &session->note);
	if (status == STATUS_OK)
		status = client_ask(&session->client, &account, &session->note);
	if (status == STATUS_OK)
		show_account(session, &account);
	return status;
}

static enum status
do_contact(struct session *session, struct options *options)
{
	struct acme_account account;
	enum status status;

	status = check_contacts(options->rest, options->rests, &session->note);
	if (status == STATUS_OK)
		status = reach(session, options);
	if (status == STATUS_OK)
		status = client_set_contact(&session->client, options->rest,
		    options->rests, &account, &session->note);
	if (status == STATUS_OK)
		show_account(session, &account);
	return status;
}

/* The thumbprint goes into the answer: no challenge may be open. */
static enum status
check_pending(struct session *session)
{
	struct expectation *expectations = NULL;
	enum status status;
	size_t count = 0, i;

	status = expectations_load(
	    &session->home, &expectations, &count, &session->note);
	for (i = 0; status == STATUS_OK && i < count; i++)
		if (strcmp(expectations[i].thumbprint,
			session->client.account.thumbprint) == 0 &&
		    expectations[i].met == 0 &&
		    (expectations[i].expires == 0 ||
			expectations[i].expires > (int64_t)time(NULL)))
			status = note_set(&session->note, STATUS_AGAIN,
			    "challenge %s is open, and its answer holds the "
			    "present key: finish it first",
			    expectation_shown_id(&expectations[i]));
	free(expectations);
	return status;
}

static enum status
do_roll_over(struct session *session, struct options *options)
{
	enum status status = reach(session, options);

	if (!options->key)
		options->enrolment.client.key = session->config.account_key;
	if (status == STATUS_OK)
		status = check_pending(session);
	if (status == STATUS_OK)
		status = client_roll_over(&session->client,
		    options->enrolment.client.key, &session->note);
	if (status == STATUS_OK)
		buf_addf(&session->out, "the account has a new key, %s\n",
		    session->client.account.thumbprint);
	return status;
}

static enum status
do_deactivate(struct session *session, struct options *options)
{
	struct buf question;
	enum status status = reach(session, options);

	if (status != STATUS_OK)
		return status;
	buf_init(&question, 4096);
	buf_addf(&question, "Deactivate the account %s for good?",
	    session->client.account.url);
	status = buf_status(&question);
	if (status == STATUS_OK && !options->yes && !session_ask(question.at))
		status = note_set(&session->note, STATUS_DECLINED,
		    "nothing was changed (--yes does it without a question)");
	buf_clear(&question);
	if (status == STATUS_OK)
		status = client_deactivate(&session->client, &session->note);
	if (status == STATUS_OK)
		buf_add_text(&session->out, "the account is deactivated\n");
	return status;
}

/* The account of that id, or the one in use at the CA. */
static enum status
find_account(
    struct session *session, struct options *options, struct account *out)
{
	struct config_ca ca;
	enum status status;

	if (options->rests > 0) {
		status = jsonfile_id_ok(span_of(options->rest[0]))
		    ? account_load(
			  &session->home, options->rest[0], out, &session->note)
		    : STATUS_NO;
	} else {
		status = session_ca(session, &options->enrolment.ca);
		if (status == STATUS_OK)
			status = config_find_ca(&session->config,
			    options->enrolment.ca, &ca, &session->note);
		if (status == STATUS_OK)
			status = account_find(
			    &session->home, ca.directory, out, &session->note);
	}
	return status == STATUS_NO
	    ? note_set(&session->note, status,
		  "there is no such account; mailcert account lists them")
	    : status;
}

/* What hangs on the account: an order that is open (its id in *open), and
 * whether a certificate may have to be revoked with it. */
static enum status
look_what_hangs_on(struct session *session, const char *account,
    char open[RECORD_ID_SIZE], bool *wanted)
{
	struct order *all = NULL;
	enum status status;
	size_t count = 0, i;

	open[0] = '\0';
	*wanted = false;
	status = orders_load(&session->home, &all, &count, &session->note);
	for (i = 0; i < count; i++) {
		if (strcmp(all[i].account, account) != 0)
			continue;
		if (order_is_open(&all[i]))
			(void)strcpy(open, all[i].id);
		else if (all[i].state == ORDER_ISSUED)
			*wanted = true;
	}
	free(all);
	return status;
}

static enum status
forget(struct session *session, struct account *account, bool wanted)
{
	enum status status;

	if (!wanted)
		return account_forget(&session->home, account, &session->note);
	account->end = ACCOUNT_FORGOTTEN;
	if (account->deactivated == 0)
		account->deactivated = (int64_t)time(NULL);
	status = account_save(&session->home, account, &session->note);
	buf_addf(&session->out,
	    "%s is out of use; its key stays for what it ordered\n",
	    account->id);
	return status;
}

static enum status
do_forget(struct session *session, struct options *options)
{
	char open[RECORD_ID_SIZE];
	struct account account;
	struct buf question;
	enum status status;
	bool wanted = false;

	status = find_account(session, options, &account);
	if (status == STATUS_OK)
		status = look_what_hangs_on(session, account.id, open, &wanted);
	if (status == STATUS_OK && open[0] != '\0')
		status = note_set(&session->note, STATUS_AGAIN,
		    "order %s of that account is open; mailcert finish it, or "
		    "mailcert finish --forget %s",
		    open, open);
	if (status != STATUS_OK)
		return status;
	buf_init(&question, 4096);
	buf_addf(&question,
	    "Forget the account %s? The CA keeps it, but nobody can use it "
	    "without its key.",
	    account.url);
	status = buf_status(&question);
	if (status == STATUS_OK && account.end == ACCOUNT_IN_USE &&
	    account.url[0] != '\0' && !options->yes &&
	    !session_ask(question.at))
		status = note_set(&session->note, STATUS_DECLINED,
		    "nothing was changed (--yes does it without a question)");
	buf_clear(&question);
	return status == STATUS_OK ? forget(session, &account, wanted) : status;
}

static bool
take_option(int c, struct options *out)
{
	switch (c) {
	case 'k':
		out->key = true;
		return key_kind_parse(
		    span_of(optarg), &out->enrolment.client.key);
	case 'K':
		out->enrolment.client.key_file = optarg;
		break;
	case 'e':
		out->enrolment.client.only_existing = true;
		break;
	case 'y':
		out->yes = true;
		break;
	case 'j':
		out->json = true;
		break;
	default:
		return enrolment_take(&out->enrolment, c);
	}
	return true;
}

static const struct act {
	const char *name;
	enum status (*run)(struct session *session, struct options *options);
	bool creates;      /* the home */
	size_t rests_most; /* arguments */
} acts[] = {
	{ "show", do_show, false, 0 },
	{ "register", do_register, true, 0 },
	{ "contact", do_contact, false, SESSION_CONTACTS_MAX },
	{ "roll-over", do_roll_over, false, 0 },
	{ "deactivate", do_deactivate, false, 0 },
	{ "forget", do_forget, false, 1 },
};

static const struct act *
find_act(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(acts) / sizeof(*acts); i++)
		if (strcmp(acts[i].name, name) == 0)
			return &acts[i];
	return NULL;
}

int
cmd_account(const struct invocation *invocation, int argc, char *argv[])
{
	static const struct option longs[] = { ENROLMENT_OPTIONS,
		{ "key", required_argument, NULL, 'k' },
		{ "key-file", required_argument, NULL, 'K' },
		{ "existing", no_argument, NULL, 'e' },
		{ "yes", no_argument, NULL, 'y' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' }, { 0 } };
	struct options options = { .enrolment.client.agrees =
				       session_asks_terms };
	const struct act *act = NULL;
	struct session *session;
	enum status status;
	int c, code = 0;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1)
		if (!take_option(c, &options))
			return c == 'h' ? cmd_help(help) : cmd_usage(SYNOPSIS);
	if (optind < argc && (act = find_act(argv[optind++])) == NULL)
		return cmd_usage(SYNOPSIS);
	options.rest = (const char *const *)argv + optind;
	options.rests = (size_t)(argc - optind);
	if (options.rests > (act != NULL ? act->rests_most : 0))
		return cmd_usage(SYNOPSIS);
	session = session_begin(invocation, act != NULL && act->creates, &code);
	if (session == NULL)
		return code;
	status =
	    act != NULL ? act->run(session, &options) : list(session, &options);
	return session_end(session, status);
}
