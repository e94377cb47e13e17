/* results.c - Authentication-Results: see results.h.  Input: hostile. */
#include "mail/results.h"

#include <string.h>

#include "base/buf.h"
#include "mail/address.h"

static bool
is_keyword_byte(char c)
{
	return ascii_is_alnum(c) || c == '-' || c == '_';
}

/* RFC 5321 section 4.1.2: Keyword. */
static struct span
take_keyword(struct span *s)
{
	struct span all = *s;
	size_t n = 0;

	while (n < all.len && is_keyword_byte(all.at[n]))
		n++;
	*s = span_cut(all, n, all.len);
	return span_cut(all, 0, n);
}

static bool
take_quoted(struct span *s, struct buf *out)
{
	size_t i;

	for (i = 1; i < s->len && s->at[i] != '"'; i++) {
		if (s->at[i] == '\\' && i + 1 < s->len)
			i++;
		buf_add_byte(out, s->at[i]);
	}
	if (i >= s->len)
		return false;
	*s = span_cut(*s, i + 1, s->len);
	return true;
}

/* value, or pvalue: a quoted string, or octets up to the next white space,
 * ";" or comment.  header.b is base64 and often stands bare. */
static bool
take_value(struct span *s, char *out, size_t size)
{
	struct buf value;
	bool good = true;
	size_t n = 0;

	buf_init(&value, size - 1);
	if (s->len > 0 && s->at[0] == '"') {
		good = take_quoted(s, &value);
	} else {
		while (n < s->len && (unsigned char)s->at[n] > 0x20 &&
		    s->at[n] != 0x7f && !span_has_byte(SPAN(";()\""), s->at[n]))
			n++;
		buf_add(&value, span_cut(*s, 0, n));
		*s = span_cut(*s, n, s->len);
		good = n > 0;
	}
	good = good && buf_status(&value) == STATUS_OK &&
	    span_copy(buf_span(&value), out, size);
	buf_clear(&value);
	return good;
}

static bool
take_mark(struct span *s, char mark)
{
	struct span rest = *s;

	if (cfws_skip(&rest) != STATUS_OK || rest.len == 0 ||
	    rest.at[0] != mark)
		return false;
	rest = span_cut(rest, 1, rest.len);
	if (cfws_skip(&rest) != STATUS_OK)
		return false;
	*s = rest;
	return true;
}

/* [CFWS reasonspec] [CFWS 1*propspec]: "reason=value" and "ptype.property=
 * value"; the ones that are wanted are kept, none may occur twice. */
static bool
take_property(struct span *s, struct result *out)
{
	static const char *const wanted[] = { "d", "i", "s", "b" };
	char *const places[] = { out->domain, out->identity, out->selector,
		out->value };
	const struct span ptype = take_keyword(s);
	char value[1024], *keep = NULL;
	size_t i;
	struct span property = ptype;

	if (ptype.len == 0)
		return false;
	if (take_mark(s, '.')) {
		property = take_keyword(s);
		if (property.len == 0)
			return false;
		for (i = 0; i < 4; i++)
			if (span_eq_nocase(ptype, SPAN("header")) &&
			    span_eq_nocase(property, span_of(wanted[i])))
				keep = places[i];
	}
	if (!take_mark(s, '=') || !take_value(s, value, sizeof(value)))
		return false;
	return keep == NULL ||
	    (keep[0] == '\0' &&
		span_copy(span_of(value), keep, RESULTS_VALUE_SIZE));
}

/* resinfo, behind its ";". */
static bool
take_result(struct span *s, struct result *out)
{
	*out = (struct result){ .method = take_keyword(s) };
	if (out->method.len == 0)
		return false;
	if (take_mark(s, '/'))
		(void)take_keyword(s); /* method-version */
	if (!take_mark(s, '='))
		return false;
	out->result = take_keyword(s);
	if (out->result.len == 0 || cfws_skip(s) != STATUS_OK)
		return false;
	while (s->len > 0 && s->at[0] != ';')
		if (!take_property(s, out) || cfws_skip(s) != STATUS_OK)
			return false;
	return true;
}

enum status
results_parse(struct span body, struct results *out)
{
	struct span version;

	out->count = 0;
	if (cfws_skip(&body) != STATUS_OK ||
	    !take_value(&body, out->authserv_id, sizeof(out->authserv_id)) ||
	    cfws_skip(&body) != STATUS_OK)
		return STATUS_MISSING;
	version = take_keyword(&body);
	if (version.len > 0 && !span_eq(version, SPAN("1")))
		return STATUS_MISSING;
	while (take_mark(&body, ';')) {
		if (body.len == 0)
			break; /* a last ";" does no harm */
		if (out->count == 0 && span_starts_nocase(body, SPAN("none"))) {
			(void)take_keyword(&body);
			break;
		}
		if (out->count == RESULTS_MAX)
			return STATUS_BAD_SIZE;
		if (!take_result(&body, &out->result[out->count]))
			return STATUS_BAD_SYNTAX;
		out->count++;
	}
	return cfws_skip(&body) == STATUS_OK && body.len == 0
	    ? STATUS_OK
	    : STATUS_BAD_SYNTAX;
}
