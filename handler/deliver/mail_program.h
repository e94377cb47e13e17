/*
 * mail_program.h - open the draft in the mail program that started us
 */
#ifndef DELIVER_MAIL_PROGRAM_H
#define DELIVER_MAIL_PROGRAM_H
#include "deliver/delivery.h"

/* Run mutt or neomutt on the draft, on the terminal.  OUTCOME_SENT: it exited
 * with 0; OUTCOME_DRAFTED: postponed or dropped, which only the user knows. */
enum status deliver_mua(const struct delivery *delivery, struct span message,
    enum outcome *outcome, struct note *note) MUST_CHECK;
#endif
