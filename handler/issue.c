/* issue.c - from addresses to a certificate: see issue.h */
#include "issue.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "acme/url.h"
#include "base/base64url.h"
#include "base/fd.h"
#include "base/frame.h"
#include "base/text.h"
#include "helper.h"
#include "mail/date.h"

enum {
	BODY_MAX = 2 * 1024 * 1024,
	POLL_LEAST = 1,
	POLL_MOST = 3600,
	POLL_USUAL = 3
};

#define PEM_CHAIN "application/pem-certificate-chain"

/* A clamped Retry-After (threats C10). */
static int64_t
pause_of(const struct ca_answer *answer)
{
	if (answer->retry_after < 0)
		return POLL_USUAL;
	return answer->retry_after < POLL_LEAST ? POLL_LEAST
	    : answer->retry_after > POLL_MOST   ? POLL_MOST
						: answer->retry_after;
}

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
	return ca_open(ca, note);
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
add_binding(struct issuer *issuer, struct buf *payload, struct note *note)
{
	const struct config_ca *settings = &issuer->settings;
	struct buf request, mac, binding;
	enum status status;

	if (settings->eab_kid[0] == '\0')
		return issuer->ca.directory.external_account != 0
		    ? note_set(note, STATUS_CONFIG,
			  "the CA wants an external account: set "
			  "ca.NAME.eab_kid and ca.NAME.eab_key_file")
		    : STATUS_OK;
	buf_init(&request, 64 * 1024);
	buf_init(&mac, 4096);
	buf_init(&binding, 64 * 1024);
	status = read_mac(settings->eab_key_file, &mac, note);
	frame_add(&request, "url", span_of(issuer->ca.directory.new_account));
	frame_add(&request, "kid", span_of(settings->eab_kid));
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

/* newAccount (RFC 8555 section 7.3).  The same key gives the same account, so
 * it can be asked again after a crash. */
static enum status
register_account(struct issuer *issuer, bool agree, struct note *note)
{
	struct ca_answer answer = { .code = 0 };
	struct buf payload;
	enum status status;

	if (issuer->ca.directory.terms[0] != '\0' && !agree)
		return note_set(note, STATUS_NO_PERSON,
		    "the CA has terms of service, %.200s: --agree says that "
		    "you agree to them",
		    issuer->ca.directory.terms);
	buf_init(&payload, 128 * 1024);
	buf_init(&answer.body, BODY_MAX);
	buf_addf(&payload, "{\"termsOfServiceAgreed\":true");
	status = add_binding(issuer, &payload, note);
	buf_add_byte(&payload, '}');
	issuer->ca.account[0] = '\0';
	if (status == STATUS_OK)
		status = ca_post(&issuer->ca, issuer->ca.directory.new_account,
		    buf_span(&payload), "application/json", &answer, note);
	if (status == STATUS_OK &&
	    (!acme_url_ok(span_of(answer.location)) ||
		!ca_is_own(&issuer->ca, answer.location)))
		status = note_set(note, STATUS_BAD_CA,
		    "the CA gives the account no usable URL");
	if (status == STATUS_OK) {
		(void)strcpy(issuer->account.url, answer.location);
		(void)strcpy(issuer->ca.account, answer.location);
		status = account_save(issuer->home, &issuer->account, note);
	}
	buf_clear(&answer.body);
	buf_clear(&payload);
	return status;
}

/* A new account: its key is durable before the CA hears of it. */
static enum status
make_account(struct issuer *issuer, struct note *note)
{
	struct account *account = &issuer->account;
	enum status status;

	*account = (struct account){ .created = (int64_t)time(NULL) };
	(void)strcpy(account->directory, issuer->ca.directory_url);
	if ((status = order_new_id(account->id)) != STATUS_OK)
		return status;
	status = account_key_path(issuer->home, account->id, issuer->ca.key,
	    sizeof(issuer->ca.key), note);
	if (status == STATUS_OK)
		status = helper_generate(
		    key_kind_name(KEY_EC_P256), issuer->ca.key, note);
	if (status == STATUS_OK)
		status = helper_thumbprint(
		    issuer->ca.key, account->thumbprint, note);
	if (status == STATUS_OK)
		status = account_save(issuer->home, account, note);
	return status;
}

enum status
issuer_open(
    struct issuer *issuer, const char *ca, bool agree, struct note *note)
{
	enum status status;
	int lock = -1;

	status = config_find_ca(issuer->config, ca, &issuer->settings, note);
	if (status == STATUS_OK)
		status = set_ca(issuer, note);
	if (status == STATUS_OK)
		status = home_lock(issuer->home, &lock, note);
	if (status != STATUS_OK)
		return status;
	status = account_find(
	    issuer->home, issuer->ca.directory_url, &issuer->account, note);
	if (status == STATUS_NO)
		status = make_account(issuer, note);
	else if (status == STATUS_OK)
		status = account_key_path(issuer->home, issuer->account.id,
		    issuer->ca.key, sizeof(issuer->ca.key), note);
	(void)strcpy(issuer->ca.account, issuer->account.url);
	if (status == STATUS_OK && issuer->account.url[0] == '\0')
		status = register_account(issuer, agree, note);
	(void)close(lock);
	return status;
}

enum status
issuer_reopen(
    struct issuer *issuer, const struct issuance *issuance, struct note *note)
{
	enum status status;

	status = account_load(
	    issuer->home, issuance->account, &issuer->account, note);
	if (status == STATUS_NO)
		return note_set(note, STATUS_CONFIG,
		    "the account of %s is gone", issuance->id);
	if (status == STATUS_OK)
		status = config_find_ca(issuer->config,
		    issuer->account.directory, &issuer->settings, note);
	if (status == STATUS_OK)
		status = set_ca(issuer, note);
	if (status == STATUS_OK)
		status = account_key_path(issuer->home, issuer->account.id,
		    issuer->ca.key, sizeof(issuer->ca.key), note);
	(void)strcpy(issuer->ca.account, issuer->account.url);
	return status;
}

/* Normal forms, each once. */
static enum status
take_addresses(const struct issue_request *request, struct issuance *out,
    struct note *note)
{
	struct mailbox mailbox;
	char normal[ADDRESS_SIZE];
	size_t i, j;

	if (request->count == 0 || request->count > ACME_IDENTIFIERS_MAX)
		return note_set(note, STATUS_USAGE,
		    "an order is for 1 to %d addresses", ACME_IDENTIFIERS_MAX);
	for (i = 0; i < request->count; i++) {
		if (address_parse(span_of(request->addresses[i]), &mailbox) !=
			STATUS_OK ||
		    address_normal(&mailbox, normal) != STATUS_OK ||
		    span_has_byte(span_of(normal), '*'))
			return note_set(note, STATUS_USAGE,
			    "%.100s is no mail address", request->addresses[i]);
		for (j = 0; j < out->addresses; j++)
			if (strcmp(out->address[j], normal) == 0)
				return note_set(note, STATUS_USAGE,
				    "%.100s is there twice", normal);
		(void)strcpy(out->address[out->addresses++], normal);
	}
	return STATUS_OK;
}

enum status
issue_check(const struct issue_request *request, struct note *note)
{
	struct issuance *scratch = calloc(1, sizeof(*scratch));
	enum status status = STATUS_MEMORY;

	if (scratch != NULL)
		status = take_addresses(request, scratch, note);
	free(scratch);
	return status;
}

static int64_t
time_of(const char *text)
{
	int64_t when;

	return date_parse_iso(span_of(text), &when) == STATUS_OK ? when : 0;
}

/* Is the identifier one of ours?  CAs change case (interop 2b.9). */
static const char *
find_address(const struct issuance *issuance, const char *identifier)
{
	struct mailbox mailbox;
	char normal[ADDRESS_SIZE];
	size_t i;

	if (address_parse(span_of(identifier), &mailbox) != STATUS_OK ||
	    address_normal(&mailbox, normal) != STATUS_OK)
		return NULL;
	for (i = 0; i < issuance->addresses; i++)
		if (span_eq_nocase(
			span_of(issuance->address[i]), span_of(normal)))
			return issuance->address[i];
	return NULL;
}

/* POST-as-GET of an authorization. */
static enum status
get_authorization(struct issuer *issuer, const char *url,
    struct acme_authorization *out, int64_t *pause, struct note *note)
{
	struct ca_answer answer = { .code = 0 };
	enum status status;

	buf_init(&answer.body, BODY_MAX);
	status = ca_post(
	    &issuer->ca, url, SPAN(""), "application/json", &answer, note);
	if (status == STATUS_OK)
		status =
		    ca_parse_authorization(buf_span(&answer.body), out, note);
	if (pause != NULL)
		*pause = pause_of(&answer);
	buf_clear(&answer.body);
	return status;
}

/* Expect the challenge mail of one authorization, if it needs one. */
static enum status
expect_challenge(struct issuer *issuer, const struct issuance *issuance,
    const char *url, struct note *note)
{
	struct acme_authorization authz;
	struct order order = { .join = issuer->settings.join };
	struct mailbox mailbox;
	const char *address;
	enum status status;

	status = get_authorization(issuer, url, &authz, NULL, note);
	if (status != STATUS_OK || authz.status == ACME_VALID)
		return status;
	address = find_address(issuance, authz.identifier);
	if (address == NULL)
		return note_set(note, STATUS_BAD_CA,
		    "the CA wants a proof for %.100s, which was not ordered",
		    authz.identifier);
	if (authz.has_challenge == 0)
		return note_set(note, STATUS_BAD_CA,
		    "the CA has no email-reply-00 challenge for %.100s",
		    address);
	if (address_parse(span_of(authz.from), &mailbox) != STATUS_OK ||
	    address_normal(&mailbox, order.from_normal) != STATUS_OK ||
	    !span_copy(span_of(authz.from), order.from, ADDRESS_SIZE) ||
	    !ca_is_own(&issuer->ca, authz.challenge_url))
		return note_set(note, STATUS_BAD_CA,
		    "the challenge of the CA has no usable \"from\" or \"url\"");
	(void)strcpy(order.address, address);
	(void)strcpy(order.address_normal, address);
	(void)strcpy(order.part2, authz.token);
	(void)strcpy(order.thumbprint, issuer->account.thumbprint);
	(void)strcpy(order.issuance, issuance->id);
	(void)strcpy(order.authorization_url, url);
	(void)strcpy(order.challenge_url, authz.challenge_url);
	order.created = (int64_t)time(NULL);
	order.expires = time_of(authz.expires);
	status = order_new_id(order.id);
	return status == STATUS_OK ? order_save(issuer->home, &order, note)
				   : status;
}

static enum status
get_order(struct issuer *issuer, const struct issuance *issuance,
    struct acme_order *out, int64_t *pause, struct note *note)
{
	struct ca_answer answer = { .code = 0 };
	enum status status;

	buf_init(&answer.body, BODY_MAX);
	status = ca_post(&issuer->ca, issuance->order_url, SPAN(""),
	    "application/json", &answer, note);
	if (status == STATUS_OK)
		status = ca_parse_order(buf_span(&answer.body), out, note);
	*pause = pause_of(&answer);
	buf_clear(&answer.body);
	return status;
}

/* The challenges that are ours already, after a crash in between. */
static bool
is_expected(const struct order *orders, size_t count, const char *url)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strcmp(orders[i].authorization_url, url) == 0)
			return true;
	return false;
}

