/*
 * decisions.h - the latest decisions about messages, from the log of the home
 */
#ifndef OVERVIEW_DECISIONS_H
#define OVERVIEW_DECISIONS_H
#include "base/json_writer.h"
#include "store/home.h"

enum { DECISIONS_MOST = 5, DECISIONS_TAIL = 32 * 1024 };

struct decision {
	struct span at;   /* RFC 3339 */
	struct span text; /* not safe: text_show() it */
};

/* The last few, from the oldest to the latest. */
struct decisions {
	struct decision decision[DECISIONS_MOST];
	size_t count;
	char tail[DECISIONS_TAIL]; /* what the spans point into */
};

/* None, if there is no log or it cannot be read. */
void decisions_load(const struct home *home, struct decisions *out);
/* Add an array "decisions" of objects with "at" and "text". */
void decisions_add_json(
    const struct decisions *decisions, struct json_writer *json);
#endif
