/*
 * home.h - the home: the directory that keeps all state
 *
 * 0700, files 0600.  Every change is written to a temporary name, fsynced,
 * renamed, and the directory fsynced, under a lock: a crash at any point
 * leaves the old state or the new one.
 *
 * An unreadable file stops only what needs it.  Loading many skips it with a
 * warning, which the home keeps until the command prints it.
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

/* Open a directory below the home; create: make it, 0700, if necessary.  *out
 * is -1 if it does not exist. */
enum status home_subdir(const struct home *home, const char *name, bool create,
    int *out, struct note *note) MUST_CHECK;

/* Write "/home/alice/.../accounts/ID.json" to out, for the user to find it. */
void home_show_path(const struct home *home, const char *directory,
    const char *name, char *out, size_t size);

/* Keep a warning about a file in that directory, once for each text; status:
 * why it could not be read. */
void home_warn(const struct home *home, const char *directory,
    enum status status, const struct note *warning);
/* Return warning number index, from 0; NULL after the last.  Only the first
 * ones are kept; then the last one says that there are more. */
const struct note *home_warning(const struct home *home, size_t index);
/* Was a record of that directory skipped?  STATUS_OK: no.  Otherwise why the
 * first one could not be read, with *warning. */
enum status home_skipped(const struct home *home, const char *directory,
    struct note *warning) MUST_CHECK;

/* Note that there are files of killed processes: home_sweep() removes them.
 * Commands that change nothing leave them. */
void home_saw_litter(const struct home *home);
/* Remove them, if there are any and no other process is at work; best
 * effort. */
void home_sweep(const struct home *home);
/* Note that this process changed a record: home_is_changed(). */
void home_saw_change(const struct home *home);
bool home_is_changed(const struct home *home);

/*
 * Take the one lock of the home, waiting ten seconds at most; the kernel drops
 * it when we exit.  Close *fd to unlock.  STATUS_AGAIN: another process holds
 * it.  STATUS_IO: the file system has no locks, and the note says so.
 */
enum status home_lock(
    const struct home *home, int *fd, struct note *note) MUST_CHECK;

/*
 * Take a lock on something of that name that takes long, such as a certificate
 * order while the CA is asked.  Nothing that answers mail waits for it.
 * seconds: how long to wait; 0: do not.  As home_lock().
 */
enum status home_lock_on(const struct home *home, const char *what, int seconds,
    int *fd, struct note *note) MUST_CHECK;
/* Remove the file of a lock that we hold, with the thing that it locks. */
void home_lock_forget(const struct home *home, const char *what);

/* Can the file system of the home do what we need?  STATUS_IO: it cannot lock.
 * STATUS_UNABLE: it cannot make directories durable. */
enum status home_try(const struct home *home, struct note *note) MUST_CHECK;

/* From now on this process sends what it logs to syslog(3), too. */
void home_log_to_syslog(void);
/* Append one line of safe text to the home's log, which stays below 10 MiB.
 * Failures are ignored: a full disk must not stop a refusal. */
void home_log(const struct home *home, const char *line);
#endif
