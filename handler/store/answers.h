/*
 * answers.h - cache DNS answers in the home
 *
 * One file a name below dns/, kept for as long as the answer's TTL says.  An
 * answer of another resolver or anchor does not count.
 */
#ifndef STORE_ANSWERS_H
#define STORE_ANSWERS_H
#include <stdint.h>

#include "store/home.h"

enum { ANSWERS_FILES_MAX = 256 };

/* Append the line that was kept under that key (letters, digits, "-._@+"...:
 * others are never kept).  source: whom it was asked of.  STATUS_MISSING. */
enum status answers_get(const struct home *home, const char *key,
    const char *source, int64_t now, struct buf *line) MUST_CHECK;
/* Keep a line, best effort: a cache that cannot be written is no failure. */
void answers_put(const struct home *home, const char *key, const char *source,
    int64_t until, struct span line);
#endif
