/*
 * bounced.h - record that an answer was not delivered (RFC 3464)
 *
 * A report is believed only where it names the Message-ID of our answer: that is
 * random, and only those who carried the answer know it.  Then the answer counts
 * as not delivered, and a person decides what to do.
 */
#ifndef ANSWER_BOUNCED_H
#define ANSWER_BOUNCED_H
#include "store/expectation.h"

/*
 * Read a message (raw, hostile), in a sandboxed child.  STATUS_OK: it reports
 * that the answer to *out, now "bounced", was not delivered.  STATUS_MISSING:
 * it reports no such thing.  STATUS_UNCHANGED: that was known, or no longer
 * matters; *out is the expectation.  Others: the home or the child fails.
 */
enum status bounced_record(const struct home *home, struct span message,
    struct expectation *out, struct note *note) MUST_CHECK;
#endif
