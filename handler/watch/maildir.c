/*
 * maildir.c - look through a Maildir, or all that lie below a directory
 *
 * The kernel says which files are new; after a loss, or where more is awaited
 * than before, all names are gone through, and what did not change since then
 * is left out.  The time that counts is the file's own change of state: no
 * program can set it, and each delivery or move does.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/walk.h"
#include "watch/filter.h"
#include "watch/watch_p.h"

enum {
	ARRIVALS = IN_MOVED_TO | IN_CREATE | IN_CLOSE_WRITE | IN_ONLYDIR,
	FIRST_READ = 8 * 1024 /* the header of most messages */
};

/* Read the beginning of a message until its header is whole. */
static bool
read_head(int fd, char *head, size_t *len)
{
	const size_t steps[] = { FIRST_READ, FILTER_HEAD_MAX };
	ssize_t got;
	size_t i;

	*len = 0;
	for (i = 0; i < 2; i++) {
		got = pread(fd, head + *len, steps[i] - *len, (off_t)*len);
		if (got < 0)
			return false;
		*len += (size_t)got;
		if (*len < steps[i] ||
		    filter_has_header((struct span){ head, *len }))
			return true;
	}
	return true;
}

static bool
is_wanted(const struct look *look, int fd)
{
	static char head[FILTER_HEAD_MAX];
	size_t len;

	return read_head(fd, head, &len) &&
	    filter_wants((struct span){ head, len }, look->wanted);
}

static enum status
take_file(struct watched *mailbox, struct look *look, int fd, size_t size,
    uint64_t key, const char *name)
{
	struct buf message;
	enum status status;

	buf_init(&message, (size_t)look->watcher->config->max_message);
	status = fd_read_file(fd, size, &message);
	if (status == STATUS_OK)
		status =
		    look_take(look, mailbox, key, name, buf_span(&message));
	else if (status != STATUS_MEMORY) { /* too large, or gone meanwhile */
		look_skip(look, mailbox, name, "it cannot be read");
		status = STATUS_OK;
	}
	buf_clear(&message);
	return status;
}

/* Look at one file.  What is not there any more was moved, and is met again
 * where it is. */
static enum status
look_at(struct watched *mailbox, struct look *look, int dir, const char *path,
    const char *name)
{
	enum status status = STATUS_OK;
	struct stat st;
	char full[1400];
	uint64_t key;
	int fd;

	if (name[0] == '.' ||
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    !S_ISREG(st.st_mode) || (int64_t)st.st_ctim.tv_sec < look->since)
		return STATUS_OK;
	if (look->wanted->every) {
		(void)snprintf(
		    full, sizeof(full), "%.1100s/%.255s", path, name);
		name = full;
	}
	if (st.st_size > look->watcher->config->max_message) {
		look_skip(look, mailbox, name, LOOK_TOO_LARGE);
		return STATUS_OK;
	}
	key = judged_key_of_file(&st);
	if (look_knows(mailbox, key))
		return STATUS_OK;
	fd = openat(dir, look->wanted->every ? strrchr(name, '/') + 1 : name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT)
		look_skip(look, mailbox, name, strerror(errno));
	if (fd < 0)
		return STATUS_OK;
	if (look->wanted->every || is_wanted(look, fd))
		status =
		    take_file(mailbox, look, fd, (size_t)st.st_size, key, name);
	(void)close(fd);
	return status;
}

static enum status
look_through(struct watched *mailbox, struct look *look, const char *path)
{
	enum status status = STATUS_OK, read;
	const char *name;
	struct walk walk;

	if (walk_begin(&walk, open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) ==
	    STATUS_OK)
		while (status == STATUS_OK && (name = walk_next(&walk)) != NULL)
			status = look_at(mailbox, look, walk.dir, path, name);
	read = walk_end(&walk);
	return status != STATUS_OK ? status : read;
}

static enum status
add_box(struct watched *mailbox, int inotify, const char *path)
{
	struct box *more;
	int wd;

	if (mailbox->box_count == BOXES_MAX)
		return STATUS_BAD_SIZE;
	if (mailbox->box_count == mailbox->box_room) {
		more = realloc(mailbox->boxes,
		    (mailbox->box_room * 2 + 8) * sizeof(*more));
		if (more == NULL)
			return STATUS_MEMORY;
		mailbox->boxes = more;
		mailbox->box_room = mailbox->box_room * 2 + 8;
	}
	/* Before it is read: nothing that comes in between is missed. */
	wd = inotify_add_watch(inotify, path, ARRIVALS);
	mailbox->deaf = mailbox->deaf || (wd < 0 && errno != ENOENT);
	more = &mailbox->boxes[mailbox->box_count];
	*more = (struct box){ wd, strdup(path) };
	if (more->path == NULL)
		return STATUS_MEMORY;
	mailbox->box_count++;
	return STATUS_OK;
}

