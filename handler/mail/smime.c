/* smime.c - find the S/MIME signature: see smime.h.  Input: hostile. */
#include "mail/smime.h"

#include <stdlib.h>
#include <string.h>

/* "application/pkcs7-x", or with the "x-" of before 1998. */
static bool
is_pkcs7(struct span type, const char *subtype)
{
	if (!span_starts_nocase(type, SPAN("application/")))
		return false;
	type = span_cut(type, strlen("application/"), type.len);
	if (span_starts_nocase(type, SPAN("x-")))
		type = span_cut(type, 2, type.len);
	return span_eq_nocase(type, span_of(subtype));
}

static bool
is_octets(struct span type)
{
	return span_eq_nocase(type, SPAN("application/octet-stream"));
}

static bool
is_multipart_signed(struct span type)
{
	return span_eq_nocase(type, SPAN("multipart/signed"));
}

bool
smime_is_likely(const struct header *header)
{
	struct span type = span_trim(header_body(header, SPAN("Content-Type")));
	size_t end = span_find_byte(type, ';');

	type = span_trim(span_cut(type, 0, end));
	/* A comment may hide the type: let the parser look; and let it say that
	 * only a part is signed. */
	return span_starts_nocase(type, SPAN("multipart/")) ||
	    is_pkcs7(type, "pkcs7-mime") || is_octets(type) ||
	    span_has_byte(type, '(') ||
	    header_count(header, SPAN("Content-Type")) > 1;
}

/* The part's Content-Type again, with its parameters. */
static enum status
part_type(const struct part *part, struct content_type *type)
{
	struct header *header = malloc(sizeof(*header));
	enum status status;

	if (header == NULL)
		return STATUS_MEMORY;
	header_parse(part->header, header);
	status =
	    content_type_parse(header_body(header, SPAN("Content-Type")), type);
	free(header);
	return status;
}

/* Does a parameter end with that suffix? */
static bool
param_ends(const struct content_type *type, struct span name, struct span end)
{
	struct buf value;
	bool ends;

	buf_init(&value, 1024);
	ends = content_type_param(type, name, &value) == STATUS_OK &&
	    value.len >= end.len &&
	    span_eq_nocase(
		span_cut(buf_span(&value), value.len - end.len, value.len),
		end);
	buf_clear(&value);
	return ends;
}

/*
 * RFC 8551 section 3.9: a type that says nothing, but a name that does.  The
 * name stands in Content-Type or in Content-Disposition, which has the same
 * parameters.
 */
static bool
is_named(const struct part *part, struct span suffix)
{
	struct content_type *type = malloc(sizeof(*type));
	struct header *header = malloc(sizeof(*header));
	struct buf disposition;
	bool named = false;

	buf_init(&disposition, HEADER_FIELD_MAX);
	if (type != NULL && header != NULL && is_octets(part->type)) {
		header_parse(part->header, header);
		named = part_type(part, type) == STATUS_OK &&
		    param_ends(type, SPAN("name"), suffix);
		buf_add_text(&disposition, "x/");
		buf_add(&disposition,
		    span_trim(
			header_body(header, SPAN("Content-Disposition"))));
		named = named ||
		    (buf_status(&disposition) == STATUS_OK &&
			content_type_parse(buf_span(&disposition), type) ==
			    STATUS_OK &&
			param_ends(type, SPAN("filename"), suffix));
	}
	buf_clear(&disposition);
	free(header);
	free(type);
	return named;
}

static bool
is_signature(const struct part *part)
{
	return is_pkcs7(part->type, "pkcs7-signature") ||
	    is_named(part, SPAN(".p7s"));
}

static bool
is_opaque(const struct part *part)
{
	return is_pkcs7(part->type, "pkcs7-mime") ||
	    is_named(part, SPAN(".p7m"));
}

static enum status
ambiguous(struct note *note)
{
	return note_set(note, STATUS_BAD_SMIME,
	    "the structure of the signed message is ambiguous");
}

/* RFC 8551 section 3.5.3: two parts, the second one the signature. */
static enum status
find_detached(const struct mime *mime, const struct content_type *type,
    struct smime *out, struct note *note)
{
	const struct part *first = NULL, *second = NULL, *part;
	size_t i, children = 0;
	struct buf protocol;
	bool ours;

