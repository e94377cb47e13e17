/* renewing.c - renew one certificate, or finish its order: see renewing.h */
#include "cmd/renewing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "answer/confirm.h"
#include "base/text.h"
#include "cmd/ask_command.h"
#include "cmd/passphrase.h"
#include "cmd/reporting.h"
#include "order/advance.h"
#include "order/command.h"
#include "order/place.h"
#include "order/renew.h"

enum { LOOK_MS = 2000 }; /* between two looks at an order */

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
	watching_wait(watching, LOOK_MS, -1);
}

/* Resume an order; waiting for mail is not a failure. */
static enum status
go_on(struct session *session, struct order *order, bool wait,
    struct renewal *run)
{
	const struct follow_options how = { .wait_for_mail = wait,
		.look = run->watching != NULL ? look : NULL,
		.arg = run->watching };
	const struct reporting reporting = { &session->config, &session->home };
	struct follow_result result;
	enum status status;

	status = follow(&session->client, order, &how, &result, &session->note);
	run->persons += result.needs_a_person;
	reporting_order(&reporting, order, result.needs_a_person,
	    note_text(&session->note, status));
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
finish_pending(struct session *session, const struct renewing_wishes *wishes,
    struct order *order, struct renewal *run)
{
	enum status status;

	if (wishes->dry_run) {
		tell(session, order, "is pending, order ", order->id);
		return STATUS_OK;
	}
	status = client_reopen(
	    &session->client, order->account, true, &session->note);
	return status == STATUS_OK ? go_on(session, order, wishes->wait, run)
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
		.replaces = old,
		.reuse_key = session->config.reuse_key,
		.service = old->service,
		.services = old->services,
		.srv_id = old->srv_id,
		.look_at = old->look_at,
		.proof = old->proof.chosen ? &old->proof.kind : NULL };
	for (i = 0; i < old->addresses; i++)
		addresses[i] = old->address[i];
	if (old->locked && !run->known) {
		status = passphrase_get(&session->config, !out->reuse_key,
		    &run->passphrase, &session->note);
		run->known = status == STATUS_OK;
	}
	if (old->locked)
		out->passphrase = buf_span(&run->passphrase);
	return status;
}

static enum status
order_again(struct session *session, const struct renewing_wishes *wishes,
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
		status = go_on(session, order, wishes->wait, run);
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
order_again_at_command(
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

bool
renewing_tells_all(const struct renewing_wishes *wishes)
{
	return wishes->dry_run || wishes->force;
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
look_after(struct session *session, const struct renewing_wishes *wishes,
    struct order *order, struct renewal *run)
{
	const int64_t now = (int64_t)time(NULL);
	char explanation[ACME_URL_SIZE];
	enum status status;
	bool recent = false;
	int64_t when = 0;

	if (!renewing_tells_all(wishes) &&
	    renew_is_quiet(&session->config, order, now))
		return STATUS_OK;
	status = open_account(session, order);
	if (status == STATUS_OK)
		status = renew_time(&session->client, order, now, &when,
		    explanation, &session->note);
	if (status == STATUS_OK && when <= now && !wishes->force)
		status = look_for_recent(session, order, now, &recent);
	if (status != STATUS_OK)
		return status;
	if (!wishes->force && when > now) {
		if (wishes->dry_run)
			tell_time(
			    session, order, "due ", when, now, explanation);
		return STATUS_OK;
	}
	if (recent) {
		if (wishes->dry_run)
			tell_recent(session, order);
		return STATUS_OK;
	}
	if (wishes->dry_run) {
		tell_time(session, order, "would be renewed now, due ", when,
		    now, explanation);
		return STATUS_OK;
	}
	return order_again(session, wishes, order, run);
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
remind(struct session *session, const struct renewing_wishes *wishes,
    const struct order *order, struct renewal *run)
{
	const struct reporting reporting = { &session->config, &session->home };
	const int64_t now = (int64_t)time(NULL);
	const int64_t when = renew_known(&session->config, order);

	if (order->state == ORDER_REQUESTED) {
		tell(session, order,
		    "waits for the certificate from the CA (then: mailcert "
		    "import FILE), request ",
		    order->id);
		run->foreign++;
	} else if ((when > now && !renewing_tells_all(wishes)) ||
	    has_successor(session, order)) {
		return;
	} else if (wishes->force || when <= now) {
		tell_time(session, order,
		    "mailcert did not order it and cannot renew it; get "
		    "another one with mailcert csr or mailcert order.  It is "
		    "valid until ",
		    order->expires, now, "");
		if (!wishes->dry_run)
			reporting_expiry(&reporting, order, now);
		run->foreign++;
	} else if (wishes->dry_run) {
		tell_time(session, order, "to be replaced ", when, now, "");
	}
}

/* An order at a CA that is a program: finish it, or renew it if it is due. */
static enum status
look_after_command(struct session *session,
    const struct renewing_wishes *wishes, struct order *order,
    struct renewal *run)
{
	const int64_t now = (int64_t)time(NULL);
	const int64_t when = renew_known(&session->config, order);

	if (order->state == ORDER_REQUESTED && !wishes->dry_run)
		return go_on_at_command(session, order);
	if (order->state == ORDER_REQUESTED) {
		tell(session, order, "is pending, order ", order->id);
		return STATUS_OK;
	}
	if (has_successor(session, order))
		return STATUS_OK;
	if (when > now && !wishes->force) {
		if (wishes->dry_run)
			tell_time(session, order, "due ", when, now, "");
		return STATUS_OK;
	}
	if (wishes->dry_run) {
		tell_time(session, order, "would be renewed now, due ", when,
		    now, "");
		return STATUS_OK;
	}
	return order_again_at_command(session, order, run);
}

/* An order that is over, and whose proof is still in the DNS. */
static enum status
tidy(struct session *session, struct order *order)
{
	struct order_step step = { .wait = STEP_CA };
	enum status status;

	status = client_reopen(
	    &session->client, order->account, false, &session->note);
	if (status != STATUS_OK)
		return status;
	status = order_advance(&session->client, order, (int64_t)time(NULL),
	    &step, &session->note);
	if (step.hint.text[0] != '\0')
		cmd_say(&step.hint);
	/* That it failed is known. */
	return order->state == ORDER_FAILED ? STATUS_OK : status;
}

enum status
renewing_one(struct session *session, const struct renewing_wishes *wishes,
    struct order *order, const struct order *all, size_t count,
    struct renewal *run)
{
	const bool candidate = renew_is_candidate(order);
	const bool requested = order->state == ORDER_REQUESTED;
	enum status status = STATUS_OK;

	if (!order_is_open(order) && order->proof.published != 0 &&
	    !wishes->dry_run)
		status = tidy(session, order);
	if (status != STATUS_OK)
		return status;
	if (order->ca[0] != '\0' && (requested || candidate))
		return look_after_command(session, wishes, order, run);
	if (requested || (order_is_foreign(order) && candidate)) {
		remind(session, wishes, order, run);
		return STATUS_OK;
	}
	if (order_is_open(order))
		return finish_pending(session, wishes, order, run);
	return candidate && !is_under_way(order, all, count)
	    ? look_after(session, wishes, order, run)
	    : STATUS_OK;
}
