/*
 * home.h - the home: the directory that keeps all state
 *
 * 0700, files 0600.  Every change is written to a temporary name, fsynced,
 * renamed, and the directory fsynced, under a lock: a crash at any point
 * leaves the old state or the new one.
 *
 * A file of ours that cannot be read stops only what needs it.  Who loads many
 * skips it and warns: the home keeps the warnings until its command tells them.
 */
#ifndef STORE_HOME_H
#define STORE_HOME_H
#include "store/file.h"

struct home {
	char path[1024];
	int dir;                  /* owned; -1: it does not exist yet */
	struct home_notes *notes; /* owned; what was seen on the way */
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

/* "/home/alice/.../accounts/ID.json" into out, for a person to find. */
void home_show_path(const struct home *home, const char *directory,
    const char *name, char *out, size_t size);

/* Keep a warning about a file in that directory, once for each text; status:
 * what reading it gave. */
void home_warn(const struct home *home, const char *directory,
    enum status status, const struct note *warning);
/* One after the other, from 0; NULL after the last.  Of many only the first
 * are kept, and the last one says so. */
const struct note *home_warning(const struct home *home, size_t index);
/* Was a record of that directory skipped?  STATUS_OK: none was; else what
 * reading the first one gave, and *warning is told of it. */
enum status home_skipped(const struct home *home, const char *directory,
    struct note *warning) MUST_CHECK;

/* Files of processes that were killed were seen: home_sweep() removes them.
 * Commands that change nothing leave them. */
void home_saw_litter(const struct home *home);
/* Remove them, if any were seen and nobody else is at work; best effort. */
void home_sweep(const struct home *home);
/* This process changed a record: home_is_changed(). */
void home_saw_change(const struct home *home);
bool home_is_changed(const struct home *home);

/*
 * Take the one lock of the home, waiting ten seconds at most; the kernel
 * drops it when we die.  *fd is closed to unlock.  STATUS_AGAIN: it is held.
 * STATUS_IO: the file system has no locks, and the note says so.
 */
enum status home_lock(
    const struct home *home, int *fd, struct note *note) MUST_CHECK;

/*
 * Take a lock on something of that name that takes long: a certificate order
 * while the CA is asked, say.  Nothing that answers mail waits for it.
 * seconds: how long to wait; 0: not at all.  As home_lock().
 */
enum status home_lock_on(const struct home *home, const char *what, int seconds,
    int *fd, struct note *note) MUST_CHECK;
/* The thing is gone: so is the file of its lock, which we hold. */
void home_lock_forget(const struct home *home, const char *what);

/* Can the file system below the home do what we need?  STATUS_IO: it cannot
 * lock.  STATUS_UNABLE: it cannot make directories durable. */
enum status home_try(const struct home *home, struct note *note) MUST_CHECK;

/* Append one line (text made safe already) to the home's log; kept below
 * 10 MiB.  Never fails aloud: a full disk must not stop a refusal. */
void home_log(const struct home *home, const char *line);
#endif