	buf_init(&protocol, 256);
	if (content_type_param(type, SPAN("protocol"), &protocol) ==
	    STATUS_BAD_SYNTAX) {
		buf_clear(&protocol);
		return ambiguous(note);
	}
	ours = is_pkcs7(buf_span(&protocol), "pkcs7-signature");
	for (i = 1; i < mime->count; i++) {
		part = &mime->part[i];
		if (part->depth != 1)
			continue;
		children++;
		if (children == 1)
			first = part;
		else if (children == 2)
			second = part;
	}
	/* Some write no protocol; the signature part says it too. */
	if (protocol.len == 0 && second != NULL)
		ours = is_signature(second);
	buf_clear(&protocol);
	if (!ours) {
		out->form = SMIME_UNKNOWN;
		out->why = "signed, but not with S/MIME";
		return STATUS_OK;
	}
	if ((mime->flags &
		(MIME_LIMIT | MIME_PREFIX | MIME_UNCLOSED | MIME_TYPE |
		    MIME_BOUNDARY)) != 0)
		return ambiguous(note);
	if (children != 2)
		return note_set(note, STATUS_BAD_SMIME,
		    "the signed message has %zu parts instead of two",
		    children);
	if (!is_signature(second))
		return note_set(note, STATUS_BAD_SMIME,
		    "the second part of the signed message is not the "
		    "signature");
	out->form = SMIME_DETACHED;
	out->content = (struct span){ first->header.at,
		(size_t)(first->body.at + first->body.len - first->header.at) };
	out->cms = *second;
	return STATUS_OK;
}

/* RFC 8551 section 3.2.2: smime-type is a hint; the object itself counts. */
static enum status
find_opaque(const struct mime *mime, const struct content_type *type,
    struct smime *out, struct note *note)
{
	static const struct {
		const char *name;
		const char *why;
	} others[] = { { "enveloped-data", "encrypted" },
		{ "authEnveloped-data", "encrypted" },
		{ "compressed-data", "compressed" },
		{ "certs-only", "certificates only" } };
	struct buf kind;
	size_t i;

	if ((mime->flags & (MIME_TYPE | MIME_LIMIT)) != 0)
		return ambiguous(note);
	buf_init(&kind, 64);
	if (content_type_param(type, SPAN("smime-type"), &kind) ==
	    STATUS_BAD_SYNTAX) {
		buf_clear(&kind);
		return ambiguous(note);
	}
	out->form = SMIME_OPAQUE;
	out->cms = mime->part[0];
	for (i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (span_eq_nocase(buf_span(&kind), span_of(others[i].name)))
			out->why = others[i].why;
	buf_clear(&kind);
	return STATUS_OK;
}

/* Not signed as a whole: is there S/MIME deeper down? */
static enum status
look_inside(struct span message, struct mime *mime, struct smime *out)
{
	enum status status = mime_walk(message, mime);
	size_t i;

	for (i = 1; status == STATUS_OK && i < mime->count; i++)
		if (is_multipart_signed(mime->part[i].type) ||
		    is_opaque(&mime->part[i]))
			out->inside = true;
	return status;
}

static enum status
find(struct span message, struct mime *mime, struct content_type *type,
    struct smime *out, struct note *note)
{
	const struct part *top = &mime->part[0];
	const bool is_signed = is_multipart_signed(top->type);

	if (top->type.len == 0 && (mime->flags & MIME_TYPE) != 0)
		return ambiguous(note);
	if (!is_signed && !is_opaque(top))
		return look_inside(message, mime, out);
	if (part_type(top, type) != STATUS_OK)
		return ambiguous(note);
	return is_signed ? find_detached(mime, type, out, note)
			 : find_opaque(mime, type, out, note);
}

enum status
smime_find(struct span message, struct smime *out, struct note *note)
{
	struct mime *mime = malloc(sizeof(*mime));
	struct content_type *type = malloc(sizeof(*type));
	enum status status = STATUS_MEMORY;

	*out = (struct smime){ .form = SMIME_NONE, .why = "" };
	if (mime != NULL && type != NULL)
		status = mime_walk_top(message, mime);
	if (status == STATUS_OK && mime->count > 0)
		status = find(message, mime, type, out, note);
	free(type);
	free(mime);
	return status;
}

enum status
smime_canonical(
    struct span entity, bool unquote, struct buf *out, struct note *note)
{
	struct span line, bare;
	size_t end;

	if (span_has_byte(entity, '\0'))
		return note_set(note, STATUS_BAD_SMIME,
		    "the signed content contains a NUL byte");
	while (entity.len > 0) {
		end = span_find_byte(entity, '\n');
		line = span_cut(entity, 0, end);
		if (end < entity.len && line.len > 0 &&
		    line.at[line.len - 1] == '\r')
			line.len--;
		if (span_has_byte(line, '\r'))
			return note_set(note, STATUS_BAD_SMIME,
			    "the signed content contains a bare carriage "
			    "return");
		for (bare = line; span_starts(bare, SPAN(">"));)
			bare = span_cut(bare, 1, bare.len);
		if (unquote && bare.len < line.len &&
		    span_starts(bare, SPAN("From ")))
			line = span_cut(line, 1, line.len);
		buf_add(out, line);
		if (end < entity.len)
			buf_add_text(out, "\r\n");
		entity = span_cut(entity, end + 1, entity.len);
	}
	return buf_status(out);
}
