/* mbox.c - messages in a mailbox file: see mbox.h.  Input: hostile. */
#include "mail/mbox.h"

/* MMDF: such a line stands before and behind each message. */
#define MMDF_MARK "\1\1\1\1\n"

static struct span
skip_line(struct span s)
{
	return span_cut(s, span_find_byte(s, '\n') + 1, s.len);
}

static struct span
skip_empty_lines(struct span s)
{
	for (;;) {
		if (span_starts(s, SPAN("\n")))
			s = span_cut(s, 1, s.len);
		else if (span_starts(s, SPAN("\r\n")))
			s = span_cut(s, 2, s.len);
		else
			return s;
	}
}

/* Mail that was handed on keeps its earlier line as ">From ". */
static struct span
skip_from_lines(struct span s)
{
	while (span_starts(s, SPAN("From ")) || span_starts(s, SPAN(">From ")))
		s = skip_line(s);
	return s;
}

/* Behind the mark: where the closing one begins. */
static size_t
find_mmdf_end(struct span s)
{
	size_t found;

	if (span_starts(s, SPAN(MMDF_MARK)))
		return 0;
	found = span_find(s, SPAN("\n" MMDF_MARK));
	return found < s.len ? found + 1 : s.len;
}

/* Where the next separator begins: "From " after an empty line. */
static size_t
next_separator(struct span s)
{
	size_t at = 0, found;

	for (;;) {
		found = at + span_find(span_cut(s, at, s.len), SPAN("\nFrom "));
		if (found >= s.len)
			return s.len;
		if ((found > 0 && s.at[found - 1] == '\n') ||
		    (found > 1 && s.at[found - 1] == '\r' &&
			s.at[found - 2] == '\n'))
			return found + 1;
		at = found + 1;
	}
}

struct span
mbox_strip(struct span text)
{
	text = skip_empty_lines(text);
	if (span_starts(text, SPAN(MMDF_MARK))) {
		text = skip_line(text);
		text = span_cut(text, 0, find_mmdf_end(text));
	}
	return skip_from_lines(text);
}

bool
mbox_take(struct span *rest, struct span *message)
{
	struct span all = *rest;
	size_t line, end;

	if (span_starts(all, SPAN(MMDF_MARK))) {
		all = skip_line(all);
		end = find_mmdf_end(all);
		*rest = skip_line(span_cut(all, end, all.len));
		/* Nothing but empty lines: the end. */
		if (span_trim(*rest).len == 0)
			*rest = span_cut(*rest, rest->len, rest->len);
	} else if (span_starts(all, SPAN("From "))) {
		/* From the line's end on, so that an empty header is seen
		 * too. */
		line = span_find_byte(all, '\n');
		end = line + next_separator(span_cut(all, line, all.len));
		*rest = span_cut(all, end, all.len);
	} else {
		return false;
	}
	*message = skip_from_lines(span_cut(all, 0, end));
	return true;
}
