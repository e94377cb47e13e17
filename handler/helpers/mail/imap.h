/*
 * imap.h - talk to an IMAP server (RFC 3501, RFC 9051)
 *
 * One dialogue over one stream, from the greeting on.  Commands are asked one
 * at a time; what the server says unasked is read over.  Notes follow the name
 * of the server.
 *
 * STATUS_NET: the connection is of no more use: it broke, the server is late,
 * says BYE, or breaks the protocol.  STATUS_AGAIN: it refuses, for now (RFC 5530).
 * STATUS_NO: it refuses.  STATUS_MEMORY.  After any of them the caller closes
 * the stream.
 */
#ifndef HELPERS_MAIL_IMAP_H
#define HELPERS_MAIL_IMAP_H
#include "helpers/mail/imap_reader.h"
#include "helpers/mail/imap_uids.h"
#include "helpers/mail/sasl.h"

enum { IMAP_FOLDER_SIZE = 1024 };

/* A folder that is open. */
struct imap_folder {
	char name[IMAP_FOLDER_SIZE]; /* UTF-8; empty: none is open */
	bool write;
	bool grew;  /* messages have come since it was opened or searched */
	bool stale; /* it has other numbers now */
	uint32_t validity; /* RFC 3501 section 2.3.1.1 */
	uint64_t next;     /* UIDs below this one were there; 0: not known */
	uint64_t exists;   /* messages in it, at least once */
	int64_t since;     /* when it was opened, in the stream's time */
};

/* What the last search found: the next question goes on with it. */
struct imap_found {
	struct imap_uids uids; /* sorted */
	struct buf asked;      /* owned: folder and filter, as frames */
	uint32_t validity;     /* 0: nothing was searched */
	uint64_t next;         /* it covers the UIDs below; 0: not known */
	uint64_t resume; /* the last answer ended there, and said "more"; 0: it
			  * did not */
};

struct imap {
	struct stream stream; /* borrowed from who opened it */
	struct imap_reader reader;
	struct buf out; /* owned: the command so far; wiped, for it may hold a
			 * password */
	unsigned tags;
	char tag[16];
	bool broken; /* it is of no more use, whatever was answered */
	/* What the server can: RFC 4959, 3501, 6154, 5258, 6851, 4315. */
	bool sasl_ir, login_disabled, special_use, list_extended, move, uidplus;
	unsigned offered; /* mechanisms of AUTHENTICATE: sasl_choose() */
	struct imap_folder folder;
	struct imap_found found;
};

/* Begin: read the greeting, unless libcurl has done so, and the capabilities. */
enum status imap_begin(struct imap *imap, const struct stream *stream,
    bool greeted, struct note *note) MUST_CHECK;
/*
 * Log in: by the best mechanism that both have, else with the command LOGIN.
 * STATUS_LOGIN: the server does not accept the password or token.
 */
enum status imap_login(struct imap *imap, const struct sasl_account *account,
    struct note *note) MUST_CHECK;
/* Does the server still answer?  Asked before a connection is used again. */
bool imap_is_alive(struct imap *imap);
/* Free what it owns. */
void imap_end(struct imap *imap);

/* The frames of a question and of its answer: base/verb.h.  STATUS_MISSING: the
 * folder or message does not exist. */
enum status imap_answer_look(struct imap *imap, struct span frames,
    struct buf *out, struct note *note) MUST_CHECK;
enum status imap_answer_append(struct imap *imap, struct span frames,
    struct buf *out, struct note *note) MUST_CHECK;
enum status imap_answer_mark(
    struct imap *imap, struct span frames, struct note *note) MUST_CHECK;
#endif
