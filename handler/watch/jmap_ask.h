/*
 * jmap_ask.h - ask a JMAP server, and read its answers in a sandboxed child
 */
#ifndef WATCH_JMAP_ASK_H
#define WATCH_JMAP_ASK_H
#include "watch/watch_p.h"

/* One look through one mailbox. */
struct jmap_talk {
	struct watched *mailbox;
	struct look *look;
	struct buf answer; /* owned: what mailcert-https answered */
};

void jmap_talk_begin(
    struct jmap_talk *talk, struct watched *mailbox, struct look *look);
void jmap_talk_end(struct jmap_talk *talk);

/*
 * Each of these asks once.  STATUS_LOGIN, STATUS_NO_PERSON, STATUS_CONFIG:
 * mail_server_ask().  STATUS_AGAIN: the server wants a pause; mailbox->wish says
 * how long, where it does.  STATUS_NET: it cannot be reached, or answers
 * something else.  STATUS_BAD_JSON, STATUS_BAD_SIZE: its answer cannot be read.
 * The note says what is wrong.
 */

/* Is the server asked what it says of S/MIME?  After jmap_get_session(). */
bool jmap_asks_smime(const struct jmap_talk *talk);
/* Get mailbox->session. */
enum status jmap_get_session(
    struct jmap_talk *talk, struct note *note) MUST_CHECK;
/* Call a method; arguments: JSON, what follows "accountId".  An outcome other
 * than JMAP_DONE and JMAP_CANNOT_CALCULATE is a failure. */
enum status jmap_ask_ids(struct jmap_talk *talk, enum jmap_list list,
    struct span arguments, struct jmap_ids *out, struct note *note) MUST_CHECK;
enum status jmap_ask_emails(struct jmap_talk *talk, struct span arguments,
    struct jmap_emails *out, struct note *note) MUST_CHECK;
/* Download; *out is in talk->answer, until the next question.
 * STATUS_MISSING: it is gone. */
enum status jmap_ask_blob(struct jmap_talk *talk, const char *blob,
    struct span *out, struct note *note) MUST_CHECK;
#endif
