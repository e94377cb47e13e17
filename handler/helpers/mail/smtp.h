/*
 * smtp.h - submit a message (RFC 5321, 6409): the client's side of SMTP
 *
 * A dialogue over a stream, which has TLS already.  What matters is what is
 * known afterwards: until the last octet of the line with the dot is written,
 * nothing was sent; from then on the server alone can say, and if it does not,
 * nobody knows.
 */
#ifndef HELPERS_MAIL_SMTP_H
#define HELPERS_MAIL_SMTP_H
#include "helpers/mail/sasl.h"
#include "helpers/mail/stream.h"

enum {
	SMTP_LINE_MAX = 2 * 1024, /* of the server; RFC 5321 says 512 */
	SMTP_REPLY_MAX = 64 * 1024,
	SMTP_RECIPIENTS_MAX = 32,
	SMTP_ADDRESS_MAX = 320, /* 64 "@" 255 */
	/* Seconds.  RFC 5321 section 4.5.3.2 would wait minutes for each step;
	 * mailcert waits five in all. */
	SMTP_REPLY_SECONDS = 60,
	SMTP_BEFORE_SECONDS = 150, /* from the start to the last dot */
	SMTP_ALL_SECONDS = 265,
	SMTP_QUIT_SECONDS = 2,
	/* Milliseconds for the server to say, before it gets the last octet,
	 * that it does not listen any more: without them, what is already
	 * written would hide a connection that broke in the message. */
	SMTP_LISTEN = 200
};

struct smtp_mail {
	struct span sender;            /* local@domain, perhaps UTF-8 */
	const struct span *recipients; /* the same */
	size_t recipient_count;
	struct span message; /* lines that end in LF or CRLF */
};

enum smtp_outcome {
	SMTP_SENT, /* the server took it */
	SMTP_DOUBT /* the server may have taken it */
};

/*
 * May these be said in SMTP?  Addresses are bare and hold no control
 * character, blank or bracket; the message has no NUL, no CR that stands alone
 * and no line of more than 998 octets.
 */
bool smtp_mail_ok(const struct smtp_mail *mail);

/*
 * Log in and submit to a server that greets next, or has greeted.  All
 * recipients must be accepted.  said: the server's last words, safe text.
 * nonce: as in sasl_init().
 *
 * STATUS_OK: see *outcome; the note says why there is a doubt.  Any other
 * status: nothing was sent.  STATUS_LOGIN; STATUS_AGAIN: 4xx; STATUS_NO: 5xx,
 * or the server lacks what the message needs; STATUS_NET: the connection broke,
 * or the server does not speak SMTP; STATUS_CRYPTO, STATUS_MEMORY.
 */
enum status smtp_submit(const struct stream *stream, bool greeted,
    const struct sasl_account *account, const struct smtp_mail *mail,
    const char *nonce, enum smtp_outcome *outcome, struct note *said,
    struct note *note) MUST_CHECK;

/* Log in and say goodbye.  The same statuses. */
enum status smtp_probe(const struct stream *stream, bool greeted,
    const struct sasl_account *account, const char *nonce,
    struct note *note) MUST_CHECK;
#endif
