/* caa.c - judge CAA records: see caa.h.  Input: hostile. */
#include "acme/caa.h"

enum { CAA_CRITICAL = 0x80 };

static struct span
skip_blanks(struct span s)
{
	size_t i = 0;

	while (i < s.len && (s.at[i] == ' ' || s.at[i] == '\t'))
		i++;
	return span_cut(s, i, s.len);
}

/* label = (ALPHA / DIGIT) *( *("-") (ALPHA / DIGIT)); its length, or 0. */
static size_t
label_length(struct span s)
{
	size_t i = 0;

	while (i < s.len && (ascii_is_alnum(s.at[i]) || s.at[i] == '-'))
		i++;
	if (i == 0 || s.at[0] == '-' || s.at[i - 1] == '-')
		return 0;
	return i;
}

/* tag *WSP "=" *WSP value, several with ";" between; may be nothing. */
static bool
parameters_ok(struct span s)
{
	size_t len;

	for (s = skip_blanks(s); s.len > 0;) {
		if ((len = label_length(s)) == 0)
			return false;
		s = skip_blanks(span_cut(s, len, s.len));
		if (s.len == 0 || s.at[0] != '=')
			return false;
		s = skip_blanks(span_cut(s, 1, s.len));
		while (s.len > 0 && s.at[0] > 0x20 && s.at[0] < 0x7f &&
		    s.at[0] != ';')
			s = span_cut(s, 1, s.len);
		s = skip_blanks(s);
		if (s.len == 0)
			return true;
		if (s.at[0] != ';')
			return false;
		s = skip_blanks(span_cut(s, 1, s.len));
		if (s.len == 0) /* a parameter is due after it */
			return false;
	}
	return true;
}

struct span
caa_issuer(struct span value)
{
	struct span s = skip_blanks(value), name;
	size_t len = 0, label;

	while ((label = label_length(span_cut(s, len, s.len))) > 0) {
		len += label;
		if (len == s.len || s.at[len] != '.')
			break;
		len++;
	}
	name = span_cut(s, 0, len);
	if (len > 0 && name.at[len - 1] == '.')
		return SPAN("");
	s = skip_blanks(span_cut(s, len, s.len));
	if (s.len > 0 &&
	    (s.at[0] != ';' || !parameters_ok(span_cut(s, 1, s.len))))
		return SPAN("");
	return name;
}

/* Known tags never stop us, even if they are marked critical. */
static bool
is_known(struct span tag)
{
	static const char *const tags[] = { "issue", "issuewild", "issuemail",
		"issuevmc", "iodef", "contactemail", "contactphone" };
	size_t i;

	for (i = 0; i < sizeof(tags) / sizeof(*tags); i++)
		if (span_eq_nocase(tag, span_of(tags[i])))
			return true;
	return false;
}

static bool
is_named(struct span name, const struct span *names, size_t named)
{
	size_t i;

	for (i = 0; i < named; i++)
		if (span_eq_nocase(name, names[i]))
			return true;
	return false;
}

enum caa_verdict
caa_judge(const struct span *records, size_t count, const struct span *names,
    size_t named, struct span tag)
{
	bool restricted = false, permitted = false;
	struct span found, value;
	size_t i, len;

	for (i = 0; i < count; i++) {
		len = records[i].len >= 2 ? (unsigned char)records[i].at[1] : 0;
		if (len == 0 || records[i].len < 2 + len)
			continue;
		found = span_cut(records[i], 2, 2 + len);
		value = span_cut(records[i], 2 + len, records[i].len);
		if (((unsigned char)records[i].at[0] & CAA_CRITICAL) != 0 &&
		    !is_known(found))
			return CAA_FORBIDDEN;
		if (!span_eq_nocase(found, tag))
			continue;
		restricted = true;
		value = caa_issuer(value);
		if (value.len > 0 &&
		    (named == 0 || is_named(value, names, named)))
			permitted = true;
	}
	return permitted ? CAA_PERMITTED
	    : restricted ? CAA_FORBIDDEN
			 : CAA_FREE;
}
