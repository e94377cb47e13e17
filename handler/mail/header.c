/* header.c - header blocks: see header.h.  Input: hostile. */
#include "mail/header.h"

#include <string.h>

#include "base/text.h"

/* Length of the line at the front of s, its line end included. */
static size_t
line_len(struct span s)
{
	size_t lf = span_find_byte(s, '\n');

	return lf < s.len ? lf + 1 : s.len;
}

/* Length of the line end that closes a line: 0, 1 (LF) or 2 (CRLF). */
static size_t
line_end_len(struct span line)
{
	if (line.len == 0 || line.at[line.len - 1] != '\n')
		return 0;
	return line.len > 1 && line.at[line.len - 2] == '\r' ? 2 : 1;
}

static bool
line_is_empty(struct span line)
{
	return line.len > 0 && line.len == line_end_len(line);
}

/* RFC 5322 section 2.2: printable US-ASCII but the colon; no blank before
 * the colon (the obsolete syntax of section 4.5 is read in several ways). */
static bool
name_ok(struct span name)
{
	size_t i;

	for (i = 0; i < name.len; i++)
		if (name.at[i] <= 0x20 || name.at[i] >= 0x7f)
			return false;
	return name.len > 0;
}

/* What the octets themselves say, wherever they stand. */
static unsigned
octet_flags(struct span raw)
{
	unsigned flags = 0;
	size_t i;
	char c;

	for (i = 0; i < raw.len; i++) {
		c = raw.at[i];
		if (c == '\0')
			flags |= HEADER_NUL;
		else if (c == '\r' &&
		    (i + 1 == raw.len || raw.at[i + 1] != '\n'))
			flags |= HEADER_BARE_CR;
		else if ((c > 0 && c < 0x20 && !ascii_is_space(c)) || c == 0x7f)
			flags |= HEADER_CONTROL;
	}
	if (!span_is_ascii(raw) && !utf8_is_text(raw))
		flags |= HEADER_NOT_UTF8;
	return flags;
}

/* Does anything hang on fields of that name?  Who signs, and who reads, must
 * see the same ones: there nothing is taken that is read in several ways. */
static bool
is_telling(struct span name)
{
	static const char *const names[] = { "From", "Sender", "Reply-To", "To",
		"Cc", "Subject", "Date", "In-Reply-To", "References",
		"Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
		"Content-Transfer-Encoding", "DKIM-Signature",
		"Authentication-Results" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (span_eq_nocase(name, span_of(names[i])))
			return true;
	return false;
}

/* What was seen of a field's lines, and of those before. */
struct lines {
	bool lf, crlf, blank; /* of this field */
	bool after_lf;        /* a bare LF ended the field before */
	bool lf_tells, crlf_tells;
};

/* A reader who takes only CRLF for a line end joins what a bare LF divides. */
static void
note_lines(struct header *out, struct span name, struct lines *lines)
{
	const bool telling = is_telling(name);

	if (telling && lines->blank)
		out->flags |= HEADER_BLANK_FOLD;
	if (telling && (lines->lf || lines->after_lf))
		lines->lf_tells = true;
	if (telling && lines->crlf)
		lines->crlf_tells = true;
	lines->after_lf = lines->lf;
	lines->lf = lines->crlf = lines->blank = false;
}

/* Add whole lines as one field. */
static void
add_field(struct header *out, struct span raw, struct lines *lines)
{
	size_t colon = span_find_byte(raw, ':');
	struct field *field;

	note_lines(out, span_cut(raw, 0, colon), lines);

	if (out->count == HEADER_FIELDS_MAX || raw.len > HEADER_FIELD_MAX) {
		out->flags |= HEADER_LIMIT;
		return;
	}
	if (colon == raw.len || !name_ok(span_cut(raw, 0, colon))) {
		out->flags |= HEADER_JUNK;
		return;
	}
	field = &out->field[out->count++];
	field->raw = raw;
	field->name = span_cut(raw, 0, colon);
	field->body = span_cut(raw, colon + 1, raw.len - line_end_len(raw));
}

void
header_parse(struct span text, struct header *out)
{
	struct lines lines = { false };
	struct span line;
	size_t at = 0, start = 0, len;

	/* Only what is read later is set: the array is large. */
	out->count = 0;
	out->flags = 0;
	for (;;) {
		line = span_cut(text, at, at + HEADER_SIZE_MAX + 2);
		len = line_len(line);
		line = span_cut(line, 0, len);
		if (len == 0 || line_is_empty(line))
			break;
		if (at + len > HEADER_SIZE_MAX) {
			out->flags |= HEADER_LIMIT;
			break;
		}
		if (!ascii_is_blank(line.at[0])) {
			if (at > start)
				add_field(
				    out, span_cut(text, start, at), &lines);
			start = at;
		} else if (at == start) {
			out->flags |= HEADER_JUNK; /* nothing to continue */
		} else if (span_trim(line).len == 0) {
			/* RFC 5322 section 4.2 calls it obsolete, and some
			 * readers end the header there. */
			lines.blank = true;
		}
		*(line_end_len(line) == 2 ? &lines.crlf : &lines.lf) = true;
		at += len;
	}
	if (at > start && (out->flags & HEADER_LIMIT) == 0)
		add_field(out, span_cut(text, start, at), &lines);
	if (lines.lf_tells && lines.crlf_tells)
		out->flags |= HEADER_MIXED;
	if (len == 0)
		out->flags |= HEADER_CUT;
	out->raw = span_cut(text, 0, at);
	out->rest = span_cut(text, at + len, text.len);
	out->flags |= octet_flags(out->raw);
}

const struct field *
header_find(const struct header *header, struct span name)
{
	size_t i;

	for (i = 0; i < header->count; i++)
		if (span_eq_nocase(header->field[i].name, name))
			return &header->field[i];
	return NULL;
}

size_t
header_count(const struct header *header, struct span name)
{
	size_t i, count = 0;

	for (i = 0; i < header->count; i++)
		if (span_eq_nocase(header->field[i].name, name))
			count++;
	return count;
}

struct span
header_body(const struct header *header, struct span name)
{
	const struct field *field = header_find(header, name);

	return field != NULL ? field->body : SPAN("");
}

enum status
header_is_sound(const struct header *header, struct note *note)
{
	static const struct {
		unsigned flag;
		const char *text;
	} faults[] = {
		{ HEADER_NUL, "the header contains a NUL byte" },
		{ HEADER_BARE_CR,
		    "the header contains a bare carriage return" },
		{ HEADER_CONTROL, "the header contains a control character" },
		{ HEADER_MIXED, "the header mixes CRLF and LF line endings" },
		{ HEADER_JUNK,
		    "the header contains a line that is not a header field" },
		{ HEADER_BLANK_FOLD,
		    "the header contains a folded line that is blank" },
		{ HEADER_NOT_UTF8,
		    "the header contains bytes that are not UTF-8" },
	};
	size_t i;

	if (header->flags & HEADER_LIMIT)
		return note_set(note, STATUS_BAD_SIZE,
		    "the header exceeds %d fields, %d KiB, or %d KiB in a "
		    "field",
		    HEADER_FIELDS_MAX, HEADER_SIZE_MAX / 1024,
		    HEADER_FIELD_MAX / 1024);
	for (i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		if (header->flags & faults[i].flag)
			return note_set(
			    note, STATUS_BAD_SYNTAX, "%s", faults[i].text);
	if (header->count == 0)
		return note_set(
		    note, STATUS_BAD_SYNTAX, "the message has no header");
	return STATUS_OK;
}
