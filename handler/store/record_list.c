/* record_list.c - load many records: see record.h */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/walk.h"
#include "store/record_p.h"

/* What records_load() gathers. */
struct list {
	const struct record_kind *kind;
	record_filter *wanted;
	const void *arg;
	char *records; /* owned */
	size_t count;
	size_t room;
	size_t old;   /* so many at the front are of the old directory */
	bool *moved;  /* owned: of these, the new one has it too */
	bool doubted; /* the index was asked, and did not answer */
	size_t seen;
	struct index_entries entries; /* owned: of those that were seen */
};

static bool
make_room(struct list *list)
{
	const size_t room = list->room == 0 ? 8 : 2 * list->room;
	char *more;

	if (list->count < list->room)
		return true;
	if ((more = reallocarray(list->records, room, list->kind->size)) ==
	    NULL)
		return false;
	list->records = more;
	list->room = room;
	return true;
}

static int
by_id(const void *left, const void *right)
{
	return strcmp(left, right);
}

/* Drop the record of the old directory if the new one has a file for it,
 * whatever is in it. */
static void
drop_old(struct list *list, const char *id)
{
	const char *old;

	if (list->old == 0)
		return;
	old = bsearch(id, list->records, list->old, list->kind->size, by_id);
	if (old != NULL)
		list->moved[(size_t)(old - list->records) / list->kind->size] =
		    true;
}

