/* walk.c - directories, name by name: see walk.h */
#include "base/walk.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum status
walk_begin(struct walk *walk, int dir)
{
	*walk = (struct walk){ .dir = dir };
	if (dir >= 0 && (walk->stream = fdopendir(dir)) != NULL)
		return STATUS_OK;
	walk->error = errno;
	if (dir >= 0)
		(void)close(dir);
	walk->dir = -1;
	return walk->error == ENOMEM ? STATUS_MEMORY : STATUS_IO;
}

const char *
walk_next(struct walk *walk)
{
	const struct dirent *entry;

	if (walk->stream == NULL || walk->error != 0)
		return NULL;
	do {
		/* NULL is the end, or an error: only errno tells. */
		errno = 0;
		if ((entry = readdir(walk->stream)) == NULL) {
			walk->error = errno;
			return NULL;
		}
	} while (strcmp(entry->d_name, ".") == 0 ||
	    strcmp(entry->d_name, "..") == 0);
	return entry->d_name;
}

enum status
walk_end(struct walk *walk)
{
	if (walk->stream != NULL)
		(void)closedir(walk->stream);
	walk->stream = NULL;
	walk->dir = -1;
	errno = walk->error;
	return walk->error == 0 ? STATUS_OK : STATUS_IO;
}
