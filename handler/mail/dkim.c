/*
 * dkim.c - parse DKIM signatures and key records: see dkim.h
 *
 * Input: hostile.
 */
#include "mail/dkim.h"

#include "base/idn.h"
#include "mail/dns_answer.h"

/* RFC 6376 section 3.2: tag-name. */
static bool
is_tag_name(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (!ascii_is_alnum(s.at[i]) && s.at[i] != '_')
			return false;
	return s.len > 0 && !ascii_is_digit(s.at[0]);
}

const struct span *
dkim_tag(const struct dkim_tags *tags, struct span name)
{
	size_t i;

	for (i = 0; i < tags->count; i++)
		if (span_eq(tags->name[i], name))
			return &tags->value[i];
	return NULL;
}

enum status
dkim_tags_parse(struct span text, struct dkim_tags *out)
{
	struct span one, name;
	size_t end, equals;

	out->count = 0;
	while (span_trim(text).len > 0) {
		end = span_find_byte(text, ';');
		one = span_cut(text, 0, end);
		text = span_cut(text, end + 1, text.len);
		equals = span_find_byte(one, '=');
		name = span_trim(span_cut(one, 0, equals));
		if (equals == one.len || !is_tag_name(name) ||
		    dkim_tag(out, name) != NULL)
			return STATUS_BAD_SYNTAX;
		if (out->count == DKIM_TAGS_MAX)
			return STATUS_BAD_SIZE;
		out->name[out->count] = name;
		out->value[out->count++] =
		    span_trim(span_cut(one, equals + 1, one.len));
	}
	return out->count > 0 ? STATUS_OK : STATUS_BAD_SYNTAX;
}

/* A domain or selector: labels, as A-labels in lower case. */
static bool
take_name(const struct span *value, char *out, size_t size)
{
	size_t i;

	if (value == NULL || idn_to_ascii(*value, out, size) != STATUS_OK)
		return false;
	for (i = 0; out[i] != '\0'; i++)
		if (!ascii_is_alnum(out[i]) && out[i] != '-' && out[i] != '.' &&
		    out[i] != '_')
			return false;
	return i > 0;
}

/* RFC 6376 section 3.5: 1*12DIGIT, and nothing else. */
static bool
take_number(struct span s, int64_t *out)
{
	size_t i;

	for (*out = 0, i = 0; i < s.len && i < DKIM_DIGITS_MAX; i++) {
		if (!ascii_is_digit(s.at[i]))
			return false;
		*out = *out * 10 + (s.at[i] - '0');
	}
	return s.len > 0 && i == s.len;
}

/* t= and x= (RFC 6376 section 3.5), with the skew of threats D6. */
static enum status
check_times(const struct dkim_tags *tags, int64_t now, struct note *note)
{
	const struct span *t = dkim_tag(tags, SPAN("t"));
	const struct span *x = dkim_tag(tags, SPAN("x"));
	int64_t made = 0, ends = now;

	if ((t != NULL && !take_number(*t, &made)) ||
	    (x != NULL && !take_number(*x, &ends)))
		return note_set(note, STATUS_BAD_DKIM,
		    "t= or x= in the DKIM signature is not a number of at most "
		    "%d digits",
		    DKIM_DIGITS_MAX);
	if (made > now + DKIM_SKEW ||
	    (x != NULL && (ends <= made || ends + DKIM_SKEW <= now)))
		return note_set(note, STATUS_BAD_DKIM,
		    "the DKIM signature has expired, or is from the future");
	return STATUS_OK;
}

static bool
take_canonicalization(const struct span *value, struct dkim_signature *out)
{
	struct span text = value != NULL ? *value : SPAN("simple");
	size_t slash = span_find_byte(text, '/');
	struct span header = span_cut(text, 0, slash);
	struct span body = slash < text.len
	    ? span_cut(text, slash + 1, text.len)
	    : SPAN("simple");

	out->relaxed_header = span_eq_nocase(header, SPAN("relaxed"));
	out->relaxed_body = span_eq_nocase(body, SPAN("relaxed"));
	return (out->relaxed_header ||
		   span_eq_nocase(header, SPAN("simple"))) &&
	    (out->relaxed_body || span_eq_nocase(body, SPAN("simple")));
}

