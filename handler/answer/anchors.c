/* anchors.c - certificate and revocation files: see anchors.h */
#include "answer/anchors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/frame.h"
#include "base/path.h"
#include "base/walk.h"

/* Real lists have 100 MB; each is in memory here and in the verifier. */
enum { FILE_MAX = 128 * 1024 * 1024 };

/* Debian's, and most others have a link there. */
#define SYSTEM_ROOTS "/etc/ssl/certs/ca-certificates.crt"

/* What of a list of paths is being added. */
struct adding {
	const char *frame;
	struct buf *out;
	struct note *note;
};

/* A file of a directory that cannot be used: the verifier weighs that. */
static void
add_fault(const struct adding *adding, const char *path, const char *why)
{
	char name[40], text[700];

	(void)snprintf(name, sizeof(name), "%s-fault", adding->frame);
	(void)snprintf(text, sizeof(text), "%.500s: %s", path, why);
	frame_add(adding->out, name, span_of(text));
}

/* Append the file's octets as they are, without a copy on the way. */
static bool
read_into(int fd, size_t size, struct buf *out)
{
	const size_t end = out->len + size;
	ssize_t n = 1;
	char probe;

	if (!buf_reserve(out, size))
		return false;
	while (out->len < end && n > 0) {
		n = read(fd, out->at + out->len, end - out->len);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			out->len += (size_t)n;
	}
	return n > 0 && read(fd, &probe, 1) == 0;
}

/* NULL, or why it cannot be used. */
static const char *
add_file(const struct adding *adding, const char *path, int fd, size_t size)
{
	struct buf *out = adding->out;
	const size_t before = out->len;

	if (size > FILE_MAX)
		return "larger than 128 MiB";
	frame_add(out, "file", span_of(path));
	buf_addf(out, "%s %zu\n", adding->frame, size);
	if (out->failed == STATUS_OK && size + 2 > out->ceiling - out->len) {
		buf_cut(out, before);
		return "the files together are larger than 512 MiB";
	}
	if (!read_into(fd, size, out)) {
		buf_cut(out, before);
		return "cannot be read, or changes while it is read";
	}
	buf_add_byte(out, '\n');
	return NULL;
}

static void
add_entry(
    const struct adding *adding, int dir, const char *path, const char *entry)
{
	const char *why = NULL;
	struct stat st;
	char full[1400];
	int fd;

	(void)snprintf(full, sizeof(full), "%.1100s/%.255s", path, entry);
	fd = openat(dir, entry, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return; /* a dangling link says nothing */
	if (fd < 0 || fstat(fd, &st) != 0)
		why = strerror(errno);
	else if (S_ISREG(st.st_mode))
		why = add_file(adding, full, fd, (size_t)st.st_size);
	if (why != NULL)
		add_fault(adding, full, why);
	if (fd >= 0)
		(void)close(fd);
}

static enum status
add_directory(const struct adding *adding, const char *path, int fd)
{
	enum status status;
	struct walk walk;
	const char *name;
	bool empty = true;

	if ((status = walk_begin(&walk, fd)) != STATUS_OK)
		return status;
	while ((name = walk_next(&walk)) != NULL)
		if (name[0] != '.') {
			empty = false;
			add_entry(adding, walk.dir, path, name);
		}
	if (walk_end(&walk) != STATUS_OK)
		add_fault(adding, path, strerror(errno));
	else if (empty)
		add_fault(adding, path, "the directory is empty");
	return buf_status(adding->out);
}

static enum status
add_path(const struct adding *adding, struct span path)
{
	const char *why = NULL;
	enum status status;
	char full[1100];
	struct stat st;
	int fd;

	if (!path_expand(path, full, sizeof(full)))
		(void)snprintf(
		    full, sizeof(full), "%.*s", (int)path.len, path.at);
	fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) != 0)
		why = strerror(errno);
	else if (S_ISDIR(st.st_mode))
		return add_directory(adding, full, fd);
	else if (S_ISREG(st.st_mode))
		why = add_file(adding, full, fd, (size_t)st.st_size);
	else
		why = "neither a file nor a directory";
	status = why == NULL
	    ? buf_status(adding->out)
	    : note_set(adding->note, STATUS_CONFIG, "%.200s: %s", full, why);
	if (fd >= 0)
		(void)close(fd);
	return status;
}

bool
anchors_has_word(const char *paths, struct span word)
{
	struct span list = span_of(paths);

	while (list.len > 0)
		if (span_eq(span_take_word(&list), word))
			return true;
	return false;
}

enum status
anchors_add_path(
    struct span path, const char *frame, struct buf *out, struct note *note)
{
	const struct adding adding = { frame, out, note };

	return add_path(&adding, path);
}

enum status
anchors_add(
    const char *paths, const char *frame, struct buf *out, struct note *note)
{
	const struct adding adding = { frame, out, note };
	struct span list = span_of(paths), word;
	enum status status = STATUS_OK;

	while (status == STATUS_OK && list.len > 0) {
		word = span_take_word(&list);
		if (word.len > 0 && !span_eq(word, SPAN("smimea")))
			status = add_path(&adding, word);
	}
	return status;
}

/* A file that changes gets another time of change, which nobody can set. */
static void
mark(const char *path, const struct stat *st, struct buf *out)
{
	buf_addf(out, "%s %lld %lld %lld.%09ld\n", path, (long long)st->st_ino,
	    (long long)st->st_size, (long long)st->st_ctim.tv_sec,
	    st->st_ctim.tv_nsec);
}

static void
mark_directory(int dir, struct buf *out)
{
	const char *name;
	struct walk walk;
	struct stat st;

	if (walk_begin(&walk, dir) == STATUS_OK)
		while ((name = walk_next(&walk)) != NULL)
			if (name[0] != '.' &&
			    fstatat(walk.dir, name, &st, 0) == 0)
				mark(name, &st, out);
	(void)walk_end(&walk);
}

void
anchors_mark(const char *paths, struct buf *out)
{
	struct span list = span_of(paths), word;
	char path[1100];
	struct stat st;

	while ((word = span_take_word(&list)).len > 0) {
		if (!path_expand(word, path, sizeof(path)))
			(void)snprintf(
			    path, sizeof(path), "%.*s", (int)word.len, word.at);
		if (stat(path, &st) != 0)
			continue;
		mark(path, &st, out);
		if (S_ISDIR(st.st_mode))
			mark_directory(
			    open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
			    out);
	}
}

enum status
anchors_add_roots(const char *anchors, struct buf *out, struct note *note)
{
	enum status status = STATUS_OK;

	if (anchors[0] != '\0')
		status = anchors_add(anchors, "anchor", out, note);
	if (status == STATUS_OK && access(SYSTEM_ROOTS, R_OK) == 0)
		status = anchors_add(SYSTEM_ROOTS, "anchor", out, note);
	return status;
}
