/* home.c - durable files under one directory: see home.h */
#include "store/home.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "mail/date.h"

enum { LOCK_SECONDS = 10, LOG_MAX = 5 * 1024 * 1024 };

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

static enum status
open_lock(const struct home *home, const char *name, int *fd, struct note *note)
{
	*fd = openat(
	    home->dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return *fd >= 0 ? STATUS_OK
			: note_set(note, STATUS_CREATE, "%.200s/%s: %s",
			      home->path, name, strerror(errno));
}

static bool
is_over(const struct timespec *until)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > until->tv_sec ||
	    (now.tv_sec == until->tv_sec && now.tv_nsec >= until->tv_nsec);
}

enum status
home_lock(const struct home *home, int *fd, struct note *note)
{
	const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };
	enum status status = open_lock(home, "lock", fd, note);
	struct timespec until;

	if (status != STATUS_OK)
		return status;
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += LOCK_SECONDS;
	while (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
		if ((errno != EWOULDBLOCK && errno != EINTR) ||
		    is_over(&until)) {
			(void)close(*fd);
			*fd = -1;
			return note_set(note, STATUS_AGAIN,
			    "another mailcert holds the lock of %.200s",
			    home->path);
		}
		(void)nanosleep(&pause, NULL);
	}
	return STATUS_OK;
}

/* One octet of the file "locks" for each name; two names may share one, and
 * wait for each other. */
static off_t
octet_of(const char *what)
{
	uint32_t hash = 2166136261U;

	for (; *what != '\0'; what++)
		hash = (hash ^ (unsigned char)*what) * 16777619U;
	return (off_t)(hash & 0x7fffffff);
}

enum status
home_lock_on(const struct home *home, const char *what, int seconds, int *fd,
    struct note *note)
{
	const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };
	struct flock one = { .l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = octet_of(what),
		.l_len = 1 };
	enum status status = open_lock(home, "locks", fd, note);
	struct timespec until;

	if (status != STATUS_OK)
		return status;
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += seconds;
	/* Of the open file, not of the process: closing another one of the
	 * same name does not drop it. */
	while (fcntl(*fd, F_OFD_SETLK, &one) != 0) {
		if ((errno != EAGAIN && errno != EACCES && errno != EINTR) ||
		    is_over(&until)) {
			(void)close(*fd);
			*fd = -1;
			return note_set(
			    note, STATUS_AGAIN, "another mailcert is at it");
		}
		(void)nanosleep(&pause, NULL);
	}
	return STATUS_OK;
}

void
dir_keep_few(int dir, size_t most)
{
	int again = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = again >= 0 ? fdopendir(again) : NULL;
	struct dirent *entry;
	size_t count = 0;

	if (list == NULL) {
		if (again >= 0)
			(void)close(again);
		return;
	}
	while (readdir(list) != NULL)
		count++;
	rewinddir(list);
	while (count > most && (entry = readdir(list)) != NULL)
		if (entry->d_name[0] != '.')
			(void)unlinkat(dir, entry->d_name, 0);
	(void)closedir(list);
}

enum status
dir_sync(int dir)
{
	return fsync(dir) == 0 ? STATUS_OK : STATUS_IO;
}

enum status
file_create(int dir, const char *name, struct span bytes, struct note *note)
{
	enum status status = STATUS_OK;
	int fd;

	fd = openat(dir, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return note_set(
		    note, STATUS_CREATE, "%.200s: %s", name, strerror(errno));
	/* The umask may have taken our own rights away. */
	if (fchmod(fd, 0600) != 0 || fd_write(fd, bytes) != STATUS_OK ||
	    fsync(fd) != 0)
		status = note_set(
		    note, STATUS_IO, "%.200s: %s", name, strerror(errno));
	if (close(fd) != 0 && status == STATUS_OK)
		status = note_set(
		    note, STATUS_IO, "%.200s: %s", name, strerror(errno));
	if (status != STATUS_OK)
		(void)unlinkat(dir, name, 0);
	return status;
}

enum status
file_replace(int dir, const char *name, struct span bytes, struct note *note)
{
	enum status status;
	char temporary[128];

	(void)snprintf(temporary, sizeof(temporary), "%.96s.%ld.new", name,
	    (long)getpid());
	(void)unlinkat(dir, temporary, 0);
	status = file_create(dir, temporary, bytes, note);
	if (status != STATUS_OK)
		return status;
	if (renameat(dir, temporary, dir, name) != 0) {
		status = note_set(
		    note, STATUS_CREATE, "%.200s: %s", name, strerror(errno));
		(void)unlinkat(dir, temporary, 0);
		return status;
	}
	if (dir_sync(dir) != STATUS_OK)
		return note_set(
		    note, STATUS_IO, "%.200s: %s", name, strerror(errno));
	return STATUS_OK;
}

enum status
file_read(int dir, const char *name, struct buf *out)
{
	enum status status;
	struct stat st;
	int fd;

	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? STATUS_NO
		    : errno == ELOOP   ? STATUS_CONFIG
				       : STATUS_IO;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		status = STATUS_CONFIG;
	else if ((size_t)st.st_size > out->ceiling ||
	    (status = fd_read_file(fd, (size_t)st.st_size, out)) ==
		STATUS_BAD_SIZE)
		status = STATUS_CONFIG;
	(void)close(fd);
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
