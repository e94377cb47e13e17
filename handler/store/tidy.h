/*
 * tidy.h - put the home in order after a change
 *
 * Removes what killed processes left, and moves records of format 1
 * (expectations in HOME/orders/, certificate orders in HOME/issuances/) to
 * where this version keeps them.
 */
#ifndef STORE_TIDY_H
#define STORE_TIDY_H
#include "store/home.h"

/* Call it last, without a lock.  Best effort; a command that changed no record
 * moves none. */
void home_tidy(const struct home *home);
#endif
