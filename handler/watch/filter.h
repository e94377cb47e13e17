/*
 * filter.h - could this be a challenge or a bounce, by its octets alone?
 *
 * Of a hundred thousand messages a few are challenges; the others are neither
 * parsed nor handed over.  A search for octets, and no judgement: what passes
 * may be anything, and no challenge is left out.
 */
#ifndef WATCH_FILTER_H
#define WATCH_FILTER_H
#include "watch/watch.h"

/* How much of a message filter_passes() needs, at most: no header that is longer
 * is parsed. */
enum { FILTER_HEAD_MAX = 256 * 1024 };

/* Is the end of the header in there? */
bool filter_has_header(struct span head);
/* Does the word occur in the text, in any case of ASCII letters? */
bool filter_holds(struct span text, struct span word);
/*
 * head: the beginning of a message.  Its Subject says "ACME", or is encoded;
 * auto_submitted: its Auto-Submitted says "auto-generated", too.  No more is
 * required: RFC 8823 section 3.1 says of type=acme only that it should be there.
 */
bool filter_passes(struct span head, bool auto_submitted);
/* Its Content-Type says "report": it may say that an answer was not delivered
 * (mail/bounce.h). */
bool filter_is_report(struct span head);
/* Its Subject says "ACME" as it stands. */
bool filter_is_plain(struct span head);
/* Is it one or the other, whichever is wanted, or is everything? */
bool filter_wants(struct span head, const struct watch_wanted *wanted);
#endif