/* i= is the domain of d=, or below it (RFC 6376 section 3.5). */
static bool
identity_ok(const struct span *identity, struct dkim_signature *out)
{
	struct span domain = span_of(out->domain), at;
	size_t i;

	out->exact_identity = true;
	if (identity == NULL)
		return span_copy(domain, out->identity, sizeof(out->identity));
	for (i = identity->len; i > 0 && identity->at[i - 1] != '@'; i--)
		;
	if (i == 0 ||
	    idn_to_ascii(span_cut(*identity, i, identity->len), out->identity,
		sizeof(out->identity)) != STATUS_OK)
		return false;
	at = span_of(out->identity);
	out->exact_identity = span_eq(at, domain);
	return out->exact_identity ||
	    (at.len > domain.len + 1 && at.at[at.len - domain.len - 1] == '.' &&
		span_eq(span_cut(at, at.len - domain.len, at.len), domain));
}

static enum status
take_algorithm(
    const struct span *value, struct dkim_signature *out, struct note *note)
{
	if (value == NULL)
		return STATUS_BAD_DKIM;
	out->ed25519 = span_eq(*value, SPAN("ed25519-sha256"));
	if (!out->ed25519 && !span_eq(*value, SPAN("rsa-sha256")))
		return note_set(note, STATUS_BAD_DKIM,
		    "the DKIM signature's algorithm is neither rsa-sha256 nor "
		    "ed25519-sha256");
	return STATUS_OK;
}

enum status
dkim_signature_parse(const struct field *field, int64_t now,
    struct dkim_signature *out, struct note *note)
{
	const struct span *v, *q, *h, *bh, *b;
	struct dkim_tags tags;
	enum status status;

	*out = (struct dkim_signature){ .field = field->raw };
	if (dkim_tags_parse(field->body, &tags) != STATUS_OK)
		return note_set(note, STATUS_BAD_DKIM,
		    "the DKIM signature is not a tag list");
	status = take_algorithm(dkim_tag(&tags, SPAN("a")), out, note);
	if (status != STATUS_OK)
		return status;
	v = dkim_tag(&tags, SPAN("v"));
	q = dkim_tag(&tags, SPAN("q"));
	h = dkim_tag(&tags, SPAN("h"));
	bh = dkim_tag(&tags, SPAN("bh"));
	b = dkim_tag(&tags, SPAN("b"));
	if (v == NULL || !span_eq(*v, SPAN("1")) || h == NULL || bh == NULL ||
	    b == NULL || b->len == 0 ||
	    !take_name(
		dkim_tag(&tags, SPAN("d")), out->domain, sizeof(out->domain)) ||
	    !take_name(dkim_tag(&tags, SPAN("s")), out->selector,
		sizeof(out->selector)) ||
	    !take_canonicalization(dkim_tag(&tags, SPAN("c")), out) ||
	    (q != NULL && !dkim_list_has(*q, SPAN("dns/txt"))) ||
	    !identity_ok(dkim_tag(&tags, SPAN("i")), out))
		return note_set(
		    note, STATUS_BAD_DKIM, "the DKIM signature is malformed");
	if ((status = check_times(&tags, now, note)) != STATUS_OK)
		return status;
	if (dkim_tag(&tags, SPAN("l")) != NULL)
		return note_set(note, STATUS_BAD_DKIM_COVERAGE,
		    "the DKIM signature covers only part of the body (l=)");
	out->headers = *h;
	out->body_hash = *bh;
	out->value = *b;
	if (dkim_covers(out, SPAN("From")) == 0)
		return note_set(note, STATUS_BAD_DKIM_COVERAGE,
		    "the DKIM signature does not cover From");
	return STATUS_OK;
}

bool
dkim_take_name(struct span *list, struct span *name)
{
	size_t colon;

	if (list->len == 0)
		return false;
	colon = span_find_byte(*list, ':');
	*name = span_trim(span_cut(*list, 0, colon));
	*list = span_cut(*list, colon + 1, list->len);
	return true;
}

bool
dkim_list_has(struct span list, struct span word)
{
	struct span one;

	while (dkim_take_name(&list, &one))
		if (span_eq_nocase(one, word))
			return true;
	return false;
}

size_t
dkim_covers(const struct dkim_signature *signature, struct span name)
{
	struct span list = signature->headers, one;
	size_t count = 0;

	while (dkim_take_name(&list, &one))
		count += span_eq_nocase(one, name);
	return count;
}

enum status
dkim_key_name(const struct dkim_signature *signature, char *out, size_t size)
{
	struct buf name;
	enum status status = STATUS_OK;

	buf_init(&name, 512);
	buf_add_text(&name, signature->selector);
	buf_add_text(&name, "._domainkey.");
	buf_add_text(&name, signature->domain);
	if (!dns_name_ok(buf_span(&name)) ||
	    !span_copy(buf_span(&name), out, size))
		status = STATUS_BAD_DKIM;
	buf_clear(&name);
	return status;
}