static enum status
expect_challenges(struct issuer *issuer, const struct issuance *issuance,
    const struct acme_order *acme, struct note *note)
{
	struct order *orders = NULL;
	enum status status;
	size_t count, i;

	status = orders_load(issuer->home, &orders, &count, note);
	for (i = 0; status == STATUS_OK && i < acme->authorizations; i++)
		if (!is_expected(orders, count, acme->authorization[i]))
			status = expect_challenge(
			    issuer, issuance, acme->authorization[i], note);
	free(orders);
	return status;
}

static enum status
new_order(struct issuer *issuer, struct issuance *out, struct acme_order *acme,
    struct note *note)
{
	struct ca_answer answer = { .code = 0 };
	struct buf payload;
	enum status status;
	size_t i;

	buf_init(&payload, 64 * 1024);
	buf_init(&answer.body, BODY_MAX);
	buf_add_text(&payload, "{\"identifiers\":[");
	for (i = 0; i < out->addresses; i++) {
		buf_addf(&payload,
		    "%s{\"type\":\"email\",\"value\":", i > 0 ? "," : "");
		text_json(&payload, span_of(out->address[i]));
		buf_add_byte(&payload, '}');
	}
	buf_add_text(&payload, "]}");
	status = ca_post(&issuer->ca, issuer->ca.directory.new_order,
	    buf_span(&payload), "application/json", &answer, note);
	if (status == STATUS_OK)
		status = ca_parse_order(buf_span(&answer.body), acme, note);
	if (status == STATUS_OK &&
	    (!acme_url_ok(span_of(answer.location)) ||
		!ca_is_own(&issuer->ca, answer.location)))
		status = note_set(note, STATUS_BAD_CA,
		    "the CA gives the order no usable URL");
	for (i = 0; status == STATUS_OK && i < acme->identifiers; i++)
		if (acme->identifiers != out->addresses ||
		    find_address(out, acme->identifier[i]) == NULL)
			status = note_set(note, STATUS_BAD_CA,
			    "the CA's order is for other addresses");
	if (status == STATUS_OK) {
		(void)strcpy(out->order_url, answer.location);
		out->expires = time_of(acme->expires);
	}
	buf_clear(&answer.body);
	buf_clear(&payload);
	return status;
}