static bool
is_directory(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* "new" and "cur" of one Maildir; *is_one: it is one. */
static enum status
add_maildir(
    struct watched *mailbox, int inotify, const char *path, bool *is_one)
{
	char new[1200], cur[1200];
	enum status status;

	(void)snprintf(new, sizeof(new), "%.1100s/new", path);
	(void)snprintf(cur, sizeof(cur), "%.1100s/cur", path);
	*is_one = is_directory(new) && is_directory(cur);
	if (!*is_one)
		return STATUS_OK;
	status = add_box(mailbox, inotify, new);
	return status == STATUS_OK ? add_box(mailbox, inotify, cur) : status;
}

/* Every Maildir below; links are not followed. */
static enum status
add_tree(struct watched *mailbox, int inotify, const char *path, int depth)
{
	enum status status;
	const char *name;
	struct walk walk;
	char below[1100];
	bool is_one;

	status = add_maildir(mailbox, inotify, path, &is_one);
	/* A Maildir that is made here later. */
	if (status == STATUS_OK)
		status = add_box(mailbox, inotify, path);
	if (status != STATUS_OK || depth == TREE_DEPTH_MAX)
		return status;
	if (walk_begin(&walk, open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) ==
	    STATUS_OK)
		while (
		    status == STATUS_OK && (name = walk_next(&walk)) != NULL) {
			if (is_one &&
			    (strcmp(name, "new") == 0 ||
				strcmp(name, "cur") == 0 ||
				strcmp(name, "tmp") == 0))
				continue;
			if (snprintf(below, sizeof(below), "%s/%s", path,
				name) < (int)sizeof(below) &&
			    is_directory(below))
				status = add_tree(
				    mailbox, inotify, below, depth + 1);
		}
	(void)walk_end(&walk);
	return status;
}

static void
drop_boxes(struct watched *mailbox, int inotify)
{
	size_t i;

	for (i = 0; i < mailbox->box_count; i++) {
		if (mailbox->boxes[i].wd >= 0)
			(void)inotify_rm_watch(inotify, mailbox->boxes[i].wd);
		free(mailbox->boxes[i].path);
	}
	mailbox->box_count = 0;
}

static enum status
find_boxes(struct watched *mailbox, int inotify, struct note *note)
{
	const char *path = mailbox->source.path;
	enum status status;
	bool is_one = true;

	drop_boxes(mailbox, inotify);
	mailbox->deaf = false;
	if (!is_directory(path) && access(path, F_OK) != 0)
		return note_set(note, STATUS_MISSING, "%s", strerror(errno));
	status = mailbox->source.tree
	    ? add_tree(mailbox, inotify, path, 0)
	    : add_maildir(mailbox, inotify, path, &is_one);
	if (status == STATUS_BAD_SIZE)
		return note_set(note, STATUS_CONFIG,
		    "more than %d directories lie below it", BOXES_MAX / 2);
	if (status == STATUS_OK && !is_one)
		return note_set(note, STATUS_MISSING,
		    "it is not a Maildir: there are no cur and new");
	return status;
}

/* A directory below the tree that is not a box of messages. */
static bool
is_node(const struct box *box)
{
	const char *slash = strrchr(box->path, '/');

	return slash == NULL ||
	    (strcmp(slash, "/new") != 0 && strcmp(slash, "/cur") != 0);
}

/* All files of all boxes. */
static enum status
look_at_all(struct watched *mailbox, struct look *look, struct note *note)
{
	enum status status;
	size_t i;

	status = find_boxes(mailbox, look->watcher->inotify, note);
	for (i = 0; i < mailbox->box_count && status == STATUS_OK; i++) {
		/* A file there is not a message. */
		if (look->wanted->every && is_node(&mailbox->boxes[i]))
			continue;
		status = look_through(mailbox, look, mailbox->boxes[i].path);
		if (status == STATUS_IO)
			status = note_set(note, STATUS_IO, "%.200s: %s",
			    mailbox->boxes[i].path, strerror(errno));
	}
	if (status == STATUS_OK)
		mailbox->stale = mailbox->deaf;
	return status;
}

static const struct box *
box_of(const struct watched *mailbox, int wd)
{
	size_t i;

	for (i = 0; i < mailbox->box_count; i++)
		if (mailbox->boxes[i].wd == wd)
			return &mailbox->boxes[i];
	return NULL;
}

/* The files that inotify named. */
static enum status
look_at_named(struct watched *mailbox, struct look *look)
{
	const struct watcher *watcher = look->watcher;
	enum status status = STATUS_OK;
	const struct box *box;
	size_t i;
	int dir;

	for (i = 0; i < watcher->event_count && status == STATUS_OK; i++) {
		box = box_of(mailbox, watcher->events[i].wd);
		if (box == NULL || is_node(box) || watcher->events[i].made_dir)
			continue;
		dir = open(box->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0)
			continue;
		status = look_at(
		    mailbox, look, dir, box->path, watcher->events[i].name);
		(void)close(dir);
	}
	return status;
}

/* A directory was made: there may be another Maildir. */
static bool
has_grown(const struct watched *mailbox, const struct watcher *watcher)
{
	const struct box *box;
	size_t i;

	for (i = 0; i < watcher->event_count; i++) {
		box = box_of(mailbox, watcher->events[i].wd);
		if (box != NULL && is_node(box) && watcher->events[i].made_dir)
			return true;
	}
	return false;
}

enum status
maildir_look(struct watched *mailbox, struct look *look, struct note *note)
{
	if (look->full || mailbox->stale || mailbox->box_count == 0 ||
	    has_grown(mailbox, look->watcher))
		return look_at_all(mailbox, look, note);
	return look_at_named(mailbox, look);
}

void
maildir_close(struct watched *mailbox, int inotify)
{
	drop_boxes(mailbox, inotify);
	mailbox->stale = true;
	free(mailbox->boxes);
	mailbox->boxes = NULL;
	mailbox->box_room = 0;
}
