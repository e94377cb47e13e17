/*
 * find.h - find the whole message that a part belongs to
 *
 * mailcap hands over a decoded part, and a part proves nothing.  mutt and
 * neomutt leave the message (Maildir file, mbox, IMAP cache) open, so it is
 * among our inherited descriptors, or among theirs in /proc.  Each candidate
 * is opened again, because the file offset is shared, and searched in a
 * sandboxed child.  Exactly one message must contain the part; of several,
 * exactly one must be open in the pager, whose copy of it tells which.
 */
#ifndef INPUT_FIND_H
#define INPUT_FIND_H
#include "base/buf.h"
#include "input/input.h"
#include "process/mua.h"
#include "reply/challenge.h"

/*
 * Append the message that contains the part to *out, up to its ceiling.
 * STATUS_BAD_PART with a note: no message does, or several do.
 */
enum status find_message(const struct input *part, const struct mua *mua,
    struct buf *out, struct note *note) MUST_CHECK;

/* For mailcap's test=, without even a part: do the open files contain a
 * challenge?  Enters the sandbox before it looks. */
bool find_any_challenge(
    const struct mua *mua, const struct challenge_rules *rules);
#endif
