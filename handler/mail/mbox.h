/*
 * mbox.h - find messages in a mailbox file (RFC 4155, MMDF)
 */
#ifndef MAIL_MBOX_H
#define MAIL_MBOX_H
#include "base/span.h"

/*
 * The message without what a store adds: empty lines before it, an MMDF mark
 * before and after it, lines that begin with "From " or ">From " before it.  Of
 * several messages in an mbox it is the first with all that follow.
 */
struct span mbox_strip(struct span text);

/* Take the next message, stripped, off the front of *rest, which begins with a
 * "From " line or an MMDF mark.  False at the end, or if none begins there. */
bool mbox_take(struct span *rest, struct span *message);
#endif
