/*
 * bounce.h - read the report that a message was not delivered (RFC 3464)
 *
 * Anybody can write one.  It names a message by its Message-ID, which only those
 * know who carried that message; it proves nothing else.
 */
#ifndef MAIL_BOUNCE_H
#define MAIL_BOUNCE_H
#include "base/status.h"
#include "mail/msgid.h"

enum { BOUNCE_REASON_SIZE = 200 };

/* Flat: it crosses between processes. */
struct bounce {
	char message_id[MSGID_MAX + 1]; /* of the message that came back */
	/* The words of the server that refused it, safe text; or empty. */
	char reason[BOUNCE_REASON_SIZE];
};

/*
 * Read a message.  STATUS_MISSING: it is not a delivery status
 * notification that says that a message failed, or does not name one.
 * STATUS_MEMORY.
 */
enum status bounce_parse(struct span message, struct bounce *out) MUST_CHECK;
/* Check one that another process reports. */
bool bounce_ok(const struct bounce *bounce);
#endif
