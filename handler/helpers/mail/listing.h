/*
 * listing.h - ask a mail server what it can do, and keep its ACME values
 *
 * EHLO (RFC 5321 section 4.1.1.1), LHLO (RFC 2033), CAPABILITY (RFC 3501
 * section 6.1.1) and CAPA (RFC 2449), where draft-ietf-acme-email-tls has a
 * server announce "ACME".  A pure dialogue over a stream.  Values keep the case
 * that they have on the wire.
 */
#ifndef HELPERS_MAIL_LISTING_H
#define HELPERS_MAIL_LISTING_H
#include "helpers/mail/stream.h"

enum {
	LISTING_LINE_MAX = 8 * 1024,
	LISTING_ANSWER_MAX = 64 * 1024,
	LISTING_VALUES_MAX = 32,
	LISTING_VALUE_MAX = 256
};

enum listing_protocol {
	LISTING_SMTP,
	LISTING_LMTP,
	LISTING_IMAP,
	LISTING_POP3,
	LISTING_PROTOCOLS
};

struct listing {
	struct stream *stream; /* borrowed */
	enum listing_protocol protocol;
	int64_t until;
	struct buf in; /* owned: received, and not yet taken */
	bool heard;    /* anything at all */
	bool can_start_tls;
	struct note *note; /* follows the name of the server */
};

/* "smtp", "lmtp", "imap", "pop3".  False: none of these. */
bool listing_protocol_find(struct span name, enum listing_protocol *out);

void listing_begin(struct listing *listing, struct stream *stream,
    enum listing_protocol protocol, int64_t until, struct note *note);
void listing_end(struct listing *listing);

/* All of these: STATUS_NET with a note, STATUS_MEMORY. */
/* Hear the greeting. */
enum status listing_greet(struct listing *listing) MUST_CHECK;
/* Append each value as a frame of that name, and set can_start_tls. */
enum status listing_ask(
    struct listing *listing, const char *name, struct buf *out) MUST_CHECK;
/* Ask for TLS.  Nothing that it said in plain text after its consent is
 * left. */
enum status listing_start_tls(struct listing *listing) MUST_CHECK;
/* Say goodbye, and do not wait for an answer. */
void listing_leave(struct listing *listing);
#endif
