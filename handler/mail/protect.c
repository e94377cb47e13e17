/* protect.c - protected header fields: see protect.h.  Input: hostile. */
#include "mail/protect.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "mail/mime.h"

const char *
protect_form_name(enum protect_form form)
{
	static const char *const names[] = { "none", "RFC 9788", "RFC 8551",
		"RFC 7508" };

	return names[form];
}

static bool
is_layer(const struct content_type *type)
{
	return content_type_is(type, SPAN("multipart"), SPAN("signed")) ||
	    content_type_is(type, SPAN("application"), SPAN("pkcs7-mime")) ||
	    content_type_is(type, SPAN("application"), SPAN("x-pkcs7-mime"));
}

static enum status
broken(struct note *note)
{
	return note_set(note, STATUS_BAD_PROTECTION,
	    "the signed part has a malformed Content-Type");
}

/* Parse the Content-Type of a header; an absent one is text/plain. */
static enum status
take_type(const struct header *header, struct content_type *out)
{
	if (header_count(header, SPAN("Content-Type")) == 0)
		return content_type_parse(SPAN("text/plain"), out);
	if (header_count(header, SPAN("Content-Type")) > 1)
		return STATUS_BAD_SYNTAX;
	return content_type_parse(
	    header_body(header, SPAN("Content-Type")), out);
}

/* The value of a parameter in an array; empty where it is not there. */
static enum status
take_param(
    const struct content_type *type, struct span name, char *out, size_t size)
{
	struct buf value;
	enum status status;

	out[0] = '\0';
	buf_init(&value, 64);
	status = content_type_param(type, name, &value);
	if (status == STATUS_OK && !span_copy(buf_span(&value), out, size))
		status = STATUS_BAD_SYNTAX;
	buf_clear(&value);
	return status == STATUS_MISSING ? STATUS_OK : status;
}

/* RFC 8551 section 3.1, under the conditions of RFC 9788 section 4.10. */
static enum status
find_wrapped(struct span body, const struct content_type *type,
    struct header *header, struct content_type *inner_type,
    enum protect_form *form, struct span *fields, struct note *note)
{
	char forwarded[16], hp[16];

	if (take_param(type, SPAN("forwarded"), forwarded, sizeof(forwarded)) !=
	    STATUS_OK)
		return broken(note);
	/* A message that was signed because it was forwarded says nothing
	 * about the one it came in. */
	if (forwarded[0] != '\0' && strcasecmp(forwarded, "no") != 0)
		return STATUS_OK;
	header_parse(body, header);
	if (take_type(header, inner_type) != STATUS_OK ||
	    take_param(inner_type, SPAN("hp"), hp, sizeof(hp)) != STATUS_OK)
		return broken(note);
	if (is_layer(inner_type))
		return note_set(note, STATUS_BAD_PROTECTION,
		    "the signed message contains another signed message");
	if (hp[0] != '\0')
		return note_set(note, STATUS_BAD_PROTECTION,
		    "two forms of header protection contradict each other");
	*form = PROTECT_RFC8551;
	*fields = header->raw;
	return STATUS_OK;
}

static enum status
find(struct span entity, struct header *header, struct content_type *type,
    struct content_type *inner_type, enum protect_form *form,
    struct span *fields, struct note *note)
{
	struct span encoding, raw, rest;
	char hp[16];

	header_parse(entity, header);
	raw = header->raw;
	rest = header->rest;
	if (take_type(header, type) != STATUS_OK ||
	    take_param(type, SPAN("hp"), hp, sizeof(hp)) != STATUS_OK)
		return broken(note);
	if (is_layer(type))
		return note_set(note, STATUS_BAD_PROTECTION,
		    "the signed message contains another signed message");
	if (strcasecmp(hp, "clear") == 0) {
		*form = PROTECT_RFC9788;
		*fields = raw;
		return STATUS_OK;
	}
	if (hp[0] != '\0')
		return note_set(note, STATUS_BAD_PROTECTION,
		    "hp= in the signed part is unknown, or only for encrypted "
		    "messages");
	encoding =
	    span_trim(header_body(header, SPAN("Content-Transfer-Encoding")));
	if (!content_type_is(type, SPAN("message"), SPAN("rfc822")) ||
	    !(encoding.len == 0 || span_eq_nocase(encoding, SPAN("7bit")) ||
		span_eq_nocase(encoding, SPAN("8bit")) ||
		span_eq_nocase(encoding, SPAN("binary"))))
		return STATUS_OK;
	return find_wrapped(rest, type, header, inner_type, form, fields, note);
}

enum status
protect_find(struct span entity, enum protect_form *form, struct span *fields,
    struct note *note)
{
	struct header *header = malloc(sizeof(*header));
	struct content_type *type = malloc(2 * sizeof(*type));
	enum status status = STATUS_MEMORY;

