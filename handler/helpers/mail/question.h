/*
 * question.h - what every question about a mail server holds
 */
#ifndef HELPERS_MAIL_QUESTION_H
#define HELPERS_MAIL_QUESTION_H
#include "base/verb.h"
#include "helpers/mail/connect.h"
#include "helpers/mail/sasl.h"

struct question {
	enum verb_id verb;
	struct connect_to to;
	struct sasl_account account; /* spans into frames and to */
	struct span frames;          /* borrowed: VERB_SERVER, and the rest */
};

/*
 * Answer it: append what the verb gives.  The note of a failure follows the
 * name of the server.  STATUS_USAGE: a frame is not what the verb takes.
 */
typedef enum status question_answer(
    const struct question *question, struct buf *out, struct note *note);
#endif
