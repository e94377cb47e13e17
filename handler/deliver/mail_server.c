/* mail_server.c - ask a mail server: see mail_server.h */
#include "deliver/mail_server.h"

#include <stdio.h>
#include <string.h>

#include "process/child.h"
#include "process/secret.h"

enum {
	SECRET_MAX = 16 * 1024, /* a token may be long */
	SECRETS_KEPT = 16,
	MESSAGE_ROOM = 64 * 1024 /* what a question holds besides its frames */
};

/* The passwords and tokens of this process. */
struct kept_secret {
	char account[SERVER_NAME_SIZE];
	struct buf secret; /* owned */
	bool token;
	bool fresh; /* no server has accepted or refused it yet */
};

static struct kept_secret secrets[SECRETS_KEPT];
static size_t secret_count;

static struct kept_secret *
find_secret(const char *account)
{
	size_t i;

	for (i = 0; i < secret_count; i++)
		if (strcmp(secrets[i].account, account) == 0)
			return &secrets[i];
	return NULL;
}

/* Get it from the user's command, or from the user. */
static enum status
get_secret(const struct mail_access *access, const struct server *server,
    const char *account, struct kept_secret *out, struct note *note)
{
	const struct config_secret *by =
	    config_secret_of(access->config, server);
	char name[SERVER_NAME_SIZE + 16];

	if (by != NULL) {
		(void)snprintf(name, sizeof(name), "%s.%s",
		    by->token ? "token" : "password", account);
		out->token = by->token;
		return secret_command(by->command, name,
		    by->token ? "token" : "password", &out->secret, note);
	}
	out->token = false;
	if (access->ask == NULL)
		return note_set(note, STATUS_CONFIG,
		    "there is no password for %.200s, and nobody to ask; set "
		    "password.%.200s to a command that prints it",
		    account, account);
	return access->ask(account, &out->secret, note);
}

/* In a child that parses what strangers have written. */
static void
wipe_secrets(void)
{
	size_t i;

	for (i = 0; i < secret_count; i++)
		buf_wipe(&secrets[i].secret);
	secret_count = 0;
}

/* The secret of an account, from what is kept if it is there. */
static enum status
take_secret(const struct mail_access *access, const struct server *server,
    struct kept_secret **out, struct note *note)
{
	char account[SERVER_NAME_SIZE];
	struct kept_secret *secret;
	enum status status;

	server_account(server, account);
	if ((*out = find_secret(account)) != NULL)
		return STATUS_OK;
	if (secret_count == SECRETS_KEPT)
		return note_set(note, STATUS_CONFIG,
		    "more than %d accounts in one run", SECRETS_KEPT);
	secret = &secrets[secret_count];
	(void)strcpy(secret->account, account);
	buf_init(&secret->secret, SECRET_MAX);
	status = get_secret(access, server, account, secret, note);
	if (status == STATUS_OK)
		status = buf_status(&secret->secret);
	if (status != STATUS_OK) {
		buf_wipe(&secret->secret);
		return status;
	}
	secret->fresh = true;
	secret_count++;
	child_add_wipe(wipe_secrets);
	*out = secret;
	return STATUS_OK;
}

static void
forget_secret(struct kept_secret *secret)
{
	buf_wipe(&secret->secret);
	secret_count--;
	if (secret != &secrets[secret_count])
		*secret = secrets[secret_count];
	secrets[secret_count] = (struct kept_secret){ .fresh = false };
}

static void
add_server(const struct mail_access *access, const struct server *server,
    const struct kept_secret *secret, struct buf *question)
{
	struct buf open;

	buf_init(&open, 2048);
	frame_add(&open, "ca-file", span_of(access->config->mail_ca_file));
	frame_add(question, FRAME_OPEN, buf_span(&open));
	buf_clear(&open);
	frame_add(question, "tls",
	    server->implicit_tls ? SPAN("implicit") : SPAN("starttls"));
	frame_add(question, "host", span_of(server->host));
	frame_add_number(question, "port", server->port);
	frame_add(question, "user", span_of(server->user));
	frame_add(question, secret->token ? "token" : "secret",
	    buf_span(&secret->secret));
}

static enum status
ask_once(const struct mail_access *access, const struct server *server,
    enum verb_id verb, struct span frames, struct helper_kept *kept,
    const struct kept_secret *secret, struct buf *answer, struct note *note)
{
	struct buf question;
	enum status status;

	buf_init(&question, frames.len + MESSAGE_ROOM);
	add_server(access, server, secret, &question);
	buf_add(&question, frames);
	buf_clear(answer);
	status = kept != NULL
	    ? helper_ask_kept(kept, verb, &question, answer, note)
	    : helper_ask(verb, &question, answer, note);
	buf_wipe(&question);
	return status;
}

/* Say which server it was. */
static void
name_it(const struct server *server, const struct note *why, enum status status,
    struct note *note)
{
	char name[SERVER_NAME_SIZE];

	server_name(server, name);
	note_say(note, "%.120s: %.180s", name, note_text(why, status));
}

enum status
mail_server_prepare(const struct mail_access *access,
    const struct server *server, struct note *note)
{
	struct kept_secret *secret;

	return take_secret(access, server, &secret, note);
}

enum status
mail_server_ask(const struct mail_access *access, const struct server *server,
    enum verb_id verb, struct span frames, struct helper_kept *kept,
    struct buf *answer, struct note *note)
{
	struct kept_secret *secret = NULL;
	struct note why = { "" };
	enum status status = STATUS_LOGIN;
	bool again;

	do {
		status = take_secret(access, server, &secret, note);
		if (status != STATUS_OK)
			return status;
		why.text[0] = '\0';
		status = ask_once(
		    access, server, verb, frames, kept, secret, answer, &why);
		/* A token that was kept has expired by now; a password that is
		 * wrong would lock the account. */
		again =
		    status == STATUS_LOGIN && secret->token && !secret->fresh;
		if (status == STATUS_LOGIN)
			forget_secret(secret);
		else
			secret->fresh = false;
	} while (again);
	if (status != STATUS_OK)
		name_it(server, &why, status, note);
	return status;
}

bool
mail_server_did_nothing(enum status status, struct span answer)
{
	const struct span said = frame_get(answer, "status");

	/* It was not started. */
	if (status == STATUS_CREATE)
		return true;
	return frame_ended(answer) && said.len > 0 &&
	    !span_eq(said, span_of(status_name(STATUS_OK)));
}
