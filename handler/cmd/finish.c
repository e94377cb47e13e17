/* finish.c - mailcert finish: continue the pending orders */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "cmd/ask_command.h"
#include "cmd/deploying.h"
#include "cmd/installing.h"
#include "cmd/lookup.h"
#include "cmd/session.h"
#include "order/challenges.h"
#include "order/proof.h"
#include "order/proof_place.h"
#include "process/run.h"

struct options {
	bool sent;
	bool no_wait;
	bool detach;
	bool forget;
};

#define AT(field) .offset = offsetof(struct options, field)

static const struct cmd_option rows[] = {
	{ "sent", NULL, AT(sent),
	    .help =
		"the reply was sent: the draft, a doubtful one, or one from\n"
		"another program; the proof of a host is in place" },
	{ "no-wait", NULL, AT(no_wait),
	    .help = "do what can be done now, and return" },
	{ "detach", NULL, AT(detach),
	    .help =
		"return at once and continue in the background, for an hour\n"
		"at most; the log tells the outcome" },
	{ "forget", NULL, AT(forget),
	    .help =
		"give up an order without a certificate: remove its key and\n"
		"its challenges" },
	{ 0 }
};

static const struct cmd_line command_line = {
	.name = "finish",
	.operands = "[ID]",
	.most = 1,
	.options = rows,
	.forms = "[--sent] [--no-wait] [--detach] [ID]\n--forget ID",
	.about =
	    "After the reply was sent: tell the CA, wait for it, fetch the certificate,\n"
	    "check it and store it.  Resumes an order wherever it stopped, even after a\n"
	    "crash or a reboot.  Without ID, resumes every unfinished order.\n"
	    "ID is one that status shows, or an address if only one order fits.\n",
};

enum { DETACHED_SECONDS = 3600 };

/* The text before and after the address. */
static const char *const questions[][2] = {
	[EXPECTATION_PENDING] = { "Was the challenge for ",
	    " answered in another program?" },
	[EXPECTATION_ANSWERING] = { "A reply for ",
	    " may be out. Was it sent?" },
	[EXPECTATION_DRAFTED] = { "A reply for ",
	    " was drafted. Was it sent?" },
	[EXPECTATION_BOUNCED] = { "The reply for ",
	    " was not delivered. Was another one sent?" },
};

static bool
ask_sent(const struct expectation *expectation)
{
	struct buf question;
	bool yes;

	assert(expectation->state != EXPECTATION_SENT);
	buf_init(&question, 4096);
	buf_add_text(&question, questions[expectation->state][0]);
	text_show(&question, span_of(expectation->address), TEXT_NO_LIMIT,
	    text_locale_is_utf8());
	buf_add_text(&question, questions[expectation->state][1]);
	yes = buf_status(&question) == STATUS_OK && session_ask(question.at);
	buf_clear(&question);
	return yes;
}

/* Can --sent refer to this challenge?  named: what the user named, or NULL for
 * all. */
static bool
may_be_sent(const struct home *home, const struct expectation *expectation,
    const struct lookup *named)
{
	struct order *order;
	bool open;

	if (expectation->state == EXPECTATION_SENT)
		return false;
	if (named != NULL)
		return named->expectation[0] != '\0'
		    ? strcmp(expectation->id, named->expectation) == 0
		    : strcmp(expectation->order, named->order) == 0;
	if ((order = calloc(1, sizeof(*order))) == NULL)
		return false;
	open = expectation->order[0] != '\0' &&
	    order_load(home, expectation->order, order, NULL) == STATUS_OK &&
	    order_is_open(order);
	free(order);
	return open;
}

/* Mark the challenges that --sent refers to.  Those with a draft or a doubtful
 * answer come first: the others may still wait for their mail, and a CA that is
 * told too early invalidates the order.  If none has either, ask about each of
 * several, if there is a terminal. */
static enum status
mark_these(struct session *session, struct expectation *expectations,
    size_t count, const struct lookup *named, struct note *note)
{
	enum status status = STATUS_OK;
	size_t begun = 0, i;
	bool ask;

	for (i = 0; i < count; i++)
		begun += expectations[i].state != EXPECTATION_PENDING;
	ask = begun == 0 && count > 1;
	if (ask && !session_has_terminal() && named == NULL)
		return note_set(note, STATUS_USAGE,
		    "%zu challenges wait for an answer; name the one that "
		    "was answered: mailcert finish --sent ID",
		    count);
	ask = ask && session_has_terminal();
	for (i = 0; status == STATUS_OK && i < count; i++)
		if ((begun == 0 ||
			expectations[i].state != EXPECTATION_PENDING) &&
		    (!ask || ask_sent(&expectations[i])))
			status = order_mark_sent(
			    &session->home, &expectations[i], note);
	return status;
}

static enum status
mark_sent(
    struct session *session, const struct lookup *named, struct note *note)
{
	struct record_search search = { .all = named == NULL };
	struct expectation *expectations = NULL;
	enum status status;
	size_t count = 0, meant = 0, i;

