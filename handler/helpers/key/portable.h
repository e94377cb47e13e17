/*
 * portable.h - keys that come from elsewhere, or go there
 */
#ifndef HELPERS_KEY_PORTABLE_H
#define HELPERS_KEY_PORTABLE_H
#include "base/serve.h"

/* Is it one of the verbs below? */
bool portable_is(enum verb_id verb);
/*
 * Answer a question whose frame "open" was read; enters the sandbox on the
 * way.
 *
 *	inspect	the public keys and the certificates of file
 *	take	writes the key of file that has that public key as new
 *	clone	writes file again, as new, as it is
 *	export	writes file with its chain as new, or to output
 *	pack	writes all of home, sealed, as new, or to output
 *	unpack	writes what file holds into home, an empty directory
 *
 * new is replaced by take and clone, which complete what was cut short, and by
 * export where it is told to.
 */
enum status portable_serve(
    struct serve *serve, struct buf *out, struct note *note) MUST_CHECK;
#endif
