/* lock.c - one mailcert at a time: see home.h */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "store/home.h"

enum { LOCK_SECONDS = 10 };

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