	if (named != NULL && named->expectation[0] != '\0')
		record_search_id(&search, named->expectation);
	else if (named != NULL)
		expectation_search_of(&search, named->order);
	status = expectations_find(
	    &session->home, &search, NULL, NULL, &expectations, &count, note);
	for (i = 0; i < count; i++)
		if (may_be_sent(&session->home, &expectations[i], named))
			expectations[meant++] = expectations[i];
	if (status == STATUS_OK)
		status = mark_these(session, expectations, meant, named, note);
	free(expectations);
	return status;
}

/* Begin the orders that waited for this one: see order/queue.c.  Log their
 * failures; "finish" reports them for each order. */
static void
begin_queued(struct session *session, const struct order *done)
{
	struct record_search search = { .ids = 0 };
	struct order *all = NULL;
	struct note note = { "" };
	struct order_step step;
	enum status status;
	struct buf line;
	size_t count = 0, i;

	order_search_open(&search);
	status = orders_find(
	    &session->home, &search, NULL, NULL, &all, &count, NULL);
	for (i = 0; status == STATUS_OK && i < count; i++) {
		if (all[i].state != ORDER_NEW ||
		    strcmp(all[i].account, done->account) != 0)
			continue;
		if (order_advance(&session->client, &all[i],
			(int64_t)time(NULL), &step, &note) == STATUS_OK)
			continue;
		buf_init(&line, 1024);
		buf_addf(&line, "order %s: %s", all[i].id, note.text);
		if (buf_status(&line) == STATUS_OK)
			home_log(&session->home, line.at);
		buf_clear(&line);
	}
	free(all);
}

/* What mailcert did not order is finished by mailcert import, unless a program
 * is the CA. */
static enum status
finish_foreign(struct session *session, struct order *order, struct note *note)
{
	char key[1200], certificate[1200];
	enum status status;

	if (order->state == ORDER_REQUESTED && order->ca[0] != '\0') {
		status = ask_command(session, order, certificate, note);
		if (status == STATUS_OK)
			buf_addf(&session->out, "%s\n", certificate);
		return status;
	}
	if (order->state == ORDER_REQUESTED)
		return note_set(note, STATUS_NO,
		    "%s waits for the certificate from the CA; then: mailcert "
		    "import FILE",
		    order->id);
	status = order_paths(
	    &session->home, order->id, key, certificate, sizeof(key), note);
	if (status == STATUS_OK)
		buf_addf(&session->out, "%s\n", certificate);
	return status;
}

/* Finish one order, and print where its certificate is. */
static enum status
finish_one(struct session *session, const char *id,
    const struct follow_options *how, struct note *note)
{
	struct order *order = calloc(1, sizeof(*order));
	struct follow_result result;
	enum status status;
	bool was_open;

	if (order == NULL)
		return STATUS_MEMORY;
	status = order_load(&session->home, id, order, note);
	if (status == STATUS_MISSING)
		(void)note_set(
		    note, status, "there is no certificate order %.20s", id);
	if (status == STATUS_OK && order_is_foreign(order)) {
		status = finish_foreign(session, order, note);
		free(order);
		return status;
	}
	was_open = status == STATUS_OK && order_is_open(order);
	if (status == STATUS_OK)
		status = client_reopen(
		    &session->client, order->account, was_open, note);
	if (status == STATUS_OK)
		status = follow(&session->client, order, how, &result, note);
	if (status == STATUS_OK) {
		buf_addf(&session->out, "%s\n", result.path);
		if (was_open)
			begin_queued(session, order);
		status = deploying_new(
		    &session->config, &session->home, order, note);
	}
	free(order);
	return status;
}

static bool
is_open(const void *record, const void *arg)
{
	const struct order *order = record;

	(void)arg;
	return order_is_open(order) || order->proof.published != 0 ||
	    (order->state == ORDER_REQUESTED && order->ca[0] != '\0');
}

/* --sent of an order for a server: the proof is in place. */
static enum status
vouch(struct session *session, const char *id, struct note *note)
{
	struct order *order = calloc(1, sizeof(*order));
	enum status status = STATUS_MEMORY;

	if (order != NULL)
		status = order_load(&session->home, id, order, note);
	if (status == STATUS_OK && order_is_server(order))
		status = proof_vouch(&session->home, order, note);
	free(order);
	return status;
}

/* Finish what the command line names.  A challenge that another client ordered
 * is finished there; here, only record that its reply was sent. */
static enum status
finish_named(struct session *session, const char *text, bool sent,
    const struct follow_options *how, struct note *note)
{
	struct lookup named;
	enum status status;

	status = lookup(&session->home, text, &named, note);
	if (status == STATUS_OK && sent && named.order[0] != '\0')
		status = vouch(session, named.order, note);
	if (status == STATUS_OK && sent)
		status = mark_sent(session, &named, note);
	if (status == STATUS_OK && named.order[0] != '\0')
		status = finish_one(session, named.order, how, note);
	else if (status == STATUS_OK && !sent)
		status = note_set(note, STATUS_NO,
		    "another ACME client ordered %.100s; finish the order "
		    "there",
		    text);
	return status;
}

