/*
 * imap_login.c - log in to an IMAP server: see imap.h
 *
 * There is TLS already, whoever opened the stream sees to that.  Nothing weaker
 * is tried after a failure: a wrong password more than once locks accounts, and
 * who can make the best way fail could choose the worst.
 */
#include "base/text.h"
#include "helpers/mail/imap_p.h"

enum { CHALLENGES_MAX = 8 };

/* RFC 5530 section 3: some refusals are not about the password. */
static enum status
judge(struct imap *imap, const struct sasl_account *account,
    const struct imap_response *done)
{
	static const char *const others[] = { "PRIVACYREQUIRED", "CONTACTADMIN",
		"NOPERM", "AUTHORIZATIONFAILED" };
	enum status status = imap_judge(imap, done, "the login");
	char shown[200];
	size_t i;

	if (status != STATUS_NO || done->condition != IMAP_NO)
		return status;
	for (i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (imap_code_is(done, others[i]))
			return status;
	text_show_in(shown, sizeof(shown), done->text, true);
	return note_set(imap->reader.note, STATUS_LOGIN,
	    "it does not accept the %s: %s",
	    account->token ? "token" : "password",
	    shown[0] != '\0' ? shown : "it does not say why");
}

/* Give up in the middle (RFC 3501 section 6.2.2), for that reason. */
static enum status
cancel(struct imap *imap, enum status why)
{
	struct note *note = imap->reader.note, ignored = { "" };
	struct imap_response done;
	enum status status;

	imap->reader.note = &ignored;
	imap_add(imap, "*");
	status = imap_send(imap);
	if (status == STATUS_OK)
		status = imap_wait(imap, &done);
	imap->reader.note = note;
	return why;
}

static enum status
answer_challenge(struct imap *imap, struct sasl *sasl,
    const struct imap_response *challenge, struct span initial, bool *started)
{
	enum status status = STATUS_OK;

	if (!*started)
		buf_add(&imap->out, initial);
	else
		status = sasl_answer(
		    sasl, challenge->text, &imap->out, imap->reader.note);
	*started = true;
	if (status == STATUS_OK)
		return imap_send(imap);
	buf_cut(&imap->out, 0);
	return cancel(imap, status);
}

/* authenticate = "AUTHENTICATE" SP auth-type [SP initial-resp] *(CRLF base64),
 * RFC 4959 section 7 */
static enum status
converse(struct imap *imap, struct sasl *sasl, struct span initial,
    struct imap_response *done)
{
	bool started = !sasl_is_first(sasl->mechanism);
	enum status status;
	int challenges = 0;

	imap_command(imap, "AUTHENTICATE ");
	imap_add(imap, sasl_name(sasl->mechanism));
	if (imap->sasl_ir && !started) {
		imap_add(imap, " ");
		buf_add(&imap->out, initial.len > 0 ? initial : SPAN("="));
		started = true;
	}
	status = imap_send(imap);
	while (status == STATUS_OK &&
	    (status = imap_next(imap, done)) == STATUS_OK &&
	    done->kind != IMAP_DONE)
		if (done->kind == IMAP_CONTINUE) {
			if (++challenges > CHALLENGES_MAX)
				return note_set(imap->reader.note, STATUS_NET,
				    "it does not stop asking who we are");
			status = answer_challenge(
			    imap, sasl, done, initial, &started);
		}
	return status;
}

static enum status
authenticate(struct imap *imap, enum sasl_mechanism mechanism,
    const struct sasl_account *account)
{
	struct note *note = imap->reader.note;
	struct imap_response done;
	enum status status;
	struct sasl sasl;
	struct buf initial;

	status = sasl_init(&sasl, mechanism, account, NULL);
	buf_init(&initial, SASL_RESPONSE_MAX);
	if (status == STATUS_OK)
		status = sasl_start(&sasl, &initial, note);
	if (status == STATUS_OK)
		status = converse(imap, &sasl, buf_span(&initial), &done);
	if (status == STATUS_OK)
		status = judge(imap, account, &done);
	if (status == STATUS_OK)
		status = sasl_accepted(&sasl, note);
	else if (status == STATUS_LOGIN && sasl.refusal.text[0] != '\0')
		status = note_set(note, STATUS_LOGIN,
		    "it does not accept the token: %.200s", sasl.refusal.text);
	buf_wipe(&initial);
	sasl_clear(&sasl);
	return status;
}

/* login = "LOGIN" SP userid SP password */
static enum status
log_in(struct imap *imap, const struct sasl_account *account)
{
	struct imap_response done;
	enum status status;

	imap_command(imap, "LOGIN ");
	status = imap_add_string(imap, account->user, "the name of the user");
	imap_add(imap, " ");
	if (status == STATUS_OK)
		status = imap_add_string(imap, account->secret, "the password");
	if (status == STATUS_OK)
		status = imap_send(imap);
	if (status == STATUS_OK)
		status = imap_wait(imap, &done);
	return status == STATUS_OK ? judge(imap, account, &done) : status;
}

enum status
imap_login(
    struct imap *imap, const struct sasl_account *account, struct note *note)
{
	enum sasl_mechanism mechanism;
	enum status status;

	imap_question(imap, note);
	if (sasl_choose(imap->offered, account->token, &mechanism))
		status = authenticate(imap, mechanism, account);
	else if (!account->token && !imap->login_disabled)
		status = log_in(imap, account);
	else
		status = note_set(note, STATUS_NO,
		    account->token
			? "it takes no access tokens (OAUTHBEARER, XOAUTH2)"
			: "it offers no way to log in with a password");
	return status == STATUS_OK ? imap_ask_capabilities(imap) : status;
}
