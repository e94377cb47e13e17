/*
 * lookup.h - find what an id or address on the command line means
 *
 * An id is that of a certificate order or of one challenge that is expected.
 * An address counts where only one fits.
 */
#ifndef CMD_LOOKUP_H
#define CMD_LOOKUP_H
#include "store/expectation.h"
#include "store/order.h"

struct lookup {
	char order[RECORD_ID_SIZE];       /* the certificate order, or empty */
	char expectation[RECORD_ID_SIZE]; /* the one challenge, or empty: all */
};

/*
 * Find what the text means.  An address means what is still open for it.
 * STATUS_NO: nothing matches; STATUS_USAGE with a note that lists the ids:
 * several match.
 */
enum status lookup(const struct home *home, const char *text,
    struct lookup *out, struct note *note) MUST_CHECK;
/*
 * Find the one challenge that the text means, even if it was answered before.
 * Among those that the CA does not accept yet, one without an answer comes
 * first.  Statuses as above.
 */
enum status lookup_expectation(const struct home *home, const char *text,
    struct expectation *out, struct note *note) MUST_CHECK;

/* What to search for to find what the next two accept. */
void lookup_search_order(const char *text, struct record_search *search);
void lookup_search_expectation(const char *text, struct record_search *search);
/* Does the text name that order, by its id or by one of its addresses?  For
 * listings, which show all that match. */
bool lookup_names_order(const char *text, const struct order *order);
/* Likewise; also by the id of the certificate order that still needs the
 * challenge. */
bool lookup_names_expectation(
    const char *text, const struct expectation *expectation);
#endif
