/*
 * smtp_reply.c - the replies of an SMTP server: see smtp_p.h
 *
 * Input: hostile.  The server is asked one thing at a time and may say one
 * thing at a time: whatever it says before it is asked ends the dialogue.
 */
#include <stdio.h>
#include <string.h>

#include "base/frame.h"
#include "base/text.h"
#include "helpers/mail/smtp_p.h"

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
take_keyword(struct smtp *d, struct span line)
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

enum status
smtp_malformed(struct smtp *d, struct span line)
{
	char shown[80];

	text_show_in(shown, sizeof(shown), line, true);
	return note_set(d->note, STATUS_NET,
	    "it does not speak SMTP as it should: \"%s\"", shown);
}

/* Make sure that there is a whole line, and say how long it is with its LF. */
static enum status
need_line(struct smtp *d, size_t from, int64_t until, size_t *len)
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
keep_reply(struct smtp *d, int code, struct span whole)
{
	char shown[SMTP_SAID_MAX - 8];
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

enum status
smtp_read_reply(struct smtp *d, int64_t until, bool ehlo)
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
			return smtp_malformed(d, line);
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

int64_t
smtp_soon(const struct smtp *d, int seconds)
{
	const int64_t until = stream_now(d->stream) + 1000LL * seconds;

	return until < d->before ? until : d->before;
}

enum status
smtp_refused(struct smtp *d, const char *what)
{
	const int kind = d->reply.code / 100;

	return note_set(d->note,
	    kind == 4       ? STATUS_AGAIN
		: kind == 5 ? STATUS_NO
			    : STATUS_NET,
	    "it %s: %s", what, d->reply.text);
}

enum status
smtp_is_silent(struct smtp *d)
{
	enum status status;

	if (d->in.len == 0)
		return STATUS_OK;
	status = smtp_read_reply(d, smtp_soon(d, SMTP_REPLY_SECONDS), false);
	return status == STATUS_OK ? smtp_refused(d, "ends the dialogue")
				   : status;
}

enum status
smtp_ask(struct smtp *d, struct span line, bool ehlo)
{
	const struct span crlf = SPAN("\r\n");
	const int64_t until = smtp_soon(d, SMTP_REPLY_SECONDS);
	enum status status = smtp_is_silent(d);
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
	return status == STATUS_OK ? smtp_read_reply(d, until, ehlo) : status;
}