enum status
issue_begin(struct issuer *issuer, const struct issue_request *request,
    struct issuance *out, struct note *note)
{
	struct acme_order *acme = calloc(1, sizeof(*acme));
	char key[1200], certificate[1200];
	struct issue_step step;
	enum status status;

	if (acme == NULL)
		return STATUS_MEMORY;
	*out = (struct issuance){ .key = request->key,
		.usage = request->usage,
		.created = (int64_t)time(NULL) };
	(void)strcpy(out->account, issuer->account.id);
	status = take_addresses(request, out, note);
	if (status == STATUS_OK)
		status = order_new_id(out->id);
	/* The certificate key is durable before the CA hears of anything. */
	if (status == STATUS_OK)
		status = issuance_paths(
		    issuer->home, out->id, key, certificate, sizeof(key), note);
	if (status == STATUS_OK)
		status = helper_generate(key_kind_name(out->key), key, note);
	if (status == STATUS_OK)
		status = new_order(issuer, out, acme, note);
	if (status == STATUS_OK)
		status = issuance_save(issuer->home, out, note);
	if (status == STATUS_OK)
		status = expect_challenges(issuer, out, acme, note);
	free(acme);
	/* Such a CA mails nothing before it is told. */
	if (status == STATUS_OK && issuer->settings.before_mail)
		status = issue_advance(
		    issuer, out, false, (int64_t)time(NULL), &step, note);
	return status;
}

