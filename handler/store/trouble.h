/*
 * trouble.h - store what a person was told about, until it is resolved
 */
#ifndef STORE_TROUBLE_H
#define STORE_TROUBLE_H
#include <stdint.h>

#include "store/record.h"

struct trouble {
	char id[RECORD_ID_SIZE]; /* made from the key */
	char key[256];           /* what is in trouble: "renew alice@..." */
	char text[512];          /* safe text: what was told */
	int64_t created;         /* when it began */
	int64_t told;            /* the last time */
	int64_t level; /* how urgent it was told; 0: it has no levels */
};

/* STATUS_MISSING: no trouble has that key. */
enum status trouble_load(const struct home *home, const char *key,
    struct trouble *out, struct note *note) MUST_CHECK;
/* Save it under its key; its id is written. */
enum status trouble_save(const struct home *home, struct trouble *trouble,
    struct note *note) MUST_CHECK;
enum status trouble_forget(
    const struct home *home, const char *key, struct note *note) MUST_CHECK;
/* All of them, the oldest first.  The caller owns *out: free(). */
enum status troubles_load(const struct home *home, struct trouble **out,
    size_t *count, struct note *note) MUST_CHECK;
#endif
