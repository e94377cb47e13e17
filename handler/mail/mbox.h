/* mbox.h - messages in an mbox (RFC 4155) */
#ifndef MAIL_MBOX_H
#define MAIL_MBOX_H
#include "base/span.h"

/* Take the next message, without its "From " line, off the front of *rest,
 * which begins with that line.  False at the end, or where none begins. */
bool mbox_take(struct span *rest, struct span *message);
#endif
