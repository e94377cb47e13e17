/*
 * link.h - read the Link header fields of a CA (RFC 8288 section 3)
 *
 * They name alternate certificate chains, and the next page of a list.
 */
#ifndef ACME_LINK_H
#define ACME_LINK_H
#include "base/span.h"

struct link {
	struct span target; /* an URI reference, between its brackets */
	struct span rel;    /* relation types, separated by blanks; or empty */
};

/*
 * Take the first link-value off a field.  False: the field has no more.  What
 * is malformed is skipped, and so is a link with an anchor: it is about
 * something else (section 3.2).
 */
bool link_take(struct span *field, struct link *out);
/* Is that one of its relation types?  Their case does not count (section
 * 2.1.1). */
bool link_has_rel(const struct link *link, struct span type);
#endif
