/*
 * sent.h - find out whether the user sent the drafted reply
 *
 * A mail program keeps a copy of what it sends.  If a copy of the reply is in
 * the folder that the user named, the reply was sent.
 */
#ifndef ORDER_SENT_H
#define ORDER_SENT_H
#include "base/status.h"
#include "config/destination.h"
#include "store/expectation.h"

/*
 * Look for the reply to the challenge that was drafted, or may be out: "Re:
 * ACME: token-part1", in reply to the challenge, to where its reply goes.
 * Times of files do not count.  A draft that is kept there does not either,
 * nor the answer that bounced.  reply_id: its Message-ID; empty: it has none.
 * STATUS_MISSING: it is not there, or there is no such folder.  What has not
 * changed since the same process looked is not read again.
 */
enum status sent_find(const struct destination *folder,
    const struct expectation *expectation, char reply_id[MSGID_MAX + 1],
    struct note *note) MUST_CHECK;
#endif
