/*
 * imap_p.h - commands and their answers, for the imap files only
 */
#ifndef HELPERS_MAIL_IMAP_P_H
#define HELPERS_MAIL_IMAP_P_H
#include "helpers/mail/imap.h"

/* Set the note and the deadline of what follows. */
void imap_question(struct imap *imap, struct note *note);

/* Begin a command: its tag, a space, and this. */
void imap_command(struct imap *imap, const char *text);
void imap_add(struct imap *imap, const char *text);
void imap_add_uid(struct imap *imap, uint64_t uid);
/*
 * Add a string, quoted; or as a literal, where it must be one.  Then what was
 * written so far is sent, and the server consents.  what: is refused, for the
 * note, if it does not.
 */
enum status imap_add_string(
    struct imap *imap, struct span string, const char *what) MUST_CHECK;
/* The same, always as a literal. */
enum status imap_add_literal(
    struct imap *imap, struct span octets, const char *what) MUST_CHECK;
/* Send it. */
enum status imap_send(struct imap *imap) MUST_CHECK;
/* Read what comes next: IMAP_DATA, IMAP_STATE, IMAP_CONTINUE, or IMAP_DONE of the
 * command that was sent.  BYE is STATUS_NET. */
enum status imap_next(struct imap *imap, struct imap_response *out) MUST_CHECK;
/* Read over everything up to IMAP_DONE. */
enum status imap_wait(struct imap *imap, struct imap_response *out) MUST_CHECK;
/* Send it, wait, and judge. */
enum status imap_do(struct imap *imap, const char *what) MUST_CHECK;

/* What IMAP_DONE says: STATUS_OK, _NO, _AGAIN; with a note. */
enum status imap_judge(
    struct imap *imap, const struct imap_response *done, const char *what);
/* Say a status in the server's words: "it refuses WHAT: TEXT". */
enum status imap_say(struct imap *imap, enum status status, const char *what,
    const struct imap_response *done);
/* Is it that response code, whatever follows its name? */
bool imap_code_is(const struct imap_response *response, const char *name);
/* The number of a code such as "UIDNEXT 12". */
bool imap_code_number(const struct imap_response *response, const char *name,
    uint64_t most, uint64_t *out);

/* Ask what the server can: it says more to whom it knows. */
enum status imap_ask_capabilities(struct imap *imap) MUST_CHECK;

/* "the folder X", for notes. */
struct imap_shown {
	char text[96];
};
struct imap_shown imap_show_folder(struct span name);
/* Add the name of a folder, which is UTF-8. */
enum status imap_add_folder(struct imap *imap, struct span name) MUST_CHECK;

/*
 * Open a folder, unless it is open already; write: else nothing in it can
 * change.  It is imap->folder then.  name: UTF-8.  STATUS_MISSING: it does not
 * exist.
 */
enum status imap_open(
    struct imap *imap, struct span name, bool write) MUST_CHECK;
/* What a FETCH response says of one message (section 7.4.2). */
struct imap_fetched {
	uint64_t uid;  /* 0: not said */
	uint64_t size; /* 0: not said */
	bool has_body; /* some BODY[...] came */
	bool fits;     /* it is in the buffer */
};
/* Read one, after its word; the body, of at most that many octets, goes into
 * body, which is emptied first. */
enum status imap_read_fetched(struct imap *imap, size_t most, struct buf *body,
    struct imap_fetched *out) MUST_CHECK;
#endif
