/*
 * imap.h - put the reply as a draft into a folder on the user's mail server
 */
#ifndef DELIVER_IMAP_H
#define DELIVER_IMAP_H
#include "deliver/delivery.h"

/* Is there a server to ask?  STATUS_CONFIG. */
enum status deliver_imap_check(
    const struct delivery *delivery, struct note *note) MUST_CHECK;
/* Get the password; the user may be asked for it.  As mail_server_prepare(). */
enum status deliver_imap_prepare(
    const struct delivery *delivery, struct note *note) MUST_CHECK;
/*
 * By mailcert-mail, flagged as a draft that was seen, into the folder of the
 * setting "imap", else the one that the server has for drafts.
 * OUTCOME_DOUBT: it may be there.  STATUS_CONFIG: there is no such folder.
 */
enum status deliver_imap(const struct delivery *delivery, struct span message,
    enum outcome *outcome, struct note *note) MUST_CHECK;
/* Put what was sent into the folder that the server has for sent mail.  The
 * same statuses; STATUS_IO: it may be there. */
enum status deliver_imap_copy(const struct delivery *delivery,
    struct span message, struct note *note) MUST_CHECK;
#endif
