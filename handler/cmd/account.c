/*
 * account.c - mailcert account: list and change accounts at CAs
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/nearest.h"
#include "base/text.h"
#include "cmd/list_accounts.h"
#include "cmd/session.h"
#include "mail/address.h"

struct options {
	struct enrolment enrolment;
	const char *const *rest;
	size_t rests;
	bool has_key;
	bool yes;
	bool json;
};

static enum status
list(struct session *session, const struct options *options)
{
	struct account *accounts = NULL;
	struct json_writer json;
	enum status status;
	size_t count = 0;

	status =
	    accounts_load(&session->home, &accounts, &count, &session->note);
	if (status == STATUS_OK && options->json) {
		json = json_begin(&session->out);
		list_accounts_json(accounts, count, &json);
		json_close(&json);
	} else if (status == STATUS_OK) {
		list_accounts(accounts, count, &session->out);
	}
	if (status == STATUS_OK && !options->json && count == 0)
		buf_add_text(&session->out,
		    "there is no account yet; the first mailcert "
		    "order makes one\n");
	free(accounts);
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

/* Open the account at the CA; it must exist. */
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
	char shown[100];
	size_t i;

	for (i = 0; i < count; i++) {
		if (address_parse(span_of(contact[i]), &mailbox) == STATUS_OK)
			continue;
		text_show_in(shown, sizeof(shown), span_of(contact[i]),
		    text_locale_is_utf8());
		return note_set(note, STATUS_USAGE,
		    "%s is not a mail address; use local@domain", shown);
	}
	return STATUS_OK;
}

static enum status
do_register(struct session *session, struct options *options)
{
	struct acme_account account;
	enum status status = session_ca(session, &options->enrolment.ca);

	if (!options->has_key)
		options->enrolment.client.key = session->config.account_key;
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

static bool
has_proof(const void *record, const void *thumbprint)
{
	const struct order *order = record;

	return order_is_server(order) && order_is_open(order) &&
	    order->proof.met == 0 &&
	    strcmp(order->proof.thumbprint, thumbprint) == 0;
}

/* What proves a host contains it, too. */
static enum status
check_proofs(struct session *session)
{
	struct record_search search = { .ids = 0 };
	struct order *all = NULL;
	enum status status;
	size_t count = 0;

	order_search_open(&search);
	status = orders_find(&session->home, &search, has_proof,
	    session->client.account.thumbprint, &all, &count, &session->note);
	if (status == STATUS_OK && count > 0)
		status = note_set(&session->note, STATUS_AGAIN,
		    "order %s is open, and its proof depends on the current "
		    "key; finish it first",
		    all[0].id);
	free(all);
	return status;
}

/* Refuse while a challenge is open: its answer contains the thumbprint. */
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
			    "challenge %s is open, and its answer depends on "
			    "the current key; finish it first",
			    expectation_shown_id(&expectations[i]));
	free(expectations);
	return status == STATUS_OK ? check_proofs(session) : status;
}

static enum status
do_roll_over(struct session *session, struct options *options)
{
	enum status status = reach(session, options);

	if (!options->has_key)
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
		    "nothing was changed; --yes skips the question");
	buf_clear(&question);
	if (status == STATUS_OK)
		status = client_deactivate(&session->client, &session->note);
	if (status == STATUS_OK)
		buf_add_text(&session->out, "the account is deactivated\n");
	return status;
}

/* Find the account with the given id, or the one in use at the CA. */
static enum status
find_account(
    struct session *session, struct options *options, struct account *out)
{
	struct config_ca ca = { .directory = "" };
	enum status status;
	char shown[100];

	if (options->rests > 0) {
		status = jsonfile_id_ok(span_of(options->rest[0]))
		    ? account_load(
			  &session->home, options->rest[0], out, &session->note)
		    : STATUS_MISSING;
	} else {
		status = session_ca(session, &options->enrolment.ca);
		if (status == STATUS_OK)
			status = config_find_ca(&session->config,
			    options->enrolment.ca, &ca, &session->note);
		if (status == STATUS_OK)
			status = account_find(
			    &session->home, ca.directory, out, &session->note);
	}
	if (status != STATUS_MISSING)
		return status;
	text_show_in(shown, sizeof(shown),
	    span_of(options->rests > 0 ? options->rest[0] : ca.directory),
	    text_locale_is_utf8());
	return note_set(&session->note, status,
	    "there is no account %s%s; mailcert account lists them",
	    options->rests > 0 ? "" : "at ", shown);
}

