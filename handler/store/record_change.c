/* record_change.c - write, change and remove records: see record.h */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/walk.h"
#include "store/record.h"

enum { LOCK_SECONDS = 60 };

static bool
write_member(const struct member *member, const char *record, struct json *json)
{
	const void *at = record + member->offset;

	switch (member->type) {
	case MEMBER_FLAG:
		return json_set_number(
		    json, member->name, *(const bool *)at ? 1 : 0);
	case MEMBER_TIME:
	case MEMBER_COUNT:
		return json_set_number(
		    json, member->name, *(const int64_t *)at);
	case MEMBER_TEXT:
	case MEMBER_ID:
	case MEMBER_URL:
	case MEMBER_BASE64:
		break;
	}
	return json_set_text(json, member->name, at);
}

/* Best effort: if both exist, the new one counts. */
static void
remove_old(
    const struct home *home, const struct record_kind *kind, const char *id)
{
	char name[RECORD_ID_SIZE + 8];
	int dir = -1;

	if (kind->old_directory == NULL ||
	    home_subdir(home, kind->old_directory, false, &dir, NULL) !=
		STATUS_OK ||
	    dir < 0)
		return;
	(void)snprintf(name, sizeof(name), "%s.json", id);
	(void)unlinkat(dir, name, 0);
	(void)close(dir);
}

/* A change of the directory, in step with its index. */
static enum status
replace(const struct home *home, const struct record_kind *kind,
    const char *name, struct span bytes, const void *record, struct note *note)
{
	struct index_entries entries = { .id = record };
	struct index_change change = { .index = -1 };
	struct dir_trail *trail = NULL;
	enum status status;
	int dir = -1;

	status = home_subdir(home, kind->directory, true, &dir, note);
	if (status != STATUS_OK)
		return status;
	if (kind->keys != NULL)
		trail = index_begin(home, kind->directory, dir, &change);
	if (trail != NULL && record != NULL)
		kind->keys(record, &entries);
	status = file_replace_followed(dir, name, bytes, trail, note);
	index_end(&change, status == STATUS_OK ? &entries : NULL);
	index_entries_clear(&entries);
	(void)close(dir);
	return status;
}

enum status
record_save_beside(const struct home *home, const struct record_kind *kind,
    const char *name, struct span bytes, struct note *note)
{
	return replace(home, kind, name, bytes, NULL, note);
}

static enum status
save(const struct home *home, const struct record_kind *kind,
    const void *record, const struct json *json, struct note *note)
{
	char name[RECORD_ID_SIZE + 8];
	enum status status;
	struct buf text;

	/* A malformed id is a bug. */
	if (!jsonfile_id_ok(span_of(record)))
		return STATUS_BUG;
	(void)snprintf(name, sizeof(name), "%s.json", (const char *)record);
	buf_init(&text, JSON_SIZE_MAX);
	status = json_write(json, &text);
	if (status == STATUS_OK)
		status =
		    replace(home, kind, name, buf_span(&text), record, note);
	buf_clear(&text);
	return status;
}

enum status
record_save(const struct home *home, const struct record_kind *kind,
    const void *record, struct note *note)
{
	struct json *json = json_new();
	enum status status = STATUS_MEMORY;
	bool good =
	    json != NULL && json_set_number(json, "format", kind->format);
	size_t i;

	for (i = 0; good && i < kind->count; i++)
		good = write_member(&kind->members[i], record, json);
	if (good && (kind->write == NULL || kind->write(record, json)))
		status = save(home, kind, record, json, note);
	json_free(json);
	if (status == STATUS_OK) {
		remove_old(home, kind, record);
		home_saw_change(home);
	}
	return status;
}

/* patient: wait, since the step of another process may take long. */
static enum status
lock_record(const struct home *home, const struct record_kind *kind,
    const char *id, bool patient, int *lock, struct note *note)
{
	return kind->own_lock
	    ? home_lock_on(home, id, patient ? LOCK_SECONDS : 0, lock, note)
	    : home_lock(home, lock, note);
}

static enum status
change_record(const struct home *home, const struct record_kind *kind,
    const char *id, record_changer *change, const void *arg, void *record,
    struct note *note)
{
	enum status status;

	status = record_load(home, kind, id, record, note);
	if (status != STATUS_OK)
		return status;
	status = change(record, arg, note);
	if (status == STATUS_UNCHANGED)
		return STATUS_OK;
	return status == STATUS_OK ? record_save(home, kind, record, note)
				   : status;
}

