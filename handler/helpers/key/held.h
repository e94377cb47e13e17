/*
 * held.h - what mailcert-key opens before its sandbox
 */
#ifndef HELPERS_KEY_HELD_H
#define HELPERS_KEY_HELD_H
#include "base/serve.h"

enum { KEY_FILE_MAX = 64 * 1024, PATH_SIZE = 1200 };

/* The directory and the name of a new private file. */
struct place {
	char name[PATH_SIZE];
	int dir; /* owned; -1: none */
};

/* Read the key file that a frame of "open" names.  Refuse one that others can
 * read, as ssh does.  STATUS_PERMISSION, STATUS_BAD_KEY, STATUS_IO. */
enum status held_read(const struct serve *serve, const char *name,
    struct buf *out, struct note *note) MUST_CHECK;
/* Open the directory of the frame "new".  STATUS_CREATE. */
enum status held_place(
    const struct serve *serve, struct place *out, struct note *note) MUST_CHECK;
/* From here on, use only open files, and create files only in dir, if any
 * (else -1), of that many octets at most; 0: what a key needs. */
void held_confine(int dir, size_t most);
/* Create the file; it is durable before anybody hears of it.  STATUS_CREATE:
 * there is one of that name. */
enum status held_store(
    const struct place *place, struct span bytes, struct note *note) MUST_CHECK;
#endif
