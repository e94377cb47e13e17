/* textfile.c - text files of the user: see textfile.h */
#include "install/textfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "store/file.h"

enum { PATH_SIZE = 1200, LOCK_TRIES = 200 };

enum status
textfile_read_most(const char *path, size_t most, struct buf *out, mode_t *mode,
    struct note *note)
{
	enum status status;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return errno == ENOENT ? STATUS_MISSING
				       : note_set(note, STATUS_IO, "%.200s: %s",
					     path, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    (uintmax_t)st.st_size > most)
		status = note_set(note, STATUS_IO,
		    "%.200s is not a regular file, or too large", path);
	else if ((status = fd_read_file(fd, (size_t)st.st_size, out)) !=
	    STATUS_OK)
		status =
		    note_set(note, status, "%.200s: %s", path, strerror(errno));
	else
		*mode = st.st_mode & 07777;
	(void)close(fd);
	return status;
}

enum status
textfile_read(
    const char *path, struct buf *out, mode_t *mode, struct note *note)
{
	return textfile_read_most(path, TEXTFILE_MAX, out, mode, note);
}

/* The file itself, and the name that it has until it is whole.  real takes
 * PATH_MAX. */
static const char *
resolve(const char *path, char *real, char *temporary, size_t size)
{
	const char *target = realpath(path, real) != NULL ? real : path;

	(void)snprintf(temporary, size, "%.1000s.mailcert.new", target);
	return target;
}

void
textfile_clean(const char *path)
{
	char temporary[PATH_SIZE], real[PATH_MAX];

	(void)resolve(path, real, temporary, sizeof(temporary));
	(void)unlink(temporary);
}

/* Keep others off the temporary name until the descriptor is closed: install
 * mailcap takes no lock of a home, and two homes have two.  A directory that
 * cannot be locked (NFS, or one that may not be read) is written to anyway. */
static enum status
lock_parent(const char *target, int *fd, struct note *note)
{
	const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };
	const char *slash = strrchr(target, '/');
	char parent[PATH_MAX];
	int tries;

	*fd = -1;
	if (slash != NULL &&
	    span_copy((struct span){ target,
			  slash == target ? 1 : (size_t)(slash - target) },
		parent, sizeof(parent)))
		*fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (tries = 0; *fd >= 0 && flock(*fd, LOCK_EX | LOCK_NB) != 0 &&
	     errno == EWOULDBLOCK;
	     tries++) {
		if (tries == LOCK_TRIES) {
			(void)close(*fd);
			return note_set(note, STATUS_AGAIN,
			    "another process writes in %.200s; try again later",
			    parent);
		}
		(void)nanosleep(&pause, NULL);
	}
	return STATUS_OK;
}

static enum status
replace(const char *target, const char *temporary, mode_t mode,
    struct span text, struct note *note)
{
	enum status status;

	/* Of one that was killed, the next one takes the name again. */
	(void)unlink(temporary);
	status = file_create(AT_FDCWD, temporary, text, note);
	if (status != STATUS_OK)
		return status;
	if (chmod(temporary, mode) != 0)
		status = note_set(
		    note, STATUS_IO, "%.200s: %s", temporary, strerror(errno));
	if (status == STATUS_OK && rename(temporary, target) != 0)
		status = note_set(
		    note, STATUS_CREATE, "%.200s: %s", target, strerror(errno));
	if (status != STATUS_OK) {
		(void)unlink(temporary);
		return status;
	}
	return path_sync_parent(target);
}

enum status
textfile_replace(
    const char *path, mode_t mode, struct span text, struct note *note)
{
	char temporary[PATH_SIZE], real[PATH_MAX];
	const char *target;
	enum status status;
	int lock;

	target = resolve(path, real, temporary, sizeof(temporary));
	if ((status = lock_parent(target, &lock, note)) != STATUS_OK)
		return status;
	status = replace(target, temporary, mode, text, note);
	if (lock >= 0)
		(void)close(lock);
	return status;
}

struct span
line_take(struct span *text)
{
	const size_t end = span_find_byte(*text, '\n');
	const struct span line = span_cut(*text, 0, end + 1);

	*text = span_cut(*text, end + 1, text->len);
	return line;
}

#define BEGIN "BEGIN mailcert "
#define END "END mailcert"

/* What begins a comment in the files of that program. */
static struct span
comment_of(const char *name)
{
	return strcmp(name, "thunderbird") == 0 ? SPAN("// ") : SPAN("# ");
}

/* Take it off a line. */
static bool
take_comment(const char *name, struct span *line)
{
	const struct span comment = comment_of(name);

	if (!span_starts(*line, comment))
		return false;
	*line = span_cut(*line, comment.len, line->len);
	return true;
}

/* "# BEGIN mailcert NAME (...": mailcap's was the first, and has no name. */
static bool
begins_block(struct span line, const char *name)
{
	if (!take_comment(name, &line) || !span_starts(line, SPAN(BEGIN)))
		return false;
	line = span_cut(line, sizeof(BEGIN) - 1, line.len);
	if (strcmp(name, "mailcap") == 0)
		return span_starts(line, SPAN("("));
	return span_starts(line, span_of(name)) &&
	    span_starts(span_cut(line, strlen(name), line.len), SPAN(" ("));
}

static bool
ends_block(struct span line, const char *name)
{
	return take_comment(name, &line) && span_starts(line, SPAN(END));
}

enum status
block_strip(const char *name, struct span text, const char *path,
    struct buf *out, struct note *note)
{
	bool inside = false;
	struct span line;

	while (text.len > 0) {
		line = line_take(&text);
		if (begins_block(line, name))
			inside = true;
		else if (inside && ends_block(line, name))
			inside = false;
		else if (!inside)
			buf_add(out, line);
	}
	if (inside)
		return note_set(note, STATUS_CONFIG,
		    "%.200s has \"%s" BEGIN "...\" without \"%s" END
		    "\"; repair it by hand",
		    path, comment_of(name).at, comment_of(name).at);
	return buf_status(out);
}

struct span
block_find(const char *name, struct span text)
{
	struct span line, rest = SPAN("");
	bool inside = false;

	while (text.len > 0) {
		line = line_take(&text);
		if (inside && ends_block(line, name))
			return span_cut(rest, 0, (size_t)(line.at - rest.at));
		if (!inside && begins_block(line, name)) {
			inside = true;
			rest = text;
		}
	}
	return SPAN("");
}

void
block_add(const char *name, struct span lines, struct buf *out)
{
	const bool mailcap = strcmp(name, "mailcap") == 0;

	buf_addf(out,
	    "%s" BEGIN "%s%s(mailcert install --remove %s takes this out)\n",
	    comment_of(name).at, mailcap ? "" : name, mailcap ? "" : " ", name);
	buf_add(out, lines);
	buf_addf(out, "%s" END "\n", comment_of(name).at);
}
