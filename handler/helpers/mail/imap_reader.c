/*
 * imap_reader.c - read what an IMAP server sends: see imap_reader.h
 *
 * Lines end in CR LF; nothing else does.  Octets beyond ASCII pass, since
 * servers put UTF-8 into texts; a NUL does not (RFC 3501 section 9).
 */
#include "helpers/mail/imap_reader.h"

#include <string.h>

enum { PATIENCE = 60 * 1000 }; /* milliseconds without an octet */

void
imap_reader_begin(struct imap_reader *reader, const struct stream *stream)
{
	*reader = (struct imap_reader){
		.stream = stream, .left = IMAP_ANSWER_MAX, .ended = true
	};
	buf_init(&reader->in, STREAM_PIECE);
}

void
imap_reader_clear(struct imap_reader *reader)
{
	buf_clear(&reader->in);
}

static enum status
malformed(struct imap_reader *reader)
{
	return note_set(
	    reader->note, STATUS_NET, "it sends a malformed answer");
}

/* At least one octet is there to be read. */
static enum status
fill(struct imap_reader *reader)
{
	enum status status;
	int64_t until;

	if (reader->at < reader->in.len)
		return STATUS_OK;
	buf_cut(&reader->in, 0);
	reader->at = 0;
	until = stream_now(reader->stream) + PATIENCE;
	status = stream_read(reader->stream, &reader->in,
	    until < reader->until ? until : reader->until, reader->note);
	/* That it is late or has hung up is all the same here. */
	return status == STATUS_AGAIN || status == STATUS_END ? STATUS_NET
							      : status;
}

static enum status
peek(struct imap_reader *reader, char *out)
{
	enum status status = fill(reader);

	*out = '\0';
	if (status != STATUS_OK)
		return status;
	if (reader->left == 0)
		return note_set(
		    reader->note, STATUS_NET, "its answer is too long");
	*out = reader->in.at[reader->at];
	return *out == '\0' ? malformed(reader) : STATUS_OK;
}

/* What peek() saw. */
static void
pass(struct imap_reader *reader)
{
	reader->at++;
	reader->left--;
}

/* The rest of a line's end. */
static enum status
take_end(struct imap_reader *reader)
{
	enum status status;
	char c;

	pass(reader);
	status = peek(reader, &c);
	if (status == STATUS_OK && c != '\n')
		status = malformed(reader);
	if (status == STATUS_OK)
		pass(reader);
	return status;
}

/* Take some octets of a literal. */
static enum status
take_some(struct imap_reader *reader, struct span *out)
{
	enum status status = fill(reader);
	size_t n;

	if (status != STATUS_OK)
		return status;
	n = reader->in.len - reader->at;
	if (n > reader->literal)
		n = (size_t)reader->literal;
	*out = (struct span){ reader->in.at + reader->at, n };
	reader->at += n;
	reader->literal -= n;
	return STATUS_OK;
}

static enum status
skip_literal(struct imap_reader *reader)
{
	enum status status = STATUS_OK;
	struct span some;

	while (status == STATUS_OK && reader->literal > 0)
		status = take_some(reader, &some);
	return status;
}

/* A literal of that many octets begins: they count when they are announced, so
 * that what is too much need not be waited for. */
static enum status
announce(struct imap_reader *reader, uint64_t octets)
{
	if (octets > reader->left)
		return note_set(reader->note, STATUS_NET,
		    "it announces %llu octets, which is too much",
		    (unsigned long long)octets);
	reader->left -= octets;
	reader->literal = octets;
	return STATUS_OK;
}

