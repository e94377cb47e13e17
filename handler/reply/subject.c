/* subject.c - the Subject of a challenge: see subject.h.  Input: hostile. */
#include "reply/subject.h"

#include "base/text.h"
#include "mail/word.h"

enum { PREFIX_MAX = 64 }; /* of a Subject that may be a reply's */

/* A Subject, unfolded and decoded. */
struct subject {
	struct buf decoded; /* owned */
	struct span text;   /* of it, without the blanks in front */
	struct words words;
};

static void
subject_decode(struct subject *subject, struct span body)
{
	buf_init(&subject->decoded, HEADER_FIELD_MAX);
	if (words_decode(&subject->decoded, body, &subject->words) != STATUS_OK)
		subject->words.bad_text = true;
	/* An empty encoded word in front leaves the blank behind it. */
	subject->text = buf_span(&subject->decoded);
	while (subject->text.len > 0 && ascii_is_blank(subject->text.at[0]))
		subject->text = span_cut(subject->text, 1, subject->text.len);
}

/* "ACME:", as UTF-8 or in the octets of a set we must not decode (UTF-16
 * puts NULs between; there it is only said why it is refused). */
static bool
begins_acme(const struct subject *subject)
{
	static const char label[] = "ACME:";
	struct span text = subject->text;
	size_t i, at = 0;

	if (!subject->words.other_charset)
		return span_starts(text, SPAN("ACME:"));
	for (i = 0; i < text.len && label[at] != '\0'; i++) {
		if (text.at[i] == label[at])
			at++;
		else if (text.at[i] != '\0' && (unsigned char)text.at[i] < 0xc0)
			return false;
	}
	return label[at] == '\0';
}

/* "Re:", "AW:", "Fwd[2]:", or the like in any language; not the word of a
 * mail gateway. */
static bool
is_reply_word(struct span word)
{
	static const char *const gateways[] = { "spam", "junk", "ext", "extern",
		"external", "suspect", "suspicious", "caution", "warning" };
	size_t i;

	if (word.len > 3 &&
	    span_eq(span_cut(word, word.len - 3, word.len),
		SPAN("\xef\xbc\x9a"))) /* U+FF1A */
		return true;
	if (word.at[word.len - 1] != ':' ||
	    span_has_byte(SPAN("[({<*"), word.at[0]))
		return false;
	word.len--;
	for (i = 0; i < sizeof(gateways) / sizeof(*gateways); i++)
		if (span_eq_nocase(word, span_of(gateways[i])))
			return false;
	return true;
}

/* Something stands before "ACME:".  A reply prefix: STATUS_BAD_REPLY; else a
 * mail gateway's, or the Subject only speaks of it. */
static enum status
check_prefix(const struct subject *subject, struct note *note)
{
	struct span rest = subject->text, word;
	size_t at = span_find(rest, SPAN("ACME:")), len;

	if (at == 0 || at >= rest.len || at >= PREFIX_MAX ||
	    !span_has_byte(SPAN(" \t:]"), rest.at[at - 1]) ||
	    rest.len <= at + 5 || !ascii_is_blank(rest.at[at + 5]))
		return STATUS_NO_CHALLENGE;
	rest = span_trim(span_cut(rest, 0, at));
	while (rest.len > 0) {
		for (len = 0; len < rest.len && !ascii_is_blank(rest.at[len]);)
			len++;
		word = span_cut(rest, 0, len);
		rest = span_trim(span_cut(rest, len, rest.len));
		if (is_reply_word(word))
			return STATUS_BAD_REPLY;
	}
	return note_set(note, STATUS_NO_CHALLENGE,
	    "the Subject does not begin with \"ACME:\"; if a mail gateway tags "
	    "the Subject of external mail, exempt this sender");
}

enum status
subject_check(const struct header *header, struct note *note)
{
	enum status status = STATUS_NO_CHALLENGE;
	struct subject subject;
	size_t i;

	for (i = 0; i < header->count; i++) {
		if (!span_eq_nocase(header->field[i].name, SPAN("Subject")))
			continue;
		subject_decode(&subject, header->field[i].body);
		if (begins_acme(&subject))
			status = STATUS_OK;
		else if (status != STATUS_OK &&
		    check_prefix(&subject, note) == STATUS_BAD_REPLY)
			status = STATUS_BAD_REPLY;
		buf_clear(&subject.decoded);
	}
	if (status == STATUS_NO_CHALLENGE &&
	    header_count(header, SPAN("Subject")) == 0)
		return note_set(
		    note, status, "the message has no Subject field");
	return status;
}

enum status
subject_take_token(struct span body, struct challenge *out, struct note *note)
{
	struct subject subject;
	struct span text;
	enum status status = STATUS_OK;
	size_t i, len = 0;

	subject_decode(&subject, body);
	text = subject.text;
	if (subject.words.other_charset)
		status = STATUS_BAD_CHARSET;
	else if (subject.words.bad_text)
		status = note_set(
		    note, STATUS_BAD_SYNTAX, "the Subject is malformed");
	else if (text.len < 6 || !ascii_is_blank(text.at[5]))
		status = note_set(note, STATUS_BAD_SYNTAX,
		    "white space must follow \"ACME:\" in the Subject");
	for (i = 5; i < text.len && status == STATUS_OK; i++) {
		/* White space inside the token means nothing; a line end that
		 * came out of an encoded word is not white space. */
		if (ascii_is_blank(text.at[i]))
			continue;
		if (text.at[i] == '\r' || text.at[i] == '\n' ||
		    text.at[i] == '\0')
			status = note_set(note, STATUS_BAD_SYNTAX,
			    "the Subject hides a line end or a NUL byte");
		else if (len == TOKEN_PART_MAX)
			status = note_set(note, STATUS_BAD_TOKEN,
			    "the token is longer than %d characters",
			    TOKEN_PART_MAX);
		else
			out->part1[len++] = text.at[i];
	}
	out->part1[len] = '\0';
	if (status == STATUS_OK &&
	    !token_part_ok((struct span){ out->part1, len }, TOKEN_PART1_MIN))
		status = STATUS_BAD_TOKEN;
	text_show_in(
	    out->subject_shown, sizeof(out->subject_shown), text, true);
	buf_clear(&subject.decoded);
	return status;
}
