/*
 * smtp.c - submit a message: see smtp.h
 *
 * Input: what the server says, hostile.  It is asked one thing at a time and
 * may say one thing at a time: whatever it says before it is asked ends the
 * dialogue.
 */
#include "helpers/mail/smtp.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/frame.h"
#include "base/text.h"
#include "helpers/mail/connect.h"

enum { LINE_OCTETS_MAX = 998, COMMAND_MAX = 510, SAID_MAX = 200 };

struct reply {
	int code;            /* 200 to 599 */
	char text[SAID_MAX]; /* with the code, one line of safe text */
};

struct dialogue {
	const struct stream *stream;
	struct buf in;  /* owned: received, and not yet taken */
	int64_t before; /* when all but the last answer must be there */
	int64_t end;
	struct reply reply; /* the last one */
	struct buf text;    /* owned: its text as it is, the lines as one */
	/* What the server can do, from its answer to EHLO. */
	unsigned mechanisms;
	bool eight_bit, utf8, sizes;
	int64_t size_max; /* 0: it does not say */
	struct note *note;
	struct note unheard; /* what does not matter any more */
};

/* --- what may be said -------------------------------------------------- */

static bool
address_ok(struct span address)
{
	bool quoted = false;
	size_t i;
	unsigned char c;

	if (address.len == 0 || address.len > SMTP_ADDRESS_MAX ||
	    !utf8_is_text(address) || !span_has_byte(address, '@'))
		return false;
	for (i = 0; i < address.len; i++) {
		c = (unsigned char)address.at[i];
		if (c == '"')
			quoted = !quoted;
		if (c < 0x20 || c == 0x7f ||
		    (!quoted && (c == ' ' || c == '<' || c == '>')))
			return false;
		/* A quoted pair: what follows is only a character. */
		if (quoted && c == '\\')
			if (++i == address.len ||
			    (unsigned char)address.at[i] < 0x20 ||
			    address.at[i] == 0x7f)
				return false;
	}
	return !quoted;
}

/* A bare CR, or LF in another's eyes, could end the message early for one
 * server and not for the next ("SMTP smuggling"). */
static bool
message_ok(struct span message)
{
	size_t i, line = 0;
	char c;

	for (i = 0; i < message.len; i++) {
		c = message.at[i];
		if (c == '\0' ||
		    (c == '\r' &&
			(i + 1 == message.len || message.at[i + 1] != '\n')))
			return false;
		line = c == '\n' ? 0 : line + (c != '\r');
		if (line > LINE_OCTETS_MAX)
			return false;
	}
	return message.len > 0;
}

bool
smtp_mail_ok(const struct smtp_mail *mail)
{
	size_t i;

	if (mail->recipient_count == 0 ||
	    mail->recipient_count > SMTP_RECIPIENTS_MAX ||
	    !address_ok(mail->sender) || !message_ok(mail->message))
		return false;
	for (i = 0; i < mail->recipient_count; i++)
		if (!address_ok(mail->recipients[i]))
			return false;
	return true;
}

/* --- replies ------------------------------------------------------------ */