bool
imap_number(struct span text, uint64_t most, uint64_t *out)
{
	uint64_t number = 0, digit;
	size_t i;

	if (text.len == 0)
		return false;
	for (i = 0; i < text.len; i++) {
		if (!ascii_is_digit(text.at[i]))
			return false;
		digit = (uint64_t)(text.at[i] - '0');
		if (digit > most || number > (most - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	*out = number;
	return true;
}

/* --- Tokens */

static enum status
keep(struct imap_reader *reader, char c)
{
	if (reader->text_len == sizeof(reader->text))
		return note_set(reader->note, STATUS_NET,
		    "it sends a word of more than %d octets", IMAP_TOKEN_MAX);
	reader->text[reader->text_len++] = c;
	return STATUS_OK;
}

static struct span
kept(const struct imap_reader *reader)
{
	return (struct span){ reader->text, reader->text_len };
}

/* quoted = DQUOTE *QUOTED-CHAR DQUOTE */
static enum status
take_quoted(struct imap_reader *reader)
{
	enum status status;
	bool escaped = false;
	char c;

	pass(reader);
	while ((status = peek(reader, &c)) == STATUS_OK) {
		if (c == '\r' || c == '\n')
			return malformed(reader);
		pass(reader);
		if (c == '"' && !escaped)
			return STATUS_OK;
		escaped = c == '\\' && !escaped;
		if (!escaped && (status = keep(reader, c)) != STATUS_OK)
			return status;
	}
	return status;
}

/*
 * atom, and what else stands without quotes.  "BODY[HEADER.FIELDS (FROM)]" is
 * one word (section 7.4.2); no other "[" is special, since a keyword may have
 * one.
 */
static enum status
take_word(struct imap_reader *reader)
{
	enum status status;
	bool section = false;
	char c;

	while ((status = peek(reader, &c)) == STATUS_OK) {
		if (c == '\n')
			return malformed(reader);
		if (c == '\r' ||
		    (!section && (c == ' ' || c == '(' || c == ')')))
			break;
		if (!section && (c == '"' || c == '{'))
			return malformed(reader);
		if (c == '[' && span_eq_nocase(kept(reader), SPAN("BODY")))
			section = true;
		else if (c == ']')
			section = false;
		if ((status = keep(reader, c)) != STATUS_OK)
			return status;
		pass(reader);
	}
	return status == STATUS_OK && (section || reader->text_len == 0)
	    ? malformed(reader)
	    : status;
}

/* literal = "{" number "}" CRLF *CHAR8 */
static enum status
take_announcement(struct imap_reader *reader, uint64_t *octets)
{
	enum status status;
	char c;

	pass(reader);
	while ((status = peek(reader, &c)) == STATUS_OK && ascii_is_digit(c)) {
		if ((status = keep(reader, c)) != STATUS_OK)
			return status;
		pass(reader);
	}
	if (status != STATUS_OK)
		return status;
	if (c != '}' || !imap_number(kept(reader), INT64_MAX, octets))
		return malformed(reader);
	pass(reader);
	status = peek(reader, &c);
	if (status == STATUS_OK)
		status = c == '\r' ? take_end(reader) : malformed(reader);
	return status == STATUS_OK ? announce(reader, *octets) : status;
}

static enum status
read_after_blanks(struct imap_reader *reader, char c, struct imap_token *out)
{
	enum status status = STATUS_OK;

	switch (c) {
	case '\r':
		out->kind = IMAP_END;
		reader->ended = true;
		return take_end(reader);
	case '(':
	case ')':
		out->kind = c == '(' ? IMAP_OPEN : IMAP_CLOSE;
		pass(reader);
		return STATUS_OK;
	case '"':
		out->kind = IMAP_STRING;
		status = take_quoted(reader);
		break;
	case '{':
		out->kind = IMAP_LITERAL;
		return take_announcement(reader, &out->octets);
	default:
		out->kind = IMAP_WORD;
		status = take_word(reader);
	}
	out->text = kept(reader);
	return status;
}

enum status
imap_read_token(struct imap_reader *reader, struct imap_token *out)
{
	enum status status;
	char c;

	*out = (struct imap_token){ .kind = IMAP_END, .text = SPAN("") };
	if ((status = skip_literal(reader)) != STATUS_OK || reader->ended)
		return status;
	reader->text_len = 0;
	while ((status = peek(reader, &c)) == STATUS_OK && c == ' ')
		pass(reader);
	return status == STATUS_OK ? read_after_blanks(reader, c, out) : status;
}

enum status
imap_take_literal(
    struct imap_reader *reader, size_t most, struct buf *out, bool *fits)
{
	enum status status = STATUS_OK;
	struct span some;

	*fits = reader->literal <= most;
	while (status == STATUS_OK && *fits && reader->literal > 0) {
		status = take_some(reader, &some);
		if (status != STATUS_OK)
			break;
		buf_add(out, some);
		status = buf_status(out);
	}
	return status == STATUS_OK ? skip_literal(reader) : status;
}

enum status
imap_take_string(struct imap_reader *reader, const struct imap_token *token,
    size_t most, struct buf *out, bool *fits)
{
	if (token->kind == IMAP_LITERAL)
		return imap_take_literal(reader, most, out, fits);
	*fits = (token->kind == IMAP_WORD || token->kind == IMAP_STRING) &&
	    token->text.len <= most;
	if (*fits)
		buf_add(out, token->text);
	return buf_status(out);
}

enum status
imap_skip_value(struct imap_reader *reader, const struct imap_token *token)
{
	struct imap_token next = *token;
	enum status status = STATUS_OK;
	size_t depth = 0;

	do {
		if (next.kind == IMAP_OPEN)
			depth++;
		else if (next.kind == IMAP_END ||
		    (next.kind == IMAP_CLOSE && depth-- == 0))
			return malformed(reader);
		if (depth > 0)
			status = imap_read_token(reader, &next);
	} while (status == STATUS_OK && depth > 0);
	return status;
}

/* --- Responses */

/*
 * Skip to the end of the response, whatever it is: an extension may send what
 * we do not know.  Only a literal can have a line's end inside, and it is
 * announced before one.
 */
static enum status
finish(struct imap_reader *reader)
{
	char last[24]; /* longer than any announcement */
	enum status status = skip_literal(reader);
	struct imap_token token;
	uint64_t octets;
	size_t n = 0, open;
	char c;

	while (status == STATUS_OK && !reader->ended &&
	    (status = peek(reader, &c)) == STATUS_OK) {
		if (c != '\r') {
			pass(reader);
			if (c == '\n')
				return malformed(reader);
			if (n == sizeof(last))
				(void)memmove(last, last + 1, --n);
			last[n++] = c;
			continue;
		}
		status = read_after_blanks(reader, c, &token);
		for (open = n; open > 0 && last[open - 1] != '{'; open--)
			;
		if (status != STATUS_OK || open == 0 || last[n - 1] != '}' ||
		    !imap_number((struct span){ last + open, n - 1 - open },
			INT64_MAX, &octets))
			continue;
		reader->ended = false;
		n = 0;
		status = announce(reader, octets);
		if (status == STATUS_OK)
			status = skip_literal(reader);
	}
	return status;
}

/* resp-text = ["[" resp-text-code "]" SP] text */
static enum status
take_text(struct imap_reader *reader, struct imap_response *out)
{
	enum status status;
	struct imap_token end;
	size_t close;
	char c;

	reader->text_len = 0;
	while ((status = peek(reader, &c)) == STATUS_OK && c != '\r') {
		if (c == '\n')
			return malformed(reader);
		pass(reader);
		if (reader->text_len < sizeof(reader->text) &&
		    (c != ' ' || reader->text_len > 0))
			reader->text[reader->text_len++] = c;
	}
	if (status == STATUS_OK)
		status = read_after_blanks(reader, c, &end);
	out->text = span_trim(kept(reader));
	out->code = SPAN("");
	close = span_find_byte(out->text, ']');
	if (out->text.len > 0 && out->text.at[0] == '[' &&
	    close < out->text.len) {
		out->code = span_cut(out->text, 1, close);
		out->text =
		    span_trim(span_cut(out->text, close + 1, out->text.len));
	}
	return status;
}

static bool
is_condition(struct span word, enum imap_condition *out)
{
	static const char *const names[] = { "OK", "NO", "BAD", "PREAUTH",
		"BYE" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (span_eq_nocase(word, span_of(names[i]))) {
			*out = (enum imap_condition)i;
			return true;
		}
	return false;
}

/* response-data = "*" SP (resp-cond-state / ... / mailbox-data) CRLF */
static enum status
read_untagged(struct imap_reader *reader, struct imap_response *out)
{
	struct imap_token token;
	enum status status = imap_read_token(reader, &token);
	size_t i;

	if (status == STATUS_OK && token.kind == IMAP_WORD &&
	    imap_number(token.text, UINT32_MAX, &out->number))
		status = imap_read_token(reader, &token);
	if (status != STATUS_OK)
		return status;
	if (token.kind != IMAP_WORD)
		return malformed(reader);
	if (is_condition(token.text, &out->condition)) {
		out->kind = IMAP_STATE;
		return take_text(reader, out);
	}
	out->kind = IMAP_DATA;
	for (i = 0; i < token.text.len && i + 1 < sizeof(out->word); i++) {
		out->word[i] = token.text.at[i];
		if (out->word[i] >= 'a' && out->word[i] <= 'z')
			out->word[i] = (char)(out->word[i] - 'a' + 'A');
	}
	out->word[i] = '\0';
	return STATUS_OK;
}

/* response-tagged = tag SP resp-cond-state CRLF */
static enum status
read_tagged(
    struct imap_reader *reader, struct span tag, struct imap_response *out)
{
	struct imap_token token;
	enum status status;

	if (!span_copy(tag, out->tag, sizeof(out->tag)))
		return malformed(reader);
	status = imap_read_token(reader, &token);
	if (status != STATUS_OK)
		return status;
	if (token.kind != IMAP_WORD ||
	    !is_condition(token.text, &out->condition) ||
	    out->condition > IMAP_BAD)
		return malformed(reader);
	out->kind = IMAP_DONE;
	return take_text(reader, out);
}

enum status
imap_read_response(struct imap_reader *reader, struct imap_response *out)
{
	struct imap_token token;
	enum status status;
	char c;

	*out = (struct imap_response){ .text = SPAN(""), .code = SPAN("") };
	if ((status = finish(reader)) != STATUS_OK ||
	    (status = peek(reader, &c)) != STATUS_OK)
		return status;
	reader->ended = false;
	if (c == '+') {
		pass(reader);
		out->kind = IMAP_CONTINUE;
		return take_text(reader, out);
	}
	status = imap_read_token(reader, &token);
	if (status != STATUS_OK)
		return status;
	if (token.kind != IMAP_WORD)
		return malformed(reader);
	return span_eq(token.text, SPAN("*"))
	    ? read_untagged(reader, out)
	    : read_tagged(reader, token.text, out);
}
