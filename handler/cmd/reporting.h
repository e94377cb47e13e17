/*
 * reporting.h - tell a person what needs one
 *
 * A timer has no terminal: what it cannot do becomes one message in the user's
 * own mailbox (report in the configuration), at once and then daily, and one
 * when it is resolved.  A command on a terminal tells it there, and nothing is
 * mailed.  What was told is recorded in the home (store/trouble.h).  Nothing
 * here fails: a report that cannot be delivered is logged and tried again.
 */
#ifndef CMD_REPORTING_H
#define CMD_REPORTING_H
#include "config/config.h"
#include "store/order.h"

struct reporting {
	const struct config *config;
	const struct home *home; /* exists */
};

/* key: what is in trouble, the same each time; text: a sentence, safe. */
void reporting_trouble(
    const struct reporting *reporting, const char *key, const char *text);
/* It is in order; nothing where nobody was told. */
void reporting_resolved(const struct reporting *reporting, const char *key);
/* The same of all keys that begin so. */
void reporting_resolved_all(
    const struct reporting *reporting, const char *prefix);
/* An order is followed: it waits for a person, or it is in order. */
void reporting_order(const struct reporting *reporting,
    const struct order *order, bool needs_a_person, const char *text);
/* text: why it could not be renewed; NULL: it was, or is not due. */
void reporting_renewal(const struct reporting *reporting,
    const struct order *order, const char *text);
/* A certificate could not be renewed: warn 14, 7, 3 and 1 days before its
 * end. */
void reporting_expiry(
    const struct reporting *reporting, const struct order *order, int64_t now);
#endif
