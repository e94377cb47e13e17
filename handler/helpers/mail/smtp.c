/* smtp.c - submit a message: see smtp.h */
#include <assert.h>
#include <stdio.h>

#include "base/text.h"
#include "helpers/mail/connect.h"
#include "helpers/mail/smtp_p.h"

static enum status
greet(struct smtp *d, bool greeted)
{
	enum status status = STATUS_OK;

	if (!greeted)
		status =
		    smtp_read_reply(d, smtp_soon(d, SMTP_REPLY_SECONDS), false);
	if (status == STATUS_OK && !greeted && d->reply.code / 100 != 2)
		status = smtp_refused(d, "refuses the connection");
	if (status == STATUS_OK)
		status = smtp_ask(d, SPAN("EHLO " CONNECT_OUR_NAME), true);
	if (status == STATUS_OK && d->reply.code / 100 != 2)
		status = smtp_refused(d, "refuses EHLO");
	return status;
}

/* MAIL FROM with what the message needs; refused here if it lacks that. */
static enum status
mail_from(struct smtp *d, const struct smtp_mail *mail, size_t octets)
{
	const bool utf8 = smtp_needs_utf8(mail);
	const bool eight = !span_is_ascii(mail->message);
	enum status status;
	struct buf line;

	if (utf8 && !d->utf8)
		return note_set(d->note, STATUS_NO,
		    "it does not send mail to or from addresses that are not "
		    "ASCII (SMTPUTF8)");
	if (eight && !d->eight_bit)
		return note_set(d->note, STATUS_NO,
		    "it does not send messages that are not ASCII (8BITMIME)");
	if (d->size_max > 0 && octets > (size_t)d->size_max)
		return note_set(d->note, STATUS_NO,
		    "it sends no messages of more than %lld octets",
		    (long long)d->size_max);
	buf_init(&line, 1024);
	buf_add_text(&line, "MAIL FROM:<");
	buf_add(&line, mail->sender);
	buf_add_text(&line, ">");
	if (d->sizes)
		buf_addf(&line, " SIZE=%zu", octets);
	if (eight)
		buf_add_text(&line, " BODY=8BITMIME");
	if (utf8)
		buf_add_text(&line, " SMTPUTF8");
	status = buf_status(&line);
	if (status == STATUS_OK)
		status = smtp_ask(d, buf_span(&line), false);
	buf_clear(&line);
	return status == STATUS_OK && d->reply.code / 100 != 2
	    ? smtp_refused(d, "refuses the sender")
	    : status;
}

static enum status
rcpt_to(struct smtp *d, struct span recipient)
{
	char shown[120], what[160];
	enum status status;
	struct buf line;

	buf_init(&line, 1024);
	buf_add_text(&line, "RCPT TO:<");
	buf_add(&line, recipient);
	buf_add_text(&line, ">");
	status = buf_status(&line);
	if (status == STATUS_OK)
		status = smtp_ask(d, buf_span(&line), false);
	buf_clear(&line);
	if (status != STATUS_OK || d->reply.code / 100 == 2)
		return status;
	text_show_in(shown, sizeof(shown), recipient, true);
	(void)snprintf(what, sizeof(what), "refuses the recipient %s", shown);
	return smtp_refused(d, what);
}

static enum status
envelope(struct smtp *d, const struct smtp_mail *mail, size_t octets)
{
	enum status status = mail_from(d, mail, octets);
	size_t i;

	for (i = 0; i < mail->recipient_count && status == STATUS_OK; i++)
		status = rcpt_to(d, mail->recipients[i]);
	if (status == STATUS_OK)
		status = smtp_ask(d, SPAN("DATA"), false);
	if (status == STATUS_OK && d->reply.code != 354)
		status = smtp_refused(d, "refuses the message");
	return status;
}

/* Did it decide, or close the connection, before the message was whole? */
static enum status
still_listens(struct smtp *d)
{
	struct note why = { "" };
	enum status status = STATUS_OK;

	if (d->in.len == 0)
		status = stream_read(d->stream, &d->in,
		    stream_now(d->stream) + SMTP_LISTEN, &why);
	if (status == STATUS_OK)
		return smtp_is_silent(d);
	if (status == STATUS_AGAIN)
		return STATUS_OK; /* silence */
	return note_set(d->note, status == STATUS_END ? STATUS_NET : status,
	    "%s", why.text);
}

