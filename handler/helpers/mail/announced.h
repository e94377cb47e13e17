/*
 * announced.h - the verb "announced": look at a server as a CA would
 */
#ifndef HELPERS_MAIL_ANNOUNCED_H
#define HELPERS_MAIL_ANNOUNCED_H
#include "helpers/mail/question.h"

enum {
	ANNOUNCED_SECONDS = 15,       /* for each address */
	ANNOUNCED_SILENCE_SECONDS = 8 /* of a server that should greet */
};

/* Gives "seen" for each address, whatever is wrong there: base/verb.h. */
question_answer announced_answer;
#endif