static enum status
fail(struct issuer *issuer, struct issuance *issuance, const char *what,
    const struct acme_problem *problem, struct note *note)
{
	enum status status;

	issuance->state = ISSUANCE_FAILED;
	(void)snprintf(issuance->why, sizeof(issuance->why),
	    "%s%s%.60s%s%.200s", what, problem->type[0] != '\0' ? ": " : "",
	    problem->type, problem->detail[0] != '\0' ? ", " : "",
	    problem->detail);
	status = issuance_save(issuer->home, issuance, note);
	return status == STATUS_OK
	    ? note_set(note, STATUS_CA, "%.300s", issuance->why)
	    : status;
}

/* Remember that the CA was told, or that it is content; the rest of the order
 * may have changed in between. */
static enum status
mark(struct issuer *issuer, struct order *order, bool told, int64_t now,
    struct note *note)
{
	enum status status;
	int lock = -1;

	if ((status = home_lock(issuer->home, &lock, note)) != STATUS_OK)
		return status;
	status = order_load(issuer->home, order->id, order, note);
	if (status == STATUS_OK) {
		*(told ? &order->told : &order->met) = now;
		status = order_save(issuer->home, order, note);
	}
	(void)close(lock);
	return status;
}

/* Tell the CA that the answer is out (RFC 8823 section 3, step 7). */
static enum status
tell(struct issuer *issuer, struct order *order, int64_t now, struct note *note)
{
	struct ca_answer answer = { .code = 0 };
	enum status status;

	buf_init(&answer.body, BODY_MAX);
	status = ca_post(&issuer->ca, order->challenge_url, SPAN("{}"),
	    "application/json", &answer, note);
	buf_clear(&answer.body);
	return status == STATUS_OK ? mark(issuer, order, true, now, note)
				   : status;
}

