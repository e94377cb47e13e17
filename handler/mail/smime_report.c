/* smime_report.c - the S/MIME status of a message: see smime_report.h */
#include "mail/smime_report.h"

#include <string.h>

#include "base/text.h"
#include "mail/protect.h"

const char *
smime_status_name(enum smime_status status)
{
	static const char *const names[SMIME_STATUS_COUNT] = { NULL, "unknown",
		"signed/verified", "signed/failed" };

	return names[status];
}

bool
smime_report_ok(const struct smime_report *r)
{
	size_t i;

	if (r->status >= SMIME_STATUS_COUNT ||
	    r->at_delivery >= SMIME_STATUS_COUNT ||
	    r->errors > SMIME_ERRORS_MAX || r->protection > PROTECT_RFC7508 ||
	    r->passing > 1 ||
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
