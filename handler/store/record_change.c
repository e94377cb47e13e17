/* record_change.c - records are written, changed and removed: see record.h */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
		status =
		    jsonfile_save(home, kind->directory, record, json, note);
	json_free(json);
	return status;
}

static enum status
lock_record(const struct home *home, const struct record_kind *kind,
    const char *id, int *lock, struct note *note)
{
	return kind->own_lock ? home_lock_on(home, id, LOCK_SECONDS, lock, note)
			      : home_lock(home, lock, note);
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
		return STATUS_NO;
	if ((record = malloc(kind->size)) == NULL)
		return STATUS_MEMORY;
	status = lock_record(home, kind, name, &lock, note);
	if (status == STATUS_OK)
		status = record_load(home, kind, name, record, note);
	if (status == STATUS_OK) {
		status = change(record, arg, note);
		if (status == STATUS_OK)
			status = record_save(home, kind, record, note);
		else if (status == STATUS_NO)
			status = STATUS_OK;
		if (status == STATUS_OK && out != NULL)
			(void)memcpy(out, record, kind->size);
	}
	if (lock >= 0)
		(void)close(lock);
	free(record);
	return status;
}

enum status
record_forget(const struct home *home, const struct record_kind *kind,
    const char *id, struct note *note)
{
	char name[RECORD_ID_SIZE + 8], path[240];
	enum status status;
	int dir = -1;

	if (!jsonfile_id_ok(span_of(id)))
		return STATUS_NO;
	status = home_subdir(home, kind->directory, false, &dir, note);
	if (status != STATUS_OK || dir < 0)
		return status == STATUS_OK ? STATUS_NO : status;
	(void)snprintf(name, sizeof(name), "%s.json", id);
	if (unlinkat(dir, name, 0) == 0) {
		status = dir_sync(dir);
	} else if (errno == ENOENT) {
		status = STATUS_NO;
	} else {
		home_show_path(home, kind->directory, name, path, sizeof(path));
		status =
		    note_set(note, STATUS_IO, "%s: %s", path, strerror(errno));
	}
	(void)close(dir);
	return status;
}
