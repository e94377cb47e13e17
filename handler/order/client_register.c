/* client_register.c - register an account at a CA (RFC 8555 section 7.3) */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "acme/jws_form.h"
#include "acme/url.h"
#include "base/fd.h"
#include "base/frame.h"
#include "order/ca_object.h"
#include "order/client_p.h"
#include "process/helper.h"

/* The contents of eab_key_file, and of nothing that others can read. */
static enum status
read_mac(const char *path, struct buf *out, struct note *note)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	enum status status;
	struct stat st;

	if (fd < 0)
		return note_set(
		    note, STATUS_CONFIG, "%.200s cannot be opened", path);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    st.st_uid != geteuid() || (st.st_mode & 077) != 0)
		status = note_set(note, STATUS_PERMISSION,
		    "others can read %.200s; chmod 600 it", path);
	else
		status = fd_read(fd, out, 5);
	(void)close(fd);
	return status;
}

/* One member more of an object that was begun. */
static void
add_member(struct buf *out, const char *text)
{
	if (out->len > 0 && out->at[out->len - 1] != '{')
		buf_add_byte(out, ',');
	buf_add_text(out, text);
}

static enum status
add_binding(struct client *client, const struct client_options *options,
    struct buf *payload, struct note *note)
{
	const char *kid = options->eab_kid != NULL ? options->eab_kid
						   : client->settings.eab_kid;
	const char *file = options->eab_key_file != NULL
	    ? options->eab_key_file
	    : client->settings.eab_key_file;
	struct buf question, mac, answer;
	enum status status;
	struct span jws;

	if (kid[0] == '\0')
		return client->ca.directory.external_account != 0 &&
			!options->only_existing
		    ? note_set(note, STATUS_CONFIG,
			  "the CA requires an external account; give --eab-kid "
			  "and --eab-key-file, or set ca.NAME.eab_kid and "
			  "ca.NAME.eab_key_file")
		    : STATUS_OK;
	buf_init(&question, 64 * 1024);
	buf_init(&mac, 4096);
	buf_init(&answer, 64 * 1024);
	status = read_mac(file, &mac, note);
	helper_open(&question, client->ca.key, NULL);
	frame_add(&question, "url", span_of(client->ca.directory.new_account));
	frame_add(&question, "kid", span_of(kid));
	frame_add(&question, "mac", buf_span(&mac));
	if (status == STATUS_OK)
		status = helper_ask(VERB_BIND, &question, &answer, note);
	jws = frame_get(buf_span(&answer), "jws");
	if (status == STATUS_OK && !jws_form_ok(jws))
		status = helper_malformed(
		    VERB_BIND, "jws is not a signed object", note);
	add_member(payload, "\"externalAccountBinding\":");
	buf_add(payload, jws);
	buf_clear(&answer);
	buf_wipe(&mac);
	buf_wipe(&question);
	return status;
}

/* Some CAs require a contact address, and say so in words only. */
static enum status
hint_contact(const struct client_options *options,
    const struct acme_problem *problem, enum status status, struct note *note)
{
	struct note said = *note;

	if (options->contacts > 0 || options->only_existing ||
	    (strcmp(problem->type, "malformed") != 0 &&
		strcmp(problem->type, "invalidContact") != 0))
		return status;
	return note_set(note, status,
	    "%.230s [if it asks for a contact address: --contact ADDRESS]",
	    note_text(&said, status));
}

/* What a 200 or 201 says: the account's URL, and that it is open.  Some CAs
 * give a closed one with 200. */
static enum status
take_account(struct client *client, const struct ca_answer *answer,
    char url[ACME_URL_SIZE], struct note *note)
{
	struct acme_account account;

	if (!acme_url_ok(span_of(answer->location)) ||
	    !ca_is_own(&client->ca, answer->location))
		return note_set(note, STATUS_BAD_CA,
		    "the CA sent a malformed URL for the account");
	if (ca_parse_account(buf_span(&answer->body), &account, NULL) ==
		STATUS_OK &&
	    account.status == ACME_GONE)
		return STATUS_MISSING;
	(void)strcpy(url, answer->location);
	return STATUS_OK;
}

/* newAccount (section 7.3).  The same key gives the same account, so it can be
 * asked again after a crash.  STATUS_MISSING: that account is closed. */
static enum status
post_account(struct client *client, const struct client_options *options,
    char url[ACME_URL_SIZE], struct acme_problem *problem, struct note *note)
{
	struct ca_answer answer = { .code = 0 };
	char account[ACME_URL_SIZE];
	struct buf payload;
	enum status status;

	buf_init(&payload, 128 * 1024);
	buf_init(&answer.body, BODY_MAX);
	buf_add_byte(&payload, '{');
	if (options->only_existing)
		add_member(&payload, "\"onlyReturnExisting\":true");
	else if (options->agreed)
		add_member(&payload, "\"termsOfServiceAgreed\":true");
	if (options->contacts > 0) {
		add_member(&payload, "");
		client_add_contact(
		    options->contact, options->contacts, &payload);
	}
	status = add_binding(client, options, &payload, note);
	buf_add_byte(&payload, '}');
	if (status == STATUS_OK)
		status = buf_status(&payload);
	/* Signed with the bare key: it has no account yet. */
	(void)strcpy(account, client->ca.account);
	client->ca.account[0] = '\0';
	if (status == STATUS_OK)
		status = ca_post(&client->ca, client->ca.directory.new_account,
		    buf_span(&payload), "application/json", &answer, note);
	(void)strcpy(client->ca.account, account);
	*problem = answer.problem;
	if (status == STATUS_OK)
		status = take_account(client, &answer, url, note);
	else if (status == STATUS_CA)
		status = hint_contact(options, problem, status, note);
	buf_clear(&answer.body);
	buf_clear(&payload);
	return status;
}

