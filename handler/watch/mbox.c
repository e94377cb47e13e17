/*
 * mbox.c - look through a mailbox file
 *
 * From where the last look ended, if the file has only grown.  The last message
 * is looked at once more each time, since it may not have been whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "mail/mbox.h"
#include "watch/filter.h"
#include "watch/watch_p.h"

enum { CHUNK = 256 * 1024, MARK_LEN = 8 };

/* A part of the file, from `at` on. */
struct window {
	struct buf bytes; /* owned */
	int64_t at;
	bool end; /* nothing follows */
};

/* Other programs look at one of these locks only. */
static bool
lock(int fd, const char *path)
{
	const struct flock whole = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	char dot[1100];

	(void)snprintf(dot, sizeof(dot), "%.1080s.lock", path);
	return (flock(fd, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK) &&
	    (fcntl(fd, F_SETLK, &whole) == 0 ||
		(errno != EAGAIN && errno != EACCES)) &&
	    access(dot, F_OK) != 0;
}

static enum status
read_more(int fd, struct window *window)
{
	ssize_t got;

	if (!buf_reserve(&window->bytes, CHUNK))
		return buf_status(&window->bytes);
	got = pread(fd, window->bytes.at + window->bytes.len, CHUNK,
	    (off_t)(window->at + (int64_t)window->bytes.len));
	if (got < 0)
		return STATUS_IO;
	window->bytes.len += (size_t)got;
	window->end = got == 0;
	return STATUS_OK;
}

static void
drop(struct window *window, size_t len)
{
	(void)memmove(
	    window->bytes.at, window->bytes.at + len, window->bytes.len - len);
	window->bytes.len -= len;
	window->at += (int64_t)len;
}

/* Drop all before the next separator, but for a few octets of what may be one
 * that is cut off.  True: the window begins with one. */
static bool
skip_to_separator(struct window *window)
{
	const struct span all = buf_span(&window->bytes);
	const size_t from = span_find(all, SPAN("\nFrom ")),
		     mark = span_find(all, SPAN("\n\1\1\1\1\n")),
		     at = from < mark ? from : mark;

	if (at < all.len)
		drop(window, at + 1);
	else if (all.len > MARK_LEN)
		drop(window, all.len - MARK_LEN);
	return at < all.len;
}

/* Could the window begin with a separator? */
static bool
is_separator(const struct window *window)
{
	const struct span all = buf_span(&window->bytes);

	return all.len < 5 || span_starts(all, SPAN("From ")) ||
	    span_starts(all, SPAN("\1\1\1\1\n"));
}

static enum status
take_message(
    struct watched *mailbox, struct look *look, int64_t at, struct span message)
{
	uint64_t key;
	char name[32];

	if (!filter_wants(span_cut(message, 0, FILTER_HEAD_MAX), look->wanted))
		return STATUS_OK;
	key = look->wanted->every ? 0 : judged_key_of(message);
	if (look_knows(mailbox, key))
		return STATUS_OK;
	(void)snprintf(name, sizeof(name), "octet %lld", (long long)at);
	return look_take(look, mailbox, key, name, message);
}

/* Take the messages that lie whole in the window. */
static enum status
take_messages(struct watched *mailbox, struct look *look, struct window *window)
{
	struct span rest = buf_span(&window->bytes), message, before;
	enum status status = STATUS_OK;

	while (status == STATUS_OK) {
		before = rest;
		if (!mbox_take(&rest, &message) ||
		    (rest.len == 0 && !window->end)) {
			rest = before;
			break;
		}
		mailbox->after =
		    window->at + (int64_t)(before.at - window->bytes.at);
		status = take_message(mailbox, look, mailbox->after, message);
	}
	drop(window, window->bytes.len - rest.len);
	return status;
}

/* The message there is too large. */
static void
skip(const struct look *look, const struct watched *mailbox, int64_t at)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "octet %lld", (long long)at);
	look_skip(look, mailbox, name, LOOK_TOO_LARGE);
}

static enum status
look_through(struct watched *mailbox, struct look *look, int fd)
{
	const size_t most = (size_t)look->watcher->config->max_message;
	struct window window = { .at = mailbox->after };
	enum status status;
	bool aligned = true;

	buf_init(&window.bytes, most + 2 * CHUNK);
	do {
		status = read_more(fd, &window);
		if (status != STATUS_OK)
			break;
		if (!aligned)
			aligned = skip_to_separator(&window);
		if (aligned)
			status = take_messages(mailbox, look, &window);
		/* A message that is too large, or not the text of an mbox. */
		if (window.bytes.len > most || !is_separator(&window)) {
			aligned = false;
			if (window.bytes.len > most) {
				skip(look, mailbox, window.at);
				drop(&window, window.bytes.len - MARK_LEN);
			}
		}
	} while (status == STATUS_OK && !window.end);
	buf_clear(&window.bytes);
	return status;
}

/* Has it only grown since the last look? */
static bool
has_grown(const struct watched *mailbox, const struct stat *st)
{
	return mailbox->validity == (int64_t)st->st_ino &&
	    mailbox->size <= (int64_t)st->st_size;
}

static bool
is_same(const struct watched *mailbox, const struct stat *st)
{
	return has_grown(mailbox, st) && mailbox->size == st->st_size &&
	    mailbox->mtime ==
	    (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

/* Does a message begin where the last look ended? */
static bool
is_front(int fd, int64_t at)
{
	char front[5] = "";

	return at == 0 ||
	    (pread(fd, front, sizeof(front), (off_t)at) ==
		    (ssize_t)sizeof(front) &&
		(memcmp(front, "From ", 5) == 0 ||
		    memcmp(front, "\1\1\1\1\n", 5) == 0));
}

static enum status
look_at_file(
    struct watched *mailbox, struct look *look, int fd, struct note *note)
{
	const char *path = mailbox->source.path;
	enum status status;
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return note_set(note, STATUS_MISSING, "it is not a file");
	if (!look->full && is_same(mailbox, &st))
		return STATUS_OK;
	if ((int64_t)st.st_mtim.tv_sec < look->since)
		return STATUS_OK;
	if (!lock(fd, path))
		return note_set(
		    note, STATUS_AGAIN, "another program has locked it");
	if (look->full || !has_grown(mailbox, &st) ||
	    !is_front(fd, mailbox->after))
		mailbox->after = 0;
	status = look_through(mailbox, look, fd);
	if (status == STATUS_IO)
		return note_set(note, status, "%s", strerror(errno));
	mailbox->validity = (int64_t)st.st_ino;
	mailbox->size = (int64_t)st.st_size;
	mailbox->mtime =
	    (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	return status;
}

enum status
mbox_look(struct watched *mailbox, struct look *look, struct note *note)
{
	enum status status;
	int fd;

	fd = open(mailbox->source.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	/* Without mail there may be no file. */
	if (fd < 0 && errno == ENOENT)
		return STATUS_OK;
	if (fd < 0)
		return note_set(note, STATUS_MISSING, "%s", strerror(errno));
	status = look_at_file(mailbox, look, fd, note);
	(void)close(fd);
	return status;
}
