/*
 * bounce.c - delivery status notifications: see bounce.h
 *
 * Input: hostile.
 */
#include "mail/bounce.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "mail/header.h"
#include "mail/mime.h"

enum {
	DECODED_MAX = 64 * 1024, /* octets of a part */
	GROUPS_MAX = 32          /* of fields, one for each recipient */
};

/* multipart/report; report-type=delivery-status (RFC 6522 section 3). */
static bool
is_report(const struct mime *mime, struct content_type *type)
{
	struct header *header = malloc(sizeof(*header));
	struct buf kind;
	bool report = false;

	buf_init(&kind, 64);
	if (header != NULL && mime->count > 0) {
		header_parse(mime->part[0].header, header);
		report = content_type_parse(
			     header_body(header, SPAN("Content-Type")), type) ==
			STATUS_OK &&
		    content_type_is(type, SPAN("multipart"), SPAN("report")) &&
		    content_type_param(type, SPAN("report-type"), &kind) ==
			STATUS_OK &&
		    span_eq_nocase(buf_span(&kind), SPAN("delivery-status"));
	}
	buf_clear(&kind);
	free(header);
	return report;
}

static bool
is_type(const struct part *part, const char *const names[], size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (span_eq_nocase(part->type, span_of(names[i])))
			return true;
	return false;
}

/* Diagnostic-Code: "smtp; 550 5.1.1 no such user" (RFC 3464 section 2.3.6);
 * where a server gives none, Status. */
static void
take_reason(const struct header *fields, struct bounce *out)
{
	struct span text = header_body(fields, SPAN("Diagnostic-Code"));
	char line[2 * BOUNCE_REASON_SIZE];
	size_t semicolon, i, n = 0;

	semicolon = span_find_byte(text, ';');
	if (semicolon < text.len)
		text = span_cut(text, semicolon + 1, text.len);
	text = span_trim(text);
	if (text.len == 0)
		text = span_trim(header_body(fields, SPAN("Status")));
	/* Folds and runs of blanks are one blank. */
	for (i = 0; i < text.len && n < sizeof(line); i++)
		if (!ascii_is_space(text.at[i]))
			line[n++] = text.at[i];
		else if (n > 0 && line[n - 1] != ' ')
			line[n++] = ' ';
	text_show_in(
	    out->reason, sizeof(out->reason), (struct span){ line, n }, false);
}

/* Groups of fields, with empty lines between them: those of the message, and of
 * each recipient (RFC 3464 section 2.1).  Did one fail? */
static bool
take_failure(struct span groups, struct header *fields, struct bounce *out)
{
	int n;

	for (n = 0; groups.len > 0 && n < GROUPS_MAX; n++) {
		header_parse(groups, fields);
		if (span_eq_nocase(
			span_trim(header_body(fields, SPAN("Action"))),
			SPAN("failed"))) {
			take_reason(fields, out);
			return true;
		}
		groups = fields->rest;
		while (groups.len > 0 && ascii_is_space(groups.at[0]))
			groups = span_cut(groups, 1, groups.len);
	}
	return false;
}

static bool
take_message_id(struct span returned, struct header *fields, struct bounce *out)
{
	struct span id;

	header_parse(returned, fields);
	return msgid_parse(header_body(fields, SPAN("Message-ID")), &id) &&
	    span_copy(id, out->message_id, sizeof(out->message_id));
}

/* The parts behind the sentence for people: what happened, and to which
 * message (RFC 3464 section 2, RFC 6533 section 4). */
static enum status
take_parts(const struct mime *mime, struct header *fields, struct bounce *out)
{
	static const char *const statuses[] = { "message/delivery-status",
		"message/global-delivery-status" };
	static const char *const messages[] = { "message/rfc822",
		"text/rfc822-headers", "message/global",
		"message/global-headers" };
	bool failed = false, named = false;
	const struct part *part;
	struct buf text;
	size_t i;

	buf_init(&text, DECODED_MAX);
	for (i = 1; i < mime->count && !(failed && named); i++) {
		part = &mime->part[i];
		buf_clear(&text);
		if (!part->leaf || part_decode(part, &text) != STATUS_OK)
			continue;
		if (is_type(part, statuses, 2))
			failed = failed ||
			    take_failure(buf_span(&text), fields, out);
		else if (is_type(part, messages, 4))
			named = named ||
			    take_message_id(buf_span(&text), fields, out);
	}
	buf_clear(&text);
	return failed && named ? STATUS_OK : STATUS_MISSING;
}

enum status
bounce_parse(struct span message, struct bounce *out)
{
	struct content_type *type = malloc(sizeof(*type));
	struct header *fields = malloc(sizeof(*fields));
	struct mime *mime = malloc(sizeof(*mime));
	enum status status = STATUS_MEMORY;

	*out = (struct bounce){ .reason = "" };
	if (type != NULL && fields != NULL && mime != NULL)
		status = mime_walk_top(message, mime);
	if (status == STATUS_OK && !is_report(mime, type))
		status = STATUS_MISSING;
	if (status == STATUS_OK)
		status = take_parts(mime, fields, out);
	free(type);
	free(fields);
	free(mime);
	return status;
}

bool
bounce_ok(const struct bounce *bounce)
{
	struct span id;

	return memchr(bounce->message_id, '\0', sizeof(bounce->message_id)) !=
	    NULL &&
	    msgid_parse(span_of(bounce->message_id), &id) &&
	    text_is_shown(bounce->reason, sizeof(bounce->reason));
}
