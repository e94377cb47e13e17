/* stage.c - a private Maildir with one draft: see stage.h */
#include "deliver/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/walk.h"
#include "deliver/folder.h"

void
stage_path(const struct home *home, const struct mua *mua, struct buf *out)
{
	buf_addf(out, "%.900s/stage/", home->path);
	if (mua->pid > 0)
		buf_addf(out, "%ld", (long)mua->pid);
	else
		buf_add_text(out, "shared");
}

static void
remove_below(int dir, const char *name)
{
	const char *file;
	struct walk walk;

	if (walk_begin(&walk,
		openat(dir, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) !=
	    STATUS_OK)
		return;
	while ((file = walk_next(&walk)) != NULL)
		(void)unlinkat(walk.dir, file, 0);
	(void)walk_end(&walk);
	(void)unlinkat(dir, name, AT_REMOVEDIR);
}

/* Remove one stage Maildir and its draft. */
static void
stage_remove(int stages, const char *name)
{
	static const char *const boxes[] = { "tmp", "new", "cur" };
	int dir;
	size_t i;

	dir = openat(
	    stages, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return;
	for (i = 0; i < 3; i++)
		remove_below(dir, boxes[i]);
	(void)close(dir);
	/* Remove what a mail program adds, too (.mh_sequences ...). */
	remove_below(stages, name);
}

/* Remove the stages of mail programs that have exited. */
static void
stage_sweep(int stages)
{
	const char *name;
	struct walk walk;
	long pid;

	if (walk_begin(&walk,
		openat(stages, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) !=
	    STATUS_OK)
		return;
	while ((name = walk_next(&walk)) != NULL) {
		pid = strtol(name, NULL, 10);
		if (pid > 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH)
			stage_remove(stages, name);
	}
	(void)walk_end(&walk);
}

void
stage_clear(const struct home *home, const struct mua *mua)
{
	struct buf path;
	int stages = -1;

	buf_init(&path, 1024);
	stage_path(home, mua, &path);
	if (buf_status(&path) == STATUS_OK &&
	    home_subdir(home, "stage", false, &stages, NULL) == STATUS_OK &&
	    stages >= 0) {
		stage_sweep(stages);
		stage_remove(stages, strrchr(path.at, '/') + 1);
		(void)close(stages);
	}
	buf_clear(&path);
}

enum status
deliver_stage(const struct delivery *delivery, struct span message,
    enum outcome *outcome, struct note *note)
{
	static const char *const boxes[] = { "", "/tmp", "/new", "/cur" };
	enum status status;
	struct buf path;
	char below[1100];
	int stages = -1;
	size_t i;

	status = home_subdir(delivery->home, "stage", true, &stages, note);
	if (status != STATUS_OK)
		return status;
	buf_init(&path, 1024);
	stage_path(delivery->home, delivery->mua, &path);
	/* Keep exactly one draft, so that the mail program opens it unasked. */
	stage_clear(delivery->home, delivery->mua);
	for (i = 0; i < 4 && status == STATUS_OK; i++) {
		(void)snprintf(below, sizeof(below), "%s%s", path.at, boxes[i]);
		status = path_make(below);
		if (status != STATUS_OK)
			(void)note_set(
			    note, status, "%.200s: %s", below, strerror(errno));
	}
	if (status == STATUS_OK)
		status =
		    deliver_maildir(path.at, "new", "", message, outcome, note);
	buf_clear(&path);
	(void)close(stages);
	return status;
}

bool
stage_has_draft(const struct home *home, const struct mua *mua)
{
	const char *name;
	struct buf path;
	bool found = false;
	struct walk walk;

	buf_init(&path, 1100);
	stage_path(home, mua, &path);
	buf_add_text(&path, "/new");
	if (buf_status(&path) == STATUS_OK &&
	    walk_begin(
		&walk, open(path.at, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) ==
		STATUS_OK) {
		while (!found && (name = walk_next(&walk)) != NULL)
			found = name[0] != '.';
		(void)walk_end(&walk);
	}
	buf_clear(&path);
	return found;
}
