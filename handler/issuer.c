/* issuer.c - we and a CA: see issuer.h */
#include "issuer.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "acme/url.h"
#include "base/fd.h"
#include "base/frame.h"
#include "base/text.h"
#include "helper.h"
#include "store/order.h"

enum { BODY_MAX = 2 * 1024 * 1024, ACCOUNT_LOCK_SECONDS = 60 };

#define JSON "application/json"

static enum status
set_ca(struct issuer *issuer, struct note *note)
{
	const struct config_ca *settings = &issuer->settings;
	struct ca *ca = &issuer->ca;

	*ca = (struct ca){ .nonce = "" };
	if (!span_copy(span_of(settings->directory), ca->directory_url,
		sizeof(ca->directory_url)) ||
	    !acme_url_ok(span_of(ca->directory_url)) ||
	    !span_copy(span_of(settings->file), ca->file, sizeof(ca->file)))
		return note_set(note, STATUS_CONFIG,
		    "the directory of the CA is no https:// URL");
	return STATUS_OK;
}

/* The key that counts, and the URL that goes with it. */
static enum status
set_key(struct issuer *issuer, struct note *note)
{
	(void)strcpy(issuer->ca.account, issuer->account.url);
	return account_key_path(issuer->home, &issuer->account,
	    issuer->account.rolled, issuer->ca.key, sizeof(issuer->ca.key),
	    note);
}

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
		    "%.200s can be read by others (chmod 600 it)", path);
	else
		status = fd_read(fd, out, 5);
	(void)close(fd);
	return status;
}

static enum status
add_binding(struct issuer *issuer, const struct issuer_options *options,
    struct buf *payload, struct note *note)
{
	const char *kid = options->eab_kid != NULL ? options->eab_kid
						   : issuer->settings.eab_kid;
	const char *file = options->eab_key_file != NULL
	    ? options->eab_key_file
	    : issuer->settings.eab_key_file;
	struct buf request, mac, binding;
	enum status status;

	if (kid[0] == '\0')
		return issuer->ca.directory.external_account != 0 &&
			!options->only_existing
		    ? note_set(note, STATUS_CONFIG,
			  "the CA wants an external account: --eab-kid and "
			  "--eab-key-file, or ca.NAME.eab_kid and "
			  "ca.NAME.eab_key_file")
		    : STATUS_OK;
	buf_init(&request, 64 * 1024);
	buf_init(&mac, 4096);
	buf_init(&binding, 64 * 1024);
	status = read_mac(file, &mac, note);
	frame_add(&request, "url", span_of(issuer->ca.directory.new_account));
	frame_add(&request, "kid", span_of(kid));
	frame_add(&request, "mac", buf_span(&mac));
	if (status == STATUS_OK)
		status = helper_key(
		    "bind", issuer->ca.key, buf_span(&request), &binding, note);
	buf_add_text(payload, ",\"externalAccountBinding\":");
	buf_add(payload, buf_span(&binding));
	buf_clear(&binding);
	buf_wipe(&mac);
	buf_wipe(&request);
	return status;
}

static void
add_contact(const char *const *contact, size_t count, struct buf *out)
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

/* newAccount (section 7.3).  The same key gives the same account, so it can be
 * asked again after a crash. */
static enum status
post_account(struct issuer *issuer, const struct issuer_options *options,
    struct note *note)
{
	struct ca_answer answer = { .code = 0 };
	struct buf payload;
	enum status status;

