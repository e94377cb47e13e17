/*
 * home.h - the directory that holds what must outlast us
 *
 * 0700, files 0600.  Every change is written to a temporary name, fsynced,
 * renamed, and the directory fsynced, under a lock: a crash at any point
 * leaves the old state or the new one.
 */
#ifndef STORE_HOME_H
#define STORE_HOME_H
#include "store/file.h"

struct home {
	char path[1024];
	int dir; /* owned; -1: there is none yet */
};

/*
 * Open the home at path, and make it if create says so.  A missing home
 * without create is STATUS_OK with dir -1.  STATUS_PERMISSION: not ours, or
 * others can write to it; STATUS_CREATE; STATUS_IO.
 */
enum status home_open(const char *path, bool create, struct home *out,
    struct note *note) MUST_CHECK;
void home_close(struct home *home);

/* Open a directory below, made 0700 if create says so; -1: none. */
enum status home_subdir(const struct home *home, const char *name, bool create,
    int *out, struct note *note) MUST_CHECK;

/*
 * Take the one lock of the home, waiting ten seconds at most; the kernel
 * drops it when we die.  *fd is closed to unlock.  STATUS_AGAIN: it is held.
 */
enum status home_lock(
    const struct home *home, int *fd, struct note *note) MUST_CHECK;

/*
 * Take a lock on something of that name that takes long: a certificate order
 * while the CA is asked, say.  Nothing that answers mail waits for it.
 * seconds: how long to wait; 0: not at all.  STATUS_AGAIN: it is held.
 */
enum status home_lock_on(const struct home *home, const char *what, int seconds,
    int *fd, struct note *note) MUST_CHECK;

/* Append one line (text made safe already) to the home's log; kept below
 * 10 MiB.  Never fails aloud: a full disk must not stop a refusal. */
void home_log(const struct home *home, const char *line);
#endif
