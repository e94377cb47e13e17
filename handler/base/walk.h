/*
 * walk.h - walk the names in a directory
 *
 *	if (walk_begin(&walk, openat(...)) == STATUS_OK)
 *		while ((name = walk_next(&walk)) != NULL)
 *			...
 *	status = walk_end(&walk);
 *
 * Every name but "." and "..", in no order and without a limit.  A name may be
 * removed while it is walked over; whether one that is added meanwhile is
 * returned, nobody knows.
 */
#ifndef BASE_WALK_H
#define BASE_WALK_H
#include "base/span.h"
#include "base/status.h"

struct walk {
	void *stream; /* owned; NULL: not begun */
	int dir;      /* borrowed from it, for openat() and the like */
	int error;    /* the errno that ended it, or 0 */
};

/*
 * Take over a descriptor of a directory, also where this fails.  dir -1, from
 * an open() that failed, is STATUS_IO with its errno.  STATUS_IO: not a
 * directory; STATUS_MEMORY.
 */
enum status walk_begin(struct walk *walk, int dir) MUST_CHECK;
/* The next name, good until the next call; NULL after the last, or where the
 * directory can no longer be read: walk_end() tells which. */
const char *walk_next(struct walk *walk);
/* Close it.  STATUS_OK: all that was asked for was read.  STATUS_IO, and errno:
 * it could not be begun, or the list was cut short. */
enum status walk_end(struct walk *walk);
#endif
