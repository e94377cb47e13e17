/*
 * revoke.c - mailcert revoke: revoke a certificate (RFC 8555 section 7.6)
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "cmd/passphrase.h"
#include "cmd/session.h"
#include "order/problem.h"

struct options {
	const char *name;
	const char *ca; /* or NULL */
	int reason;
	bool own_key;
	bool yes;
};

/* RFC 5280 section 5.3.1. */
static bool
read_reason(const char *value, void *field)
{
	static const struct {
		const char *name;
		int number;
	} reasons[] = { { "unspecified", 0 }, { "key-compromise", 1 },
		{ "affiliation-changed", 3 }, { "superseded", 4 },
		{ "cessation", 5 } };
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (strcmp(reasons[i].name, value) == 0) {
			*(int *)field = reasons[i].number;
			return true;
		}
	return false;
}

#define AT(field) .offset = offsetof(struct options, field)

static const struct cmd_option rows[] = {
	{ "reason", "REASON", AT(reason), read_reason,
	    "unspecified, key-compromise, affiliation-changed, superseded or "
	    "cessation",
	    .help = "unspecified (default), key-compromise,\n"
		    "affiliation-changed, superseded, cessation" },
	{ "with-certificate-key", NULL, AT(own_key),
	    .help = "sign with the certificate's own key, if the\n"
		    "account is lost" },
	{ "ca", "NAME|URL", AT(ca),
	    .help = "the CA, if the account was removed here" },
	{ "yes", NULL, AT(yes), .help = "do not ask" }, { 0 }
};

static const struct cmd_line command_line = {
	.name = "revoke",
	.operands = "CERTIFICATE",
	.least = 1,
	.most = 1,
	.options = rows,
	.about =
	    "Revoke a certificate at its CA.  This cannot be undone.  CERTIFICATE is an id\n"
	    "that status shows, or an address: then its newest certificate.  Certificate\n"
	    "and key stay where they are, to read old mail.\n",
};

enum { CHAIN_MAX = 512 * 1024, BODY_MAX = 1024 * 1024 };

/* Convert the first certificate of a PEM chain to base64url of its DER: replace
 * two letters of the alphabet, and drop line ends and padding. */
static enum status
add_leaf(struct span pem, struct buf *out)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	const size_t at = span_find(pem, span_of(begin));
	struct span text;
	size_t i;
	char c;

	if (at == pem.len)
		return STATUS_DAMAGED;
	text = span_cut(pem, at + strlen(begin), pem.len);
	text = span_cut(text, 0, span_find_byte(text, '-'));
	for (i = 0; i < text.len; i++) {
		c = text.at[i];
		if (c == '+' || c == '/')
			c = c == '+' ? '-' : '_';
		else if (!ascii_is_alnum(c))
			continue;
		buf_add_byte(out, c);
	}
	return buf_status(out);
}

static enum status
read_leaf(const struct home *home, const struct order *order, struct buf *out,
    struct note *note)
{
	char name[RECORD_ID_SIZE + 8];
	struct buf pem;
	enum status status;
	int dir = -1;

	(void)strcpy(name, order->id);
	(void)strcpy(name + strlen(name), ".pem");
	status = home_subdir(home, "certificates", false, &dir, note);
	if (status != STATUS_OK || dir < 0)
		return status == STATUS_OK ? STATUS_MISSING : status;
	buf_init(&pem, CHAIN_MAX);
	status = file_read(dir, name, &pem);
	if (status == STATUS_OK)
		status = add_leaf(buf_span(&pem), out);
	if (status != STATUS_OK)
		(void)note_set(
		    note, status, "certificates/%s cannot be read", name);
	buf_clear(&pem);
	(void)close(dir);
	return status;
}

/* Sign with the certificate's key: the request then contains that key, and no
 * account. */
static enum status
use_own_key(
    struct session *session, const struct order *order, struct buf *passphrase)
{
	struct ca *ca = &session->client.ca;
	char certificate[sizeof(ca->key)];
	enum status status;

	ca->account[0] = '\0';
	status = order_paths(&session->home, order->id, ca->key, certificate,
	    sizeof(ca->key), &session->note);
	if (status == STATUS_OK && order->locked)
		status = passphrase_get(
		    &session->config, false, passphrase, &session->note);
	ca->passphrase = buf_span(passphrase);
	return status;
}

/* The advice after a refusal depends on the key that signed the request. */
static enum status
tell_no(const struct ca_answer *answer, bool own_key, struct note *note)
{
	const char *type = answer->problem.type, *advice = "";
	char said[200];

	if (own_key)
		advice = " [try without --with-certificate-key, with the "
			 "account]";
	else if (strcmp(type, "accountDoesNotExist") == 0 ||
	    strcmp(type, "unauthorized") == 0)
		advice = " [mailcert revoke --with-certificate-key works "
			 "without the account]";
	problem_describe(&answer->problem, said, sizeof(said));
	return note_set(note, STATUS_CA,
	    "the CA refused to revoke it (%lld): %.190s%s",
	    (long long)answer->code, said, advice);
}

