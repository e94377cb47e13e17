/* mbox.c - messages in an mbox: see mbox.h.  Input: hostile. */
#include "mail/mbox.h"

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

bool
mbox_take(struct span *rest, struct span *message)
{
	size_t line, end;

	if (!span_starts(*rest, SPAN("From ")))
		return false;
	line = span_find_byte(*rest, '\n') + 1;
	/* From the line's end on, so that an empty header is seen too. */
	end = line - 1 + next_separator(span_cut(*rest, line - 1, rest->len));
	*message = span_cut(*rest, line, end);
	*rest = span_cut(*rest, end, rest->len);
	return true;
}
