/*
 * listing.c - ask a mail server what it can do: see listing.h
 *
 * Input: what the server says, hostile.
 */
#include "helpers/mail/listing.h"

#include "base/frame.h"
#include "base/text.h"
#include "helpers/mail/connect.h"

static const char *const protocols[LISTING_PROTOCOLS] = { "smtp", "lmtp",
	"imap", "pop3" };

/* What we say, each with its end. */
static const struct {
	const char *ask, *start_tls, *leave;
} words[LISTING_PROTOCOLS] = {
	{ "EHLO " CONNECT_OUR_NAME "\r\n", "STARTTLS\r\n", "QUIT\r\n" },
	{ "LHLO " CONNECT_OUR_NAME "\r\n", "STARTTLS\r\n", "QUIT\r\n" },
	{ "a1 CAPABILITY\r\n", "a2 STARTTLS\r\n", "a3 LOGOUT\r\n" },
	{ "CAPA\r\n", "STLS\r\n", "QUIT\r\n" },
};

bool
listing_protocol_find(struct span name, enum listing_protocol *out)
{
	const size_t i = span_index(name, protocols, LISTING_PROTOCOLS);

	*out = (enum listing_protocol)i;
	return i < LISTING_PROTOCOLS;
}

void
listing_begin(struct listing *listing, struct stream *stream,
    enum listing_protocol protocol, int64_t until, struct note *note)
{
	*listing = (struct listing){ .stream = stream,
		.protocol = protocol,
		.until = until,
		.note = note };
	buf_init(&listing->in, LISTING_LINE_MAX + STREAM_PIECE);
}

void
listing_end(struct listing *listing)
{
	buf_clear(&listing->in);
}

/* --- lines ------------------------------------------------------------------ */

/* Forget the first octets of what was received. */
static enum status
forget(struct listing *listing, size_t taken)
{
	struct buf rest;
	enum status status;

	buf_init(&rest, listing->in.ceiling);
	buf_add(
	    &rest, span_cut(buf_span(&listing->in), taken, listing->in.len));
	status = buf_status(&rest);
	buf_clear(&listing->in);
	listing->in = rest;
	return status;
}

/* Take a line, without its end; *budget is what the answer may still have. */
static enum status
take_line(struct listing *listing, size_t *budget, struct buf *line)
{
	enum status status = STATUS_OK;
	size_t len;

	for (;;) {
		len = span_find_byte(buf_span(&listing->in), '\n');
		if (len < listing->in.len || len > LISTING_LINE_MAX)
			break;
		status = stream_read(listing->stream, &listing->in,
		    listing->until, listing->note);
		if (status == STATUS_END || status == STATUS_AGAIN)
			status = STATUS_NET;
		if (status != STATUS_OK)
			return status;
		listing->heard = true;
	}
	if (len > LISTING_LINE_MAX || len > *budget)
		return note_set(
		    listing->note, STATUS_NET, "it says too much at once");
	*budget -= len;
	buf_clear(line);
	buf_add(line, span_trim(span_cut(buf_span(&listing->in), 0, len)));
	status = buf_status(line);
	return status == STATUS_OK ? forget(listing, len + 1) : status;
}

static enum status
unexpected(struct listing *listing, struct span line)
{
	static const char *const names[LISTING_PROTOCOLS] = { "SMTP", "LMTP",
		"IMAP", "POP3" };
	char shown[160];

	text_show_in(shown, sizeof(shown), line, true);
	return note_set(listing->note, STATUS_NET,
	    "it does not speak %s as it should: \"%s\"",
	    names[listing->protocol], shown);
}

/* --- what one line means ------------------------------------------------------ */

enum line {
	LINE_MORE,   /* others follow */
	LINE_LAST,   /* the end, and it agrees */
	LINE_REFUSES /* or it is something else */
};

/* "250-text", "250 text"; RFC 2033 has the same. */
static enum line
judge_smtp(struct span line)
{
	if (line.len < 3 || line.at[0] != '2' || !ascii_is_digit(line.at[1]) ||
	    !ascii_is_digit(line.at[2]))
		return LINE_REFUSES;
	if (line.len > 3 && line.at[3] == '-')
		return LINE_MORE;
	return line.len == 3 || line.at[3] == ' ' ? LINE_LAST : LINE_REFUSES;
}

/* tag "": the greeting. */
static enum line
judge_imap(struct span line, struct span tag)
{
	if (tag.len == 0)
		return span_starts_nocase(line, SPAN("* OK")) ? LINE_LAST
							      : LINE_REFUSES;
	if (span_starts(line, tag))
		return span_starts_nocase(
			   span_cut(line, tag.len, line.len), SPAN("OK"))
		    ? LINE_LAST
		    : LINE_REFUSES;
	return span_starts(line, SPAN("* ")) &&
		!span_starts_nocase(line, SPAN("* BYE"))
	    ? LINE_MORE
	    : LINE_REFUSES;
}