static enum status
post(struct session *session, const struct order *order,
    const struct options *options)
{
	struct ca *ca = &session->client.ca;
	struct ca_answer answer = { .code = 0 };
	struct buf payload;
	enum status status;

	if (ca->directory.revoke[0] == '\0')
		return note_set(&session->note, STATUS_BAD_CA,
		    "the CA does not offer revocation by ACME");
	buf_init(&payload, CHAIN_MAX);
	buf_init(&answer.body, BODY_MAX);
	buf_add_text(&payload, "{\"certificate\":\"");
	status = read_leaf(&session->home, order, &payload, &session->note);
	buf_addf(&payload, "\",\"reason\":%d}", options->reason);
	if (status == STATUS_OK)
		status = ca_post(ca, ca->directory.revoke, buf_span(&payload),
		    "application/json", &answer, &session->note);
	/* Another client revoked it, or we did before a crash: it is
	 * revoked. */
	if (status == STATUS_CA &&
	    strcmp(answer.problem.type, "alreadyRevoked") == 0)
		status = STATUS_OK;
	if (status == STATUS_CA)
		status = tell_no(&answer, options->own_key, &session->note);
	buf_clear(&answer.body);
	buf_clear(&payload);
	return status;
}

/* Open the account that ordered it.  With the certificate's own key, an account
 * that is unusable does not matter. */
static enum status
reach(struct session *session, const struct options *options,
    const struct order *order)
{
	struct client *client = &session->client;
	struct note *note = &session->note;
	const char *ca = options->ca;
	enum status status;

	status = client_reopen(client, order->account, !options->own_key, note);
	if (!options->own_key)
		return status;
	if (status == STATUS_OK)
		return ca_open(&client->ca, note);
	if (status == STATUS_DAMAGED && client->account.id[0] == '\0' &&
	    (status = session_ca(session, &ca)) == STATUS_OK)
		status = client_reach(client, ca, note);
	return status;
}

/* The account's key or record is missing: suggest the certificate's key. */
static enum status
hint_own_key(enum status status, struct note *note)
{
	const struct note said = *note;

	return note_set(note, status,
	    "%.230s; --with-certificate-key works without the account",
	    note_text(&said, status));
}

static enum status
set_revoked(void *record, const void *arg, struct note *note)
{
	struct order *order = record;

	(void)arg;
	(void)note;
	order->state = ORDER_REVOKED;
	order->revoked = (int64_t)time(NULL);
	return STATUS_OK;
}

static enum status
mark(struct session *session, struct order *order)
{
	return order_change(&session->home, order->id, set_revoked, NULL, order,
	    &session->note);
}

static bool
is_sure(const struct order *order)
{
	struct buf question;
	bool yes;

	buf_init(&question, 4096);
	buf_addf(&question, "Revoke the certificate %s for ", order->id);
	text_show(&question, span_of(order->address[0]), TEXT_NO_LIMIT,
	    text_locale_is_utf8());
	buf_add_text(&question, " for good?");
	yes = buf_status(&question) == STATUS_OK && session_ask(question.at);
	buf_clear(&question);
	return yes;
}

static enum status
revoke_one(
    struct session *session, const struct options *options, struct order *order)
{
	struct buf passphrase;
	enum status status;

	status = session_find(session, options->name, order);
	if (status != STATUS_OK)
		return status;
	if (order->state == ORDER_REVOKED) {
		buf_addf(&session->out, "%s is already revoked\n", order->id);
		return STATUS_OK;
	}
	if (order->state != ORDER_ISSUED)
		return note_set(&session->note, STATUS_NO,
		    "%s has no certificate to revoke", order->id);
	if (order_is_foreign(order))
		return note_set(&session->note, STATUS_NO,
		    "mailcert did not order %s; revoke it at the CA that "
		    "issued it",
		    order->id);
	status = reach(session, options, order);
	if (status == STATUS_OK && !options->yes && !is_sure(order))
		return note_set(&session->note, STATUS_DECLINED,
		    "nothing was revoked; --yes skips the question");
	buf_init(&passphrase, PASSPHRASE_MAX);
	if (status == STATUS_OK && options->own_key)
		status = use_own_key(session, order, &passphrase);
	if (status == STATUS_OK)
		status = post(session, order, options);
	buf_wipe(&passphrase);
	if (!options->own_key &&
	    (status == STATUS_IO || status == STATUS_DAMAGED))
		status = hint_own_key(status, &session->note);
	if (status == STATUS_OK)
		status = mark(session, order);
	if (status == STATUS_OK)
		buf_addf(&session->out, "%s is revoked\n", order->id);
	return status;
}

int
cmd_revoke(const struct invocation *invocation, int argc, char *argv[])
{
	struct options options = { .reason = 0 };
	struct order *order;
	struct session *session;
	enum status status;
	int code = 0;

	if (!cmd_parse(&command_line, argc, argv, &options, &code))
		return code;
	options.name = argv[optind];
	if ((session = session_begin(invocation, false, &code)) == NULL)
		return code;
	order = calloc(1, sizeof(*order));
	status = order != NULL ? revoke_one(session, &options, order)
			       : STATUS_MEMORY;
	free(order);
	return session_end(session, status);
}
