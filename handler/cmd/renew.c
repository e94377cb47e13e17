/* renew.c - mailcert renew: renew certificates that are due, finish orders */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "answer/advice.h"
#include "answer/confirm.h"
#include "base/text.h"
#include "cmd/ask_command.h"
#include "cmd/deploying.h"
#include "cmd/installing.h"
#include "cmd/lookup.h"
#include "cmd/passphrase.h"
#include "cmd/session.h"
#include "cmd/watching.h"
#include "order/command.h"
#include "order/place.h"
#include "order/renew.h"

enum { LOOK_MS = 2000 }; /* between two looks at an order */

struct options {
	char **names;
	size_t count;
	bool dry_run;
	bool force;
	bool wait;
};

#define AT(field) .offset = offsetof(struct options, field)

static const struct cmd_option rows[] = {
	{ "dry-run", NULL, AT(dry_run),
	    .help = "say what would be done and when" },
	{ "force", NULL, AT(force), .help = "even if it is not due" },
	{ "wait", NULL, AT(wait),
	    .help =
		"wait until the challenges are answered: by mailcert, in the\n"
		"mailboxes of watch, or elsewhere" },
	{ 0 }
};

static const struct cmd_line command_line = {
	.name = "renew",
	.operands = "[CERTIFICATE...]",
	.most = NO_LIMIT,
	.options = rows,
	.about =
	    "Renew the certificates that are due, by the CA's own suggestion (RFC 9773)\n"
	    "or by their lifetime (renew_before), and resume what is pending.  Otherwise\n"
	    "does nothing: run it from a timer, as often as you like.  Exits with 1 while\n"
	    "something waits for a person, and says what.\n"
	    "CERTIFICATE is an id or an address; without one, all of them.\n",
};

/* What is kept from one certificate to the next. */
struct renewal {
	struct buf passphrase; /* for new keys, asked for once */
	bool known;
	size_t persons;            /* challenges that wait for one */
	size_t foreign;            /* certificates from elsewhere that do */
	struct watching *watching; /* looks for the challenges; or NULL */
};

static bool
is_chosen(const struct options *options, const struct order *order)
{
	size_t i;

	for (i = 0; i < options->count; i++)
		if (lookup_names_order(options->names[i], order))
			return true;
	return options->count == 0;
}

/* Print one line about an order. */
static void
tell(struct session *session, const struct order *order, const char *format,
    const char *what)
{
	struct buf line;
	size_t i;

	buf_init(&line, 16 * 1024);
	for (i = 0; i < order->addresses; i++)
		buf_addf(&line, "%s%s", i > 0 ? " " : "", order->address[i]);
	buf_addf(&line, ": %s%s", format, what);
	text_show(&session->out, buf_span(&line), TEXT_NO_LIMIT,
	    text_locale_is_utf8());
	buf_add_byte(&session->out, '\n');
	buf_clear(&line);
}

/* Look through the mailboxes of the configuration, then wait for a moment. */
static void
look(void *arg)
{
	struct watching *watching = arg;
	struct note note = { "" };

	if (watching_look(watching, false, &note) != STATUS_OK)
		cmd_say(&note);
	watching_wait(watching, LOOK_MS);
}

/* Resume an order; waiting for mail is not a failure. */
static enum status
go_on(struct session *session, struct order *order, bool wait,
    struct renewal *run)
{
	const struct follow_options how = { .wait_for_mail = wait,
		.look = run->watching != NULL ? look : NULL,
		.arg = run->watching };
	struct follow_result result;
	enum status status;

	status = follow(&session->client, order, &how, &result, &session->note);
	run->persons += result.needs_a_person;
	if (status == STATUS_OK) {
		tell(session, order, "certificate in ", result.path);
	} else if (status == STATUS_AGAIN) {
		tell(session, order, "", session->note.text);
		session->note.text[0] = '\0';
		status = STATUS_OK;
	}
	return status;
}

static enum status
finish_pending(struct session *session, const struct options *options,
    struct order *order, struct renewal *run)
{
	enum status status;

	if (options->dry_run) {
		tell(session, order, "is pending, order ", order->id);
		return STATUS_OK;
	}
	status = client_reopen(
	    &session->client, order->account, true, &session->note);
	return status == STATUS_OK ? go_on(session, order, options->wait, run)
				   : status;
}