/* Is it a file of the old directory that the new one has, too? */
static bool
is_moved(const struct record_place *place, const struct record_kind *kind,
    const char *name)
{
	char path[64];
	struct stat st;

	if (place->directory == kind->directory)
		return false;
	(void)snprintf(path, sizeof(path), "%s/%s", kind->directory, name);
	return fstatat(place->home->dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool
is_fault(enum status status)
{
	return status == STATUS_DAMAGED || status == STATUS_PERMISSION ||
	    status == STATUS_IO;
}

/* For the index, which every record is in. */
static void
gather(
    const char *id, enum status status, const void *record, struct list *list)
{
	list->seen++;
	if (list->kind->keys == NULL)
		return;
	list->entries.id = id;
	if (status == STATUS_OK)
		list->kind->keys(record, &list->entries);
	else if (is_fault(status))
		index_add(&list->entries, index_key_damaged(), 0);
}

static enum status
take_record(const struct record_place *place, const char *id, struct list *list)
{
	const struct record_kind *kind = list->kind;
	struct note why = { "" };
	enum status status;
	void *record;

	if (!make_room(list))
		return STATUS_MEMORY;
	record = list->records + list->count * kind->size;
	status = record_read(place, kind, id, record, &why);
	gather(id, status, record, list);
	if (status == STATUS_OK &&
	    (list->wanted == NULL || list->wanted(record, list->arg)))
		list->count++;
	if (is_fault(status))
		home_warn(place->home, kind->directory, status, &why);
	/* Or it was forgotten in this moment. */
	return is_fault(status) || status == STATUS_MISSING ? STATUS_OK
							    : status;
}

static enum status
take_entry(
    const struct record_place *place, const char *name, struct list *list)
{
	char id[RECORD_ID_SIZE];

	if (file_is_litter(name))
		home_saw_litter(place->home);
	if (!jsonfile_id_of(name, id) || is_moved(place, list->kind, name))
		return STATUS_OK;
	drop_old(list, id);
	return take_record(place, id, list);
}

static enum status
take_directory(const struct home *home, const char *directory,
    struct list *list, struct note *note)
{
	struct record_place place = { home, directory, -1 };
	enum status status, walked;
	struct dir_mark mark;
	const char *name;
	struct walk walk;
	bool marked;

	status = home_subdir(home, directory, false, &place.dir, note);
	if (status != STATUS_OK || place.dir < 0)
		return status;
	marked = dir_mark_get(place.dir, &mark) && dir_mark_is_old(&mark);
	status = walk_begin(&walk, place.dir);
	while (status == STATUS_OK && (name = walk_next(&walk)) != NULL)
		status = take_entry(&place, name, list);
	/* Records that are still in the old directory have no index. */
	if (status == STATUS_OK && walk.error == 0 && marked &&
	    list->seen >= INDEX_LEAST && list->old == 0 &&
	    list->kind->keys != NULL && directory == list->kind->directory)
		index_write(home, directory, place.dir, &mark, list->doubted,
		    &list->entries);
	/* An incomplete list must not pass for the whole. */
	walked = walk_end(&walk);
	if (walked != STATUS_OK && status == STATUS_OK)
		status = note_set(note, walked, "%.200s/%s: %s", home->path,
		    directory, strerror(errno));
	return status;
}

/* Read the old directory before the new one, so that a record that moves in the
 * meantime is in at least one of them. */
static enum status
take_old_directory(
    const struct home *home, struct list *list, struct note *note)
{
	enum status status;

	if (list->kind->old_directory == NULL)
		return STATUS_OK;
	status = take_directory(home, list->kind->old_directory, list, note);
	if (status != STATUS_OK || list->count == 0)
		return status;
	qsort(list->records, list->count, list->kind->size, by_id);
	list->old = list->count;
	list->moved = calloc(list->old, sizeof(*list->moved));
	return list->moved != NULL ? STATUS_OK : STATUS_MEMORY;
}

static void
remove_moved(struct list *list)
{
	const size_t size = list->kind->size;
	size_t i, kept = 0;

	for (i = 0; i < list->count; i++) {
		if (i < list->old && list->moved[i])
			continue;
		if (kept != i)
			(void)memcpy(list->records + kept * size,
			    list->records + i * size, size);
		kept++;
	}
	list->count = kept;
}

static int
by_age(const void *left, const void *right, void *arg)
{
	const struct record_kind *kind = arg;
	int64_t a, b;

	(void)memcpy(&a, (const char *)left + kind->created, sizeof(a));
	(void)memcpy(&b, (const char *)right + kind->created, sizeof(b));
	if (a != b)
		return a < b ? -1 : 1;
	return strcmp(left, right);
}

void
record_search_id(struct record_search *search, const char *id)
{
	if (search->ids == INDEX_LOOK_MOST)
		search->all = true;
	else
		search->id[search->ids++] = id;
}

void
record_search_range(struct record_search *search, uint64_t key, int64_t low,
    int64_t high, size_t most)
{
	if (search->ranges == INDEX_LOOK_MOST)
		search->all = true;
	else
		search->range[search->ranges++] =
		    (struct index_range){ key, low, high, most };
}

void
record_search_key(struct record_search *search, uint64_t key)
{
	record_search_range(search, key, INT64_MIN, INT64_MAX, 0);
}

/* The ids that are searched for; false: the index is in doubt. */
static bool
look(int index, int dir, struct record_search search, struct index_ids *ids)
{
	bool failed = false;
	size_t i;

	record_search_key(&search, index_key_damaged());
	record_search_range(&search, index_key_live(), (int64_t)time(NULL),
	    INT64_MAX, INDEX_LIVE);
	if (search.all) {
		(void)close(index);
		return false;
	}
	if (!index_look(index, dir, search.range, search.ranges, ids))
		return false;
	for (i = 0; i < search.ids; i++)
		if (jsonfile_id_ok(span_of(search.id[i])))
			index_ids_add(ids, search.id[i], &failed);
	index_ids_sort(ids);
	return !failed;
}

/* Records of format 1 have no index. */
static bool
has_old_directory(const struct home *home, const struct record_kind *kind)
{
	struct stat st;

	return kind->old_directory != NULL &&
	    fstatat(home->dir, kind->old_directory, &st, AT_SYMLINK_NOFOLLOW) ==
	    0;
}

/* STATUS_MISSING: nothing was looked up, since there is no index, or it is in
 * doubt. */
static enum status
take_searched(const struct home *home, const struct record_search *search,
    struct list *list, struct note *note)
{
	const struct record_kind *kind = list->kind;
	struct record_place place = { home, kind->directory, -1 };
	struct index_ids ids = { .count = 0 };
	enum status status;
	int index = -1;
	size_t i;

	if (search != NULL && !search->all && kind->keys != NULL)
		index = index_file(home, kind->directory);
	if (index < 0)
		return STATUS_MISSING;
	status = home_subdir(home, kind->directory, false, &place.dir, note);
	if (status != STATUS_OK || place.dir < 0 ||
	    has_old_directory(home, kind)) {
		(void)close(index);
		status = status == STATUS_OK ? STATUS_MISSING : status;
	} else if (!look(index, place.dir, *search, &ids)) {
		list->doubted = true;
		status = STATUS_MISSING;
	}
	for (i = 0; status == STATUS_OK && i < ids.count; i++)
		status = take_record(&place, ids.at[i], list);
	index_ids_clear(&ids);
	if (place.dir >= 0)
		(void)close(place.dir);
	return status;
}

static enum status
take_all(const struct home *home, struct list *list, struct note *note)
{
	enum status status;

	status = take_old_directory(home, list, note);
	if (status == STATUS_OK)
		status =
		    take_directory(home, list->kind->directory, list, note);
	if (status == STATUS_OK)
		remove_moved(list);
	return status;
}

enum status
records_load(const struct home *home, const struct record_kind *kind,
    const struct record_search *search, record_filter *wanted, const void *arg,
    void **out, size_t *count, struct note *note)
{
	struct list list = { .kind = kind, .wanted = wanted, .arg = arg };
	enum status status;

	*out = NULL;
	*count = 0;
	status = take_searched(home, search, &list, note);
	if (status == STATUS_MISSING)
		status = take_all(home, &list, note);
	if (status == STATUS_OK && list.count > 0) {
		qsort_r(list.records, list.count, kind->size, by_age,
		    (void *)(uintptr_t)kind);
		*out = list.records;
		*count = list.count;
	} else {
		free(list.records);
	}
	index_entries_clear(&list.entries);
	free(list.moved);
	return status;
}
