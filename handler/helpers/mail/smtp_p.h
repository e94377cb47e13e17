/*
 * smtp_p.h - what the files of SMTP share: a dialogue and its replies
 */
#ifndef HELPERS_MAIL_SMTP_P_H
#define HELPERS_MAIL_SMTP_P_H
#include "helpers/mail/smtp.h"

enum { SMTP_SAID_MAX = 200 };

/* What it said last. */
struct smtp_reply {
	int code;                 /* 200 to 599 */
	char text[SMTP_SAID_MAX]; /* with the code, one line of safe text */
};

/* A dialogue with a server. */
struct smtp {
	const struct stream *stream;
	struct buf in;  /* owned: received, and not yet taken */
	int64_t before; /* when all but the last answer must be there */
	int64_t end;
	struct smtp_reply reply; /* the last one */
	struct buf text; /* owned: its text as it is, the lines as one */
	/* What the server can do, from its answer to EHLO. */
	unsigned mechanisms;
	bool eight_bit, utf8, sizes;
	int64_t size_max; /* 0: it does not say */
	struct note *note;
	struct note unheard; /* what does not matter any more */
};

/* When a reply that is awaited now must have come. */
int64_t smtp_soon(const struct smtp *d, int seconds);
/* Read one reply of any number of lines; ehlo: look at what they offer. */
enum status smtp_read_reply(
    struct smtp *d, int64_t until, bool ehlo) MUST_CHECK;
/* It must be silent until we ask.  What it says nevertheless is mostly that it
 * closes the connection (421). */
enum status smtp_is_silent(struct smtp *d) MUST_CHECK;
/* Send a line, and read the reply to it. */
enum status smtp_ask(struct smtp *d, struct span line, bool ehlo) MUST_CHECK;
/* Say what the last reply means.  4xx: not now; 5xx: not at all; 2xx and 3xx
 * where they do not belong. */
enum status smtp_refused(struct smtp *d, const char *what) MUST_CHECK;
/* Say that a line of it is not SMTP. */
enum status smtp_malformed(struct smtp *d, struct span line);

/* AUTH (RFC 4954), with what it offered to EHLO. */
enum status smtp_log_in(struct smtp *d, const struct sasl_account *account,
    const char *nonce) MUST_CHECK;

/* RFC 6531 section 3.1: are addresses or header in UTF-8? */
bool smtp_needs_utf8(const struct smtp_mail *mail);
/* Append a message as it goes over the wire, up to and with the dot. */
enum status smtp_make_data(struct span message, struct buf *out) MUST_CHECK;
#endif
