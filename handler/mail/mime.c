/* mime.c - the parts of a message: see mime.h.  Input: hostile. */
#include "mail/mime.h"

#include <stdlib.h>
#include <string.h>

#include "mail/address.h"
#include "mail/word.h"

/* RFC 2045 section 5.1: token. */
static struct span
take_token(struct span *s)
{
	struct span all = *s;
	size_t n = 0;

	while (n < all.len && all.at[n] > 0x20 && all.at[n] < 0x7f &&
	    !span_has_byte(SPAN("()<>@,;:\\\"/[]?="), all.at[n]))
		n++;
	*s = span_cut(all, n, all.len);
	return span_cut(all, 0, n);
}

static struct span
take_value(struct span *s)
{
	struct span all = *s;
	size_t n;

	if (all.len == 0 || all.at[0] != '"')
		return take_token(s);
	for (n = 1; n < all.len && all.at[n] != '"'; n++)
		if (all.at[n] == '\\')
			n++;
	if (n >= all.len)
		return span_cut(all, 0, 0);
	*s = span_cut(all, n + 1, all.len);
	return span_cut(all, 0, n + 1);
}

static bool
take_mark(struct span *s, char mark)
{
	if (cfws_skip(s) != STATUS_OK || s->len == 0 || s->at[0] != mark)
		return false;
	*s = span_cut(*s, 1, s->len);
	return cfws_skip(s) == STATUS_OK;
}

enum status
content_type_parse(struct span body, struct content_type *out)
{
	struct mime_param *param;
	enum status status;

	out->count = 0;
	if ((status = cfws_skip(&body)) != STATUS_OK)
		return status;
	out->type = take_token(&body);
	if (out->type.len == 0 || !take_mark(&body, '/'))
		return STATUS_BAD_SYNTAX;
	out->subtype = take_token(&body);
	if (out->subtype.len == 0)
		return STATUS_BAD_SYNTAX;
	while (take_mark(&body, ';')) {
		if (body.len == 0)
			return STATUS_OK; /* a last ";" does no harm */
		if (out->count == MIME_PARAMS_MAX)
			return STATUS_BAD_SIZE;
		param = &out->param[out->count++];
		param->name = take_token(&body);
		if (param->name.len == 0 || !take_mark(&body, '='))
			return STATUS_BAD_SYNTAX;
		param->value = take_value(&body);
		if (param->value.len == 0)
			return STATUS_BAD_SYNTAX;
	}
	if ((status = cfws_skip(&body)) != STATUS_OK)
		return status;
	return body.len == 0 ? STATUS_OK : STATUS_BAD_SYNTAX;
}

bool
content_type_is(
    const struct content_type *type, struct span top, struct span sub)
{
	return span_eq_nocase(type->type, top) &&
	    span_eq_nocase(type->subtype, sub);
}

static void
add_unquoted(struct buf *out, struct span value)
{
	size_t i;

	if (value.len < 2 || value.at[0] != '"') {
		buf_add(out, value);
		return;
	}
	for (i = 1; i + 1 < value.len; i++) {
		if (value.at[i] == '\\')
			i++;
		buf_add_byte(out, value.at[i]);
	}
}

/* RFC 2231 section 4: [charset'language'] and %XX; only the first section
 * carries the charset, which is ignored: names here are ASCII. */
static bool
add_extended(struct buf *out, struct span value, bool first)
{
	static const char hex[] = "0123456789abcdef";
	const char *high, *low;
	size_t i;

	if (first) {
		i = span_find_byte(value, '\'');
		value = span_cut(value, i + 1, value.len);
		i = span_find_byte(value, '\'');
		value = span_cut(value, i + 1, value.len);
	}
	for (i = 0; i < value.len; i++) {
		if (value.at[i] != '%') {
			buf_add_byte(out, value.at[i]);
			continue;
		}
		if (i + 2 >= value.len)
			return false;
		high = memchr(hex, ascii_lower(value.at[i + 1]), 16);
		low = memchr(hex, ascii_lower(value.at[i + 2]), 16);
		if (high == NULL || low == NULL)
			return false;
		buf_add_byte(out, (char)((high - hex) << 4 | (low - hex)));
		i += 2;
	}
	return true;
}

/* Find name"*"section, with or without a last "*".  Counts them. */
static size_t
find_section(const struct content_type *type, struct span name, int section,
    const struct mime_param **found, bool *extended)
{
	struct buf want;
	struct span have;
	size_t i, count = 0;
	bool star;

	buf_init(&want, MIME_BOUNDARY_MAX);
	buf_add(&want, name);
	if (section >= 0)
		buf_addf(&want, "*%d", section);
	for (i = 0; i < type->count; i++) {
		have = type->param[i].name;
		star = have.len > 0 && have.at[have.len - 1] == '*';
		have.len -= star;
		if (!span_eq_nocase(have, buf_span(&want)))
			continue;
		*found = &type->param[i];
		*extended = star;
		count++;
	}
	buf_clear(&want);
	return count;
}

