/* path.h - paths as users write them */
#ifndef BASE_PATH_H
#define BASE_PATH_H
#include "base/span.h"

/*
 * Copy a path; "~" and "~/x" become what a shell makes of them, as many that
 * hand us a path are none.  False: empty, it does not fit, or there is no HOME.
 */
bool path_expand(struct span path, char *out, size_t size);
#endif
