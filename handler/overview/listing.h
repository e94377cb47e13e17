/*
 * listing.h - the overview as lines of text, and one thing in detail
 *
 * Lines are filled to a width between words; a word that is longer stands alone
 * and is never broken, since it may be copied.
 */
#ifndef OVERVIEW_LISTING_H
#define OVERVIEW_LISTING_H
#include "overview/overview.h"

struct listing {
	const struct config *config;
	int64_t now;
	size_t width; /* 0: lines are not filled */
	bool utf8;
	bool named; /* show what respond asks for, whoever ordered */
	bool over;  /* with what is over, and all challenges */
};

/* Append one item: a line that names it, and what is known of it. */
void listing_add(const struct listing *listing,
    const struct overview_item *item, struct buf *out);
/* Append safe text, its lines indented; of text that is not, those after the
 * first are. */
void listing_add_text(const struct listing *listing, size_t indent,
    const char *text, struct buf *out);
/* Is it to be listed? */
bool listing_has(
    const struct listing *listing, const struct overview_item *item);
/* Append what the whole amounts to: "Everything is fine. ..." */
void listing_add_summary(const struct listing *listing,
    const struct overview *overview, struct buf *out);
/* Does the listing of a challenge show what respond asks for?  It does for our
 * own orders, since nothing else shows that.  Listings get pasted, so what
 * another client told expect appears only if the challenge is named. */
bool listing_shows_secrets(const struct expectation *expectation, bool named);
/* The next step of an order, and who takes it. */
const char *listing_next(const struct order *order, int64_t now);
#endif