	*form = PROTECT_NONE;
	*fields = span_cut(entity, 0, 0);
	if (header != NULL && type != NULL)
		status = find(
		    entity, header, &type[0], &type[1], form, fields, note);
	free(type);
	free(header);
	return status;
}

/* The body of a field with its folds and runs of blanks as one blank (RFC
 * 6376 section 3.4.2 has the same notion of sameness). */
static void
add_relaxed(struct buf *out, struct span body)
{
	bool pending = false;
	size_t i;

	body = span_trim(body);
	for (i = 0; i < body.len; i++) {
		if (ascii_is_space(body.at[i])) {
			pending = true;
			continue;
		}
		if (pending)
			buf_add_byte(out, ' ');
		pending = false;
		buf_add_byte(out, body.at[i]);
	}
}

static enum status
same_body(struct span a, struct span b, bool *same)
{
	struct buf left, right;
	enum status status;

	buf_init(&left, HEADER_FIELD_MAX);
	buf_init(&right, HEADER_FIELD_MAX);
	add_relaxed(&left, a);
	add_relaxed(&right, b);
	status = buf_status(&left);
	if (status == STATUS_OK)
		status = buf_status(&right);
	*same = span_eq(buf_span(&left), buf_span(&right));
	buf_clear(&right);
	buf_clear(&left);
	return status;
}

enum demand {
	MUST_BE_INSIDE, /* nothing is a challenge without it */
	NOT_OUTSIDE,    /* may be missing, but not stand outside alone */
	MAY_BE_OUTSIDE  /* the outer one is taken where there is no other */
};

static const struct {
	const char *name;
	enum demand demand;
} known[] = { { "From", MUST_BE_INSIDE }, { "To", MUST_BE_INSIDE },
	{ "Subject", MUST_BE_INSIDE }, { "Sender", NOT_OUTSIDE },
	{ "Reply-To", NOT_OUTSIDE }, { "Cc", NOT_OUTSIDE },
	{ "In-Reply-To", NOT_OUTSIDE }, { "References", NOT_OUTSIDE },
	{ "Date", MAY_BE_OUTSIDE }, { "Message-ID", MAY_BE_OUTSIDE },
	{ "Auto-Submitted", MAY_BE_OUTSIDE } };

/* Append a field with LF line ends. */
static void
add_field(struct buf *out, struct span raw)
{
	size_t i;

	for (i = 0; i < raw.len; i++)
		if (raw.at[i] != '\r' || i + 1 == raw.len ||
		    raw.at[i + 1] != '\n')
			buf_add_byte(out, raw.at[i]);
	if (raw.len == 0 || raw.at[raw.len - 1] != '\n')
		buf_add_byte(out, '\n');
}

/* One known name: outside against inside. */
static enum status
check_name(const struct header *outer, const struct header *inner,
    const char *text, enum demand demand, struct note *note)
{
	const struct span name = span_of(text);
	const size_t inside = header_count(inner, name);
	const size_t outside = header_count(outer, name);
	enum status status = STATUS_OK;
	bool same = true;

	if (inside > 1)
		return note_set(note, STATUS_BAD_HEADER,
		    "the protected header has more than one %s field", text);
	if (inside == 0 && demand == MUST_BE_INSIDE)
		return note_set(note, STATUS_BAD_PROTECTION,
		    "the signature does not protect %s", text);
	if (inside == 0 && outside > 0 && demand == NOT_OUTSIDE)
		return note_set(note, STATUS_BAD_PROTECTION,
		    "%s appears only outside the signature", text);
	if (inside == 1 && outside > 0)
		status = same_body(
		    header_body(inner, name), header_body(outer, name), &same);
	if (status == STATUS_OK && (!same || (inside == 1 && outside > 1)))
		return note_set(note, STATUS_BAD_PROTECTION,
		    "%s outside the signature differs from the protected one",
		    text);
	return status;
}

enum status
protect_merge(const struct header *outer, const struct header *inner,
    struct buf *out, struct note *note)
{
	const struct field *field;
	enum status status;
	size_t i;

	if ((status = header_is_sound(inner, note)) != STATUS_OK)
		return status;
	for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
		status = check_name(
		    outer, inner, known[i].name, known[i].demand, note);
		if (status != STATUS_OK)
			return status;
		field = header_find(inner, span_of(known[i].name));
		if (field == NULL && known[i].demand == MAY_BE_OUTSIDE)
			field = header_find(outer, span_of(known[i].name));
		if (field != NULL)
			add_field(out, field->raw);
	}
	/* What only a list or a resender adds counts wherever it stands. */
	for (i = 0; i < inner->count; i++)
		if (span_starts_nocase(inner->field[i].name, SPAN("List-")) ||
		    span_starts_nocase(inner->field[i].name, SPAN("Resent-")) ||
		    span_eq_nocase(inner->field[i].name, SPAN("Precedence")))
			add_field(out, inner->field[i].raw);
	buf_add_byte(out, '\n');
	return buf_status(out);
}
