/*
 * pack.c - the files of a home as frames: see pack.h
 *
 * Input of pack_write(): authentic, but only as good as the machine that made
 * it.
 */
#include "helpers/key/pack.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/frame.h"
#include "base/walk.h"
#include "store/file.h"

enum { NAME_SIZE = 300 };

/* Records are read before other files: a key and a chain are written before
 * their record. */
static const char *const directories[] = { "expectations", "orders",
	"certificates", "issuances", "accounts", "keys", "published" };
static_assert(sizeof(directories) / sizeof(*directories) == PACK_DIRECTORIES,
    "struct pack_place has one for each");

static bool
has_end(const char *name, const char *end)
{
	const size_t len = strlen(name), tail = strlen(end);

	return len > tail && strcmp(name + len - tail, end) == 0;
}

/* "ID.json", "ID.pem", "ID.N.pem": letters, digits and dots, none in front. */
static bool
name_ok(const char *name)
{
	size_t i;

	for (i = 0; name[i] != '\0'; i++)
		if (!ascii_is_alnum(name[i]) && (name[i] != '.' || i == 0))
			return false;
	return i < 100 && (has_end(name, ".json") || has_end(name, ".pem"));
}

static enum status
failed(const char *directory, const char *name, struct note *note)
{
	return note_set(
	    note, STATUS_IO, "%s/%.100s: %s", directory, name, strerror(errno));
}

static enum status
read_file(const char *directory, int dir, const char *name, struct buf *out,
    struct note *note)
{
	char full[NAME_SIZE];
	struct buf content;
	enum status status;
	struct stat st;
	int fd;

	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	/* Removed meanwhile: an order that was forgotten. */
	if (fd < 0 && errno == ENOENT)
		return STATUS_OK;
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		status = failed(directory, name, note);
		if (fd >= 0)
			(void)close(fd);
		return status;
	}
	buf_init(&content, PACK_FILE_MAX);
	status = fd_read_file(fd, (size_t)st.st_size, &content);
	if (status == STATUS_IO)
		status = failed(directory, name, note);
	if (status == STATUS_OK) {
		(void)snprintf(full, sizeof(full), "%s/%s", directory, name);
		frame_add(out, "name", span_of(full));
		frame_add(out, "content", buf_span(&content));
		status = buf_status(out);
	}
	buf_wipe(&content);
	(void)close(fd);
	return status;
}

static enum status
read_directory(int home, const char *directory, const char *end,
    struct buf *out, struct note *note)
{
	const int dir = openat(
	    home, directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	enum status status = STATUS_OK;
	struct walk walk;
	const char *name;

	if (dir < 0 && errno == ENOENT)
		return STATUS_OK;
	if (walk_begin(&walk, dir) == STATUS_OK)
		while (status == STATUS_OK && (name = walk_next(&walk)) != NULL)
			if (name_ok(name) && has_end(name, end))
				status = read_file(
				    directory, walk.dir, name, out, note);
	if (walk_end(&walk) != STATUS_OK && status == STATUS_OK)
		status = failed(directory, "", note);
	return status;
}

enum status
pack_read(const char *path, struct buf *out, struct note *note)
{
	const int home = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum status status = STATUS_OK;
	size_t i;

	if (home < 0)
		return failed(path, "", note);
	for (i = 0; status == STATUS_OK && i < PACK_DIRECTORIES; i++)
		status =
		    read_directory(home, directories[i], ".json", out, note);
	for (i = 0; status == STATUS_OK && i < PACK_DIRECTORIES; i++)
		status =
		    read_directory(home, directories[i], ".pem", out, note);
	frame_add(out, FRAME_END, SPAN(""));
	(void)close(home);
	if (status == STATUS_OK)
		status = buf_status(out);
	return status == STATUS_BAD_SIZE
	    ? note_set(note, status, "the home is too large to be exported")
	    : status;
}

enum status
pack_make(int home, struct pack_place *out, struct note *note)
{
	enum status status = STATUS_OK;
	size_t i;

	for (i = 0; i < PACK_DIRECTORIES; i++) {
		out->dir[i] = -1;
		if (status != STATUS_OK)
			continue;
		/* An attempt with a wrong passphrase has made them. */
		if (mkdirat(home, directories[i], 0700) == 0 || errno == EEXIST)
			out->dir[i] = openat(home, directories[i],
			    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (out->dir[i] < 0)
			status = note_set(note, STATUS_CREATE, "%s: %s",
			    directories[i], strerror(errno));
	}
	/* Now, since it is not written to later. */
	return status == STATUS_OK ? dir_sync(home) : status;
}

void
pack_close(struct pack_place *place)
{
	size_t i;

	for (i = 0; i < PACK_DIRECTORIES; i++)
		if (place->dir[i] >= 0)
			(void)close(place->dir[i]);
}

static enum status
malformed(struct note *note)
{
	return note_set(note, STATUS_BAD_FILE,
	    "it holds something that is not part of a home");
}

/* "keys/ID.pem": which directory, and the name in it. */
static bool
take_name(struct span value, size_t *directory, char out[NAME_SIZE])
{
	const size_t slash = span_find_byte(value, '/');

	*directory = span_index(
	    span_cut(value, 0, slash), directories, PACK_DIRECTORIES);
	return *directory < PACK_DIRECTORIES &&
	    span_copy(span_cut(value, slash + 1, value.len), out, NAME_SIZE) &&
	    name_ok(out);
}

/* The name, then the content. */
static enum status
write_one(struct span *rest, const struct pack_place *place, struct note *note)
{
	char name[NAME_SIZE];
	struct frame frame;
	size_t directory;

	if (frame_take(rest, &frame) != STATUS_OK ||
	    !span_eq(frame.name, SPAN("name")) ||
	    !take_name(frame.value, &directory, name) ||
	    frame_take(rest, &frame) != STATUS_OK ||
	    !span_eq(frame.name, SPAN("content")) ||
	    frame.value.len > PACK_FILE_MAX)
		return malformed(note);
	return file_create(place->dir[directory], name, frame.value, note);
}

/* Make the entries durable. */
static enum status
sync_all(const struct pack_place *place, struct note *note)
{
	enum status status = STATUS_OK;
	size_t i;

	for (i = 0; status == STATUS_OK && i < PACK_DIRECTORIES; i++)
		status = dir_sync(place->dir[i]);
	return status == STATUS_OK
	    ? status
	    : note_set(
		  note, status, "cannot sync a directory: %s", strerror(errno));
}

enum status
pack_write(struct span frames, const struct pack_place *place, size_t *count,
    struct note *note)
{
	const struct span end = SPAN(FRAME_END " 0\n\n");
	enum status status = STATUS_OK;

	*count = 0;
	if (!frame_ended(frames))
		return malformed(note);
	while (status == STATUS_OK && !span_eq(frames, end))
		status = ++*count > PACK_FILES_MAX
		    ? malformed(note)
		    : write_one(&frames, place, note);
	return status == STATUS_OK ? sync_all(place, note) : status;
}
