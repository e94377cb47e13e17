/*
 * mailbox.h - the verbs "look", "append" and "mark": read and change mailboxes
 *
 * The connection stays open for the next question about the same account, and
 * is closed after any failure, so that the next question begins afresh.
 */
#ifndef HELPERS_MAIL_MAILBOX_H
#define HELPERS_MAIL_MAILBOX_H
#include "helpers/mail/question.h"

/* Any of the three. */
question_answer mailbox_answer;
/* Close the connection, if there is one. */
void mailbox_end(void);
#endif
