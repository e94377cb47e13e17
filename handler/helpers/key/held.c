/* held.c - what mailcert-key opens before its sandbox: see held.h */
#include "helpers/key/held.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/sandbox.h"
#include "store/home.h"

enum { CPU_SECONDS = 120 }; /* for a large RSA key on a slow machine */

void
held_confine(int dir, size_t most)
{
	const struct sandbox_rules rules = { .writable = dir > 0 ? dir : 0,
		.written = most,
		.cpu_seconds = CPU_SECONDS };

	(void)sandbox_enter_with(&rules);
}

/* Refuse a key that others can read, as ssh does. */
static enum status
read_key(const char *path, struct buf *out, struct note *note)
{
	enum status status;
	struct stat st;
	int fd;

	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return note_set(note,
		    errno == EACCES || errno == ELOOP ? STATUS_PERMISSION
						      : STATUS_IO,
		    "%.200s: %s", path, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		status = note_set(
		    note, STATUS_IO, "%.200s is not a regular file", path);
	else if (st.st_uid != geteuid() || (st.st_mode & 077) != 0)
		status = note_set(note, STATUS_PERMISSION,
		    "others can read %.200s; chmod 600 it", path);
	else if (st.st_nlink > 1)
		status = note_set(note, STATUS_PERMISSION,
		    "%.200s has more than one name (hard links)", path);
	else if ((status = fd_read(fd, out, 10)) == STATUS_BAD_SIZE)
		status = note_set(note, STATUS_BAD_KEY,
		    "%.200s is too large for a key", path);
	(void)close(fd);
	return status;
}

/* Copy a path from "open" as a string. */
static enum status
take_path(const struct serve *serve, const char *name, char *out, size_t size)
{
	return span_copy(frame_get(serve->open, name), out, size)
	    ? STATUS_OK
	    : STATUS_USAGE;
}

enum status
held_read(const struct serve *serve, const char *name, struct buf *out,
    struct note *note)
{
	char path[PATH_SIZE];
	enum status status = take_path(serve, name, path, sizeof(path));

	return status == STATUS_OK ? read_key(path, out, note) : status;
}

enum status
held_place(const struct serve *serve, struct place *out, struct note *note)
{
	char copy[PATH_SIZE], other[PATH_SIZE];
	enum status status = take_path(serve, "new", copy, sizeof(copy));

	if (status != STATUS_OK)
		return status;
	(void)strcpy(other, copy);
	(void)strcpy(out->name, basename(other));
	out->dir = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return out->dir >= 0 ? STATUS_OK
			     : note_set(note, STATUS_CREATE, "%.200s: %s", copy,
				   strerror(errno));
}

enum status
held_store(const struct place *place, struct span bytes, struct note *note)
{
	enum status status =
	    file_create_whole(place->dir, place->name, bytes, note);

	return status == STATUS_OK ? dir_sync(place->dir) : status;
}