static struct span
without_end(struct span line)
{
	if (line.len > 0 && line.at[line.len - 1] == '\n')
		line.len--;
	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* "250-text" or "250 text" (RFC 5321 section 4.2); LF alone may end it. */
static bool
reply_line(struct span line, int *code, bool *more)
{
	size_t i;

	*code = 0;
	if (line.len < 3)
		return false;
	for (i = 0; i < 3; i++) {
		if (!ascii_is_digit(line.at[i]))
			return false;
		*code = *code * 10 + (line.at[i] - '0');
	}
	if (*code < 200 || *code > 599 ||
	    (line.len > 3 && line.at[3] != ' ' && line.at[3] != '-'))
		return false;
	*more = line.len > 3 && line.at[3] == '-';
	return true;
}

/* The answer to EHLO, line by line: keywords of RFC 1870, 4954, 6152, 6531. */
static void
take_keyword(struct dialogue *d, struct span line)
{
	struct span word;
	size_t end;

	line = span_trim(span_cut(line, 4, line.len));
	end = span_find_byte(line, ' ');
	word = span_cut(line, 0, end);
	line = span_trim(span_cut(line, end, line.len));
	if (span_eq_nocase(word, SPAN("8BITMIME")))
		d->eight_bit = true;
	if (span_eq_nocase(word, SPAN("SMTPUTF8")))
		d->utf8 = true;
	if (span_eq_nocase(word, SPAN("SIZE"))) {
		d->sizes = true;
		if (!frame_number(line, &d->size_max) || d->size_max < 0)
			d->size_max = 0;
	}
	if (span_eq_nocase(word, SPAN("AUTH")))
		for (; line.len > 0;
		     line = span_trim(span_cut(line, end, line.len))) {
			end = span_find_byte(line, ' ');
			sasl_add_offered(
			    &d->mechanisms, span_cut(line, 0, end));
		}
}

static enum status
not_smtp(struct dialogue *d, struct span line)
{
	char shown[80];

	text_show_in(shown, sizeof(shown), line, true);
	return note_set(d->note, STATUS_NET,
	    "it does not speak SMTP as it should: \"%s\"", shown);
}

/* Make sure that there is a whole line, and say how long it is with its LF. */
static enum status
need_line(struct dialogue *d, size_t from, int64_t until, size_t *len)
{
	enum status status;
	struct span rest;

	for (;;) {
		rest = span_cut(buf_span(&d->in), from, d->in.len);
		*len = span_find_byte(rest, '\n') + 1;
		if (*len <= rest.len && *len <= SMTP_LINE_MAX)
			return STATUS_OK;
		if (rest.len >= SMTP_LINE_MAX)
			return note_set(d->note, STATUS_NET,
			    "it sends a line of more than %d octets",
			    SMTP_LINE_MAX);
		status = stream_read(d->stream, &d->in, until, d->note);
		/* The server failed here, not what we asked. */
		if (status == STATUS_END || status == STATUS_AGAIN)
			status = STATUS_NET;
		if (status != STATUS_OK)
			return status;
	}
}

/* Keep the text of a reply: its lines, without the codes, as one. */
static enum status
keep_reply(struct dialogue *d, int code, struct span whole)
{
	char shown[SAID_MAX - 8];
	struct span text;
	size_t end;

	buf_clear(&d->text);
	while (whole.len > 0) {
		end = span_find_byte(whole, '\n');
		text = span_trim(span_cut(span_cut(whole, 0, end), 4, end));
		if (d->text.len > 0 && text.len > 0)
			buf_add_text(&d->text, " ");
		buf_add(&d->text, text);
		whole = span_cut(whole, end + 1, whole.len);
	}
	text_show_in(shown, sizeof(shown), buf_span(&d->text), true);
	d->reply.code = code;
	(void)snprintf(d->reply.text, sizeof(d->reply.text), "%d%s%s", code,
	    shown[0] != '\0' ? " " : "", shown);
	return buf_status(&d->text);
}

/* Read one reply of any number of lines; ehlo: look at what they offer. */
static enum status
read_reply(struct dialogue *d, int64_t until, bool ehlo)
{
	size_t taken = 0, len;
	int code = 0, first = 0;
	enum status status;
	struct span line;
	bool more = true;

	while (more) {
		status = need_line(d, taken, until, &len);
		if (status != STATUS_OK)
			return status;
		line =
		    without_end(span_cut(buf_span(&d->in), taken, taken + len));
		if (!reply_line(line, &code, &more) ||
		    (taken > 0 && code != first))
			return not_smtp(d, line);
		/* The first line greets. */
		if (ehlo && taken > 0)
			take_keyword(d, line);
		first = code;
		taken += len;
		if (taken > SMTP_REPLY_MAX)
			return note_set(d->note, STATUS_NET,
			    "it sends a reply of more than %d KiB",
			    SMTP_REPLY_MAX / 1024);
	}
	status = keep_reply(d, code, span_cut(buf_span(&d->in), 0, taken));
	memmove(d->in.at, d->in.at + taken, d->in.len - taken);
	buf_cut(&d->in, d->in.len - taken);
	return status;
}

static int64_t
soon(const struct dialogue *d, int seconds)
{
	const int64_t until = stream_now(d->stream) + 1000LL * seconds;

	return until < d->before ? until : d->before;
}

/* 4xx: not now; 5xx: not at all; 2xx and 3xx where they do not belong. */
static enum status
refused(struct dialogue *d, const char *what)
{
	const int kind = d->reply.code / 100;

	return note_set(d->note,
	    kind == 4       ? STATUS_AGAIN
		: kind == 5 ? STATUS_NO
			    : STATUS_NET,
	    "it %s: %s", what, d->reply.text);
}

/* It must be silent until we ask.  What it says nevertheless is mostly that it
 * closes the connection (421). */
static enum status
is_silent(struct dialogue *d)
{
	enum status status;

	if (d->in.len == 0)
		return STATUS_OK;
	status = read_reply(d, soon(d, SMTP_REPLY_SECONDS), false);
	return status == STATUS_OK ? refused(d, "ends the dialogue") : status;
}

/* Send a line, and read the reply to it. */
static enum status
ask(struct dialogue *d, struct span line, bool ehlo)
{
	const struct span crlf = SPAN("\r\n");
	const int64_t until = soon(d, SMTP_REPLY_SECONDS);
	enum status status = is_silent(d);
	struct buf out;

	if (status != STATUS_OK)
		return status;
	buf_init(&out, line.len + crlf.len);
	buf_add(&out, line);
	buf_add(&out, crlf);
	status = buf_status(&out);
	if (status == STATUS_OK)
		status =
		    stream_write(d->stream, buf_span(&out), until, d->note);
	/* AUTH carries secrets. */
	buf_wipe(&out);
	return status == STATUS_OK ? read_reply(d, until, ehlo) : status;
}

/* --- the dialogue --------------------------------------------------------- */

static enum status
greet(struct dialogue *d, bool greeted)
{
	enum status status = STATUS_OK;

	if (!greeted)
		status = read_reply(d, soon(d, SMTP_REPLY_SECONDS), false);
	if (status == STATUS_OK && !greeted && d->reply.code / 100 != 2)
		status = refused(d, "refuses the connection");
	if (status == STATUS_OK)
		status = ask(d, SPAN("EHLO " CONNECT_OUR_NAME), true);
	if (status == STATUS_OK && d->reply.code / 100 != 2)
		status = refused(d, "refuses EHLO");
	return status;
}

/* AUTH's refusal (RFC 4954 section 6): the password, or the server. */
static enum status
not_logged_in(struct dialogue *d, const struct sasl *sasl)
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
	return refused(d, "does not log us in");
}

