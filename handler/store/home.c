/* home.c - durable files under one directory: see home.h */
#include "store/home.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "mail/date.h"

enum { LOG_MAX = 5 * 1024 * 1024 };

/* mkdir -p, private. */
static bool
make_path(const char *path)
{
	char part[1024];
	size_t i;

	if (!span_copy(span_of(path), part, sizeof(part)))
		return false;
	for (i = 1; part[i] != '\0'; i++) {
		if (part[i] != '/')
			continue;
		part[i] = '\0';
		if (mkdir(part, 0700) != 0 && errno != EEXIST)
			return false;
		part[i] = '/';
	}
	return mkdir(part, 0700) == 0 || errno == EEXIST;
}

/* Ours, and nobody else may write. */
static enum status
check_owner(int dir, const char *path, struct note *note)
{
	struct stat st;

	if (fstat(dir, &st) != 0)
		return note_set(
		    note, STATUS_IO, "%s: %s", path, strerror(errno));
	if (st.st_uid != geteuid())
		return note_set(note, STATUS_PERMISSION,
		    "%s belongs to somebody else", path);
	if ((st.st_mode & 022) != 0)
		return note_set(note, STATUS_PERMISSION,
		    "%s can be written to by others (chmod 700 it)", path);
	return STATUS_OK;
}

enum status
home_open(const char *path, bool create, struct home *out, struct note *note)
{
	enum status status;
	struct home home = { .dir = -1 };

	if (!span_copy(span_of(path), home.path, sizeof(home.path)))
		return note_set(
		    note, STATUS_CONFIG, "the path of the home is too long");
	if (create && !make_path(path))
		return note_set(
		    note, STATUS_CREATE, "%.200s: %s", path, strerror(errno));
	home.dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (home.dir < 0) {
		if (errno == ENOENT && !create) {
			*out = home;
			return STATUS_OK;
		}
		return note_set(note,
		    errno == EACCES ? STATUS_PERMISSION : STATUS_IO,
		    "%.200s: %s", path, strerror(errno));
	}
	if ((status = check_owner(home.dir, path, note)) != STATUS_OK) {
		home_close(&home);
		return status;
	}
	*out = home;
	return STATUS_OK;
}

void
home_close(struct home *home)
{
	if (home->dir >= 0)
		(void)close(home->dir);
	home->dir = -1;
}

enum status
home_subdir(const struct home *home, const char *name, bool create, int *out,
    struct note *note)
{
	enum status status;

	*out = -1;
	if (home->dir < 0)
		return STATUS_OK;
	if (create && mkdirat(home->dir, name, 0700) != 0 && errno != EEXIST)
		return note_set(note, STATUS_CREATE, "%.200s/%s: %s",
		    home->path, name, strerror(errno));
	*out = openat(
	    home->dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*out < 0)
		return errno == ENOENT
		    ? STATUS_OK
		    : note_set(note, STATUS_IO, "%.200s/%s: %s", home->path,
			  name, strerror(errno));
	if ((status = check_owner(*out, name, note)) != STATUS_OK) {
		(void)close(*out);
		*out = -1;
	}
	return status;
}

void
home_log(const struct home *home, const char *line)
{
	struct stat st;
	struct buf text;
	int fd;

	if (home->dir < 0)
		return;
	fd = openat(home->dir, "log",
	    O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > LOG_MAX)
		(void)renameat(home->dir, "log", home->dir, "log.old");
	buf_init(&text, 4096);
	date_add_iso(&text, (int64_t)time(NULL));
	buf_addf(&text, " %.900s\n", line);
	/* One write: lines of two processes do not mix. */
	if (fd_write(fd, buf_span(&text)) != STATUS_OK)
		(void)0;
	buf_clear(&text);
	(void)close(fd);
}
