/* filter.c - could this be what is wanted: see filter.h.  Input: hostile. */
#include "watch/filter.h"

/* The field that begins here, with the lines that continue it. */
static struct span
field_at(struct span rest)
{
	size_t end = 0;

	if (rest.len == 0)
		return rest;
	do
		end += span_find_byte(span_cut(rest, end, rest.len), '\n') + 1;
	while (end < rest.len && ascii_is_blank(rest.at[end]));
	return span_cut(rest, 0, end);
}

bool
filter_holds(struct span text, struct span word)
{
	for (; text.len >= word.len; text = span_cut(text, 1, text.len))
		if (span_starts_nocase(text, word))
			return true;
	return false;
}

static bool
is_empty_line(struct span line)
{
	return span_eq(line, SPAN("\n")) || span_eq(line, SPAN("\r\n"));
}

/* They do not end the header: a store may put some in front. */
static struct span
skip_empty_lines(struct span s)
{
	while (s.len > 0 && (s.at[0] == '\n' || s.at[0] == '\r'))
		s = span_cut(s, 1, s.len);
	return s;
}

/* Take a field off the header; false: it has ended. */
static bool
take_field(struct span *head, struct span *field)
{
	*field = field_at(*head);
	*head = span_cut(*head, field->len, head->len);
	return field->len > 0 && !is_empty_line(*field);
}

bool
filter_has_header(struct span head)
{
	struct span field;

	head = skip_empty_lines(head);
	while (take_field(&head, &field))
		;
	return field.len > 0;
}

/* "ACME: token", or encoded words, which may be that. */
static bool
is_subject(struct span field)
{
	return span_starts_nocase(field, SPAN("subject")) &&
	    (filter_holds(field, SPAN("acme")) ||
		span_find(field, SPAN("=?")) < field.len);
}

static bool
is_generated(struct span field)
{
	return span_starts_nocase(field, SPAN("auto-submitted")) &&
	    filter_holds(field, SPAN("auto-generated"));
}

bool
filter_passes(struct span head, bool auto_submitted)
{
	bool subject = false, generated = !auto_submitted;
	struct span field;

	head = skip_empty_lines(head);
	while (!(subject && generated) && take_field(&head, &field)) {
		subject = subject || is_subject(field);
		generated = generated || is_generated(field);
	}
	return subject && generated;
}

bool
filter_is_plain(struct span head)
{
	struct span field;

	head = skip_empty_lines(head);
	while (take_field(&head, &field))
		if (span_starts_nocase(field, SPAN("subject")) &&
		    filter_holds(field, SPAN("acme")))
			return true;
	return false;
}

bool
filter_is_report(struct span head)
{
	struct span field;

	head = skip_empty_lines(head);
	while (take_field(&head, &field))
		if (span_starts_nocase(field, SPAN("content-type")) &&
		    filter_holds(field, SPAN("report")))
			return true;
	return false;
}

bool
filter_wants(struct span head, const struct watch_wanted *wanted)
{
	return wanted->every ||
	    (wanted->count > 0 && filter_passes(head, wanted->auto_submitted) &&
		(!wanted->plain || filter_is_plain(head))) ||
	    (wanted->sent > 0 && filter_is_report(head));
}