	buf_init(&payload, 128 * 1024);
	buf_init(&answer.body, BODY_MAX);
	buf_add_text(&payload,
	    options->only_existing ? "{\"onlyReturnExisting\":true"
				   : "{\"termsOfServiceAgreed\":true");
	if (options->contacts > 0) {
		buf_add_byte(&payload, ',');
		add_contact(options->contact, options->contacts, &payload);
	}
	status = add_binding(issuer, options, &payload, note);
	buf_add_byte(&payload, '}');
	if (status == STATUS_OK)
		status = buf_status(&payload);
	issuer->ca.account[0] = '\0';
	if (status == STATUS_OK)
		status = ca_post(&issuer->ca, issuer->ca.directory.new_account,
		    buf_span(&payload), JSON, &answer, note);
	if (status == STATUS_OK &&
	    (!acme_url_ok(span_of(answer.location)) ||
		!ca_is_own(&issuer->ca, answer.location)))
		status = note_set(note, STATUS_BAD_CA,
		    "the CA gives the account no usable URL");
	if (status == STATUS_OK) {
		(void)strcpy(issuer->account.url, answer.location);
		(void)strcpy(issuer->ca.account, answer.location);
	}
	buf_clear(&answer.body);
	buf_clear(&payload);
	return status;
}

static enum status
register_account(struct issuer *issuer, const struct issuer_options *options,
    struct note *note)
{
	const char *terms = issuer->ca.directory.terms;
	enum status status;

	if (terms[0] != '\0' && !options->only_existing &&
	    (options->agrees == NULL || !options->agrees(terms)))
		return note_set(note, STATUS_NO_PERSON,
		    "the CA has terms of service, %.200s: --agree says that "
		    "you agree to them",
		    terms);
	status = post_account(issuer, options, note);
	return status == STATUS_OK
	    ? account_save(issuer->home, &issuer->account, note)
	    : status;
}

/* A new account: its key is durable before the CA hears of it. */
static enum status
make_account(struct issuer *issuer, const struct issuer_options *options,
    struct note *note)
{
	struct account *account = &issuer->account;
	enum status status;
	struct buf nothing;

	*account = (struct account){ .created = (int64_t)time(NULL) };
	(void)strcpy(account->directory, issuer->ca.directory_url);
	if ((status = order_new_id(account->id)) != STATUS_OK)
		return status;
	buf_init(&nothing, 1024);
	status = set_key(issuer, note);
	if (status == STATUS_OK)
		status = options->key_file != NULL
		    ? helper_key_pair("copy", options->key_file, issuer->ca.key,
			  SPAN(""), &nothing, note)
		    : helper_key_pair("generate", key_kind_name(options->key),
			  issuer->ca.key, SPAN(""), &nothing, note);
	if (status == STATUS_OK)
		status = helper_thumbprint(
		    issuer->ca.key, account->thumbprint, note);
	if (status == STATUS_OK)
		status = account_save(issuer->home, account, note);
	buf_clear(&nothing);
	return status;
}

/* The next key is the one now: one rename says so. */
static enum status
commit_key(struct issuer *issuer, const char *path, struct note *note)
{
	struct account *account = &issuer->account;
	char old[sizeof(issuer->ca.key)];
	enum status status;

	(void)strcpy(old, issuer->ca.key);
	status = helper_thumbprint(path, account->thumbprint, note);
	account->rolled++;
	if (status == STATUS_OK)
		status = account_save(issuer->home, account, note);
	if (status == STATUS_OK)
		status = set_key(issuer, note);
	/* It opens nothing any more. */
	if (status == STATUS_OK)
		(void)unlink(old);
	return status;
}

/* A next key that is there and that nobody is at was left by a crash: does the
 * CA know it?  Then it is the one; else it never was. */
static enum status
choose_key(struct issuer *issuer, const char *next, struct note *note)
{
	const struct issuer_options existing = { .only_existing = true };
	char now[sizeof(issuer->ca.key)];
	const struct account before = issuer->account;
	struct note why = { "" };
	enum status status;

	(void)strcpy(now, issuer->ca.key);
	(void)strcpy(issuer->ca.key, next);
	status = post_account(issuer, &existing, &why);
	(void)strcpy(issuer->ca.key, now);
	issuer->account = before;
	(void)strcpy(issuer->ca.account, before.url);
	if (status == STATUS_OK)
		return commit_key(issuer, next, note);
	if (status != STATUS_CA)
		return note_set(note, status, "%s", note_text(&why, status));
	return unlink(next) == 0 ? STATUS_OK : STATUS_IO;
}

