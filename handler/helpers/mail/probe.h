/*
 * probe.h - the verb "probe": connect, log in, and leave
 */
#ifndef HELPERS_MAIL_PROBE_H
#define HELPERS_MAIL_PROBE_H
#include "helpers/mail/question.h"

/* Gives nothing; STATUS_OK says it all. */
question_answer probe_answer;
#endif
