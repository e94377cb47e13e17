/*
 * deliver.h - deliver the draft to where it goes (stage 9)
 *
 * Some destinations send, some only keep a draft.  The outcome tells the
 * record what is certain: nothing was sent, a draft exists, a mail
 * system took it, or nobody knows.
 */
#ifndef DELIVER_DELIVER_H
#define DELIVER_DELIVER_H
#include "deliver/delivery.h"

/* Can it be tried at all?  Asked before anything is made durable. */
enum status deliver_check(
    const struct delivery *delivery, struct note *note) MUST_CHECK;

/* Ask the user for what it needs, such as a password; asked before the intent
 * is made durable. */
enum status deliver_prepare(
    const struct delivery *delivery, struct note *note) MUST_CHECK;

/*
 * Put a copy of a reply that was sent by a server or sendmail to where the
 * setting "sent_copy" says.  It is asked for after the record is safe, for it
 * may take its time; where it fails, the log and the note say so, and nothing
 * else changes.
 */
void deliver_copy(
    const struct delivery *delivery, struct span message, struct note *note);

enum status deliver(const struct delivery *delivery, struct span message,
    enum outcome *outcome, struct note *note) MUST_CHECK;
#endif