/* End the exchange (RFC 4954 section 4): we are not content. */
static void
cancel(struct dialogue *d)
{
	struct note *const note = d->note;
	enum status status;

	d->note = &d->unheard;
	status = ask(d, SPAN("*"), false);
	d->note = note;
	(void)status;
}

/* Answer challenges until it decides. */
static enum status
answer_challenges(struct dialogue *d, struct sasl *sasl, struct buf *initial)
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
			status = ask(d, buf_span(&response), false);
		buf_wipe(&response);
	}
	return status;
}

static enum status
log_in_with(struct dialogue *d, struct sasl *sasl)
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
		status = ask(d, buf_span(&line), false);
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

static enum status
log_in(
    struct dialogue *d, const struct sasl_account *account, const char *nonce)
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

/* The header ends at the first empty line. */
static struct span
header_of(struct span message)
{
	const size_t lf = span_find(message, SPAN("\n\n"));
	const size_t crlf = span_find(message, SPAN("\n\r\n"));

	return span_cut(message, 0, lf < crlf ? lf : crlf);
}

/* RFC 6531 section 3.1: are addresses or header in UTF-8? */
static bool
needs_utf8(const struct smtp_mail *mail)
{
	bool ascii = span_is_ascii(mail->sender) &&
	    span_is_ascii(header_of(mail->message));
	size_t i;

	for (i = 0; i < mail->recipient_count; i++)
		ascii = ascii && span_is_ascii(mail->recipients[i]);
	return !ascii;
}

/* Everything as it goes over the wire, up to and with the dot. */
static enum status
make_data(struct span message, struct buf *out)
{
	struct span line;
	size_t end;

	while (message.len > 0) {
		end = span_find_byte(message, '\n');
		line = span_cut(message, 0, end);
		if (line.len > 0 && line.at[line.len - 1] == '\r')
			line.len--;
		if (line.len > 0 && line.at[0] == '.')
			buf_add_byte(out, '.');
		buf_add(out, line);
		buf_add_text(out, "\r\n");
		message = span_cut(message, end + 1, message.len);
	}
	buf_add_text(out, ".\r\n");
	return buf_status(out);
}

