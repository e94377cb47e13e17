/* smtp_login.c - log in to an SMTP server (RFC 4954): see smtp_p.h */
#include "helpers/mail/smtp_p.h"

enum { COMMAND_MAX = 510 };

/* AUTH's refusal (RFC 4954 section 6): the password, or the server. */
static enum status
not_logged_in(struct smtp *d, const struct sasl *sasl)
{
	const int code = d->reply.code;

	if (sasl->refusal.text[0] != '\0' && code / 100 == 5)
		return note_set(d->note, STATUS_LOGIN,
		    "it does not accept the token: %s (%.100s)", d->reply.text,
		    sasl->refusal.text);
	/* 504: a mechanism that it does not have after all. */
	if (code / 100 == 5 && code != 504)
		return note_set(d->note, STATUS_LOGIN,
		    "it does not accept the %s: %s",
		    sasl->account->token ? "token" : "password", d->reply.text);
	return smtp_refused(d, "does not log us in");
}

/* End the exchange (RFC 4954 section 4): we are not content. */
static void
cancel(struct smtp *d)
{
	struct note *const note = d->note;
	enum status status;

	d->note = &d->unheard;
	status = smtp_ask(d, SPAN("*"), false);
	d->note = note;
	(void)status;
}

/* Answer challenges until it decides. */
static enum status
answer_challenges(struct smtp *d, struct sasl *sasl, struct buf *initial)
{
	enum status status = STATUS_OK;
	struct buf response;
	/* Held back, since it did not fit into the command. */
	bool held = initial->len > 0;

	while (status == STATUS_OK && d->reply.code == 334) {
		buf_init(&response, SASL_RESPONSE_MAX * 2);
		if (held)
			buf_add(&response, buf_span(initial));
		else
			status = sasl_answer(
			    sasl, buf_span(&d->text), &response, d->note);
		held = false;
		if (status == STATUS_LOGIN)
			cancel(d);
		if (status == STATUS_OK)
			status = buf_status(&response);
		if (status == STATUS_OK)
			status = smtp_ask(d, buf_span(&response), false);
		buf_wipe(&response);
	}
	return status;
}

static enum status
log_in_with(struct smtp *d, struct sasl *sasl)
{
	struct buf initial, line;
	enum status status;

	buf_init(&initial, SASL_RESPONSE_MAX * 2);
	buf_init(&line, SASL_RESPONSE_MAX * 2 + 100);
	status = sasl_start(sasl, &initial, d->note);
	buf_addf(&line, "AUTH %s", sasl_name(sasl->mechanism));
	/* RFC 4954 section 4: only where the line does not get too long. */
	if (initial.len > 0 && line.len + 1 + initial.len <= COMMAND_MAX) {
		buf_add_text(&line, " ");
		buf_add(&line, buf_span(&initial));
		buf_wipe(&initial);
	}
	if (status == STATUS_OK)
		status = buf_status(&line);
	if (status == STATUS_OK)
		status = smtp_ask(d, buf_span(&line), false);
	buf_wipe(&line);
	if (status == STATUS_OK)
		status = answer_challenges(d, sasl, &initial);
	if (status == STATUS_OK && d->reply.code / 100 != 2)
		status = not_logged_in(d, sasl);
	if (status == STATUS_OK)
		status = sasl_accepted(sasl, d->note);
	buf_wipe(&initial);
	return status;
}

enum status
smtp_log_in(
    struct smtp *d, const struct sasl_account *account, const char *nonce)
{
	enum sasl_mechanism mechanism;
	enum status status;
	struct sasl sasl;

	if (!sasl_choose(d->mechanisms, account->token, &mechanism))
		return note_set(d->note, STATUS_NO,
		    account->token
			? "it takes no access tokens (OAUTHBEARER, XOAUTH2)"
			: "it takes no password in a way that mailcert knows "
			  "(SCRAM-SHA-256, PLAIN, LOGIN)");
	status = sasl_init(&sasl, mechanism, account, nonce);
	if (status == STATUS_OK)
		status = log_in_with(d, &sasl);
	sasl_clear(&sasl);
	return status;
}
