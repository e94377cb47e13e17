/* home.c - the directories of the home: see home.h */
#include "store/home.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "mail/date.h"

enum { LOG_MAX = 5 * 1024 * 1024, WARNINGS_EACH = 8, WARNINGS_MAX = 32 };

struct home_notes {
	size_t warnings;
	struct {
		char directory[24];
		enum status status;
		struct note text;
	} warning[WARNINGS_MAX];
	bool more; /* than are kept */
	bool litter;
	bool changed;
};

/* Make a path as mkdir -p does, private and durable. */
static bool
make_path(const char *path)
{
	char part[1024];
	size_t i;

	if (!span_copy(span_of(path), part, sizeof(part)))
		return false;
	for (i = 1;; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		part[i] = '\0';
		if (path_make(part) != STATUS_OK)
			return false;
		if (path[i] == '\0')
			return true;
		part[i] = '/';
	}
}

/* Check that it belongs to us and that nobody else can write to it. */
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
		    "others can write to %s; chmod 700 it", path);
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
	status = check_owner(home.dir, path, note);
	if (status == STATUS_OK &&
	    (home.notes = calloc(1, sizeof(*home.notes))) == NULL)
		status = STATUS_MEMORY;
	if (status != STATUS_OK) {
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
	free(home->notes);
	home->dir = -1;
	home->notes = NULL;
}

enum status
home_subdir(const struct home *home, const char *name, bool create, int *out,
    struct note *note)
{
	enum status status;

	*out = -1;
	if (home->dir < 0)
		return STATUS_OK;
	if (create && (status = dir_make(home->dir, name)) != STATUS_OK)
		return note_set(note, status, "%.200s/%s: %s", home->path, name,
		    strerror(errno));
	*out = openat(
	    home->dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*out < 0)
		return errno == ENOENT
		    ? STATUS_OK
		    : note_set(note,
			  errno == EACCES ? STATUS_PERMISSION : STATUS_IO,
			  "%.200s/%s: %s", home->path, name, strerror(errno));
	if ((status = check_owner(*out, name, note)) != STATUS_OK) {
		(void)close(*out);
		*out = -1;
	}
	return status;
}

void
home_show_path(const struct home *home, const char *directory, const char *name,
    char *out, size_t size)
{
	/* The end of the path is of more use than a part that leads nowhere. */
	if (snprintf(out, size, "%s/%s/%s", home->path, directory, name) >=
	    (int)size)
		(void)snprintf(out, size, "%s/%s", directory, name);
}

void
home_warn(const struct home *home, const char *directory, enum status status,
    const struct note *warning)
{
	struct home_notes *notes = home->notes;
	size_t i, same = 0;

	if (notes == NULL)
		return;
	for (i = 0; i < notes->warnings; i++) {
		if (strcmp(notes->warning[i].text.text, warning->text) == 0)
			return;
		same += strcmp(notes->warning[i].directory, directory) == 0;
	}
	if (same == WARNINGS_EACH || i == WARNINGS_MAX) {
		notes->more = true;
		return;
	}
	(void)snprintf(notes->warning[i].directory,
	    sizeof(notes->warning[i].directory), "%s", directory);
	notes->warning[i].status = status;
	notes->warning[i].text = *warning;
	notes->warnings++;
}

const struct note *
home_warning(const struct home *home, size_t index)
{
	static const struct note more = { "other files are skipped too" };
	const struct home_notes *notes = home->notes;

	if (notes == NULL || index > notes->warnings)
		return NULL;
	if (index == notes->warnings)
		return notes->more ? &more : NULL;
	return &notes->warning[index].text;
}

enum status
home_skipped(
    const struct home *home, const char *directory, struct note *warning)
{
	const struct home_notes *notes = home->notes;
	size_t i;

	for (i = 0; notes != NULL && i < notes->warnings; i++)
		if (strcmp(notes->warning[i].directory, directory) == 0) {
			*warning = notes->warning[i].text;
			return notes->warning[i].status;
		}
	return STATUS_OK;
}

void
home_saw_litter(const struct home *home)
{
	if (home->notes != NULL)
		home->notes->litter = true;
}

void
home_saw_change(const struct home *home)
{
	if (home->notes != NULL)
		home->notes->changed = true;
}

bool
home_is_changed(const struct home *home)
{
	return home->notes != NULL && home->notes->changed;
}

void
home_sweep(const struct home *home)
{
	/* orders and issuances: see tidy.h */
	static const char *const directories[] = { "expectations",
		"certificates", "keys", "orders", "issuances", "accounts",
		"dns", "verified", "revocation", "drafts", "published" };
	int lock = -1, dir;
	size_t i;

	if (home->notes == NULL || !home->notes->litter ||
	    home_lock(home, &lock, NULL) != STATUS_OK)
		return;
	for (i = 0; i < sizeof(directories) / sizeof(*directories); i++) {
		if (home_subdir(home, directories[i], false, &dir, NULL) !=
			STATUS_OK ||
		    dir < 0)
			continue;
		dir_sweep(dir);
		(void)close(dir);
	}
	(void)close(lock);
	home->notes->litter = false;
}

enum status
home_try(const struct home *home, struct note *note)
{
	enum status status;
	int lock = -1;

	status = home_lock(home, &lock, note);
	if (lock >= 0)
		(void)close(lock);
	if (status != STATUS_OK && status != STATUS_AGAIN)
		return status;
	if (!dir_can_sync(home->dir))
		return note_set(note, STATUS_UNABLE,
		    "%.200s is on a file system that cannot sync directories: "
		    "a power cut may undo the last change",
		    home->path);
	return STATUS_OK;
}

static bool to_syslog;

void
home_log_to_syslog(void)
{
	to_syslog = true;
	openlog("mailcert", LOG_PID, LOG_MAIL);
}

void
home_log(const struct home *home, const char *line)
{
	struct stat st;
	struct buf text;
	int fd;

	if (to_syslog)
		syslog(LOG_INFO, "%.900s", line);
	if (home->dir < 0)
		return;
	/* If something else is in its place, such as a FIFO, write no log. */
	fd = openat(home->dir, "log",
	    O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
	    0600);
	if (fd < 0)
		return;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		(void)close(fd);
		return;
	}
	if (st.st_size > LOG_MAX)
		(void)renameat(home->dir, "log", home->dir, "log.old");
	buf_init(&text, 4096);
	date_add_iso(&text, (int64_t)time(NULL));
	buf_addf(&text, " %.900s\n", line);
	/* Use one write, so that the lines of two processes do not mix. */
	if (fd_write(fd, buf_span(&text)) != STATUS_OK)
		(void)0;
	buf_clear(&text);
	(void)close(fd);
}
