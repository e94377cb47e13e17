/* paste.c - a token as people paste it: see paste.h.  Input: hostile. */
#include "cmd/paste.h"

#include <string.h>

#include "base/text.h"
#include "mail/word.h"
#include "process/child.h"

struct work {
	struct span text;
	const char *name;
};

struct report {
	enum status status;
	char token[TOKEN_TEXT_SIZE];
	struct note note;
};

static bool
is_token_char(uint32_t c)
{
	return c < 0x80 && (ascii_is_alnum((char)c) || c == '-' || c == '_');
}

/* Blanks of any kind, and invisible characters.  No token contains them, so
 * they can be ignored. */
static bool
is_nothing(uint32_t c)
{
	return (c < 0x80 && ascii_is_space((char)c)) || c == 0x85 ||
	    c == 0xa0 || c == 0xad || c == 0x1680 ||
	    (c >= 0x2000 && c <= 0x200f) || (c >= 0x2028 && c <= 0x202f) ||
	    (c >= 0x205f && c <= 0x206f) || c == 0x3000 || c == 0xfeff;
}

/* What people and programs put around a token. */
static bool
is_wrapping(uint32_t c)
{
	static const uint32_t all[] = { '"', '\'', '`', '<', '>', ',', ';', '{',
		'}', '[', ']', 0xab, 0xbb, 0x2018, 0x2019, 0x201a, 0x201c,
		0x201d, 0x201e, 0x2039, 0x203a };
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (all[i] == c)
			return true;
	return false;
}

/* Skip blanks and quotes, which may be on both sides of a JSON colon. */
static struct span
skip_quotes(struct span s)
{
	while (s.len > 0 &&
	    (ascii_is_space(s.at[0]) || span_has_byte(SPAN("\"'"), s.at[0])))
		s = span_cut(s, 1, s.len);
	return s;
}

static size_t
value_length(struct span s)
{
	size_t len = 0;

	while (len < s.len && !ascii_is_space(s.at[len]) &&
	    !span_has_byte(SPAN("\"',;}]"), s.at[len]))
		len++;
	return len;
}

/*
 * Take the value that follows the name, a colon or "=", and perhaps quotes.
 * False if the name has two different values: a person must say which is meant.
 */
static bool
take_member(struct span *text, const char *name)
{
	struct span rest = *text, value = { 0 }, found = { 0 };
	size_t at;

	while ((at = span_find(rest, span_of(name))) < rest.len) {
		rest = span_cut(rest, at + strlen(name), rest.len);
		value = skip_quotes(rest);
		if (value.len == 0 || !span_has_byte(SPAN(":="), value.at[0]))
			continue;
		value = skip_quotes(span_cut(value, 1, value.len));
		value = span_cut(value, 0, value_length(value));
		if (value.len == 0)
			continue; /* "...token=": padding */
		if (found.len > 0 && !span_eq(found, value))
			return false;
		found = value;
	}
	if (found.len > 0)
		*text = found;
	return true;
}

/* Name the character at the front of s. */
static enum status
name_character(struct span s, struct note *note)
{
	struct span rest = s;
	char shown[32];
	uint32_t c;
	bool is_text = utf8_take(&rest, &c);

	s.len -= rest.len;
	text_show_in(shown, sizeof(shown), s, text_locale_is_utf8());
	if (!is_text)
		return note_set(note, STATUS_BAD_TOKEN,
		    "it contains the byte 0x%02x, which is not base64url",
		    (unsigned)c);
	return note_set(note, STATUS_BAD_TOKEN,
	    "it contains \"%s\" (U+%04X), which is not base64url", shown,
	    (unsigned)c);
}

/* Keep the characters of base64url; only blanks may come between them. */
static enum status
keep_token(struct span text, struct buf *out, struct note *note)
{
	bool begun = false, ended = false;
	struct span here;
	uint32_t c;

	while (text.len > 0) {
		here = text;
		if (!utf8_take(&text, &c))
			return name_character(here, note);
		if (is_nothing(c))
			continue;
		if (is_wrapping(c)) {
			ended = begun;
			continue;
		}
		if (ended || (!is_token_char(c) && (c != '=' || !begun)))
			return name_character(here, note);
		begun = true;
		buf_add_byte(out, (char)c);
	}
	return buf_status(out);
}

static enum status
decode(struct span text, struct buf *out, struct note *note)
{
	struct words words = { 0 };

	if (span_find(text, SPAN("=?")) == text.len) {
		buf_add(out, text);
		return buf_status(out);
	}
	if (words_decode(out, text, &words) != STATUS_OK || words.bad_text)
		return note_set(
		    note, STATUS_BAD_TOKEN, "its encoded words are malformed");
	return words.other_charset ? STATUS_BAD_CHARSET : STATUS_OK;
}

enum status
paste_clean(struct span text, const char *name, char *out, size_t size,
    struct note *note)
{
	struct buf decoded, token;
	enum status status;
	size_t label;

	buf_init(&decoded, PASTE_MAX);
	buf_init(&token, PASTE_MAX);
	status = decode(text, &decoded, note);
	text = buf_span(&decoded);
	label = span_find(text, SPAN("ACME:"));
	if (label < text.len)
		text = span_cut(text, label + 5, text.len);
	else if (status == STATUS_OK && !take_member(&text, name))
		status = note_set(note, STATUS_BAD_TOKEN,
		    "it contains \"%s\" twice; paste the value alone", name);
	if (status == STATUS_OK)
		status = keep_token(text, &token, note);
	if (status == STATUS_OK && token.len == 0)
		status = note_set(note, STATUS_BAD_TOKEN,
		    "it contains no character of base64url");
	if (status == STATUS_OK && !span_copy(buf_span(&token), out, size))
		status = note_set(note, STATUS_BAD_TOKEN,
		    "it has %zu characters, more than %zu", token.len,
		    size - 1);
	buf_clear(&token);
	buf_clear(&decoded);
	return status;
}

static void
clean_in_child(const void *arg, void *result)
{
	const struct work *work = arg;
	struct report *report = result;

	report->status = paste_clean(work->text, work->name, report->token,
	    sizeof(report->token), &report->note);
}

enum status
paste_take(struct span text, const char *name, char *out, size_t size,
    struct note *note)
{
	const struct work work = { text, name };
	struct report report;
	enum status status;

	if (text.len > PASTE_MAX)
		return STATUS_BAD_SIZE;
	status = child_run(
	    clean_in_child, &work, &report, sizeof(report), NULL, 0, note);
	if (status != STATUS_OK)
		return status;
	if ((unsigned)report.status >= STATUS_COUNT ||
	    !text_is_shown(report.note.text, sizeof(report.note.text)) ||
	    !text_is_shown(report.token, sizeof(report.token)))
		return STATUS_BUG;
	if (report.status != STATUS_OK)
		return note_set(note, report.status, "%s",
		    note_text(&report.note, report.status));
	if (!span_copy(span_of(report.token), out, size))
		return note_set(note, STATUS_BAD_TOKEN,
		    "it has %zu characters, more than %zu",
		    strlen(report.token), size - 1);
	return STATUS_OK;
}