/* What to order again; addresses has room for all of them. */
static enum status
make_request(struct session *session, const struct order *old,
    const char *addresses[], struct order_request *out, struct renewal *run)
{
	enum status status = STATUS_OK;
	size_t i;

	*out = (struct order_request){ .addresses = addresses,
		.count = old->addresses,
		.key = old->key,
		.usage = old->usage,
		.replaces = old };
	for (i = 0; i < old->addresses; i++)
		addresses[i] = old->address[i];
	if (old->locked && !run->known) {
		status = passphrase_get(
		    &session->config, true, &run->passphrase, &session->note);
		run->known = status == STATUS_OK;
	}
	if (old->locked)
		out->passphrase = buf_span(&run->passphrase);
	return status;
}

static enum status
renew_one(struct session *session, const struct options *options,
    const struct order *old, struct renewal *run)
{
	const char *addresses[ACME_IDENTIFIERS_MAX];
	struct order *order = calloc(1, sizeof(*order));
	struct order_request request;
	enum status status;
	bool resumed = false;

	if (order == NULL)
		return STATUS_MEMORY;
	status = make_request(session, old, addresses, &request, run);
	if (status == STATUS_OK)
		status = order_place(&session->client, &request, order,
		    &resumed, &session->note);
	if (status == STATUS_OK)
		status = go_on(session, order, options->wait, run);
	free(order);
	return status;
}

/* Ask a CA that is a program; waiting for it is not a failure. */
static enum status
go_on_at_command(struct session *session, struct order *order)
{
	enum status status;
	char path[1200];

	status = ask_command(session, order, path, &session->note);
	if (status == STATUS_OK) {
		tell(session, order, "certificate in ", path);
	} else if (status == STATUS_AGAIN) {
		tell(session, order, "", session->note.text);
		session->note.text[0] = '\0';
		status = STATUS_OK;
	}
	return status;
}

static enum status
renew_at_command(
    struct session *session, const struct order *old, struct renewal *run)
{
	const struct config_ca *ca = config_known_ca(&session->config, old->ca);
	const char *addresses[ACME_IDENTIFIERS_MAX];
	struct order *order;
	struct order_request request;
	enum status status;
	bool found = false;

	if (ca == NULL)
		return note_set(&session->note, STATUS_CONFIG,
		    "ca.%s.command is not set", old->ca);
	if ((order = calloc(1, sizeof(*order))) == NULL)
		return STATUS_MEMORY;
	status = make_request(session, old, addresses, &request, run);
	if (status == STATUS_OK)
		status = command_place(&session->home, ca, &request, order,
		    &found, &session->note);
	if (status == STATUS_OK)
		status = go_on_at_command(session, order);
	free(order);
	return status;
}

static void
tell_time(struct session *session, const struct order *order, const char *what,
    int64_t when, int64_t now, const char *explanation)
{
	struct buf text;

	buf_init(&text, 4096);
	confirm_add_time(&text, when, now);
	if (explanation[0] != '\0')
		buf_addf(&text, "; the CA explains: %s", explanation);
	if (buf_status(&text) == STATUS_OK)
		tell(session, order, what, text.at);
	buf_clear(&text);
}

/* Say that it is due, but was ordered too recently. */
static void
tell_recent(struct session *session, const struct order *order)
{
	const int64_t minutes = renew_pause(order) / 60;
	char ago[64];

	(void)snprintf(ago, sizeof(ago),
	    minutes >= 120 ? "%lld hours ago" : "%lld minutes ago",
	    (long long)(minutes >= 120 ? minutes / 60 : minutes));
	tell(session, order, "due, but it was ordered less than ", ago);
}

/* Open the account that ordered it or, if that is closed, its successor. */
static enum status
open_account(struct session *session, const struct order *order)
{
	struct client *client = &session->client;
	char directory[ACME_URL_SIZE];
	enum status status;

	status = client_reopen(client, order->account, true, &session->note);
	if (status != STATUS_OK || client->account.deactivated == 0)
		return status;
	(void)strcpy(directory, client->account.directory);
	status = client_reach(client, directory, &session->note);
	if (status == STATUS_OK && client->account.url[0] == '\0')
		status = note_set(&session->note, STATUS_CONFIG,
		    "its account is deactivated; mailcert account register "
		    "makes another");
	return status;
}

/* Is something said or done also of what is not due? */
static bool
is_quiet_told(const struct options *options)
{
	return options->dry_run || options->force;
}

/* Were its addresses ordered just now? */
static enum status
look_for_recent(struct session *session, const struct order *order, int64_t now,
    bool *recent)
{
	struct record_search search = { .ids = 0 };
	struct order *all = NULL;
	enum status status;
	size_t count = 0;

	order_search_for_since(
	    &search, order->address[0], now - renew_pause(order));
	status = orders_find(
	    &session->home, &search, NULL, NULL, &all, &count, &session->note);
	*recent = renew_is_recent(order, all, count, now);
	free(all);
	return status;
}

