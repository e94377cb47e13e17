/* session.c - begin and end a command that uses the home: see session.h */
#include "cmd/session.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "cmd/confinement.h"
#include "input/input.h"
#include "store/tidy.h"
#include "tui/prompt.h"

static struct session *
begin(const struct invocation *invocation, bool create, bool unattended,
    int *code)
{
	struct session *session = calloc(1, sizeof(*session));
	enum status status;

	if (session == NULL) {
		*code = cmd_fail(STATUS_MEMORY, NULL);
		return NULL;
	}
	session->home.dir = -1;
	if (!cmd_config(invocation, &session->config, code)) {
		free(session);
		return NULL;
	}
	session->client.config = &session->config;
	session->client.home = &session->home;
	buf_init(&session->out, 4 * 1024 * 1024);
	status = home_open(
	    session->config.home, create, &session->home, &session->note);
	if (status == STATUS_OK)
		status = confinement_check(&session->config, &session->home,
		    unattended, &session->note);
	if (status == STATUS_OK)
		return session;
	*code = session_end(session, status);
	return NULL;
}

struct session *
session_begin(const struct invocation *invocation, bool create, int *code)
{
	return begin(invocation, create, false, code);
}

struct session *
session_begin_unattended(const struct invocation *invocation, int *code)
{
	return begin(invocation, false, true, code);
}

int
session_end(struct session *session, enum status status)
{
	int code = 0;

	if (buf_status(&session->out) != STATUS_OK)
		status = status == STATUS_OK ? STATUS_MEMORY : status;
	else if (session->out.len > 0)
		code = cmd_print(buf_span(&session->out));
	if (status != STATUS_OK)
		code = cmd_fail(status, &session->note);
	buf_clear(&session->out);
	home_tidy(&session->home);
	cmd_home_close(&session->home);
	free(session);
	return code;
}

enum status
session_read(struct session *session, const char *file, struct buf *out)
{
	struct input input = { .kind = INPUT_OTHER };
	enum status status;

	status = input_read(file, "message/rfc822",
	    (size_t)session->config.max_message, &input, &session->note);
	*out = input.bytes;
	return status;
}

bool
enrolment_contact(const char *value, void *field)
{
	struct enrolment *enrolment = field;
	struct client_options *client = &enrolment->client;
	struct mailbox mailbox;

	if (client->contacts == SESSION_CONTACTS_MAX ||
	    address_parse(span_of(value), &mailbox) != STATUS_OK)
		return false;
	enrolment->contact[client->contacts++] = value;
	client->contact = enrolment->contact;
	return true;
}

enum status
session_ca(struct session *session, const char **ca)
{
	if (*ca == NULL)
		*ca = session->config.ca;
	return (*ca)[0] != '\0'
	    ? STATUS_OK
	    : note_set(&session->note, STATUS_CONFIG,
		  "no CA is named; use --ca, or set ca in the configuration");
}

static bool
is_for(const struct order *order, struct span address)
{
	size_t i;

	for (i = 0; i < order->addresses; i++)
		if (span_eq_nocase(span_of(order->address[i]), address))
			return true;
	return false;
}

/* Does it have that id, or was it issued for that address? */
static bool
is_named(const void *record, const void *text)
{
	const struct order *order = record;

	return strcmp(order->id, text) == 0 ||
	    (is_for(order, span_of(text)) && order->state == ORDER_ISSUED);
}

/* The last one that no other has replaced: an old certificate may have been
 * imported after a newer one. */
static const struct order *
newest_of(const struct order *all, size_t count)
{
	size_t i;

	for (i = count; i-- > 0;)
		if (all[i].replaced[0] == '\0')
			return &all[i];
	return &all[count - 1];
}

enum status
session_find(struct session *session, const char *text, struct order *out)
{
	struct record_search search = { .ids = 0 };
	struct order *all = NULL;
	enum status status;
	size_t count = 0;

	record_search_id(&search, text);
	order_search_for(&search, text);
	status = orders_find(&session->home, &search, is_named, text, &all,
	    &count, &session->note);
	/* A record may have been edited in place: see store/index.h. */
	if (status == STATUS_OK && count == 0)
		status = orders_load_if(&session->home, is_named, text, &all,
		    &count, &session->note);
	if (status == STATUS_OK && count == 0)
		status = note_set(&session->note, STATUS_NO,
		    "there is no certificate %.100s; mailcert status lists "
		    "them",
		    text);
	else if (status == STATUS_OK)
		*out = *newest_of(all, count);
	free(all);
	return status;
}

bool
session_has_terminal(void)
{
	const int tty = fd_terminal();

	if (tty < 0)
		return false;
	(void)close(tty);
	return true;
}

bool
session_ask(const char *question)
{
	bool yes = false;
	int tty = fd_terminal();

	if (tty < 0)
		return false;
	if (prompt_yes(tty, question, &yes) != STATUS_OK)
		yes = false;
	(void)close(tty);
	return yes;
}

bool
session_asks_terms(const char *terms)
{
	struct buf question;
	bool yes;

	buf_init(&question, 4096);
	buf_add_text(&question, "The CA has terms of service:\n  ");
	text_show(
	    &question, span_of(terms), TEXT_NO_LIMIT, text_locale_is_utf8());
	buf_add_text(&question, "\nDo you agree to them?");
	yes = buf_status(&question) == STATUS_OK && session_ask(question.at);
	buf_clear(&question);
	return yes;
}