static enum status
next_key(const struct issuer *issuer, char *out, size_t size, struct note *note)
{
	return account_key_path(issuer->home, &issuer->account,
	    issuer->account.rolled + 1, out, size, note);
}

/* Ready to be used: no roll-over is half done. */
static enum status
settle_key(struct issuer *issuer, struct note *note)
{
	char next[sizeof(issuer->ca.key)];
	enum status status = next_key(issuer, next, sizeof(next), note);
	int lock = -1;

	if (status != STATUS_OK || access(next, F_OK) != 0)
		return status;
	status = home_lock_on(
	    issuer->home, "account", ACCOUNT_LOCK_SECONDS, &lock, note);
	if (status != STATUS_OK)
		return status;
	/* It may be done by now. */
	status = account_load(
	    issuer->home, issuer->account.id, &issuer->account, note);
	if (status == STATUS_OK)
		status = set_key(issuer, note);
	if (status == STATUS_OK)
		status = next_key(issuer, next, sizeof(next), note);
	if (status == STATUS_OK && access(next, F_OK) == 0)
		status = choose_key(issuer, next, note);
	(void)close(lock);
	return status;
}

/* The account in the home, if there is one. */
static enum status
find_account(struct issuer *issuer, struct note *note)
{
	enum status status;

	status = account_find(
	    issuer->home, issuer->ca.directory_url, &issuer->account, note);
	if (status == STATUS_NO) {
		issuer->account = (struct account){ .created = 0 };
		return STATUS_OK;
	}
	return status == STATUS_OK ? set_key(issuer, note) : status;
}

enum status
issuer_reach(struct issuer *issuer, const char *ca, struct note *note)
{
	enum status status;

	status = config_find_ca(issuer->config, ca, &issuer->settings, note);
	if (status == STATUS_OK)
		status = set_ca(issuer, note);
	if (status == STATUS_OK)
		status = ca_open(&issuer->ca, note);
	if (status == STATUS_OK)
		status = find_account(issuer, note);
	return status == STATUS_OK && issuer->account.id[0] != '\0'
	    ? settle_key(issuer, note)
	    : status;
}

enum status
issuer_enroll(struct issuer *issuer, const struct issuer_options *options,
    struct note *note)
{
	enum status status;
	int lock = -1;

	if (issuer->account.url[0] != '\0')
		return STATUS_OK;
	status = home_lock_on(
	    issuer->home, "account", ACCOUNT_LOCK_SECONDS, &lock, note);
	if (status != STATUS_OK)
		return status;
	/* Another one may have made it.  One that was not registered gives
	 * way to the key that the user names. */
	status = find_account(issuer, note);
	if (status == STATUS_OK && issuer->account.id[0] != '\0' &&
	    issuer->account.url[0] == '\0' && options->key_file != NULL) {
		status = account_forget(issuer->home, &issuer->account, note);
		issuer->account.id[0] = '\0';
	}
	if (status == STATUS_OK && issuer->account.id[0] == '\0')
		status = make_account(issuer, options, note);
	if (status == STATUS_OK && issuer->account.url[0] == '\0')
		status = register_account(issuer, options, note);
	/* The CA knows no account of that key: nothing was found. */
	if (status == STATUS_CA && options->only_existing)
		(void)!account_forget(issuer->home, &issuer->account, NULL);
	(void)close(lock);
	return status;
}

enum status
issuer_reopen(
    struct issuer *issuer, const char *account, bool asking, struct note *note)
{
	enum status status;

