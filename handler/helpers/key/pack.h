/*
 * pack.h - the whole home as one sealed file, and back
 */
#ifndef HELPERS_KEY_PACK_H
#define HELPERS_KEY_PACK_H
#include "base/buf.h"

/* Octets of all files; PACK_FILES_MAX of them, each up to PACK_FILE_MAX. */
enum { PACK_FILES_MAX = 100000, PACK_FILE_MAX = 1024 * 1024 };

/*
 * Append the accounts, orders, certificates, challenges and keys of the home at
 * path, but no caches, drafts, locks or log, as frames: "name" and "content" of
 * each file, and "end".  The caller holds the locks of the home.  STATUS_IO,
 * STATUS_BAD_SIZE, with a note.
 */
enum status pack_read(
    const char *path, struct buf *out, struct note *note) MUST_CHECK;

/* The directories of a home, open; -1: not. */
enum { PACK_DIRECTORIES = 7 };
struct pack_place {
	int dir[PACK_DIRECTORIES]; /* owned */
};

/* Make them in an open directory, before the sandbox: it can open none.
 * STATUS_CREATE. */
enum status pack_make(
    int home, struct pack_place *out, struct note *note) MUST_CHECK;
void pack_close(struct pack_place *place);
/*
 * Write the files of such frames; *count gets how many.  Every name is checked:
 * one of the directories, and a plain name in it.  STATUS_BAD_FILE with a note:
 * they are not such frames; STATUS_CREATE, STATUS_IO.
 */
enum status pack_write(struct span frames, const struct pack_place *place,
    size_t *count, struct note *note) MUST_CHECK;
#endif
