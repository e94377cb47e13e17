/* client.c - our account at a CA: see client.h */
#include "order/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "acme/url.h"
#include "base/text.h"
#include "order/ca_object.h"
#include "order/client_p.h"

/* As curl(1) does: the lower-case name first. */
static const char *
environment(const char *lower, const char *upper)
{
	const char *value = getenv(lower);

	if (value == NULL)
		value = getenv(upper);
	return value != NULL ? value : "";
}

/* The CA's own, else that of the configuration, else the environment's. */
static enum status
set_proxy(struct client *client, struct note *note)
{
	struct ca *ca = &client->ca;
	const char *proxy = client->settings.proxy, *without = "";

	if (proxy[0] == '\0')
		proxy = client->config->proxy;
	if (proxy[0] == '\0') {
		proxy = environment("https_proxy", "HTTPS_PROXY");
		if (proxy[0] == '\0')
			proxy = environment("all_proxy", "ALL_PROXY");
		without = environment("no_proxy", "NO_PROXY");
	}
	if (strcmp(proxy, "none") == 0)
		proxy = "";
	return span_copy(span_of(proxy), ca->proxy, sizeof(ca->proxy)) &&
		span_copy(span_of(without), ca->no_proxy, sizeof(ca->no_proxy))
	    ? STATUS_OK
	    : note_set(note, STATUS_CONFIG,
		  "HTTPS_PROXY or NO_PROXY is too long; set proxy in the "
		  "configuration instead");
}

static enum status
set_ca(struct client *client, struct note *note)
{
	const struct config_ca *settings = &client->settings;
	struct ca *ca = &client->ca;

	*ca = (struct ca){ .nonce = "" };
	(void)strcpy(ca->name, settings->name);
	if (!span_copy(span_of(settings->directory), ca->directory_url,
		sizeof(ca->directory_url)) ||
	    !acme_url_ok(span_of(ca->directory_url)) ||
	    !span_copy(span_of(settings->file), ca->file, sizeof(ca->file)))
		return note_set(note, STATUS_CONFIG,
		    "the CA's directory is not an https:// URL");
	return set_proxy(client, note);
}

enum status
client_set_key(struct client *client, struct note *note)
{
	(void)strcpy(client->ca.account, client->account.url);
	return account_key_path(client->home, &client->account,
	    client->account.rolled, client->ca.key, sizeof(client->ca.key),
	    note);
}

enum status
client_find_account(struct client *client, struct note *note)
{
	enum status status;

	status = account_find(
	    client->home, client->ca.directory_url, &client->account, note);
	if (status == STATUS_MISSING) {
		client->account = (struct account){ .created = 0 };
		return STATUS_OK;
	}
	return status == STATUS_OK ? client_set_key(client, note) : status;
}

enum status
client_reach(struct client *client, const char *ca, struct note *note)
{
	enum status status;

	status = config_find_ca(client->config, ca, &client->settings, note);
	if (status == STATUS_OK)
		status = set_ca(client, note);
	if (status == STATUS_OK)
		status = ca_open(&client->ca, note);
	if (status == STATUS_OK)
		status = client_find_account(client, note);
	return status == STATUS_OK && client->account.id[0] != '\0'
	    ? client_settle_key(client, note)
	    : status;
}

bool
client_key_is_lost(const struct client *client)
{
	return access(client->ca.key, F_OK) != 0 && errno == ENOENT;
}

/* Retire the account; its record and key stay. */
static enum status
retire(struct client *client, enum account_end end, struct note *note)
{
	enum status status;

	client->account.end = end;
	client->account.deactivated = (int64_t)time(NULL);
	status = account_save(client->home, &client->account, note);
	client->account = (struct account){ .created = 0 };
	client->ca.account[0] = '\0';
	return status;
}

/* The CA refuses the account: does it know its key? */
static enum status
ask_by_key(struct client *client, const struct note *first, struct note *note)
{
	char url[ACME_URL_SIZE] = "";
	enum client_word word;
	enum status status;

	status = client_ask_about(client, client->ca.key, &word, url, note);
	if (status != STATUS_OK)
		return status;
	if (word != CLIENT_KNOWN)
		return retire(client,
		    word == CLIENT_CLOSED ? ACCOUNT_CLOSED : ACCOUNT_UNKNOWN,
		    note);
	if (strcmp(url, client->account.url) == 0)
		return note_set(
		    note, STATUS_CA, "%s", note_text(first, STATUS_CA));
	(void)strcpy(client->account.url, url);
	(void)strcpy(client->ca.account, url);
	return account_save(client->home, &client->account, note);
}

