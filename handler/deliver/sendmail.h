/*
 * sendmail.h - hand the reply to a sendmail program
 */
#ifndef DELIVER_SENDMAIL_H
#define DELIVER_SENDMAIL_H
#include "deliver/delivery.h"

/* Send any message.  The addresses were checked: they are arguments. */
enum status sendmail_send(const char *program, const struct envelope *envelope,
    struct span message, enum outcome *outcome, struct note *note) MUST_CHECK;
/* With the reply's recipients as its arguments.  What its exit status says of
 * the reply: docs/design.md. */
enum status deliver_sendmail(const struct delivery *delivery,
    struct span message, enum outcome *outcome, struct note *note) MUST_CHECK;
#endif
