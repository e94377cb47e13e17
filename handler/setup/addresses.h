/*
 * addresses.h - find the user's own addresses in configurations
 *
 * Pure: the text of a configuration gives addresses.  It is the user's own
 * text, but only what is a plain address is taken, and nothing is run; the
 * files that it reads in turn are not followed.
 */
#ifndef SETUP_ADDRESSES_H
#define SETUP_ADDRESSES_H
#include "base/buf.h"

enum { ADDRESSES_MAX = 8, OWN_ADDRESS_SIZE = 320, WHENCE_SIZE = 48 };

struct own_address {
	char address[OWN_ADDRESS_SIZE];
	char whence[WHENCE_SIZE]; /* "from in your muttrc" */
};

/* Those that were found, in this order, each once. */
struct addresses {
	struct own_address found[ADDRESSES_MAX];
	size_t count;
};

/* Add "a@example.org", "Alice <a@example.org>", or a regular expression that
 * means one address.  Other text, and what does not fit, is left out. */
void addresses_add(
    struct addresses *addresses, struct span text, const char *whence);
/* from, alternates and my_hdr of a muttrc, also in hooks; file: "your muttrc".
 * A mailrc of s-nail has the same words. */
void addresses_of_muttrc(
    struct addresses *addresses, struct span text, const char *file);
/* From and alt-addresses of a .pinerc. */
void addresses_of_pinerc(struct addresses *addresses, struct span text);
/* The identities in the prefs.js of Thunderbird. */
void addresses_of_prefs(struct addresses *addresses, struct span text);
#endif