/* Find out what depends on the account: copy the id of an open order to open,
 * and set *wanted if a certificate may have to be revoked with it. */
static enum status
find_dependents(struct session *session, const char *account,
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
	    "%s is out of use; its key is kept for its certificates\n",
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
		status = find_dependents(session, account.id, open, &wanted);
	if (status == STATUS_OK && open[0] != '\0')
		status = note_set(&session->note, STATUS_AGAIN,
		    "order %s of that account is open; run mailcert finish, "
		    "or mailcert finish --forget %s",
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
		    "nothing was changed; --yes skips the question");
	buf_clear(&question);
	return status == STATUS_OK ? forget(session, &account, wanted) : status;
}

#define AT(field) .offset = offsetof(struct options, field)

static const struct cmd_option rows[] = {
	ENROLMENT_CA("the CA; default: ca in the configuration"),
	ENROLMENT_AGREE,
	{ "key", "KIND", ENROLMENT(client.key), option_key_kind,
	    OPTION_KEY_KIND, offsetof(struct options, has_key),
	    .help = "of the account key: ec:p256 (default), ec:p384,\n"
		    "ed25519, rsa:2048, rsa:3072, rsa:4096" },
	{ "key-file", "FILE", ENROLMENT(client.key_file),
	    .help = "copy this key (PEM), that of another client" },
	{ "existing", NULL, ENROLMENT(client.only_existing),
	    .help = "find the account of that key, create none" },
	ENROLMENT_CONTACT("where the CA may write to you"),
	ENROLMENT_EAB("your account at the CA, if it requires one"),
	{ "yes", NULL, AT(yes), .help = "do not ask" },
	{ "json", NULL, AT(json), .help = "print JSON" }, { 0 }
};

static const struct cmd_line command_line = {
	.name = "account",
	.operands = "",
	.most = NO_LIMIT,
	.options = rows,
	.forms = "[--json]\n"
		 "show [--ca]\n"
		 "register [--ca] [--agree] [--key] [--key-file] [--existing] "
		 "[--contact]... [--eab-kid --eab-key-file]\n"
		 "contact [--ca] [ADDRESS...]\n"
		 "roll-over [--ca] [--key]\n"
		 "deactivate [--ca] [--yes]\n"
		 "forget [--ca] [--yes] [ACCOUNT]",
	.about =
	    "Without an action, list our accounts.  show asks the CA for its record;\n"
	    "register creates an account (order does so too); contact sets where the CA\n"
	    "may write to you; roll-over gives the account a new key; deactivate closes\n"
	    "it for good; forget takes it out of use here without asking the CA.  If the\n"
	    "CA closed or lost the account, or its key file is gone, register creates\n"
	    "another.\n",
};

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
enum { ACTS = sizeof(acts) / sizeof(*acts) };

static const struct act *
find_act(const char *name)
{
	size_t i;

	for (i = 0; i < ACTS; i++)
		if (strcmp(acts[i].name, name) == 0)
			return &acts[i];
	return NULL;
}

static int
unknown_act(const char *typed)
{
	struct nearest nearest = nearest_to(span_of(typed));
	size_t i;

	for (i = 0; i < ACTS; i++)
		nearest_consider(&nearest, acts[i].name);
	return nearest.name != NULL
	    ? cmd_misuse(&command_line,
		  "unknown action account %.40s; did you mean %s?", typed,
		  nearest.name)
	    : cmd_misuse(&command_line,
		  "unknown action account %.40s; mailcert account --help lists "
		  "them",
		  typed);
}

int
cmd_account(const struct invocation *invocation, int argc, char *argv[])
{
	struct options options = { .enrolment.client.agrees =
				       session_asks_terms };
	const struct act *act = NULL;
	struct session *session;
	enum status status;
	int code = 0;

	if (!cmd_parse(&command_line, argc, argv, &options, &code))
		return code;
	if (optind < argc && (act = find_act(argv[optind++])) == NULL)
		return unknown_act(argv[optind - 1]);
	options.rest = (const char *const *)argv + optind;
	options.rests = (size_t)(argc - optind);
	if (options.rests > (act != NULL ? act->rests_most : 0))
		return cmd_misuse(&command_line, "unexpected argument %.100s",
		    argv[argc - 1]);
	session = session_begin(invocation, act != NULL && act->creates, &code);
	if (session == NULL)
		return code;
	status =
	    act != NULL ? act->run(session, &options) : list(session, &options);
	return session_end(session, status);
}
