/* path.h - expand paths as users write them */
#ifndef BASE_PATH_H
#define BASE_PATH_H
#include "base/span.h"

/*
 * Copy a path; "~" and "~/x" become what a shell makes of them, because
 * paths often come without a shell.  False: empty, too long, or no HOME.
 */
bool path_expand(struct span path, char *out, size_t size);
#endif