	status = account_load(issuer->home, account, &issuer->account, note);
	if (status == STATUS_NO)
		return note_set(
		    note, STATUS_CONFIG, "the account %.16s is gone", account);
	if (status == STATUS_OK)
		status = config_find_ca(issuer->config,
		    issuer->account.directory, &issuer->settings, note);
	if (status == STATUS_OK)
		status = set_ca(issuer, note);
	if (status == STATUS_OK)
		status = set_key(issuer, note);
	if (status == STATUS_OK && asking)
		status = ca_open(&issuer->ca, note);
	return status == STATUS_OK && asking ? settle_key(issuer, note)
					     : status;
}

/* POST to the account's URL; out may be NULL. */
static enum status
post_to_account(struct issuer *issuer, struct span payload,
    struct acme_account *out, struct note *note)
{
	struct ca_answer answer = { .code = 0 };
	enum status status;

	buf_init(&answer.body, BODY_MAX);
	status = ca_post(
	    &issuer->ca, issuer->account.url, payload, JSON, &answer, note);
	if (status == STATUS_OK && out != NULL)
		status = ca_parse_account(buf_span(&answer.body), out, note);
	buf_clear(&answer.body);
	return status;
}

enum status
issuer_ask(struct issuer *issuer, struct acme_account *out, struct note *note)
{
	return post_to_account(issuer, SPAN(""), out, note);
}

enum status
issuer_set_contact(struct issuer *issuer, const char *const *contact,
    size_t count, struct acme_account *out, struct note *note)
{
	struct buf payload;
	enum status status;

	buf_init(&payload, 64 * 1024);
	buf_add_byte(&payload, '{');
	add_contact(contact, count, &payload);
	buf_add_byte(&payload, '}');
	status = buf_status(&payload);
	if (status == STATUS_OK)
		status = post_to_account(issuer, buf_span(&payload), out, note);
	buf_clear(&payload);
	return status;
}

enum status
issuer_deactivate(struct issuer *issuer, struct note *note)
{
	enum status status;

	status = post_to_account(
	    issuer, SPAN("{\"status\":\"deactivated\"}"), NULL, note);
	if (status != STATUS_OK)
		return status;
	issuer->account.deactivated = (int64_t)time(NULL);
	return account_save(issuer->home, &issuer->account, note);
}

/* The new key is durable before the CA hears of it; settle_roll_over() finds
 * out what became of it where we die on the way. */
static enum status
roll_over(struct issuer *issuer, enum key_kind kind, struct note *note)
{
	struct ca_answer answer = { .code = 0 };
	struct buf nothing;
	enum status status;
	char path[sizeof(issuer->ca.new_key)];

	buf_init(&nothing, 1024);
	buf_init(&answer.body, BODY_MAX);
	status = next_key(issuer, path, sizeof(path), note);
	if (status == STATUS_OK)
		status = helper_key_pair("generate", key_kind_name(kind), path,
		    SPAN(""), &nothing, note);
	if (status == STATUS_OK) {
		(void)strcpy(issuer->ca.new_key, path);
		status = ca_roll_over(&issuer->ca, &answer, note);
		issuer->ca.new_key[0] = '\0';
		if (status == STATUS_CA)
			(void)unlink(path);
	}
	if (status == STATUS_OK) {
		status = commit_key(issuer, path, note);
	}
	buf_clear(&answer.body);
	buf_clear(&nothing);
	return status;
}

enum status
issuer_roll_over(struct issuer *issuer, enum key_kind kind, struct note *note)
{
	enum status status;
	int lock = -1;

	if (issuer->ca.directory.key_change[0] == '\0' ||
	    !ca_is_own(&issuer->ca, issuer->ca.directory.key_change))
		return note_set(note, STATUS_BAD_CA,
		    "the CA offers no roll-over of account keys");
	status = home_lock_on(
	    issuer->home, "account", ACCOUNT_LOCK_SECONDS, &lock, note);
	if (status != STATUS_OK)
		return status;
	status = roll_over(issuer, kind, note);
	(void)close(lock);
	return status;
}
