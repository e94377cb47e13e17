/*
 * looked.h - remember up to where a mailbox was looked through
 *
 * A cache in HOME/watched: without it a mailbox is looked through again, and
 * what was answered is not answered twice for all that.
 */
#ifndef STORE_LOOKED_H
#define STORE_LOOKED_H
#include <stdint.h>

#include "store/home.h"

enum { LOOKED_STATE_SIZE = 256 };

struct looked {
	int64_t when; /* the look began */
	/* Which numbers count, and up to which one all is known: of IMAP the
	 * UIDVALIDITY and UID, of an mbox the inode and offset; or 0. */
	int64_t validity, after;
	char state[LOOKED_STATE_SIZE]; /* of JMAP; or empty */
};

/* name: of the mailbox.  STATUS_MISSING: nothing is remembered. */
enum status looked_load(
    const struct home *home, const char *name, struct looked *out) MUST_CHECK;
/* Best effort. */
void looked_save(
    const struct home *home, const char *name, const struct looked *looked);
#endif
