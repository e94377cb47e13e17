/* renew.c - mailcert renew: renew certificates that are due, finish orders */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "answer/advice.h"
#include "base/text.h"
#include "cmd/deploying.h"
#include "cmd/installing.h"
#include "cmd/lookup.h"
#include "cmd/passphrase.h"
#include "cmd/publishing.h"
#include "cmd/renewing.h"
#include "cmd/reporting.h"
#include "order/renew.h"
#include "service/deploy.h"

struct options {
	char **names;
	size_t count;
	struct renewing_wishes wishes;
};

#define AT(field) .offset = offsetof(struct options, field)

static const struct cmd_option rows[] = {
	{ "dry-run", NULL, AT(wishes.dry_run),
	    .help = "say what would be done and when" },
	{ "force", NULL, AT(wishes.force), .help = "even if it is not due" },
	{ "wait", NULL, AT(wishes.wait),
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

static bool
is_chosen(const struct options *options, const struct order *order)
{
	size_t i;

	for (i = 0; i < options->count; i++)
		if (lookup_names_order(options->names[i], order))
			return true;
	return options->count == 0;
}

/* Report doubtful answers to challenges that another client ordered; nothing
 * else of them can be finished here. */
static enum status
tell_doubts(
    struct session *session, const struct options *options, struct renewal *run)
{
	const struct reporting reporting = { &session->config, &session->home };
	const int64_t now = (int64_t)time(NULL);
	struct record_search search = { .ids = 0 };
	struct expectation *expectations = NULL;
	enum status status;
	size_t count = 0, i;
	struct buf line;
	char key[64];

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
		(void)snprintf(
		    key, sizeof(key), "challenge %s", expectations[i].id);
		if (!options->wishes.dry_run && buf_status(&line) == STATUS_OK)
			reporting_trouble(&reporting, key, line.at);
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

static enum status
renew_these(struct session *session, const struct options *options,
    struct order *all, size_t count, struct renewal *run)
{
	const struct reporting reporting = { &session->config, &session->home };
	enum status status = STATUS_OK, one;
	struct note worst = { "" };
	size_t i;

	for (i = 0; i < count; i++) {
		if (!is_chosen(options, &all[i]))
			continue;
		session->note.text[0] = '\0';
		one = renewing_one(
		    session, &options->wishes, &all[i], all, count, run);
		if (!options->wishes.dry_run)
			reporting_renewal(&reporting, &all[i],
			    one == STATUS_OK ? NULL
					     : note_text(&session->note, one));
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

	if (installing_tidy(&session->home, &note) != STATUS_OK) {
		cmd_say(&note);
		run->persons++;
	}
	status = install_search(&session->home, &search, &note);
	if (status == STATUS_OK)
		status = deploy_search(&session->home, &search, &note);
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
			/* Time alone puts a server's to use: see
			 * service/tlsa.h. */
			run->persons +=
			    status != STATUS_AGAIN || !order_is_server(&all[i]);
			status = STATUS_OK;
		}
	}
	free(all);
}

/* Trouble of the DNS passes; anything else needs a person. */
static void
publish_renewed(struct session *session, struct renewal *run)
{
	struct note note = { "" };
	const enum status status =
	    publishing_keep(&session->config, &session->home, &note);

	if (status == STATUS_OK)
		return;
	if (note.text[0] == '\0')
		note_say(&note, "%s", status_sentence(status));
	cmd_say(&note);
	run->persons += status != STATUS_AGAIN && status != STATUS_DNS;
}

/* Install, deploy and publish what other runs did not get to. */
static void
put_to_use(
    struct session *session, const struct options *options, struct renewal *run)
{
	struct note note = { "" };

	install_renewed(session, options, run);
	if (deploying(&session->config, &session->home, &note) != STATUS_OK) {
		cmd_say(&note);
		run->persons++;
	}
	if (options->count == 0)
		publish_renewed(session, run);
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
	if (options->count == 0 && !renewing_tells_all(&options->wishes))
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
	if (!options->wishes.wait || session->config.watch[0] == '\0')
		return STATUS_OK;
	run->watching = watching;
	return watching_begin_configured(
	    watching, &session->config, &session->home, &session->note);
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
	if (!options->wishes.dry_run)
		put_to_use(session, options, &run);
	if (status == STATUS_OK && options->count == 0)
		status = tell_doubts(session, options, &run);
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
	struct options options = { .count = 0 };
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