/* first: of several lines the one that agrees. */
static enum line
judge_pop3(struct span line, bool first, bool several)
{
	if (first)
		return !span_starts(line, SPAN("+OK")) ? LINE_REFUSES
		    : several                          ? LINE_MORE
						       : LINE_LAST;
	return span_eq(line, SPAN(".")) ? LINE_LAST : LINE_MORE;
}

static enum line
judge(const struct listing *listing, struct span line, struct span tag,
    bool first, bool several)
{
	switch (listing->protocol) {
	case LISTING_IMAP:
		return judge_imap(line, tag);
	case LISTING_POP3:
		return judge_pop3(line, first, several);
	default:
		return judge_smtp(line);
	}
}

static struct span
take_word(struct span *line)
{
	const size_t end = span_find_byte(*line, ' ');
	const struct span word = span_cut(*line, 0, end);

	*line = span_trim(span_cut(*line, end, line->len));
	return word;
}

static enum status
add_value(struct listing *listing, const char *name, struct span value,
    size_t *count, struct buf *out)
{
	if (++*count > LISTING_VALUES_MAX || value.len > LISTING_VALUE_MAX)
		return note_set(
		    listing->note, STATUS_NET, "it announces too much");
	frame_add(out, name, value);
	return buf_status(out);
}

/* "ACME VALUE", and whether it offers TLS. */
static enum status
take_keyword(struct listing *listing, const char *name, struct span line,
    size_t *count, struct buf *out)
{
	const struct span word = take_word(&line);

	if (span_eq_nocase(word,
		listing->protocol == LISTING_POP3 ? SPAN("STLS")
						  : SPAN("STARTTLS")))
		listing->can_start_tls = true;
	return span_eq_nocase(word, SPAN("ACME"))
	    ? add_value(listing, name, line, count, out)
	    : STATUS_OK;
}

/* "* CAPABILITY IMAP4rev1 ACME=VALUE" */
static enum status
take_capabilities(struct listing *listing, const char *name, struct span line,
    size_t *count, struct buf *out)
{
	enum status status = STATUS_OK;
	struct span word;

	(void)take_word(&line);
	if (!span_eq_nocase(take_word(&line), SPAN("CAPABILITY")))
		return STATUS_OK;
	while (line.len > 0 && status == STATUS_OK) {
		word = take_word(&line);
		if (span_eq_nocase(word, SPAN("STARTTLS")))
			listing->can_start_tls = true;
		if (span_starts_nocase(word, SPAN("ACME=")))
			status = add_value(listing, name,
			    span_cut(word, 5, word.len), count, out);
	}
	return status;
}

static enum status
take_listed(struct listing *listing, const char *name, struct span line,
    bool first, size_t *count, struct buf *out)
{
	if (listing->protocol == LISTING_IMAP)
		return take_capabilities(listing, name, line, count, out);
	/* The first line greets, or agrees. */
	if (first)
		return STATUS_OK;
	if (listing->protocol != LISTING_POP3)
		line = span_trim(span_cut(line, 4, line.len));
	return take_keyword(listing, name, line, count, out);
}

/* --- questions ------------------------------------------------------------------ */

/* Hear an answer; name: of the frames, or NULL. */
static enum status
hear(
    struct listing *listing, struct span tag, const char *name, struct buf *out)
{
	size_t budget = LISTING_ANSWER_MAX, count = 0;
	enum status status = STATUS_OK;
	enum line what = LINE_MORE;
	bool first = true;
	struct buf line;

	buf_init(&line, LISTING_LINE_MAX + 1);
	while (status == STATUS_OK && what == LINE_MORE) {
		status = take_line(listing, &budget, &line);
		if (status != STATUS_OK)
			break;
		what =
		    judge(listing, buf_span(&line), tag, first, name != NULL);
		if (what == LINE_REFUSES)
			status = unexpected(listing, buf_span(&line));
		else if (name != NULL)
			status = take_listed(
			    listing, name, buf_span(&line), first, &count, out);
		first = false;
	}
	buf_clear(&line);
	return status;
}

static enum status
say(struct listing *listing, const char *line)
{
	return stream_write(
	    listing->stream, span_of(line), listing->until, listing->note);
}

enum status
listing_greet(struct listing *listing)
{
	return hear(listing, SPAN(""), NULL, NULL);
}

enum status
listing_ask(struct listing *listing, const char *name, struct buf *out)
{
	enum status status;

	listing->can_start_tls = false;
	status = say(listing, words[listing->protocol].ask);
	return status == STATUS_OK ? hear(listing, SPAN("a1 "), name, out)
				   : status;
}

enum status
listing_start_tls(struct listing *listing)
{
	enum status status;

	status = say(listing, words[listing->protocol].start_tls);
	if (status == STATUS_OK)
		status = hear(listing, SPAN("a2 "), NULL, NULL);
	if (status == STATUS_OK && listing->in.len > 0)
		return note_set(listing->note, STATUS_NET,
		    "it goes on in plain text after it has agreed to TLS");
	return status;
}

void
listing_leave(struct listing *listing)
{
	if (say(listing, words[listing->protocol].leave) != STATUS_OK)
		listing->note->text[0] = '\0';
}
