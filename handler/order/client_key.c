/* client_key.c - make and change account keys (RFC 8555 section 7.3.5) */
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "order/client_p.h"
#include "process/helper.h"

/* For so long a request whose answer was lost may still be on its way. */
enum { DOUBT_SECONDS = 600 };

static enum status
next_key(const struct client *client, char *out, size_t size, struct note *note)
{
	return account_key_path(client->home, &client->account,
	    client->account.rolled + 1, out, size, note);
}

/* Make the next key the current one, with one rename. */
static enum status
commit_key(struct client *client, const char *path, struct note *note)
{
	struct account *account = &client->account;
	char old[sizeof(client->ca.key)];
	enum status status;

	(void)strcpy(old, client->ca.key);
	status = helper_thumbprint(path, account->thumbprint, note);
	account->rolled++;
	if (status == STATUS_OK)
		status = account_save(client->home, account, note);
	if (status == STATUS_OK)
		status = client_set_key(client, note);
	/* The old key opens nothing any more. */
	if (status == STATUS_OK)
		(void)unlink(old);
	return status;
}

static bool
is_recent(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 &&
	    time(NULL) - st.st_mtime < (time_t)DOUBT_SECONDS &&
	    st.st_mtime <= time(NULL);
}

/*
 * Two keys are there; the CA knows which one is the account's.  It counts for
 * nothing that it refused something: only an answer to the new key makes that
 * the one, and only an answer to the old key shows that the new one is not.
 * sure: no request is on its way that could change it yet.
 * STATUS_MISSING: neither key has the account, and both stay.
 */
static enum status
choose_key(
    struct client *client, const char *next, bool sure, struct note *note)
{
	char url[ACME_URL_SIZE] = "";
	enum client_word word;
	struct note why = { "" };
	enum status status;

	status = client_ask_about(client, next, &word, url, &why);
	if (status == STATUS_OK && word == CLIENT_KNOWN)
		return strcmp(url, client->account.url) == 0
		    ? commit_key(client, next, note)
		    : note_set(note, STATUS_BAD_CA,
			  "the CA has another account (%.150s) for the new "
			  "key; both keys are kept",
			  url);
	if (status != STATUS_OK && status != STATUS_CA)
		return note_set(note, status, "%s", note_text(&why, status));
	status = client_ask_about(client, client->ca.key, &word, url, &why);
	if (status != STATUS_OK)
		return note_set(note, status, "%s", note_text(&why, status));
	if (word != CLIENT_KNOWN)
		return note_set(note, STATUS_MISSING,
		    "the CA knows neither the old key nor the new one");
	if (!sure)
		return STATUS_OK;
	return unlink(next) == 0 ? STATUS_OK : STATUS_IO;
}

enum status
client_settle_key(struct client *client, struct note *note)
{
	char next[sizeof(client->ca.key)];
	enum status status = next_key(client, next, sizeof(next), note);
	int lock = -1;

	if (status != STATUS_OK || access(next, F_OK) != 0)
		return status;
	status = home_lock_on(
	    client->home, "account", ACCOUNT_LOCK_SECONDS, &lock, note);
	if (status != STATUS_OK)
		return status;
	/* It may be done by now. */
	status = account_load(
	    client->home, client->account.id, &client->account, note);
	if (status == STATUS_OK)
		status = client_set_key(client, note);
	if (status == STATUS_OK)
		status = next_key(client, next, sizeof(next), note);
	if (status == STATUS_OK && access(next, F_OK) == 0)
		status = choose_key(client, next, !is_recent(next), note);
	(void)close(lock);
	/* The CA has no such account: what is asked of it next will say so. */
	return status == STATUS_MISSING ? STATUS_OK : status;
}

/* After a No.  The CA, or a proxy that sent the request twice, may have
 * changed the key all the same. */
static enum status
after_refusal(struct client *client, const char *next, enum status refusal,
    struct note *note)
{
	const int64_t before = client->account.rolled;
	struct note why = { "" };
	enum status status =
	    choose_key(client, next, refusal == STATUS_CA, &why);

	if (status == STATUS_OK)
		return client->account.rolled != before ? STATUS_OK : refusal;
	return note_set(note, STATUS_AGAIN,
	    "cannot tell now whether the CA took the new key (%.150s); both "
	    "keys are kept: mailcert account show asks again",
	    note_text(&why, status));
}

/* The new key is durable before the CA hears of it.  One that is there already
 * may have been sent: it is the one, or nobody could say which is. */
static enum status
roll_over(struct client *client, enum key_kind kind, struct note *note)
{
	char path[sizeof(client->ca.new_key)];
	struct ca_answer answer = { .code = 0 };
	enum status status;

	buf_init(&answer.body, BODY_MAX);
	status = next_key(client, path, sizeof(path), note);
	if (status == STATUS_OK && access(path, F_OK) != 0)
		status = helper_make_key(key_kind_name(kind), path, note);
	if (status != STATUS_OK)
		goto out;
	(void)strcpy(client->ca.new_key, path);
	status = ca_roll_over(&client->ca, &answer, note);
	client->ca.new_key[0] = '\0';
	if (status == STATUS_OK)
		status = commit_key(client, path, note);
	else if (answer.code >= 400 && answer.code < 500)
		status = after_refusal(client, path, status, note);
out:
	buf_clear(&answer.body);
	return status;
}

enum status
client_roll_over(struct client *client, enum key_kind kind, struct note *note)
{
	enum status status;
	int lock = -1;

	if (client->ca.directory.key_change[0] == '\0' ||
	    !ca_is_own(&client->ca, client->ca.directory.key_change))
		return note_set(
		    note, STATUS_BAD_CA, "the CA does not offer key roll-over");
	status = home_lock_on(
	    client->home, "account", ACCOUNT_LOCK_SECONDS, &lock, note);
	if (status != STATUS_OK)
		return status;
	status = roll_over(client, kind, note);
	(void)close(lock);
	return status;
}