enum status
client_retire_if_gone(struct client *client, struct note *note)
{
	struct acme_account account;
	struct note why = { "" };
	enum status status;
	int lock = -1;

	if (client->account.url[0] == '\0')
		return STATUS_OK;
	status = home_lock_on(
	    client->home, "account", ACCOUNT_LOCK_SECONDS, &lock, note);
	if (status != STATUS_OK)
		return status;
	if (client_key_is_lost(client)) {
		status = retire(client, ACCOUNT_KEY_LOST, note);
	} else if ((status = client_ask(client, &account, &why)) == STATUS_CA) {
		status = ask_by_key(client, &why, note);
	} else if (status != STATUS_OK) {
		(void)note_set(note, status, "%s", note_text(&why, status));
	} else if (account.status == ACME_GONE) {
		status = retire(client, ACCOUNT_CLOSED, note);
	}
	(void)close(lock);
	return status;
}

enum status
client_reopen(
    struct client *client, const char *account, bool asking, struct note *note)
{
	enum status status;

	status = account_load(client->home, account, &client->account, note);
	if (status == STATUS_MISSING)
		return note_set(
		    note, STATUS_DAMAGED, "the account %.16s is gone", account);
	if (status == STATUS_OK)
		status = config_find_ca(client->config,
		    client->account.directory, &client->settings, note);
	if (status == STATUS_OK)
		status = set_ca(client, note);
	if (status == STATUS_OK)
		status = client_set_key(client, note);
	if (status == STATUS_OK && asking)
		status = ca_open(&client->ca, note);
	return status == STATUS_OK && asking ? client_settle_key(client, note)
					     : status;
}

void
client_add_contact(const char *const *contact, size_t count, struct buf *out)
{
	struct buf url;
	size_t i;

	buf_init(&url, 4096);
	buf_add_text(out, "\"contact\":[");
	for (i = 0; i < count; i++) {
		buf_clear(&url);
		buf_addf(&url, "mailto:%s", contact[i]);
		buf_add_text(out, i > 0 ? "," : "");
		text_json(out, buf_span(&url));
	}
	buf_add_text(out, "]");
	buf_clear(&url);
}

/* POST to the account's URL; out may be NULL. */
static enum status
post_to_account(struct client *client, struct span payload,
    struct acme_account *out, struct note *note)
{
	struct ca_answer answer = { .code = 0 };
	enum status status;

	buf_init(&answer.body, BODY_MAX);
	status = ca_post(&client->ca, client->account.url, payload,
	    "application/json", &answer, note);
	if (status == STATUS_OK && out != NULL)
		status = ca_parse_account(buf_span(&answer.body), out, note);
	buf_clear(&answer.body);
	return status;
}

enum status
client_is_closed(struct note *note)
{
	return note_set(note, STATUS_CA,
	    "the CA says that the account is deactivated or revoked; register "
	    "another: mailcert account register");
}

enum status
client_ask(struct client *client, struct acme_account *out, struct note *note)
{
	return post_to_account(client, SPAN(""), out, note);
}

enum status
client_set_contact(struct client *client, const char *const *contact,
    size_t count, struct acme_account *out, struct note *note)
{
	struct buf payload;
	enum status status;

	buf_init(&payload, 64 * 1024);
	buf_add_byte(&payload, '{');
	client_add_contact(contact, count, &payload);
	buf_add_byte(&payload, '}');
	status = buf_status(&payload);
	if (status == STATUS_OK)
		status = post_to_account(client, buf_span(&payload), out, note);
	if (status == STATUS_OK && out->status == ACME_GONE)
		status = client_is_closed(note);
	buf_clear(&payload);
	return status;
}

enum status
client_deactivate(struct client *client, struct note *note)
{
	enum status status;

	status = post_to_account(
	    client, SPAN("{\"status\":\"deactivated\"}"), NULL, note);
	if (status != STATUS_OK)
		return status;
	client->account.end = ACCOUNT_DEACTIVATED;
	client->account.deactivated = (int64_t)time(NULL);
	return account_save(client->home, &client->account, note);
}
