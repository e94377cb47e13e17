/*
 * details.h - write the details page: proof, answer, header
 */
#ifndef ANSWER_DETAILS_H
#define ANSWER_DETAILS_H
#include "reply/match.h"
#include "reply/response.h"

struct details {
	const struct match *match;
	struct span message; /* raw, hostile */
	int64_t now;
	enum status (*compute)(void *context, const struct match *match,
	    struct response *out, struct note *note);
	void *context; /* of compute */
};

/* Write all of it as safe text; context is a struct details. */
void details_write(void *context, struct buf *out);
#endif
