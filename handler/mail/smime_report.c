/* smime_report.c - the S/MIME status of a message: see smime_report.h */
#include "mail/smime_report.h"

#include <stddef.h>
#include <string.h>

#include "base/frame.h"
#include "base/text.h"
#include "mail/protect.h"

const char *
smime_status_name(enum smime_status status, bool encrypted)
{
	static const char *const names[2][SMIME_STATUS_COUNT] = {
		{ NULL, "unknown", "signed/verified", "signed/failed" },
		{ NULL, "unknown", "encrypted+signed/verified",
		    "encrypted+signed/failed" }
	};

	return names[encrypted][status];
}

const char *
smime_report_status(const struct smime_report *report)
{
	return smime_status_name(
	    (enum smime_status)report->status, report->encrypted == 1);
}

enum smime_status
smime_status_read(struct span text)
{
	static const char *const good[] = { "signed/verified",
		"encrypted+signed/verified" };
	static const char *const bad[] = { "signed/failed",
		"encrypted+signed/failed" };

	if (text.len == 0)
		return SMIME_STATUS_NULL;
	if (span_index(text, good, 2) < 2)
		return SMIME_STATUS_VERIFIED;
	return span_index(text, bad, 2) < 2 ? SMIME_STATUS_FAILED
					    : SMIME_STATUS_UNKNOWN;
}

#define R(kind, name, field)                                        \
	{                                                           \
		name, kind, offsetof(struct smime_report, field),   \
		    sizeof(((struct smime_report *)0)->field), 0, 0 \
	}

static const struct frame_field fields[] = {
	R(FRAME_U32, "judged", status),
	R(FRAME_U32, "at-delivery", at_delivery),
	{ "error", FRAME_TEXTS, offsetof(struct smime_report, error),
	    SMIME_TEXT_SIZE, SMIME_ERRORS_MAX,
	    offsetof(struct smime_report, errors) },
	R(FRAME_TEXT, "why", why),
	R(FRAME_TEXT, "from", from),
	R(FRAME_TEXT, "signer", signer),
	R(FRAME_TEXT, "issuer", issuer),
	R(FRAME_I64, "delivered", delivered),
	R(FRAME_U32, "passing", passing),
	R(FRAME_U32, "protection", protection),
	R(FRAME_U32, "encrypted", encrypted),
};
enum { FIELDS = sizeof(fields) / sizeof(*fields) };

void
smime_report_write(const struct smime_report *report, struct buf *out)
{
	frame_add_fields(out, report, fields, FIELDS);
}

bool
smime_report_read(struct span frames, struct smime_report *out)
{
	return frame_take_fields(frames, out, fields, FIELDS);
}

bool
smime_report_ok(const struct smime_report *r)
{
	size_t i;

	if (r->status >= SMIME_STATUS_COUNT ||
	    r->at_delivery >= SMIME_STATUS_COUNT ||
	    r->errors > SMIME_ERRORS_MAX || r->protection > PROTECT_RFC7508 ||
	    r->passing > 1 || r->encrypted > 1 ||
	    (r->status == SMIME_STATUS_VERIFIED &&
		(r->errors > 0 || r->from[0] == '\0')))
		return false;
	for (i = 0; i < r->errors; i++)
		if (!text_is_shown(r->error[i], SMIME_TEXT_SIZE))
			return false;
	return text_is_shown(r->why, sizeof(r->why)) &&
	    text_is_shown(r->from, sizeof(r->from)) &&
	    text_is_shown(r->signer, sizeof(r->signer)) &&
	    text_is_shown(r->issuer, sizeof(r->issuer));
}
