/*
 * judged.h - the messages that were handed over already
 *
 * A set of at most 32 768 messages (512 KiB): what it did not take is handed
 * over again, which costs time and nothing else.
 */
#ifndef WATCH_JUDGED_H
#define WATCH_JUDGED_H
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/span.h"

struct judged {
	uint64_t *at; /* owned */
	size_t slots, count;
};

/* What tells one file from another, and from itself after a change. */
uint64_t judged_key_of_file(const struct stat *st);
uint64_t judged_key_of(struct span text);

bool judged_has(const struct judged *judged, uint64_t key);
void judged_add(struct judged *judged, uint64_t key);
/* Forget all. */
void judged_clear(struct judged *judged);
#endif
