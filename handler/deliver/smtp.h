/*
 * smtp.h - submit the reply to the user's mail server
 */
#ifndef DELIVER_SMTP_H
#define DELIVER_SMTP_H
#include "deliver/delivery.h"

/* Is there a server to ask?  STATUS_CONFIG. */
enum status deliver_smtp_check(
    const struct delivery *delivery, struct note *note) MUST_CHECK;
/* Get the password; the user may be asked for it.  As mail_server_prepare(). */
enum status deliver_smtp_prepare(
    const struct delivery *delivery, struct note *note) MUST_CHECK;
/*
 * By mailcert-mail, from the ordered address to the reply's recipients and
 * nobody else.  OUTCOME_NOTHING only where the program says so itself: it ends
 * without an answer in doubt.
 */
enum status deliver_smtp(const struct delivery *delivery, struct span message,
    enum outcome *outcome, struct note *note) MUST_CHECK;
#endif