static enum status
finish_all(struct session *session, bool sent, const struct follow_options *how)
{
	struct record_search search = { .ids = 0 };
	struct order *all = NULL;
	enum status status, one;
	struct note why;
	size_t count = 0, i;

	status = sent ? mark_sent(session, NULL, &session->note) : STATUS_OK;
	order_search_open(&search);
	if (status == STATUS_OK)
		status = orders_find(&session->home, &search, is_open, NULL,
		    &all, &count, &session->note);
	order_sort(all, count);
	for (i = 0; i < count; i++) {
		why.text[0] = '\0';
		one = finish_one(session, all[i].id, how, &why);
		if (one != STATUS_OK)
			status = note_set(&session->note, one, "%s: %.250s",
			    all[i].id, note_text(&why, one));
	}
	free(all);
	return status;
}

/* Remove the proof while it is known what to remove.  Where that fails, nothing
 * may be there: the update that was to add it may have failed, too. */
static void
clean_zone(const struct config *config, const struct order *order)
{
	struct note why = { "" }, warning;
	enum status status = proof_remove_records(config, order, &why);

	if (status == STATUS_OK)
		return;
	note_say(&warning,
	    "warning: the proof of %.100s may still be in the DNS; remove it "
	    "there: %.250s",
	    order->address[0], note_text(&why, status));
	cmd_say(&warning);
}

/* Forget the challenges first, so that nobody answers them for an order that is
 * given up. */
static enum status
forget(struct session *session, const char *text)
{
	struct order *order = calloc(1, sizeof(*order));
	const char *id = text;
	struct note *note = &session->note;
	struct expectation *expectations = NULL;
	enum status status = STATUS_MEMORY;
	struct lookup named;
	size_t count = 0, i;
	int lock = -1, step = -1;

	if (order != NULL)
		status = lookup(&session->home, text, &named, note);
	if (status == STATUS_OK && named.order[0] == '\0')
		status = note_set(note, STATUS_USAGE,
		    "%.100s is a challenge of another client; use mailcert "
		    "expect --forget %s",
		    text, named.expectation);
	/* Wait while another process takes a step of it. */
	if (status == STATUS_OK) {
		id = named.order;
		status = home_lock_on(&session->home, id, 60, &step, note);
	}
	if (status == STATUS_OK)
		status = order_load(&session->home, id, order, note);
	if (status == STATUS_MISSING)
		(void)note_set(
		    note, status, "there is no certificate order %.20s", id);
	if (status == STATUS_OK && order->starts != 0)
		status = note_set(note, STATUS_USAGE,
		    "order %s has a certificate and cannot be forgotten", id);
	if (status == STATUS_OK && order->proof.published != 0)
		clean_zone(&session->config, order);
	if (status == STATUS_OK)
		status = home_lock(&session->home, &lock, note);
	if (status == STATUS_OK)
		status = expectations_load_of(
		    &session->home, id, &expectations, &count, note);
	for (i = 0; status == STATUS_OK && i < count; i++)
		status = expectation_forget(
		    &session->home, expectations[i].id, note);
	if (status == STATUS_OK)
		status = order_forget(&session->home, id, note);
	if (lock >= 0)
		(void)close(lock);
	if (step >= 0)
		(void)close(step);
	free(expectations);
	free(order);
	return status;
}

static void
log_result(struct session *session, const char *id, enum status status)
{
	struct buf line;

	buf_init(&line, 1024);
	buf_addf(&line, "finish %s: %s", id != NULL ? id : "all",
	    status == STATUS_OK ? "done" : note_text(&session->note, status));
	if (buf_status(&line) == STATUS_OK)
		home_log(&session->home, line.at);
	buf_clear(&line);
}

int
cmd_finish(const struct invocation *invocation, int argc, char *argv[])
{
	struct follow_options how = { .ask_sent = ask_sent, .tell_next = true };
	struct session *session;
	enum status status = STATUS_OK;
	const char *id;
	struct options options = { 0 };
	int code = 0;

	if (!cmd_parse(&command_line, argc, argv, &options, &code))
		return code;
	id = argv[optind];
	if (options.detach && options.no_wait)
		return cmd_misuse(&command_line,
		    "--detach and --no-wait exclude each other; give one");
	if (options.forget && id == NULL)
		return cmd_misuse(&command_line, "--forget needs an ID");
	if (options.forget &&
	    (options.detach || options.no_wait || options.sent))
		return cmd_misuse(
		    &command_line, "--forget takes no other option");
	how.once = options.no_wait;
	if (options.detach) {
		if (!process_detach())
			return 0;
		how = (struct follow_options){ .wait_for_mail = true,
			.quiet = true,
			.limit = DETACHED_SECONDS };
	}
	if ((session = session_begin(invocation, false, &code)) == NULL)
		return code;
	if (session->home.dir >= 0)
		status = options.forget ? forget(session, id)
		    : id != NULL ? finish_named(session, id, options.sent, &how,
				       &session->note)
				 : finish_all(session, options.sent, &how);
	installing_tidy_late(&session->home);
	if (options.detach)
		log_result(session, id, status);
	return session_end(session, status);
}