/* Renew it if it is due. */
static enum status
look_after(struct session *session, const struct options *options,
    struct order *order, struct renewal *run)
{
	const int64_t now = (int64_t)time(NULL);
	char explanation[ACME_URL_SIZE];
	enum status status;
	bool recent = false;
	int64_t when = 0;

	if (!is_quiet_told(options) &&
	    renew_is_quiet(&session->config, order, now))
		return STATUS_OK;
	status = open_account(session, order);
	if (status == STATUS_OK)
		status = renew_time(&session->client, order, now, &when,
		    explanation, &session->note);
	if (status == STATUS_OK && when <= now && !options->force)
		status = look_for_recent(session, order, now, &recent);
	if (status != STATUS_OK)
		return status;
	if (!options->force && when > now) {
		if (options->dry_run)
			tell_time(
			    session, order, "due ", when, now, explanation);
		return STATUS_OK;
	}
	if (recent) {
		if (options->dry_run)
			tell_recent(session, order);
		return STATUS_OK;
	}
	if (options->dry_run) {
		tell_time(session, order, "would be renewed now, due ", when,
		    now, explanation);
		return STATUS_OK;
	}
	return renew_one(session, options, order, run);
}

/* Is it being renewed already? */
static bool
is_under_way(const struct order *order, const struct order *all, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (order_is_open(&all[i]) &&
		    strcmp(all[i].replaces, order->id) == 0)
			return true;
	return false;
}

/* Report doubtful answers to challenges that another client ordered; nothing
 * else of them can be finished here. */
static enum status
tell_doubts(struct session *session, struct renewal *run)
{
	const int64_t now = (int64_t)time(NULL);
	struct record_search search = { .ids = 0 };
	struct expectation *expectations = NULL;
	enum status status;
	size_t count = 0, i;
	struct buf line;

	expectation_search_doubt(&search, now);
	status = expectations_find(&session->home, &search, NULL, NULL,
	    &expectations, &count, &session->note);
	buf_init(&line, 4096);
	for (i = 0; i < count; i++) {
		if (expectations[i].order[0] != '\0' ||
		    expectations[i].state != EXPECTATION_ANSWERING ||
		    (expectations[i].expires != 0 &&
			expectations[i].expires <= now))
			continue;
		run->persons++;
		buf_addf(&line, "%s: ", expectations[i].address);
		advice_add_state(&expectations[i], now, &line);
		buf_add_text(&line, "; ");
		advice_add_next(&expectations[i], now, &line);
		text_show(&session->out, buf_span(&line), TEXT_NO_LIMIT,
		    text_locale_is_utf8());
		buf_add_byte(&session->out, '\n');
		buf_clear(&line);
	}
	free(expectations);
	return status;
}

/* Refuse a name that matches nothing that can be renewed. */
static enum status
check_names(struct session *session, const struct options *options,
    const struct order *all, size_t count)
{
	size_t i, j;

	for (i = 0; i < options->count; i++) {
		for (j = 0; j < count; j++)
			if (lookup_names_order(options->names[i], &all[j]) &&
			    (order_is_open(&all[j]) ||
				all[j].state == ORDER_REQUESTED ||
				renew_is_candidate(&all[j])))
				break;
		if (j == count)
			return note_set(&session->note, STATUS_NO,
			    "there is no certificate %.100s to renew; "
			    "mailcert status lists them",
			    options->names[i]);
	}
	return STATUS_OK;
}

/* Is that one good for longer, or on its way? */
static bool
is_successor(const void *record, const void *arg)
{
	const struct order *one = record, *order = arg;

	return strcmp(one->id, order->id) != 0 && renew_is_same(order, one) &&
	    (order_is_open(one) || one->state == ORDER_REQUESTED ||
		(one->state == ORDER_ISSUED && one->expires > order->expires));
}

/* Where the records cannot be read it is not known: no. */
static bool
has_successor(struct session *session, const struct order *order)
{
	struct record_search search = { .ids = 0 };
	struct order *all = NULL;
	size_t count = 0;
	bool found;

	order_search_for(&search, order->address[0]);
	found = orders_find(&session->home, &search, is_successor, order, &all,
		    &count, NULL) == STATUS_OK &&
	    count > 0;
	free(all);
	return found;
}

