/* file.c - durable files in a directory: see file.h */
#include "store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#ifndef STATX_BTIME /* musl has statx() since 1.2.5 */
#include <linux/stat.h>
#include <sys/syscall.h>
#define statx(...) syscall(SYS_statx, __VA_ARGS__)
#endif

#include "base/fd.h"
#include "base/walk.h"

enum {
	NAME_SIZE = 320,    /* of a temporary name */
	YOUNG_SECONDS = 90, /* by then the kernel has written a directory */
	TICK_MOST = 20 * 1000 * 1000 /* ns; of the clock of file times */
};

/* Does the error say that the file system cannot sync a directory? */
static bool
is_unable(int error)
{
	return error == EINVAL || error == ENOTSUP || error == EOPNOTSUPP ||
	    error == ENOSYS;
}

bool
dir_can_sync(int dir)
{
	return fsync(dir) == 0 || !is_unable(errno);
}

enum status
dir_sync(int dir)
{
	return fsync(dir) == 0 || is_unable(errno) ? STATUS_OK : STATUS_IO;
}

/* Was it made recently, perhaps by a process that was killed before it could
 * sync the parent?  No, if the file system does not tell. */
static bool
is_young(int parent, const char *name)
{
	struct statx st;
	int64_t age;

	if (statx(parent, name, AT_SYMLINK_NOFOLLOW, STATX_BTIME, &st) != 0 ||
	    (st.stx_mask & STATX_BTIME) == 0)
		return false;
	age = (int64_t)time(NULL) - st.stx_btime.tv_sec;
	return age > -YOUNG_SECONDS && age < YOUNG_SECONDS;
}

enum status
dir_make(int parent, const char *name)
{
	if (mkdirat(parent, name, 0700) != 0) {
		if (errno != EEXIST)
			return STATUS_CREATE;
		if (!is_young(parent, name))
			return STATUS_OK;
	}
	return dir_sync(parent);
}

enum status
path_sync_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	char parent[1100];
	enum status status;
	int dir;

	if (slash == NULL)
		(void)strcpy(parent, ".");
	else if (!span_copy((struct span){ path,
				slash == path ? 1 : (size_t)(slash - path) },
		     parent, sizeof(parent)))
		return STATUS_CREATE;
	dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* A directory that we may not read cannot be synced. */
	if (dir < 0)
		return errno == EACCES ? STATUS_OK : STATUS_IO;
	status = dir_sync(dir);
	(void)close(dir);
	return status;
}

enum status
path_make(const char *path)
{
	if (mkdir(path, 0700) != 0) {
		if (errno != EEXIST)
			return STATUS_CREATE;
		if (!is_young(AT_FDCWD, path))
			return STATUS_OK;
	}
	return path_sync_parent(path);
}

static bool
is_equal(const struct dir_mark *a, const struct dir_mark *b)
{
	return a->device == b->device && a->inode == b->inode &&
	    a->modified[0] == b->modified[0] &&
	    a->modified[1] == b->modified[1] &&
	    a->changed[0] == b->changed[0] && a->changed[1] == b->changed[1];
}

bool
dir_mark_get(int dir, struct dir_mark *out)
{
	struct stat st;

	if (fstat(dir, &st) != 0)
		return false;
	*out = (struct dir_mark){ st.st_dev, st.st_ino,
		{ st.st_mtim.tv_sec, st.st_mtim.tv_nsec },
		{ st.st_ctim.tv_sec, st.st_ctim.tv_nsec } };
	return true;
}

bool
dir_mark_is(int dir, const struct dir_mark *mark)
{
	struct dir_mark now;

	return dir_mark_get(dir, &now) && is_equal(&now, mark);
}

bool
dir_mark_is_old(const struct dir_mark *mark)
{
	struct timespec now;
	int64_t age;

	/* The clock that the kernel takes these times from. */
	if (clock_gettime(CLOCK_REALTIME_COARSE, &now) != 0 ||
	    now.tv_sec < mark->changed[0] || now.tv_sec < mark->modified[0])
		return false;
	if (now.tv_sec > mark->changed[0] + 1)
		return true;
	age = (now.tv_sec - mark->changed[0]) * 1000000000 + now.tv_nsec -
	    mark->changed[1];
	return age > TICK_MOST;
}

void
dir_trail_before(int dir, struct dir_trail *trail)
{
	if (trail != NULL && !trail->lost)
		trail->lost = !dir_mark_is(dir, &trail->mark);
}

void
dir_trail_after(int dir, struct dir_trail *trail)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };
	const int error = errno;
	uint32_t random = 0;

	if (trail == NULL || trail->lost)
		return;
	trail->lost = clock_gettime(CLOCK_REALTIME, &times[1]) != 0 ||
	    getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random);
	times[1].tv_sec--;
	times[1].tv_nsec = (long)(random % 1000000000U);
	if (trail->lost || futimens(dir, times) != 0 ||
	    !dir_mark_get(dir, &trail->mark) ||
	    trail->mark.modified[0] != times[1].tv_sec ||
	    trail->mark.modified[1] != times[1].tv_nsec)
		trail->lost = true;
	errno = error;
}

static enum status
create(int dir, const char *name, struct span bytes, struct dir_trail *trail,
    struct note *note)
{
	enum status status = STATUS_OK;
	int fd;

