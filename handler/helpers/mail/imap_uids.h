/*
 * imap_uids.h - the lowest of many message numbers, in bounded memory
 *
 * A server may find any number of messages, in any order (RFC 3501 section
 * 7.2.5); they are looked at from the lowest up, so many at a time.
 */
#ifndef HELPERS_MAIL_IMAP_UIDS_H
#define HELPERS_MAIL_IMAP_UIDS_H
#include <stdint.h>

#include "base/buf.h"

enum { IMAP_UIDS_MAX = 4096 };

struct imap_uids {
	uint32_t uid[IMAP_UIDS_MAX]; /* a heap, the greatest first; sorted by
				      * imap_uids_sort() */
	size_t count;
	uint64_t seen;     /* how many were added */
	uint32_t greatest; /* of all that were added */
};

/* Add one; of more than IMAP_UIDS_MAX, the lowest stay. */
void imap_uids_add(struct imap_uids *uids, uint32_t uid);
/* In ascending order, each once; none may be added afterwards. */
void imap_uids_sort(struct imap_uids *uids);
/*
 * Append some of them, sorted, as a set (section 9: "1:3,7"), and say how many
 * that were: at most `most`, and no more than fit on a command line.
 */
size_t imap_uids_write(
    const uint32_t *uids, size_t count, size_t most, struct buf *out);
#endif
