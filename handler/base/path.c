/* path.c - paths as users write them: see path.h */
#include "base/path.h"

#include <stdio.h>
#include <stdlib.h>

bool
path_expand(struct span path, char *out, size_t size)
{
	const char *user = getenv("HOME");
	int len;

	if (!span_eq(path, SPAN("~")) && !span_starts(path, SPAN("~/")))
		return path.len > 0 && span_copy(path, out, size);
	if (user == NULL || user[0] != '/' || path.len > size ||
	    span_has_byte(path, '\0'))
		return false;
	len =
	    snprintf(out, size, "%s%.*s", user, (int)path.len - 1, path.at + 1);
	return len > 0 && (size_t)len < size;
}
