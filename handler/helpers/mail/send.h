/*
 * send.h - the verb "send": submit one message
 */
#ifndef HELPERS_MAIL_SEND_H
#define HELPERS_MAIL_SEND_H
#include "helpers/mail/question.h"

/* Any status but STATUS_OK: nothing was sent, for sure. */
question_answer send_answer;
#endif