/* One challenge: true in *valid when the CA is content with it. */
static enum status
advance_order(struct issuer *issuer, struct issuance *issuance,
    struct order *order, bool sent, int64_t now, bool *valid,
    struct issue_step *out, struct note *note)
{
	const bool before_mail = issuer->settings.before_mail;
	struct acme_authorization authz;
	enum status status;

	*valid = order->met != 0;
	if (*valid)
		return STATUS_OK;
	out->order = *order;
	if (order->told == 0 && before_mail &&
	    (status = tell(issuer, order, now, note)) != STATUS_OK)
		return status;
	if (order->told == 0 || before_mail) {
		out->seconds = 1;
		if (order->state == ORDER_PENDING) {
			out->wait = ISSUE_MAIL;
			return STATUS_OK;
		}
		if (order->state != ORDER_SENT && !sent) {
			out->wait = ISSUE_SENT;
			return STATUS_OK;
		}
		if (!before_mail &&
		    now < order->answered + issuer->settings.settle) {
			out->wait = ISSUE_SETTLE;
			out->seconds =
			    order->answered + issuer->settings.settle - now;
			return STATUS_OK;
		}
		if (order->told == 0 &&
		    (status = tell(issuer, order, now, note)) != STATUS_OK)
			return status;
	}
	status = get_authorization(
	    issuer, order->authorization_url, &authz, &out->seconds, note);
	if (status != STATUS_OK)
		return status;
	if (authz.status == ACME_INVALID || authz.status == ACME_GONE)
		return fail(issuer, issuance,
		    "the CA did not accept the answer", &authz.problem, note);
	*valid = authz.status == ACME_VALID;
	out->wait = ISSUE_CA;
	return *valid ? mark(issuer, order, false, now, note) : STATUS_OK;
}

/* One after the other (interop 2b.6). */
static enum status
advance_challenges(struct issuer *issuer, struct issuance *issuance, bool sent,
    int64_t now, bool *valid, struct issue_step *out, struct note *note)
{
	struct order *orders = NULL;
	enum status status;
	size_t count, i;

	*valid = true;
	status = orders_load(issuer->home, &orders, &count, note);
	for (i = 0; status == STATUS_OK && *valid && i < count; i++)
		if (strcmp(orders[i].issuance, issuance->id) == 0)
			status = advance_order(issuer, issuance, &orders[i],
			    sent, now, valid, out, note);
	free(orders);
	return status;
}