enum status
record_change(const struct home *home, const struct record_kind *kind,
    const char *id, record_changer *change, const void *arg, void *out,
    struct note *note)
{
	char name[RECORD_ID_SIZE];
	enum status status;
	void *record;
	int lock = -1;

	if (!jsonfile_id_ok(span_of(id)) ||
	    !span_copy(span_of(id), name, sizeof(name)))
		return STATUS_MISSING;
	if ((record = malloc(kind->size)) == NULL)
		return STATUS_MEMORY;
	status = lock_record(home, kind, name, true, &lock, note);
	if (status == STATUS_OK)
		status =
		    change_record(home, kind, name, change, arg, record, note);
	if (status == STATUS_OK && out != NULL)
		(void)memcpy(out, record, kind->size);
	if (lock >= 0)
		(void)close(lock);
	free(record);
	return status;
}

static enum status
forget_in(const struct home *home, const struct record_kind *kind,
    const char *directory, const char *id, struct note *note)
{
	char name[RECORD_ID_SIZE + 8], path[240];
	struct index_entries entries = { .id = id };
	struct index_change change = { .index = -1 };
	struct dir_trail *trail = NULL;
	enum status status;
	int dir = -1;

	status = home_subdir(home, directory, false, &dir, note);
	if (status != STATUS_OK || dir < 0)
		return status == STATUS_OK ? STATUS_MISSING : status;
	(void)snprintf(name, sizeof(name), "%s.json", id);
	if (kind->keys != NULL && directory == kind->directory)
		trail = index_begin(home, directory, dir, &change);
	dir_trail_before(dir, trail);
	if (unlinkat(dir, name, 0) == 0) {
		dir_trail_after(dir, trail);
		status = dir_sync(dir);
	} else if (errno == ENOENT) {
		status = STATUS_MISSING;
	} else {
		home_show_path(home, directory, name, path, sizeof(path));
		status =
		    note_set(note, STATUS_IO, "%s: %s", path, strerror(errno));
	}
	if (trail != NULL)
		index_add(&entries, index_key_removed(), 0);
	index_end(&change, status == STATUS_OK ? &entries : NULL);
	index_entries_clear(&entries);
	(void)close(dir);
	return status;
}

enum status
record_forget(const struct home *home, const struct record_kind *kind,
    const char *id, struct note *note)
{
	enum status old = STATUS_MISSING, status;

	if (!jsonfile_id_ok(span_of(id)))
		return STATUS_MISSING;
	/* Remove the old file first: without the new one it would count
	 * again. */
	if (kind->old_directory != NULL)
		old = forget_in(home, kind, kind->old_directory, id, note);
	if (old != STATUS_OK && old != STATUS_MISSING)
		return old;
	status = forget_in(home, kind, kind->directory, id, note);
	if (status == STATUS_MISSING)
		status = old;
	if (status == STATUS_OK)
		home_saw_change(home);
	return status;
}

/* Save the record unchanged. */
static enum status
keep(void *record, const void *arg, struct note *note)
{
	(void)record;
	(void)arg;
	(void)note;
	return STATUS_OK;
}

static enum status
migrate(const struct home *home, const struct record_kind *kind, const char *id,
    void *record)
{
	enum status status;
	int lock = -1;

	status = lock_record(home, kind, id, false, &lock, NULL);
	if (status != STATUS_OK)
		return status;
	status = change_record(home, kind, id, keep, NULL, record, NULL);
	(void)close(lock);
	return status;
}

void
records_migrate(const struct home *home, const struct record_kind *kind)
{
	enum status status = STATUS_OK;
	char id[RECORD_ID_SIZE];
	const char *name;
	struct walk walk;
	void *record;
	int dir = -1;

	if (kind->old_directory == NULL ||
	    home_subdir(home, kind->old_directory, false, &dir, NULL) !=
		STATUS_OK ||
	    dir < 0)
		return;
	/* A process killed during a migration may have left a file in the new
	 * directory. */
	home_saw_litter(home);
	record = malloc(kind->size);
	if (walk_begin(&walk, dir) == STATUS_OK)
		while (record != NULL &&
		    (status != STATUS_AGAIN || kind->own_lock) &&
		    (name = walk_next(&walk)) != NULL)
			if (jsonfile_id_of(name, id))
				status = migrate(home, kind, id, record);
	(void)walk_end(&walk);
	free(record);
	/* A directory that is not empty stays. */
	(void)unlinkat(home->dir, kind->old_directory, AT_REMOVEDIR);
}
