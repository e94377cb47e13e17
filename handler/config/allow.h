/*
 * allow.h - read a list of addresses, as in answer_for
 *
 * Words between blanks: local@domain, @domain for all of a domain but not of
 * those below it, or * for every address.
 */
#ifndef CONFIG_ALLOW_H
#define CONFIG_ALLOW_H
#include "base/span.h"
#include "base/status.h"

enum allow {
	ALLOW_NO,
	ALLOW_COVERED, /* by its domain, or by * */
	ALLOW_NAMED    /* itself, in whatever spelling */
};

/* Is every word valid? */
bool allow_ok(struct span list);
/* How a list that is valid has this address, a normal form. */
enum allow allow_find(struct span list, struct span address);
#endif