	dir_trail_before(dir, trail);
	fd = openat(dir, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	dir_trail_after(dir, trail);
	if (fd < 0)
		return note_set(
		    note, STATUS_CREATE, "%.200s: %s", name, strerror(errno));
	/* The umask may have removed our own permissions. */
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
file_create(int dir, const char *name, struct span bytes, struct note *note)
{
	return create(dir, name, bytes, NULL, note);
}

void
file_temporary_name(const char *name, char *out, size_t size)
{
	(void)snprintf(out, size, "%.250s.%ld.new", name, (long)getpid());
}

enum status
file_create_whole(
    int dir, const char *name, struct span bytes, struct note *note)
{
	char temporary[NAME_SIZE];
	enum status status;
	int error = 0;

	file_temporary_name(name, temporary, sizeof(temporary));
	(void)unlinkat(dir, temporary, 0);
	status = file_create(dir, temporary, bytes, note);
	if (status != STATUS_OK)
		return status;
	if (renameat2(dir, temporary, dir, name, RENAME_NOREPLACE) != 0) {
		error = errno;
		(void)unlinkat(dir, temporary, 0);
	}
	/* NFS, among others, cannot do that. */
	if (error == EINVAL || error == ENOSYS)
		return file_create(dir, name, bytes, note);
	return error == 0 ? STATUS_OK
			  : note_set(note, STATUS_CREATE, "%.200s: %s", name,
				strerror(error));
}

bool
file_is_litter(const char *name)
{
	const struct span text = span_of(name);
	char *end;
	size_t i;
	long pid;

	if (text.len < 7 ||
	    !span_eq(span_cut(text, text.len - 4, text.len), SPAN(".new")))
		return false;
	for (i = text.len - 4; i > 0 && ascii_is_digit(text.at[i - 1]); i--)
		;
	if (i == 0 || text.at[i - 1] != '.')
		return false;
	errno = 0;
	pid = strtol(text.at + i, &end, 10);
	return errno == 0 && end == text.at + text.len - 4 && pid > 0 &&
	    pid <= INT32_MAX && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

/* Walk an open directory through another descriptor. */
static enum status
walk_again(struct walk *walk, int dir)
{
	return walk_begin(
	    walk, openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

void
dir_sweep(int dir)
{
	const char *name;
	struct walk walk;

	if (walk_again(&walk, dir) != STATUS_OK)
		return;
	while ((name = walk_next(&walk)) != NULL)
		if (file_is_litter(name))
			(void)unlinkat(dir, name, 0);
	(void)walk_end(&walk);
}

static enum status
replace(int dir, const char *name, const char *temporary, struct span bytes,
    struct dir_trail *trail, bool *swept, struct note *note)
{
	enum status status;

	(void)unlinkat(dir, temporary, 0);
	status = create(dir, temporary, bytes, trail, note);
	if (status != STATUS_OK)
		return status;
	dir_trail_before(dir, trail);
	if (renameat(dir, temporary, dir, name) != 0) {
		*swept = errno == ENOENT;
		status = note_set(
		    note, STATUS_CREATE, "%.200s: %s", name, strerror(errno));
		(void)unlinkat(dir, temporary, 0);
		return status;
	}
	dir_trail_after(dir, trail);
	if (dir_sync(dir) != STATUS_OK)
		return note_set(
		    note, STATUS_IO, "%.200s: %s", name, strerror(errno));
	return STATUS_OK;
}

enum status
file_replace(int dir, const char *name, struct span bytes, struct note *note)
{
	return file_replace_followed(dir, name, bytes, NULL, note);
}

enum status
file_replace_followed(int dir, const char *name, struct span bytes,
    struct dir_trail *trail, struct note *note)
{
	char temporary[NAME_SIZE];
	enum status status;
	bool swept = false;

	file_temporary_name(name, temporary, sizeof(temporary));
	status = replace(dir, name, temporary, bytes, trail, &swept, note);
	/* A sweeper on another machine, or in another container, does not see
	 * our process, and removed its file. */
	return swept ? replace(dir, name, temporary, bytes, trail, &swept, note)
		     : status;
}

enum status
file_read(int dir, const char *name, struct buf *out)
{
	enum status status;
	struct stat st;
	int fd;

	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		switch (errno) {
		case ENOENT:
			return STATUS_MISSING;
		case ELOOP:
		case ENXIO: /* a socket */
			return STATUS_DAMAGED;
		case EACCES:
			return STATUS_PERMISSION;
		case EMFILE:
		case ENFILE:
		case ENOMEM:
			return STATUS_MEMORY;
		default:
			return STATUS_IO;
		}
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		status = STATUS_DAMAGED;
	else if ((size_t)st.st_size > out->ceiling ||
	    (status = fd_read_file(fd, (size_t)st.st_size, out)) ==
		STATUS_BAD_SIZE)
		status = STATUS_DAMAGED;
	(void)close(fd);
	return status;
}

void
dir_keep_few(int dir, size_t most)
{
	const char *name;
	size_t count = 0;
	struct walk walk;

	if (walk_again(&walk, dir) != STATUS_OK)
		return;
	while (walk_next(&walk) != NULL)
		count++;
	(void)walk_end(&walk);
	if (count <= most || walk_again(&walk, dir) != STATUS_OK)
		return;
	while ((name = walk_next(&walk)) != NULL)
		if (name[0] != '.')
			(void)unlinkat(dir, name, 0);
	(void)walk_end(&walk);
}