/* mailcert cannot renew what it did not order, but it warns in time. */
static void
remind(struct session *session, const struct options *options,
    const struct order *order, struct renewal *run)
{
	const int64_t now = (int64_t)time(NULL);
	const int64_t when = renew_known(&session->config, order);

	if (order->state == ORDER_REQUESTED) {
		tell(session, order,
		    "waits for the certificate from the CA (then: mailcert "
		    "import FILE), request ",
		    order->id);
		run->foreign++;
	} else if ((when > now && !is_quiet_told(options)) ||
	    has_successor(session, order)) {
		return;
	} else if (options->force || when <= now) {
		tell_time(session, order,
		    "mailcert did not order it and cannot renew it; get "
		    "another one with mailcert csr or mailcert order.  It is "
		    "valid until ",
		    order->expires, now, "");
		run->foreign++;
	} else if (options->dry_run) {
		tell_time(session, order, "to be replaced ", when, now, "");
	}
}

/* An order at a CA that is a program: finish it, or renew it if it is due. */
static enum status
look_after_command(struct session *session, const struct options *options,
    struct order *order, struct renewal *run)
{
	const int64_t now = (int64_t)time(NULL);
	const int64_t when = renew_known(&session->config, order);

	if (order->state == ORDER_REQUESTED && !options->dry_run)
		return go_on_at_command(session, order);
	if (order->state == ORDER_REQUESTED) {
		tell(session, order, "is pending, order ", order->id);
		return STATUS_OK;
	}
	if (has_successor(session, order))
		return STATUS_OK;
	if (when > now && !options->force) {
		if (options->dry_run)
			tell_time(session, order, "due ", when, now, "");
		return STATUS_OK;
	}
	if (options->dry_run) {
		tell_time(session, order, "would be renewed now, due ", when,
		    now, "");
		return STATUS_OK;
	}
	return renew_at_command(session, order, run);
}

static enum status
renew_these(struct session *session, const struct options *options,
    struct order *all, size_t count, struct renewal *run)
{
	enum status status = STATUS_OK, one = STATUS_OK;
	struct note worst = { "" };
	size_t i;

	for (i = 0; i < count; i++) {
		if (!is_chosen(options, &all[i]))
			continue;
		session->note.text[0] = '\0';
		if (all[i].ca[0] == '\0' &&
		    (all[i].state == ORDER_REQUESTED ||
			(order_is_foreign(&all[i]) &&
			    renew_is_candidate(&all[i])))) {
			remind(session, options, &all[i], run);
			continue;
		}
		if (all[i].ca[0] != '\0' &&
		    (all[i].state == ORDER_REQUESTED ||
			renew_is_candidate(&all[i])))
			one =
			    look_after_command(session, options, &all[i], run);
		else if (order_is_open(&all[i]))
			one = finish_pending(session, options, &all[i], run);
		else if (renew_is_candidate(&all[i]) &&
		    !is_under_way(&all[i], all, count))
			one = look_after(session, options, &all[i], run);
		else
			continue;
		/* A failure does not keep the others waiting. */
		if (one != STATUS_OK)
			status = note_set(&worst, one, "%s: %.250s",
			    all[i].address[0], note_text(&session->note, one));
	}
	if (worst.text[0] != '\0')
		session->note = worst;
	return status;
}

static bool
is_issued(const void *record, const void *arg)
{
	const struct order *order = record;

	(void)arg;
	return order->state == ORDER_ISSUED;
}

/* Install what is not installed yet where an older one is: just now renewed,
 * imported, or left by a run that was killed.  Of an address the newest one
 * counts, and installs the others with it. */
static void
install_renewed(
    struct session *session, const struct options *options, struct renewal *run)
{
	struct record_search search = { .ids = 0 };
	struct order *all = NULL;
	struct note note = { "" };
	enum status status;
	size_t count = 0, i;

	status = install_search(&session->home, &search, &note);
	if (status != STATUS_OK) {
		cmd_say(&note);
		run->persons++;
	}
	if (status == STATUS_OK && (search.all || search.ranges > 0))
		status = orders_find(&session->home, &search, is_issued, NULL,
		    &all, &count, &note);
	order_sort(all, count);
	for (i = count; status == STATUS_OK && i-- > 0;) {
		if (!is_chosen(options, &all[i]))
			continue;
		note.text[0] = '\0';
		status = installing_again(
		    &session->config, &session->home, &all[i], &note);
		if (status != STATUS_OK) {
			cmd_say(&note);
			run->persons++;
			status = STATUS_OK;
		}
	}
	free(all);
}

