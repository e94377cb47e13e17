/*
 * draft.h - write the message that carries the response (RFC 8823)
 *
 * Built only from checked values: the ordered address, validated reply
 * addresses, the token, the digest, validated message identifiers.  Nothing
 * of the challenge's body or display names enters it.  One text/plain part,
 * US-ASCII, 7bit, three lines and nothing else, so that every server known
 * takes it.  No line begins with "." or "From ", by construction.
 */
#ifndef REPLY_DRAFT_H
#define REPLY_DRAFT_H
#include <stdint.h>

#include "base/buf.h"
#include "reply/match.h"

struct draft_options {
	int64_t now; /* for Date; 0: the mail program makes it */
	/* Of draft_message_id(); empty: the mail program makes one */
	const char *message_id;
	bool auto_replied; /* nobody looked: RFC 3834 section 3.1.7 */
};

/* Make a Message-ID for an answer to that expectation: 128 random bits, in the
 * domain of its address; empty, if the domain is too long for one.  STATUS_IO,
 * STATUS_MEMORY. */
enum status draft_message_id(
    const struct expectation *expectation, char id[MSGID_MAX + 1]) MUST_CHECK;

/* Append the three lines of the response block, with LF. */
void draft_add_block(struct buf *out, const char *digest);

/* Append the whole message, with LF: what mail programs, mailboxes and
 * sendmail(8) take.  An SMTP client converts it to CRLF. */
enum status draft_build(const struct match *match, const char *digest,
    const struct draft_options *options, struct buf *out) MUST_CHECK;
#endif