enum status
client_ask_about(struct client *client, const char *key, enum client_word *word,
    char url[ACME_URL_SIZE], struct note *note)
{
	const struct client_options existing = { .only_existing = true };
	char now[sizeof(client->ca.key)];
	struct acme_problem problem = { .type = "" };
	enum status status;

	(void)strcpy(now, client->ca.key);
	if (key != client->ca.key)
		(void)snprintf(
		    client->ca.key, sizeof(client->ca.key), "%s", key);
	status = post_account(client, &existing, url, &problem, note);
	(void)strcpy(client->ca.key, now);
	*word = CLIENT_KNOWN;
	if (status == STATUS_MISSING ||
	    (status == STATUS_CA && strcmp(problem.type, "unauthorized") == 0))
		*word = CLIENT_CLOSED;
	else if (status == STATUS_CA &&
	    strcmp(problem.type, "accountDoesNotExist") == 0)
		*word = CLIENT_UNKNOWN;
	return *word != CLIENT_KNOWN ? STATUS_OK : status;
}

static enum status
register_account(struct client *client, const struct client_options *options,
    struct acme_problem *problem, struct note *note)
{
	const char *terms = client->ca.directory.terms;
	struct client_options with = *options;
	enum status status;

	/* Show the terms, whatever the CA wrote, and ask. */
	if (terms[0] != '\0' && !options->only_existing && !options->agreed) {
		if (options->agrees == NULL || !options->agrees(terms))
			return note_set(note, STATUS_NO_PERSON,
			    "the CA has terms of service: %.200s; read them and "
			    "agree with --agree",
			    terms);
		with.agreed = true;
	}
	status =
	    post_account(client, &with, client->account.url, problem, note);
	if (status == STATUS_MISSING)
		return note_set(note, STATUS_CA,
		    "the CA closed the account of that key; register "
		    "another: mailcert account register");
	if (status != STATUS_OK)
		return status;
	(void)strcpy(client->ca.account, client->account.url);
	return account_save(client->home, &client->account, note);
}

static enum status
copy_key(const char *from, const char *to, struct note *note)
{
	struct buf question, answer;
	enum status status;

	buf_init(&question, 8192);
	buf_init(&answer, 2048);
	helper_open(&question, from, to);
	status = helper_ask(VERB_COPY, &question, &answer, note);
	buf_clear(&answer);
	buf_clear(&question);
	return status;
}

/* Make a new account.  Its key is durable before the CA sees it. */
static enum status
make_account(struct client *client, const struct client_options *options,
    struct note *note)
{
	struct account *account = &client->account;
	enum status status;

	*account = (struct account){ .created = (int64_t)time(NULL) };
	(void)strcpy(account->directory, client->ca.directory_url);
	if ((status = record_new_id(account->id)) != STATUS_OK)
		return status;
	status = client_set_key(client, note);
	if (status == STATUS_OK)
		status = options->key_file != NULL
		    ? copy_key(options->key_file, client->ca.key, note)
		    : helper_make_key(
			  key_kind_name(options->key), client->ca.key, note);
	if (status == STATUS_OK)
		status = helper_thumbprint(
		    client->ca.key, account->thumbprint, note);
	if (status == STATUS_OK)
		status = account_save(client->home, account, note);
	return status;
}

/* A record without an account: the CA has none for its key, or a closed one. */
static void
drop_record(struct client *client)
{
	(void)!account_forget(client->home, &client->account, NULL);
	client->account = (struct account){ .created = 0 };
}

enum status
client_enroll(struct client *client, const struct client_options *options,
    struct note *note)
{
	struct acme_problem problem = { .type = "" };
	enum status status;
	int lock = -1;

	if (client->account.url[0] != '\0')
		return STATUS_OK;
	status = home_lock_on(
	    client->home, "account", ACCOUNT_LOCK_SECONDS, &lock, note);
	if (status != STATUS_OK)
		return status;
	/* Another one may have made it.  One that was not registered gives
	 * way to the key that the user names. */
	status = client_find_account(client, note);
	if (status == STATUS_OK && client->account.id[0] != '\0' &&
	    client->account.url[0] == '\0' &&
	    (options->key_file != NULL || client_key_is_lost(client)))
		drop_record(client);
	if (status == STATUS_OK && client->account.id[0] == '\0')
		status = make_account(client, options, note);
	if (status == STATUS_OK && client->account.url[0] == '\0')
		status = register_account(client, options, &problem, note);
	if (status == STATUS_CA &&
	    (problem.type[0] == '\0' ||
		(options->only_existing &&
		    strcmp(problem.type, "accountDoesNotExist") == 0)))
		drop_record(client);
	(void)close(lock);
	return status;
}