enum status
content_type_param(
    const struct content_type *type, struct span name, struct buf *out)
{
	const struct mime_param *param = NULL;
	bool extended = false;
	size_t count, sections;
	int section;

	count = find_section(type, name, -1, &param, &extended);
	sections = find_section(type, name, 0, &param, &extended);
	if (count + sections == 0)
		return STATUS_MISSING;
	if (count + sections > 1)
		return STATUS_BAD_SYNTAX;
	section = sections == 1 ? 0 : -1;
	for (;;) {
		count = find_section(type, name, section, &param, &extended);
		if (count == 0)
			return buf_status(out);
		if (count > 1)
			return STATUS_BAD_SYNTAX;
		if (!extended)
			add_unquoted(out, param->value);
		else if (!add_extended(out, param->value, section <= 0))
			return STATUS_BAD_SYNTAX;
		if (section < 0)
			return buf_status(out);
		section++;
	}
}

/* One multipart that is open while the lines go by. */
struct level {
	char boundary[MIME_BOUNDARY_MAX];
	size_t boundary_len;
	size_t part; /* its index */
};

struct walk {
	struct mime *out;
	struct header *header;    /* scratch */
	struct content_type type; /* scratch */
	struct span text;
	struct level level[MIME_DEPTH_MAX];
	size_t levels;
	size_t open[MIME_DEPTH_MAX]; /* parts not yet ended, outermost first */
	size_t opens;
	size_t header_at;
	bool in_header;
	bool shallow; /* see mime_walk_top() */
};

static bool
walk_open(struct walk *walk, size_t at)
{
	struct part *part;

	if (walk->out->count == MIME_PARTS_MAX ||
	    walk->opens == MIME_DEPTH_MAX) {
		walk->out->flags |= MIME_LIMIT;
		return false;
	}
	part = &walk->out->part[walk->out->count];
	*part = (struct part){ .depth = (unsigned)walk->opens, .leaf = true };
	part->header = part->body = span_cut(walk->text, at, at);
	walk->open[walk->opens++] = walk->out->count++;
	walk->header_at = at;
	walk->in_header = true;
	return true;
}

static struct part *
walk_current(struct walk *walk)
{
	return &walk->out->part[walk->open[walk->opens - 1]];
}

/* End every part opened inside the one that has `keep` parts around it. */
static void
walk_close(struct walk *walk, size_t keep, size_t at)
{
	struct part *part;
	size_t begin;

	if (walk->in_header && walk->opens > keep) {
		part = walk_current(walk);
		part->header = span_cut(walk->text, walk->header_at, at);
		part->body = span_cut(walk->text, at, at);
		walk->in_header = false;
	}
	while (walk->opens > keep) {
		part = walk_current(walk);
		begin = (size_t)(part->body.at - walk->text.at);
		part->body = span_cut(walk->text, begin, at);
		walk->opens--;
	}
}

static void
walk_push_level(struct walk *walk)
{
	struct level *level = &walk->level[walk->levels];
	struct buf boundary;

	buf_init(&boundary, MIME_BOUNDARY_MAX - 1);
	if (content_type_param(&walk->type, SPAN("boundary"), &boundary) !=
		STATUS_OK ||
	    boundary.len == 0) {
		walk->out->flags |= MIME_BOUNDARY;
	} else if (walk->levels == MIME_DEPTH_MAX) {
		walk->out->flags |= MIME_LIMIT;
	} else {
		memcpy(level->boundary, boundary.at, boundary.len);
		level->boundary_len = boundary.len;
		level->part = walk->open[walk->opens - 1];
		walk->levels++;
		walk_current(walk)->leaf = false;
	}
	buf_clear(&boundary);
}

static bool
is_identity(struct span encoding)
{
	return encoding.len == 0 || span_eq_nocase(encoding, SPAN("7bit")) ||
	    span_eq_nocase(encoding, SPAN("8bit")) ||
	    span_eq_nocase(encoding, SPAN("binary"));
}

/* RFC 2045 section 6.1: a token, perhaps with comments around it; anything
 * else as it stands. */
static struct span
take_encoding(struct span body)
{
	struct span rest = body, token;

	if (cfws_skip(&rest) == STATUS_OK) {
		token = take_token(&rest);
		if (cfws_skip(&rest) == STATUS_OK && rest.len == 0)
			return token;
	}
	return span_trim(body);
}

