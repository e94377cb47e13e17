/* issue.c - from addresses to a certificate: see issue.h */
#include "issue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "acme/identifier.h"
#include "acme/url.h"
#include "base/frame.h"
#include "base/text.h"
#include "download.h"
#include "helper.h"
#include "mail/date.h"
#include "sent.h"

enum {
	BODY_MAX = 2 * 1024 * 1024,
	POLL_LEAST = 1,
	POLL_MOST = 3600,
	POLL_USUAL = 3,
	SENT_SECONDS = 2
};

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

	for (i = 0; i < issuance->addresses; i++)
		if (identifier_names(
			span_of(identifier), span_of(issuance->address[i])))
			return issuance->address[i];
	if (address_parse(span_of(identifier), &mailbox) != STATUS_OK ||
	    address_normal(&mailbox, normal) != STATUS_OK)
		return NULL;
	for (i = 0; i < issuance->addresses; i++)
		if (identifier_names(
			span_of(normal), span_of(issuance->address[i])))
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
get_order(struct issuer *issuer, const char *url, struct acme_order *out,
    int64_t *pause, struct note *note)
{
	struct ca_answer answer = { .code = 0 };
	enum status status;

	buf_init(&answer.body, BODY_MAX);
	status = ca_post(
	    &issuer->ca, url, SPAN(""), "application/json", &answer, note);
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

/* Is the order at the CA the one that we want? */
static bool
is_for(const struct issuance *issuance, const struct acme_order *acme)
{
	size_t i;

	for (i = 0; i < acme->identifiers; i++)
		if (find_address(issuance, acme->identifier[i]) == NULL)
			return false;
	return acme->identifiers == issuance->addresses;
}

static enum status
post_order(struct issuer *issuer, struct issuance *out, const char *replaces,
    struct acme_order *acme, struct ca_answer *answer, struct note *note)
{
	struct buf payload;
	enum status status;
	size_t i;

	buf_init(&payload, 64 * 1024);
	buf_add_text(&payload, "{\"identifiers\":[");
	for (i = 0; i < out->addresses; i++) {
		buf_add_text(&payload, i > 0 ? "," : "");
		identifier_write(&payload, span_of(out->address[i]));
	}
	buf_add_text(&payload, "]");
	if (replaces[0] != '\0')
		buf_addf(&payload, ",\"replaces\":\"%s\"", replaces);
	buf_add_text(&payload, "}");
	status = ca_post(&issuer->ca, issuer->ca.directory.new_order,
	    buf_span(&payload), "application/json", answer, note);
	if (status == STATUS_OK)
		status = ca_parse_order(buf_span(&answer->body), acme, note);
	if (status == STATUS_OK &&
	    (!acme_url_ok(span_of(answer->location)) ||
		!ca_is_own(&issuer->ca, answer->location)))
		status = note_set(note, STATUS_BAD_CA,
		    "the CA gives the order no usable URL");
	if (status == STATUS_OK && !is_for(out, acme))
		status = note_set(note, STATUS_BAD_CA,
		    "the CA's order is for other addresses");
	buf_clear(&payload);
	return status;
}

/* The identifier of the certificate that this one is to replace, where the CA
 * wants to know (RFC 9773 section 5). */
static void
find_replaced(const struct issuer *issuer, const struct issuance *issuance,
    char out[ACME_ID_SIZE])
{
	struct issuance *old = calloc(1, sizeof(*old));

	out[0] = '\0';
	if (old != NULL && issuance->replaces[0] != '\0' &&
	    issuer->ca.directory.renewal_info[0] != '\0' &&
	    issuance_load(issuer->home, issuance->replaces, old, NULL) ==
		STATUS_OK)
		(void)strcpy(out, old->cert_id);
	free(old);
}

static enum status
new_order(struct issuer *issuer, struct issuance *out, struct acme_order *acme,
    struct note *note)
{
	struct ca_answer answer = { .code = 0 };
	char replaces[ACME_ID_SIZE];
	enum status status;

	buf_init(&answer.body, BODY_MAX);
	find_replaced(issuer, out, replaces);
	status = post_order(issuer, out, replaces, acme, &answer, note);
	/* Another order has done that already (409), or another account had
	 * it: this one is plain. */
	if (status == STATUS_CA && replaces[0] != '\0')
		status = post_order(issuer, out, "", acme, &answer, note);
	if (status == STATUS_OK) {
		(void)strcpy(out->order_url, answer.location);
		out->expires = time_of(acme->expires);
		out->state = ISSUANCE_ORDERED;
		status = issuance_save(issuer->home, out, note);
	} else if (status == STATUS_CA) {
		/* It never was one; nobody has seen its key. */
		(void)!issuance_forget(issuer->home, out->id, NULL);
	}
	buf_clear(&answer.body);
	return status;
}

/* Is the order at that URL none of ours? */
static bool
is_unknown(const struct issuance *all, size_t count, const char *url)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strcmp(all[i].order_url, url) == 0)
			return false;
	return true;
}