static enum status
finalize(struct issuer *issuer, struct issuance *issuance,
    const struct acme_order *acme, struct note *note)
{
	struct ca_answer answer = { .code = 0 };
	char key[1200], certificate[1200];
	struct buf request, csr, payload;
	enum status status;
	size_t i;

	buf_init(&request, 64 * 1024);
	buf_init(&csr, 128 * 1024);
	buf_init(&payload, 128 * 1024);
	buf_init(&answer.body, BODY_MAX);
	status = issuance_paths(
	    issuer->home, issuance->id, key, certificate, sizeof(key), note);
	for (i = 0; i < issuance->addresses; i++)
		frame_add(&request, "address", span_of(issuance->address[i]));
	frame_add(&request, "usage", span_of(csr_usage_name(issuance->usage)));
	if (status == STATUS_OK)
		status = helper_key("csr", key, buf_span(&request), &csr, note);
	issuance->state = ISSUANCE_FINALIZING;
	if (status == STATUS_OK)
		status = issuance_save(issuer->home, issuance, note);
	buf_add_text(&payload, "{\"csr\":\"");
	buf_add(&payload, buf_span(&csr));
	buf_add_text(&payload, "\"}");
	if (status == STATUS_OK)
		status = buf_status(&payload);
	if (status == STATUS_OK && !ca_is_own(&issuer->ca, acme->finalize))
		status = STATUS_BAD_CA;
	if (status == STATUS_OK)
		status = ca_post(&issuer->ca, acme->finalize,
		    buf_span(&payload), "application/json", &answer, note);
	/* Any 4xx ends the order: some servers never leave "processing". */
	if (status == STATUS_CA)
		status = fail(issuer, issuance, "the CA refused to issue",
		    &answer.problem, note);
	buf_clear(&answer.body);
	buf_clear(&payload);
	buf_clear(&csr);
	buf_clear(&request);
	return status;
}

/* What the verifier makes of the chain. */
static enum status
check_certificate(const struct issuance *issuance, const char *key,
    struct span chain, int64_t now, struct buf *out, int64_t *expires,
    struct note *note)
{
	const char *const argv[] = { "mailcert-verify", "certificate", NULL };
	struct buf request, public, answer;
	enum status status;
	struct frame frame;
	struct span rest;
	char shown[300];
	size_t i;
	int code = 0;

	buf_init(&request, BODY_MAX + 64 * 1024);
	buf_init(&public, 64 * 1024);
	buf_init(&answer, BODY_MAX);
	status = helper_key("public", key, SPAN(""), &public, note);
	frame_add_number(&request, "now", now);
	frame_add(&request, "key", buf_span(&public));
	for (i = 0; i < issuance->addresses; i++)
		frame_add(&request, "address", span_of(issuance->address[i]));
	frame_add(&request, "chain", chain);
	if (status == STATUS_OK)
		status =
		    helper_run(argv, buf_span(&request), &answer, &code, note);
	if (status == STATUS_OK && code != 0)
		status = note_set(note, STATUS_CRYPTO,
		    "the verifier gave up on the certificate (%d)", code);
	rest = buf_span(&answer);
	while (status == STATUS_OK && frame_take(&rest, &frame) == STATUS_OK) {
		if (span_eq(frame.name, SPAN("chain")))
			buf_add(out, frame.value);
		else if (span_eq(frame.name, SPAN("expires")))
			(void)!frame_number(frame.value, expires);
		else if (span_eq(frame.name, SPAN("error"))) {
			text_show_in(shown, sizeof(shown), frame.value, true);
			status = note_set(note, STATUS_BAD_CA, "%s", shown);
		}
	}
	if (status == STATUS_OK && out->len == 0)
		status = STATUS_BUG;
	buf_clear(&answer);
	buf_clear(&public);
	buf_clear(&request);
	return status == STATUS_OK ? buf_status(out) : status;
}