/* MAIL FROM with what the message needs; refused here if it lacks that. */
static enum status
mail_from(struct dialogue *d, const struct smtp_mail *mail, size_t octets)
{
	const bool utf8 = needs_utf8(mail);
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
		status = ask(d, buf_span(&line), false);
	buf_clear(&line);
	return status == STATUS_OK && d->reply.code / 100 != 2
	    ? refused(d, "refuses the sender")
	    : status;
}

static enum status
rcpt_to(struct dialogue *d, struct span recipient)
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
		status = ask(d, buf_span(&line), false);
	buf_clear(&line);
	if (status != STATUS_OK || d->reply.code / 100 == 2)
		return status;
	text_show_in(shown, sizeof(shown), recipient, true);
	(void)snprintf(what, sizeof(what), "refuses the recipient %s", shown);
	return refused(d, what);
}

static enum status
envelope(struct dialogue *d, const struct smtp_mail *mail, size_t octets)
{
	enum status status = mail_from(d, mail, octets);
	size_t i;

	for (i = 0; i < mail->recipient_count && status == STATUS_OK; i++)
		status = rcpt_to(d, mail->recipients[i]);
	if (status == STATUS_OK)
		status = ask(d, SPAN("DATA"), false);
	if (status == STATUS_OK && d->reply.code != 354)
		status = refused(d, "refuses the message");
	return status;
}

/* Did it decide, or close the connection, before the message was whole? */
static enum status
still_listens(struct dialogue *d)
{
	struct note why = { "" };
	enum status status = STATUS_OK;

	if (d->in.len == 0)
		status = stream_read(d->stream, &d->in,
		    stream_now(d->stream) + SMTP_LISTEN, &why);
	if (status == STATUS_OK)
		return is_silent(d);
	if (status == STATUS_AGAIN)
		return STATUS_OK; /* silence */
	return note_set(d->note, status == STATUS_END ? STATUS_NET : status,
	    "%s", why.text);
}

/* The last octet: from here on the message may be out. */
static enum status
end_data(struct dialogue *d, struct span end, enum smtp_outcome *outcome)
{
	enum status status = stream_write(d->stream, end, d->before, d->note);

	*outcome = SMTP_DOUBT;
	d->before = d->end;
	if (status == STATUS_OK)
		status = read_reply(d, d->end, false);
	if (status != STATUS_OK)
		return STATUS_OK; /* the note says why */
	if (d->reply.code / 100 == 2)
		*outcome = SMTP_SENT;
	else if (d->reply.code / 100 == 3)
		(void)not_smtp(d, span_of(d->reply.text));
	else
		return refused(d, "refuses the message");
	return STATUS_OK;
}

static enum status
data(struct dialogue *d, struct span wire, enum smtp_outcome *outcome)
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
quit(struct dialogue *d)
{
	const struct span line = SPAN("QUIT\r\n");
	const int64_t until =
	    stream_now(d->stream) + 1000LL * SMTP_QUIT_SECONDS;

	enum status status;

	d->note = &d->unheard;
	status = stream_write(d->stream, line, until, d->note);
	if (status == STATUS_OK)
		status = read_reply(d, until, false);
	(void)status;
}

static void
begin(struct dialogue *d, const struct stream *stream, struct note *note)
{
	*d = (struct dialogue){ .stream = stream, .note = note };
	buf_init(&d->in, SMTP_REPLY_MAX + SMTP_LINE_MAX + STREAM_PIECE);
	buf_init(&d->text, SMTP_REPLY_MAX + SMTP_LINE_MAX);
	d->before = stream_now(stream) + 1000LL * SMTP_BEFORE_SECONDS;
	d->end = stream_now(stream) + 1000LL * SMTP_ALL_SECONDS;
}

/* A message that the server refuses leaves it in a state to say goodbye. */
static void
finish(struct dialogue *d, enum status status)
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
	struct dialogue d;
	enum status status;
	struct buf wire;

	assert(smtp_mail_ok(mail));
	begin(&d, stream, note);
	buf_init(&wire, 2 * mail->message.len + 16);
	status = make_data(mail->message, &wire);
	if (status == STATUS_OK)
		status = greet(&d, greeted);
	if (status == STATUS_OK)
		status = log_in(&d, account, nonce);
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
	struct dialogue d;
	enum status status;

	begin(&d, stream, note);
	status = greet(&d, greeted);
	if (status == STATUS_OK)
		status = log_in(&d, account, nonce);
	finish(&d, status);
	return status;
}
