/* folder.c - drafts in a file, a Maildir or an mbox: see folder.h */
#include "deliver/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "mail/date.h"

enum status
folder_unique_name(char *out, size_t size)
{
	unsigned char random[8];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return STATUS_IO;
	(void)snprintf(out, size,
	    "%lld.R%02x%02x%02x%02x%02x%02x%02x%02x.mailcert",
	    (long long)time(NULL), random[0], random[1], random[2], random[3],
	    random[4], random[5], random[6], random[7]);
	return STATUS_OK;
}

/* Until the directory entry is durable, it is not certain that there is a
 * draft. */
static enum status
settle_draft(enum status synced, const char *path, enum outcome *outcome,
    struct note *note)
{
	*outcome = synced == STATUS_OK ? OUTCOME_DRAFTED : OUTCOME_DOUBT;
	return synced == STATUS_OK
	    ? STATUS_OK
	    : note_set(note, synced, "%.200s: cannot sync its directory: %s",
		  path, strerror(errno));
}

enum status
deliver_file(const char *path, struct span message, enum outcome *outcome,
    struct note *note)
{
	enum status status = file_create(AT_FDCWD, path, message, note);

	return status == STATUS_OK
	    ? settle_draft(path_sync_parent(path), path, outcome, note)
	    : status;
}

static enum status
sync_below(int dir, const char *name)
{
	enum status status;
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return errno == EACCES ? STATUS_OK : STATUS_IO;
	status = dir_sync(fd);
	(void)close(fd);
	return status;
}

enum status
deliver_maildir(const char *path, const char *to, const char *flags,
    struct span message, enum outcome *outcome, struct note *note)
{
	char name[80], temporary[96], final[128];
	enum status status;
	int dir;

	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return note_set(
		    note, STATUS_CREATE, "%.200s: %s", path, strerror(errno));
	status = folder_unique_name(name, sizeof(name));
	(void)snprintf(temporary, sizeof(temporary), "tmp/%s", name);
	(void)snprintf(final, sizeof(final), "%s/%s%s", to, name, flags);
	if (status == STATUS_OK)
		status = file_create(dir, temporary, message, note);
	if (status == STATUS_OK && renameat(dir, temporary, dir, final) != 0) {
		status = note_set(note, STATUS_CREATE, "%.200s/%s: %s", path,
		    to, strerror(errno));
		(void)unlinkat(dir, temporary, 0);
	}
	if (status == STATUS_OK)
		status = settle_draft(sync_below(dir, to), path, outcome, note);
	(void)close(dir);
	return status;
}

/* Take both locks, since other programs may look at one only.  If the file
 * system lacks one of them, the other must do; STATUS_IO: it lacks both. */
static enum status
lock_mbox(int fd, struct note *note)
{
	const struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	const bool by_flock = flock(fd, LOCK_EX | LOCK_NB) == 0;
	const int no_flock = by_flock ? 0 : errno;
	const bool by_fcntl = fcntl(fd, F_SETLK, &whole) == 0;
	const int no_fcntl = by_fcntl ? 0 : errno;

	if (no_flock == EWOULDBLOCK || no_fcntl == EAGAIN || no_fcntl == EACCES)
		return note_set(note, STATUS_AGAIN,
		    "another program has locked the mbox; try again later");
	if (!by_flock && !by_fcntl)
		return note_set(note, STATUS_IO, "cannot lock the mbox: %s",
		    strerror(no_fcntl));
	return STATUS_OK;
}

static enum status
append_mbox(int fd, struct span message, struct note *note)
{
	enum status status;
	time_t now = time(NULL);
	struct tm tm;
	struct buf text;
	char date[40];
	off_t end;

	if ((status = lock_mbox(fd, note)) != STATUS_OK)
		return status;
	if ((end = lseek(fd, 0, SEEK_END)) < 0)
		return STATUS_IO;
	buf_init(&text, message.len + 256);
	(void)gmtime_r(&now, &tm);
	(void)strftime(date, sizeof(date), "%a %b %e %H:%M:%S %Y", &tm);
	buf_addf(&text, "From MAILER-DAEMON %s\n", date);
	buf_add(&text, message);
	buf_add_byte(&text, '\n');
	status = fd_write(fd, buf_span(&text));
	if (status == STATUS_OK && fsync(fd) != 0)
		status = STATUS_IO;
	if (status != STATUS_OK) {
		(void)note_set(note, status, "cannot write to the mbox: %s",
		    strerror(errno));
		if (ftruncate(fd, end) != 0)
			status = STATUS_IO;
	}
	buf_clear(&text);
	return status;
}

enum status
deliver_mbox(const char *path, struct span message, enum outcome *outcome,
    struct note *note)
{
	enum status status;
	struct stat st;
	int fd;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
	if (fd < 0)
		return note_set(
		    note, STATUS_CREATE, "%.200s: %s", path, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		status = note_set(
		    note, STATUS_CREATE, "%.200s is not a regular file", path);
	else
		status = append_mbox(fd, message, note);
	/* The mbox may be new. */
	if (status == STATUS_OK)
		status =
		    settle_draft(path_sync_parent(path), path, outcome, note);
	(void)close(fd);
	return status;
}