/* We may have died between newOrder and its answer: does the CA have such an
 * order that we know nothing of (section 7.1.2.1; not every CA lists them)?
 * STATUS_NO. */
static enum status
find_orphan(struct issuer *issuer, struct issuance *out,
    struct acme_order *acme, struct note *note)
{
	struct acme_account *account = calloc(1, sizeof(*account));
	struct acme_orders *orders = calloc(1, sizeof(*orders));
	struct ca_answer answer = { .code = 0 };
	struct issuance *all = NULL;
	enum status status = STATUS_MEMORY;
	int64_t pause;
	size_t count = 0, i;

	buf_init(&answer.body, BODY_MAX);
	if (account != NULL && orders != NULL)
		status = issuances_load(issuer->home, &all, &count, note);
	if (status != STATUS_OK)
		goto out;
	if (issuer_ask(issuer, account, NULL) != STATUS_OK ||
	    account->orders[0] == '\0' ||
	    ca_post(&issuer->ca, account->orders, SPAN(""), "application/json",
		&answer, NULL) != STATUS_OK ||
	    ca_parse_orders(buf_span(&answer.body), orders, NULL) != STATUS_OK)
		orders->orders = 0;
	status = STATUS_NO;
	for (i = 0; status == STATUS_NO && i < orders->orders; i++) {
		if (!is_unknown(all, count, orders->order[i]) ||
		    !ca_is_own(&issuer->ca, orders->order[i]) ||
		    get_order(issuer, orders->order[i], acme, &pause, NULL) !=
			STATUS_OK ||
		    (acme->status != ACME_PENDING &&
			acme->status != ACME_READY) ||
		    !is_for(out, acme))
			continue;
		(void)strcpy(out->order_url, orders->order[i]);
		out->expires = time_of(acme->expires);
		out->state = ISSUANCE_ORDERED;
		status = issuance_save(issuer->home, out, note);
	}
out:
	buf_clear(&answer.body);
	free(all);
	free(orders);
	free(account);
	return status;
}

/* From ISSUANCE_NEW to ISSUANCE_ORDERED.  again: it was tried before. */
static enum status
order_it(struct issuer *issuer, struct issuance *issuance, bool again,
    struct note *note)
{
	struct acme_order *acme = calloc(1, sizeof(*acme));
	enum status status = STATUS_NO;

	if (acme == NULL)
		return STATUS_MEMORY;
	if (again)
		status = find_orphan(issuer, issuance, acme, note);
	if (status == STATUS_NO)
		status = new_order(issuer, issuance, acme, note);
	if (status == STATUS_OK)
		status = expect_challenges(issuer, issuance, acme, note);
	free(acme);
	return status;
}

/* The same addresses, key and usage, at the same account, and not over. */
static bool
is_same(const struct issuance *one, const struct issuance *other, int64_t now)
{
	size_t i;

	if (!issuance_is_open(one) ||
	    strcmp(one->account, other->account) != 0 ||
	    one->key != other->key || one->usage != other->usage ||
	    one->addresses != other->addresses ||
	    (one->expires != 0 && one->expires <= now))
		return false;
	for (i = 0; i < one->addresses; i++)
		if (strcmp(one->address[i], other->address[i]) != 0)
			return false;
	return true;
}

/* One that is on its way already; STATUS_NO. */
static enum status
find_same(const struct home *home, struct issuance *out, struct note *note)
{
	struct issuance *all = NULL;
	enum status status;
	size_t count = 0, i;

	status = issuances_load(home, &all, &count, note);
	for (i = 0; status == STATUS_OK && i < count; i++)
		if (is_same(&all[i], out, out->created))
			break;
	if (status == STATUS_OK && i == count)
		status = STATUS_NO;
	else if (status == STATUS_OK)
		*out = all[i];
	free(all);
	return status;
}

/* What the key holder prints: the signing request and the public key. */
static enum status
take_key(struct span answer, struct issuance *out)
{
	enum status status;
	struct frame frame;

	while ((status = frame_take(&answer, &frame)) == STATUS_OK)
		if (!(span_eq(frame.name, SPAN("csr")) &&
			span_copy(frame.value, out->csr, sizeof(out->csr))) &&
		    !(span_eq(frame.name, SPAN("public")) &&
			span_copy(
			    frame.value, out->public, sizeof(out->public))))
			return STATUS_CRYPTO;
	return status == STATUS_NO && out->csr[0] != '\0' &&
		out->public[0] != '\0'
	    ? STATUS_OK
	    : STATUS_CRYPTO;
}