/* The last octet: from here on the message may be out. */
static enum status
end_data(struct smtp *d, struct span end, enum smtp_outcome *outcome)
{
	enum status status = stream_write(d->stream, end, d->before, d->note);

	*outcome = SMTP_DOUBT;
	d->before = d->end;
	if (status == STATUS_OK)
		status = smtp_read_reply(d, d->end, false);
	if (status != STATUS_OK)
		return STATUS_OK; /* the note says why */
	if (d->reply.code / 100 == 2)
		*outcome = SMTP_SENT;
	else if (d->reply.code / 100 == 3)
		(void)smtp_malformed(d, span_of(d->reply.text));
	else
		return smtp_refused(d, "refuses the message");
	return STATUS_OK;
}

static enum status
data(struct smtp *d, struct span wire, enum smtp_outcome *outcome)
{
	const size_t last = wire.len - 1;
	enum status status;

	status = stream_write(
	    d->stream, span_cut(wire, 0, last), d->before, d->note);
	if (status == STATUS_OK)
		status = still_listens(d);
	return status == STATUS_OK
	    ? end_data(d, span_cut(wire, last, wire.len), outcome)
	    : status;
}

/* Leave as one should; what it says does not matter any more. */
static void
quit(struct smtp *d)
{
	const struct span line = SPAN("QUIT\r\n");
	const int64_t until =
	    stream_now(d->stream) + 1000LL * SMTP_QUIT_SECONDS;

	enum status status;

	d->note = &d->unheard;
	status = stream_write(d->stream, line, until, d->note);
	if (status == STATUS_OK)
		status = smtp_read_reply(d, until, false);
	(void)status;
}

static void
begin(struct smtp *d, const struct stream *stream, struct note *note)
{
	*d = (struct smtp){ .stream = stream, .note = note };
	buf_init(&d->in, SMTP_REPLY_MAX + SMTP_LINE_MAX + STREAM_PIECE);
	buf_init(&d->text, SMTP_REPLY_MAX + SMTP_LINE_MAX);
	d->before = stream_now(stream) + 1000LL * SMTP_BEFORE_SECONDS;
	d->end = stream_now(stream) + 1000LL * SMTP_ALL_SECONDS;
}

/* A message that the server refuses leaves it in a state to say goodbye. */
static void
finish(struct smtp *d, enum status status)
{
	if (status == STATUS_OK || status == STATUS_NO ||
	    status == STATUS_AGAIN || status == STATUS_LOGIN)
		quit(d);
	buf_clear(&d->in);
	buf_clear(&d->text);
}

enum status
smtp_submit(const struct stream *stream, bool greeted,
    const struct sasl_account *account, const struct smtp_mail *mail,
    const char *nonce, enum smtp_outcome *outcome, struct note *said,
    struct note *note)
{
	struct smtp d;
	enum status status;
	struct buf wire;

	assert(smtp_mail_ok(mail));
	begin(&d, stream, note);
	buf_init(&wire, 2 * mail->message.len + 16);
	status = smtp_make_data(mail->message, &wire);
	if (status == STATUS_OK)
		status = greet(&d, greeted);
	if (status == STATUS_OK)
		status = smtp_log_in(&d, account, nonce);
	if (status == STATUS_OK)
		status = envelope(&d, mail, wire.len - 3);
	if (status == STATUS_OK)
		status = data(&d, buf_span(&wire), outcome);
	if (status == STATUS_OK && *outcome == SMTP_SENT)
		note_say(said, "%s", d.reply.text);
	buf_clear(&wire);
	finish(&d,
	    status == STATUS_OK && *outcome == SMTP_DOUBT ? STATUS_NET
							  : status);
	return status;
}

enum status
smtp_probe(const struct stream *stream, bool greeted,
    const struct sasl_account *account, const char *nonce, struct note *note)
{
	struct smtp d;
	enum status status;

	begin(&d, stream, note);
	status = greet(&d, greeted);
	if (status == STATUS_OK)
		status = smtp_log_in(&d, account, nonce);
	finish(&d, status);
	return status;
}
