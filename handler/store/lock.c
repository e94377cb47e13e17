/*
 * lock.c - one mailcert process at a time: see home.h
 *
 * flock(2) on a separate file for each thing: the kernel drops the lock when we
 * exit.  Not fcntl(2) on ranges of one file: without OFD locks (gVisor, WSL 1),
 * closing any descriptor of that file would drop them all.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/home.h"
#include "store/jsonfile.h"

enum { LOCK_SECONDS = 10 };

static bool
is_over(const struct timespec *until)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > until->tv_sec ||
	    (now.tv_sec == until->tv_sec && now.tv_nsec >= until->tv_nsec);
}

/* Is the file that we hold still the one that others open?
 * home_lock_forget() may have removed it in between. */
static bool
is_current(int dir, const char *name, int fd)
{
	struct stat ours, theirs;

	return fstat(fd, &ours) == 0 &&
	    fstatat(dir, name, &theirs, AT_SYMLINK_NOFOLLOW) == 0 &&
	    ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

/* Try once.  STATUS_AGAIN: another process holds it; STATUS_MISSING: it was
 * removed at this moment; STATUS_CREATE, STATUS_IO, and errno. */
static enum status
attempt(int dir, const char *name, int *fd)
{
	enum status status = STATUS_OK;
	struct stat st;
	int error;

	*fd = openat(dir, name,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
	if (*fd < 0)
		return STATUS_CREATE;
	if (fstat(*fd, &st) == 0 && !S_ISREG(st.st_mode)) {
		errno = EINVAL;
		status = STATUS_CREATE;
	} else if (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
		/* Only these mean that another mailcert holds it. */
		status = errno == EWOULDBLOCK || errno == EINTR ? STATUS_AGAIN
								: STATUS_IO;
	} else if (!is_current(dir, name, *fd)) {
		status = STATUS_MISSING;
	}
	if (status != STATUS_OK) {
		error = errno;
		(void)close(*fd);
		errno = error;
		*fd = -1;
	}
	return status;
}

/* shown: its name below the home, for the note. */
static enum status
take(const struct home *home, int dir, const char *name, const char *shown,
    int seconds, int *fd, struct note *note)
{
	const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };
	struct timespec until;
	enum status status;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += seconds;
	for (;;) {
		status = attempt(dir, name, fd);
		if (status == STATUS_MISSING)
			continue;
		if (status != STATUS_AGAIN || is_over(&until))
			break;
		(void)nanosleep(&pause, NULL);
	}
	if (status == STATUS_IO)
		return note_set(note, status,
		    "cannot lock %.150s/%s: %s; put the home on a file "
		    "system with locks (-C, MAILCERT_HOME)",
		    home->path, shown, strerror(errno));
	if (status == STATUS_CREATE)
		return note_set(note, status, "%.200s/%s: %s", home->path,
		    shown, strerror(errno));
	return status;
}

enum status
home_lock(const struct home *home, int *fd, struct note *note)
{
	const enum status status =
	    take(home, home->dir, "lock", "lock", LOCK_SECONDS, fd, note);

	return status == STATUS_AGAIN
	    ? note_set(note, status,
		  "another mailcert process holds the lock of %.200s; try "
		  "again later",
		  home->path)
	    : status;
}

/* Return a file name for what is locked, which may be an argument of the
 * user. */
static const char *
name_of(const char *what)
{
	return jsonfile_id_ok(span_of(what)) ? what : "other";
}

enum status
home_lock_on(const struct home *home, const char *what, int seconds, int *fd,
    struct note *note)
{
	enum status status;
	char shown[40];
	int dir = -1;

	*fd = -1;
	status = home_subdir(home, "lock.d", true, &dir, note);
	if (status == STATUS_OK && dir < 0)
		status = note_set(
		    note, STATUS_CREATE, "%.200s: no home", home->path);
	if (status != STATUS_OK)
		return status;
	(void)snprintf(shown, sizeof(shown), "lock.d/%s", name_of(what));
	status = take(home, dir, name_of(what), shown, seconds, fd, note);
	(void)close(dir);
	return status == STATUS_AGAIN
	    ? note_set(note, status,
		  "another mailcert process holds %s; try again later", shown)
	    : status;
}

void
home_lock_forget(const struct home *home, const char *what)
{
	int dir = -1;

	if (home_subdir(home, "lock.d", false, &dir, NULL) != STATUS_OK ||
	    dir < 0)
		return;
	(void)unlinkat(dir, name_of(what), 0);
	(void)close(dir);
}