/* Its key is durable before the CA hears of anything. */
static enum status
make_issuance(const struct home *home, const struct issue_request *request,
    struct issuance *out, struct note *note)
{
	char key[1200], certificate[1200];
	struct buf input, answer;
	enum status status;
	size_t i;

	buf_init(&input, 64 * 1024);
	buf_init(&answer, 256 * 1024);
	for (i = 0; i < out->addresses; i++)
		frame_add(&input, "address", span_of(out->address[i]));
	frame_add(&input, "usage", span_of(csr_usage_name(out->usage)));
	frame_add(&input, "passphrase", request->passphrase);
	out->locked = request->passphrase.len > 0;
	status = order_new_id(out->id);
	if (status == STATUS_OK)
		status = buf_status(&input);
	if (status == STATUS_OK)
		status = issuance_paths(
		    home, out->id, key, certificate, sizeof(key), note);
	if (status == STATUS_OK)
		status = helper_key_pair("generate", key_kind_name(out->key),
		    key, buf_span(&input), &answer, note);
	if (status == STATUS_OK)
		status = take_key(buf_span(&answer), out);
	if (status == STATUS_OK)
		status = issuance_save(home, out, note);
	buf_clear(&answer);
	buf_wipe(&input);
	return status;
}

/* The one on its way, or a new one; both are in the home afterwards. */
static enum status
find_or_make(const struct home *home, const struct issue_request *request,
    struct issuance *out, bool *resumed, struct note *note)
{
	enum status status = STATUS_NO;
	int lock = -1;

	status = home_lock_on(home, "order", 60, &lock, note);
	if (status != STATUS_OK)
		return status;
	status = request->anew ? STATUS_NO : find_same(home, out, note);
	*resumed = status == STATUS_OK;
	if (status == STATUS_NO)
		status = make_issuance(home, request, out, note);
	(void)close(lock);
	return status;
}

enum status
issue_begin(struct issuer *issuer, const struct issue_request *request,
    struct issuance *out, bool *resumed, struct note *note)
{
	struct issue_step step;
	enum status status;
	int lock = -1;

