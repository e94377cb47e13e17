/* anchors.c - files of certificates: see anchors.h */
#include "anchors.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/frame.h"

enum { FILE_MAX = 8 * 1024 * 1024, FILES_MAX = 1000 };

static enum status
add_file(int fd, const char *frame, struct buf *out)
{
	struct stat st;
	struct buf file;
	enum status status = STATUS_OK;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return STATUS_OK; /* in a directory; a named one was looked at */
	buf_init(&file, FILE_MAX);
	status = fd_read_file(fd, (size_t)st.st_size, &file);
	if (status == STATUS_OK)
		frame_add(out, frame, buf_span(&file));
	buf_clear(&file);
	return status == STATUS_OK ? buf_status(out) : status;
}

static enum status
add_directory(int fd, const char *frame, struct buf *out)
{
	DIR *list = fdopendir(fd);
	enum status status = STATUS_OK;
	struct dirent *entry;
	size_t count = 0;
	int file;

	if (list == NULL) {
		(void)close(fd);
		return STATUS_IO;
	}
	while (status == STATUS_OK && (entry = readdir(list)) != NULL) {
		if (entry->d_name[0] == '.' || ++count > FILES_MAX)
			continue;
		file = openat(dirfd(list), entry->d_name,
		    O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (file < 0)
			continue; /* a dangling link says nothing */
		status = add_file(file, frame, out);
		(void)close(file);
	}
	(void)closedir(list);
	return status;
}

static enum status
add_path(
    struct span path, const char *frame, struct buf *out, struct note *note)
{
	const char *user = getenv("HOME");
	enum status status;
	char full[1100];
	struct stat st;
	int fd;

	if (span_starts(path, SPAN("~/")) && user != NULL)
		(void)snprintf(full, sizeof(full), "%.500s/%.*s", user,
		    (int)path.len - 2, path.at + 2);
	else
		(void)snprintf(
		    full, sizeof(full), "%.*s", (int)path.len, path.at);
	fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) != 0) {
		status = note_set(
		    note, STATUS_CONFIG, "%.200s: %s", full, strerror(errno));
		if (fd >= 0)
			(void)close(fd);
		return status;
	}
	if (S_ISDIR(st.st_mode))
		return add_directory(fd, frame, out);
	status = S_ISREG(st.st_mode)
	    ? add_file(fd, frame, out)
	    : note_set(note, STATUS_CONFIG,
		  "%.200s is neither a file nor a directory", full);
	(void)close(fd);
	return status;
}

static struct span
take_word(struct span *list)
{
	struct span all = span_trim(*list);
	size_t end = span_find_byte(all, ' ');

	*list = span_cut(all, end + 1, all.len);
	return span_cut(all, 0, end);
}

bool
anchors_has_word(const char *paths, struct span word)
{
	struct span list = span_of(paths);

	while (list.len > 0)
		if (span_eq(take_word(&list), word))
			return true;
	return false;
}

enum status
anchors_add(
    const char *paths, const char *frame, struct buf *out, struct note *note)
{
	struct span list = span_of(paths), word;
	enum status status = STATUS_OK;

	while (status == STATUS_OK && list.len > 0) {
		word = take_word(&list);
		if (word.len > 0 && !span_eq(word, SPAN("smimea")))
			status = add_path(word, frame, out, note);
	}
	return status;
}