/* Install and deploy what other runs did not get to. */
static void
put_to_use(
    struct session *session, const struct options *options, struct renewal *run)
{
	struct note note = { "" };

	install_renewed(session, options, run);
	if (deploying(&session->config, &session->home, &note) == STATUS_OK)
		return;
	cmd_say(&note);
	run->persons++;
}

/* What may be renewed or resumed, and what stands in the way of it. */
static enum status
load_these(struct session *session, const struct options *options, bool every,
    struct order **all, size_t *count)
{
	struct record_search search = { .all = every };
	size_t i;

	order_search_open(&search);
	for (i = 0; i < options->count; i++)
		lookup_search_order(options->names[i], &search);
	if (options->count == 0 && !is_quiet_told(options))
		order_search_due(
		    &search, (int64_t)time(NULL), session->config.renew_before);
	else if (options->count == 0)
		search.all = true;
	return orders_find(
	    &session->home, &search, NULL, NULL, all, count, &session->note);
}

static enum status
tell_waiting(const struct renewal *run, struct note *note)
{
	const size_t count = run->persons + run->foreign;
	const bool one = count == 1;

	return note_set(note, STATUS_NO,
	    "%zu %s for you; mailcert status says what to do", count,
	    run->foreign == 0 ? one ? "challenge waits" : "challenges wait"
		: run->persons == 0
		? one ? "certificate waits" : "certificates wait"
		: "challenges and certificates wait");
}

/* With --wait, watch answers the challenges here, if it is configured. */
static enum status
begin_watching(struct session *session, const struct options *options,
    struct watching *watching, struct renewal *run)
{
	static struct source sources[SOURCES_MAX];
	enum status status;
	size_t count = 0;

	if (!options->wait || session->config.watch[0] == '\0')
		return STATUS_OK;
	run->watching = watching;
	status = watching_sources(&session->config, NULL, 0, sources,
	    SOURCES_MAX, &count, &session->note);
	return status == STATUS_OK
	    ? watching_begin(watching, NULL, &session->config, &session->home,
		  sources, count, &session->note)
	    : status;
}

static enum status
renew_all(struct session *session, const struct options *options)
{
	struct renewal run = { .persons = 0 };
	struct watching watching = { .watcher = NULL };
	struct note skipped;
	struct order *all = NULL;
	enum status status;
	size_t count = 0;

	buf_init(&run.passphrase, PASSPHRASE_MAX);
	status = begin_watching(session, options, &watching, &run);
	if (status == STATUS_OK)
		status = load_these(session, options, false, &all, &count);
	/* A record may have been edited in place: see store/index.h. */
	if (status == STATUS_OK && options->count > 0 &&
	    check_names(session, options, all, count) != STATUS_OK) {
		free(all);
		status = load_these(session, options, true, &all, &count);
	}
	if (status == STATUS_OK)
		status = check_names(session, options, all, count);
	order_sort(all, count);
	if (status == STATUS_OK)
		status = renew_these(session, options, all, count, &run);
	if (!options->dry_run)
		put_to_use(session, options, &run);
	if (status == STATUS_OK && options->count == 0)
		status = tell_doubts(session, &run);
	if (status == STATUS_OK && run.persons + run.foreign > 0)
		status = tell_waiting(&run, &session->note);
	/* It may be due, and nobody would notice. */
	if (status == STATUS_OK && options->count == 0 &&
	    orders_skipped(&session->home, &skipped) != STATUS_OK)
		status = note_set(&session->note, STATUS_NO,
		    "a certificate whose record is damaged may be due; repair "
		    "the record first");
	watching_end(&watching);
	buf_wipe(&run.passphrase);
	free(all);
	return status;
}

int
cmd_renew(const struct invocation *invocation, int argc, char *argv[])
{
	struct options options = { .dry_run = false };
	struct session *session;
	enum status status = STATUS_OK;
	int lock = -1, code = 0;

	if (!cmd_parse(&command_line, argc, argv, &options, &code))
		return code;
	options.names = argv + optind;
	options.count = (size_t)(argc - optind);
	if ((session = session_begin_unattended(invocation, &code)) == NULL)
		return code;
	if (session->home.dir >= 0)
		status = home_lock_on(
		    &session->home, "renew", 0, &lock, &session->note);
	if (status == STATUS_AGAIN)
		(void)note_set(&session->note, status,
		    "another mailcert renew is running; try again later");
	if (status == STATUS_OK)
		status = renew_all(session, &options);
	if (lock >= 0)
		(void)close(lock);
	return session_end(session, status);
}
