/*
 * identity.h - read who may sign for whom, as in smime_identities
 *
 * Words between blanks: FROM:SIGNER, two addresses.
 */
#ifndef CONFIG_IDENTITY_H
#define CONFIG_IDENTITY_H
#include "mail/address.h"

/* Normal forms: mail from `from` may be signed for `signer`. */
struct identity {
	char from[ADDRESS_SIZE];
	char signer[ADDRESS_SIZE];
};

/* Is every word valid? */
bool identities_ok(struct span list);
/* Take the next one off the front of a list that is valid; false at the end. */
bool identity_next(struct span *rest, struct identity *out);
#endif
