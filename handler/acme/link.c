/* link.c - Link header fields: see link.h.  Input: hostile. */
#include "acme/link.h"

static void
skip_blanks(struct span *s)
{
	while (s->len > 0 && ascii_is_space(s->at[0]))
		*s = span_cut(*s, 1, s->len);
}

static bool
take_byte(struct span *s, char byte)
{
	if (s->len == 0 || s->at[0] != byte)
		return false;
	*s = span_cut(*s, 1, s->len);
	return true;
}

/* RFC 9110 section 5.6.2, and what else people write without quotes. */
static struct span
take_token(struct span *s)
{
	struct span out = *s;
	size_t i = 0;

	while (i < s->len && !ascii_is_space(s->at[i]) &&
	    !span_has_byte(SPAN(",;=\"<>"), s->at[i]))
		i++;
	*s = span_cut(*s, i, s->len);
	return span_cut(out, 0, i);
}

/* RFC 9110 section 5.6.4, the first quote is taken.  A value with a
 * quoted-pair is left as it is: no relation type needs one. */
static struct span
take_quoted(struct span *s)
{
	struct span out = *s;
	size_t i = 0;

	while (i < s->len && s->at[i] != '"')
		i += s->at[i] == '\\' && i + 1 < s->len ? 2 : 1;
	*s = span_cut(*s, i + 1, s->len);
	return span_cut(out, 0, i);
}

/* To behind the comma that ends a link-value; one in quotes does not. */
static void
skip_value(struct span *s)
{
	while (s->len > 0)
		if (take_byte(s, '"'))
			(void)take_quoted(s);
		else if (take_byte(s, ','))
			return;
		else
			*s = span_cut(*s, 1, s->len);
}

/* link-param = token BWS [ "=" BWS ( token / quoted-string ) ] */
static void
take_param(struct span *s, struct link *out, bool *anchored)
{
	const struct span name = take_token(s);
	struct span value = SPAN("");

	skip_blanks(s);
	if (take_byte(s, '=')) {
		skip_blanks(s);
		value = take_byte(s, '"') ? take_quoted(s) : take_token(s);
	}
	/* Only the first "rel" counts (section 3.3). */
	if (span_eq_nocase(name, SPAN("rel")) && out->rel.len == 0)
		out->rel = value;
	if (span_eq_nocase(name, SPAN("anchor")))
		*anchored = true;
	skip_blanks(s);
}

/* "<" URI-Reference ">" *( OWS ";" OWS [ link-param ] ); the first bracket is
 * taken.  False: malformed. */
static bool
take_value(struct span *s, struct link *out)
{
	const size_t end = span_find_byte(*s, '>');
	bool anchored = false;

	if (end == s->len)
		return false;
	*out = (struct link){ span_trim(span_cut(*s, 0, end)), SPAN("") };
	*s = span_cut(*s, end + 1, s->len);
	skip_blanks(s);
	while (take_byte(s, ';')) {
		skip_blanks(s);
		take_param(s, out, &anchored);
	}
	return !anchored && (s->len == 0 || s->at[0] == ',');
}

bool
link_take(struct span *field, struct link *out)
{
	bool good;

	for (;;) {
		skip_blanks(field);
		if (field->len == 0)
			return false;
		if (take_byte(field, ','))
			continue;
		good = take_byte(field, '<') && take_value(field, out);
		skip_value(field);
		if (good)
			return true;
	}
}

bool
link_has_rel(const struct link *link, struct span type)
{
	struct span rest = link->rel;

	while (rest.len > 0) {
		skip_blanks(&rest);
		if (span_eq_nocase(take_token(&rest), type))
			return true;
		if (rest.len > 0)
			rest = span_cut(rest, 1, rest.len);
	}
	return false;
}