static enum status
store_certificate(struct issuer *issuer, const struct issuance *issuance,
    struct span chain, struct note *note)
{
	char name[JSONFILE_ID_SIZE + 8];
	enum status status;
	int dir = -1;

	(void)snprintf(name, sizeof(name), "%s.pem", issuance->id);
	status = home_subdir(issuer->home, "certificates", true, &dir, note);
	if (status == STATUS_OK) {
		status = file_replace(dir, name, chain, note);
		(void)close(dir);
	}
	return status;
}

static enum status
download(struct issuer *issuer, struct issuance *issuance, const char *url,
    int64_t now, struct issue_step *out, struct note *note)
{
	struct ca_answer answer = { .code = 0 };
	char key[1200], certificate[1200];
	enum status status;
	struct buf chain;

	buf_init(&chain, BODY_MAX);
	buf_init(&answer.body, BODY_MAX);
	status = issuance_paths(
	    issuer->home, issuance->id, key, certificate, sizeof(key), note);
	if (status == STATUS_OK)
		status = ca_post(
		    &issuer->ca, url, SPAN(""), PEM_CHAIN, &answer, note);
	if (status == STATUS_OK)
		status = check_certificate(issuance, key,
		    buf_span(&answer.body), now, &chain, &out->expires, note);
	if (status == STATUS_OK)
		status =
		    store_certificate(issuer, issuance, buf_span(&chain), note);
	if (status == STATUS_OK) {
		issuance->state = ISSUANCE_ISSUED;
		issuance->expires = out->expires;
		status = issuance_save(issuer->home, issuance, note);
		out->wait = ISSUE_DONE;
	}
	buf_clear(&answer.body);
	buf_clear(&chain);
	return status;
}

/* The order itself, once every challenge is met. */
static enum status
advance_acme(struct issuer *issuer, struct issuance *issuance, int64_t now,
    struct issue_step *out, struct note *note)
{
	struct acme_order *acme = calloc(1, sizeof(*acme));
	enum status status;

	if (acme == NULL)
		return STATUS_MEMORY;
	out->wait = ISSUE_CA;
	status = get_order(issuer, issuance, acme, &out->seconds, note);
	if (status == STATUS_OK && acme->status == ACME_PENDING)
		status = expect_challenges(issuer, issuance, acme, note);
	if (status == STATUS_OK && acme->status == ACME_READY) {
		status = finalize(issuer, issuance, acme, note);
		if (status == STATUS_OK)
			status = get_order(
			    issuer, issuance, acme, &out->seconds, note);
	}
	if (status == STATUS_OK && acme->status == ACME_VALID)
		status = acme->certificate[0] != '\0'
		    ? download(
			  issuer, issuance, acme->certificate, now, out, note)
		    : note_set(note, STATUS_BAD_CA,
			  "the CA says valid, but not where the certificate "
			  "is");
	else if (status == STATUS_OK &&
	    (acme->status == ACME_INVALID || acme->status == ACME_GONE))
		status = fail(issuer, issuance, "the CA gave the order up",
		    &acme->problem, note);
	free(acme);
	return status;
}

enum status
issue_advance(struct issuer *issuer, struct issuance *issuance, bool sent,
    int64_t now, struct issue_step *out, struct note *note)
{
	enum status status;
	bool valid = false;

	*out = (struct issue_step){ .wait = ISSUE_DONE };
	out->expires = issuance->expires;
	if (issuance->state == ISSUANCE_ISSUED)
		return STATUS_OK;
	if (issuance->state == ISSUANCE_FAILED)
		return note_set(note, STATUS_CA, "%.300s", issuance->why);
	status =
	    advance_challenges(issuer, issuance, sent, now, &valid, out, note);
	if (status != STATUS_OK || !valid)
		return status;
	return advance_acme(issuer, issuance, now, out, note);
}
