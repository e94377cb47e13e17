/*
 * nearest.h - guess which known word the user meant
 *
 * For messages only: nothing acts on the guess.
 */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H
#include "base/span.h"

enum { NEAREST_MAX = 40 }; /* longer words are near nothing */

struct nearest {
	struct span typed; /* borrowed */
	const char *name;  /* the best so far, borrowed; NULL: none is near */
	size_t distance;
};

/* Begin with what was typed, consider each known word, then read name.  Of
 * words equally near the first wins. */
struct nearest nearest_to(struct span typed);
void nearest_consider(struct nearest *nearest, const char *name);
/* The same for count words. */
const char *nearest_of(
    struct span typed, const char *const names[], size_t count);
#endif
