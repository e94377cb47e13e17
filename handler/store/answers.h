/*
 * answers.h - cache DNS answers in the home
 *
 * One file for each name below dns/, valid for the answer's TTL.  An answer of
 * another resolver or anchor does not count.
 */
#ifndef STORE_ANSWERS_H
#define STORE_ANSWERS_H
#include <stdint.h>

#include "store/home.h"

enum { ANSWERS_FILES_MAX = 256 };

/* Append the line that was kept under that key (letters, digits, "-._@+=~";
 * other keys are never kept).  source: the resolver and anchor that were asked.
 * STATUS_MISSING. */
enum status answers_get(const struct home *home, const char *key,
    const char *source, int64_t now, struct buf *line) MUST_CHECK;
/* Keep a line, best effort: a cache that cannot be written is not a failure. */
void answers_put(const struct home *home, const char *key, const char *source,
    int64_t until, struct span line);
#endif