	*out = (struct issuance){ .key = request->key,
		.usage = request->usage,
		.created = (int64_t)time(NULL) };
	(void)strcpy(out->account, issuer->account.id);
	if (request->replaces != NULL)
		(void)strcpy(out->replaces, request->replaces->id);
	status = take_addresses(request, out, note);
	if (status == STATUS_OK)
		status =
		    find_or_make(issuer->home, request, out, resumed, note);
	if (status != STATUS_OK)
		return status;
	status = home_lock_on(issuer->home, out->id, 60, &lock, note);
	if (status == STATUS_OK)
		status = issuance_load(issuer->home, out->id, out, note);
	if (status == STATUS_OK && out->state == ISSUANCE_NEW)
		status = order_it(issuer, out, *resumed, note);
	if (lock >= 0)
		(void)close(lock);
	/* Such a CA mails nothing before it is told; and of what was begun
	 * before, not every challenge may be expected yet. */
	if (status == STATUS_OK && (issuer->settings.before_mail || *resumed))
		status = issue_advance(
		    issuer, out, false, (int64_t)time(NULL), &step, note);
	return status;
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

enum status
issue_mark_sent(const struct home *home, struct order *order, struct note *note)
{
	enum status status;
	int lock = -1;

	if ((status = home_lock(home, &lock, note)) != STATUS_OK)
		return status;
	status = order_load(home, order->id, order, note);
	if (status == STATUS_OK && order->state != ORDER_PENDING) {
		order->state = ORDER_SENT;
		status = order_save(home, order, note);
	}
	(void)close(lock);
	return status;
}

/* Did the user's mail program send the draft?  Its copy of what it sent says
 * so. */
static enum status
look_for_sent(struct issuer *issuer, struct order *order, struct note *note)
{
	enum status status;

	status = sent_find(&issuer->config->sent_folder, order, note);
	if (status == STATUS_OK)
		return issue_mark_sent(issuer->home, order, note);
	return status == STATUS_NO ? STATUS_OK : status;
}

/* The CA's reason follows, where it gives one.  Without one there is what is
 * known of CAs. */
static const char *
why_refused(const struct order *order, const struct acme_authorization *authz)
{
	if (authz->problem.type[0] == '\0')
		return "the CA did not accept the answer and does not say why; "
		       "mostly it looked too early (ca.NAME.settle), joins the "
		       "tokens otherwise (ca.NAME.token_join), or wants the "
		       "reply DKIM-signed";
	/* The two ways to join give the same where no bits are left over. */
	if (strcmp(authz->problem.type, "incorrectResponse") == 0 &&
	    strlen(order->part1) % 4 != 0)
		return "the CA did not accept the answer; perhaps it joins the "
		       "tokens otherwise (ca.NAME.token_join)";
	return "the CA did not accept the answer";
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
		if (order->state == ORDER_DRAFTED && !sent &&
		    (status = look_for_sent(issuer, order, note)) != STATUS_OK)
			return status;
		if (order->state != ORDER_SENT && !sent) {
			out->wait = ISSUE_SENT;
			out->seconds = SENT_SECONDS;
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
		return fail(issuer, issuance, why_refused(order, &authz),
		    &authz.problem, note);
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
	struct buf payload;
	enum status status;

	if (!ca_is_own(&issuer->ca, acme->finalize))
		return STATUS_BAD_CA;
	buf_init(&payload, 128 * 1024);
	buf_init(&answer.body, BODY_MAX);
	issuance->state = ISSUANCE_FINALIZING;
	status = issuance_save(issuer->home, issuance, note);
	buf_addf(&payload, "{\"csr\":\"%s\"}", issuance->csr);
	if (status == STATUS_OK)
		status = buf_status(&payload);
	if (status == STATUS_OK)
		status = ca_post(&issuer->ca, acme->finalize,
		    buf_span(&payload), "application/json", &answer, note);
	/* Any 4xx ends the order: some servers never leave "processing". */
	if (status == STATUS_CA)
		status = fail(issuer, issuance, "the CA refused to issue",
		    &answer.problem, note);
	buf_clear(&answer.body);
	buf_clear(&payload);
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
	status =
	    get_order(issuer, issuance->order_url, acme, &out->seconds, note);
	if (status == STATUS_OK && acme->status == ACME_PENDING)
		status = expect_challenges(issuer, issuance, acme, note);
	if (status == STATUS_OK && acme->status == ACME_READY) {
		status = finalize(issuer, issuance, acme, note);
		if (status == STATUS_OK)
			status = get_order(issuer, issuance->order_url, acme,
			    &out->seconds, note);
	}
	if (status == STATUS_OK && acme->status == ACME_VALID) {
		status = acme->certificate[0] != '\0'
		    ? download(issuer, issuance, acme->certificate, now,
			  &out->hint, note)
		    : note_set(note, STATUS_BAD_CA,
			  "the CA says valid, but not where the certificate "
			  "is");
		out->wait = ISSUE_DONE;
	} else if (status == STATUS_OK &&
	    (acme->status == ACME_INVALID || acme->status == ACME_GONE))
		status = fail(issuer, issuance, "the CA gave the order up",
		    &acme->problem, note);
	free(acme);
	return status;
}

/* The lock is held, and *issuance is what the home says. */
static enum status
advance(struct issuer *issuer, struct issuance *issuance, bool sent,
    int64_t now, struct issue_step *out, struct note *note)
{
	enum status status = STATUS_OK;
	bool valid = false;

	if (issuance->state == ISSUANCE_ISSUED ||
	    issuance->state == ISSUANCE_REVOKED)
		return STATUS_OK;
	if (issuance->state == ISSUANCE_FAILED)
		return note_set(note, STATUS_CA, "%.300s", issuance->why);
	if (issuance->state == ISSUANCE_NEW)
		status = order_it(issuer, issuance, true, note);
	if (status == STATUS_OK)
		status = advance_challenges(
		    issuer, issuance, sent, now, &valid, out, note);
	if (status != STATUS_OK || !valid)
		return status;
	return advance_acme(issuer, issuance, now, out, note);
}

enum status
issue_advance(struct issuer *issuer, struct issuance *issuance, bool sent,
    int64_t now, struct issue_step *out, struct note *note)
{
	const struct acme_problem none = { "", "", "" };
	char id[JSONFILE_ID_SIZE];
	enum status status;
	int lock = -1;

	*out = (struct issue_step){ .wait = ISSUE_DONE };
	(void)strcpy(id, issuance->id);
	status = home_lock_on(issuer->home, id, 0, &lock, note);
	if (status == STATUS_AGAIN) {
		out->wait = ISSUE_OTHER;
		out->seconds = 1;
		return STATUS_OK;
	}
	if (status == STATUS_OK)
		status = issuance_load(issuer->home, id, issuance, note);
	if (status == STATUS_OK)
		status = advance(issuer, issuance, sent, now, out, note);
	/* What the CA will not hear of any more is over; what only our clock
	 * says is not. */
	if (issuance_is_open(issuance) && issuance->expires != 0 &&
	    now > issuance->expires) {
		if (status == STATUS_CA)
			status = fail(issuer, issuance,
			    "the order at the CA has expired", &none, note);
		else if (status == STATUS_OK)
			status = note_set(note, STATUS_BAD_CLOCK,
			    "by our clock the order at the CA has expired; is "
			    "the clock right? order again (--new) if it is");
	}
	if (lock >= 0)
		(void)close(lock);
	return status;
}