/* The header of the current part ended at `at`; its body begins at `next`. */
static bool
walk_header_end(struct walk *walk, size_t at, size_t next)
{
	struct part *part = walk_current(walk);
	struct span type;

	walk->in_header = false;
	part->header = span_cut(walk->text, walk->header_at, at);
	part->body = span_cut(walk->text, next, next);
	header_parse(part->header, walk->header);
	part->encoding = take_encoding(
	    header_body(walk->header, SPAN("Content-Transfer-Encoding")));
	if (header_count(walk->header, SPAN("Content-Type")) == 0)
		return true;
	type = header_body(walk->header, SPAN("Content-Type"));
	if (header_count(walk->header, SPAN("Content-Type")) > 1 ||
	    content_type_parse(type, &walk->type) != STATUS_OK) {
		if (!walk->shallow || part->depth == 0)
			walk->out->flags |= MIME_TYPE;
		return true;
	}
	part->type = (struct span){ walk->type.type.at,
		(size_t)(walk->type.subtype.at + walk->type.subtype.len -
		    walk->type.type.at) };
	if (walk->shallow ? part->depth > 0 : !is_identity(part->encoding))
		return true;
	if (span_eq_nocase(walk->type.type, SPAN("multipart"))) {
		walk_push_level(walk);
	} else if (content_type_is(
		       &walk->type, SPAN("message"), SPAN("rfc822"))) {
		part->leaf = false;
		return walk_open(walk, next);
	}
	return true;
}

/* Does line close or divide the multipart of this level? */
static bool
is_delimiter(
    const struct level *level, struct span line, bool *close, bool *prefix)
{
	struct span boundary = { level->boundary, level->boundary_len };
	struct span rest;

	if (!span_starts(span_cut(line, 2, line.len), boundary))
		return false;
	rest = span_cut(line, 2 + boundary.len, line.len);
	*close = span_starts(rest, SPAN("--"));
	if (*close)
		rest = span_cut(rest, 2, rest.len);
	if (span_trim(rest).len == 0)
		return true;
	*prefix = true;
	return false;
}

/* A line that begins with "--".  True where it was a delimiter. */
static bool
walk_delimiter(
    struct walk *walk, struct span line, size_t at, size_t next, bool *full)
{
	size_t i, keep, begin, end = at;
	bool close = false, prefix = false;

	for (i = walk->levels; i > 0; i--)
		if (is_delimiter(&walk->level[i - 1], line, &close, &prefix))
			break;
	if (prefix)
		walk->out->flags |= MIME_PREFIX;
	if (i == 0)
		return false;
	if (i < walk->levels)
		walk->out->flags |= MIME_UNCLOSED;
	/* RFC 2046 section 5.1.1: the line end before belongs to it. */
	if (end > 0 && walk->text.at[end - 1] == '\n' && !walk->in_header) {
		end--;
		if (end > 0 && walk->text.at[end - 1] == '\r')
			end--;
	}
	for (keep = walk->opens; keep > 0; keep--)
		if (walk->open[keep - 1] == walk->level[i - 1].part)
			break;
	if (walk->opens > keep) {
		begin = (size_t)(walk_current(walk)->body.at - walk->text.at);
		walk_close(walk, keep, end < begin ? begin : end);
	}
	walk->levels = close ? i - 1 : i;
	if (!close && !walk_open(walk, next))
		*full = true;
	return true;
}

static enum status
walk_all(struct span message, bool shallow, struct mime *out)
{
	struct walk *walk = calloc(1, sizeof(*walk));
	struct span line, rest;
	size_t at, next;
	bool full = false;

	if (walk == NULL ||
	    (walk->header = malloc(sizeof(*walk->header))) == NULL) {
		free(walk);
		return STATUS_MEMORY;
	}
	out->count = 0;
	out->flags = 0;
	walk->out = out;
	walk->shallow = shallow;
	walk->text = message;
	full = !walk_open(walk, 0);
	for (at = 0; at < message.len && !full; at = next) {
		rest = span_cut(message, at, message.len);
		next = at + span_find_byte(rest, '\n') + 1;
		if (next > message.len)
			next = message.len;
		line = span_cut(message, at, next);
		if (walk->levels > 0 && span_starts(line, SPAN("--")) &&
		    walk_delimiter(walk, line, at, next, &full))
			continue;
		if (walk->in_header && span_trim(line).len == 0 &&
		    !ascii_is_blank(line.at[0]))
			full = !walk_header_end(walk, at, next);
	}
	if (walk->levels > 0)
		out->flags |= MIME_UNCLOSED;
	walk_close(walk, 0, full ? at : message.len);
	free(walk->header);
	free(walk);
	return STATUS_OK;
}

enum status
mime_walk(struct span message, struct mime *out)
{
	return walk_all(message, false, out);
}

enum status
mime_walk_top(struct span message, struct mime *out)
{
	return walk_all(message, true, out);
}

enum status
part_decode(const struct part *part, struct buf *out)
{
	if (is_identity(part->encoding)) {
		buf_add(out, part->body);
	} else if (span_eq_nocase(part->encoding, SPAN("base64"))) {
		if (!base64_decode(out, part->body))
			return STATUS_BAD_SYNTAX;
	} else if (span_eq_nocase(part->encoding, SPAN("quoted-printable"))) {
		quoted_printable_decode(out, part->body);
	} else {
		return STATUS_BAD_SYNTAX;
	}
	return buf_status(out);
}
