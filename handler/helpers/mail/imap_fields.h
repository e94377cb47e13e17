/*
 * imap_fields.h - may a message with these header fields be what is wanted?
 *
 * A filter, not a parser: it looks for words.  It may keep a message that is not
 * a challenge or a report, and never drops one that mailcert would accept.
 */
#ifndef HELPERS_MAIL_IMAP_FIELDS_H
#define HELPERS_MAIL_IMAP_FIELDS_H
#include "base/span.h"

/* What is looked for. */
struct imap_wanted {
	bool reports;    /* multipart/report */
	bool challenges; /* what has the following: */
	/* frames, each "domain" of them a domain of From, as A-labels; none:
	 * any sender */
	struct span domains;
	bool generated; /* the field Auto-Submitted, with "auto-generated" */
};

/* fields: From, Auto-Submitted and Content-Type, as they stand in the
 * message. */
bool imap_fields_match(struct span fields, const struct imap_wanted *wanted);
#endif
