/* record.c - records of the home: see record.h */
#include "store/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acme/url.h"
#include "base/base64url.h"
#include "base/walk.h"
#include "mail/date.h"

#define CURE "restore it from a backup, or move it away"

void
record_id_of(const unsigned char random[8], char out[RECORD_ID_SIZE])
{
	static const char digits[] = "bcdfghjkmnpqrstvwxz23456789";
	size_t i;

	for (i = 0; i < 8; i++)
		out[i] = digits[random[i] % (sizeof(digits) - 1)];
	out[i] = '\0';
}

enum status
record_new_id(char out[RECORD_ID_SIZE])
{
	unsigned char random[8];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return STATUS_IO;
	record_id_of(random, out);
	return STATUS_OK;
}

bool
record_id_ok(const char *id)
{
	return jsonfile_id_ok(span_of(id));
}

static bool
text_ok(enum member_type type, const char *text)
{
	const struct span value = span_of(text);

	if (value.len == 0)
		return true;
	switch (type) {
	case MEMBER_ID:
		return jsonfile_id_ok(value);
	case MEMBER_URL:
		return acme_url_ok(value);
	case MEMBER_BASE64:
		return base64url_is_text(value);
	case MEMBER_TEXT:
	case MEMBER_TIME:
	case MEMBER_COUNT:
	case MEMBER_FLAG:
		break;
	}
	return true;
}

static bool
number_ok(enum member_type type, int64_t number)
{
	if (type == MEMBER_TIME)
		return number >= DATE_LEAST && number <= DATE_MOST;
	return number >= 0 && number <= (type == MEMBER_FLAG ? 1 : INT32_MAX);
}

static bool
is_number(enum member_type type)
{
	return type == MEMBER_TIME || type == MEMBER_COUNT ||
	    type == MEMBER_FLAG;
}

static const char *
member_name(const struct member *member, int64_t format)
{
	return format == 1 && member->old != NULL ? member->old : member->name;
}

static bool
read_member(const struct json *json, const struct member *member,
    const char *name, char *record)
{
	void *at = record + member->offset;
	enum status status;
	int64_t number = 0;

	if (is_number(member->type)) {
		status = json_get_number(json, name, &number);
		if (status == STATUS_BAD_JSON ||
		    !number_ok(member->type, number))
			return false;
		if (member->type == MEMBER_FLAG)
			*(bool *)at = number != 0;
		else
			*(int64_t *)at = number;
	} else {
		status = json_get_text(json, name, at, member->size);
		if (status == STATUS_BAD_JSON || !text_ok(member->type, at))
			return false;
	}
	return status == STATUS_OK || !member->required;
}

/* Read the members; return the name, in that file, of the one that is wrong, or
 * NULL. */
static const char *
read_members(const struct record_kind *kind, const struct json *json,
    int64_t format, void *record)
{
	const char *name, *wrong;
	size_t i;

	for (i = 0; i < kind->count; i++) {
		name = member_name(&kind->members[i], format);
		if (!read_member(json, &kind->members[i], name, record))
			return name;
	}
	if (kind->read == NULL || (wrong = kind->read(json, record)) == NULL)
		return NULL;
	for (i = 0; i < kind->count; i++)
		if (strcmp(kind->members[i].name, wrong) == 0)
			return member_name(&kind->members[i], format);
	return wrong;
}

/* Read the format; the first files do not have it.  0: it is not a format. */
static int64_t
format_of(const struct json *json)
{
	int64_t format = 0;

	switch (json_get_number(json, "format", &format)) {
	case STATUS_OK:
		return format > 0 ? format : 0;
	case STATUS_MISSING:
		return 1;
	default:
		return 0;
	}
}

static const char *
read_record(const struct record_kind *kind, const struct json *json,
    const char *id, void *out, struct note *why)
{
	const int64_t format = format_of(json);
	const char *wrong;

	(void)memset(out, 0, kind->size);
	if (format > kind->format)
		return "it was written by a newer mailcert; use that one";
	wrong = format > 0 ? read_members(kind, json, format, out) : "format";
	if (wrong == NULL && strcmp(out, id) != 0)
		wrong = "id";
	if (wrong == NULL)
		return NULL;
	(void)note_set(
	    why, STATUS_DAMAGED, "its \"%s\" is malformed; " CURE, wrong);
	return why->text;
}

/* Why a file is unreadable, if the file itself is at fault. */
static const char *
read_fault(enum status status, struct note *why)
{
	switch (status) {
	case STATUS_PERMISSION:
		return "permission denied; chmod 600 it";
	case STATUS_DAMAGED:
		return "it is not a regular file of a record's size; " CURE;
	case STATUS_IO:
		(void)note_set(why, status, "%s; " CURE, strerror(errno));
		return why->text;
	default:
		return NULL;
	}
}

/* An open directory of records. */
struct place {
	const struct home *home;
	const char *directory;
	int dir;
};

/* Read one file.  STATUS_MISSING; STATUS_DAMAGED, _PERMISSION or _IO with a
 * note: it is damaged, or could not be read. */
static enum status
read_file(const struct place *place, const struct record_kind *kind,
    const char *id, void *out, struct note *note)
{
	char name[RECORD_ID_SIZE + 8], path[240];
	struct json *json = NULL;
	const char *fault;
	struct note why = { "" };
	enum status status;
	struct buf text;

	(void)snprintf(name, sizeof(name), "%s.json", id);
	buf_init(&text, JSON_SIZE_MAX);
	status = file_read(place->dir, name, &text);
	fault = status == STATUS_OK ? NULL : read_fault(status, &why);
	if (status == STATUS_OK && text.len == 0)
		fault = "it is empty; " CURE;
	else if (status == STATUS_OK &&
	    json_parse(buf_span(&text), &json) != STATUS_OK)
		fault = "it is not JSON; " CURE;
	else if (status == STATUS_OK)
		fault = read_record(kind, json, id, out, &why);
	if (fault != NULL) {
		home_show_path(
		    place->home, place->directory, name, path, sizeof(path));
		(void)note_set(note, status, "%s: %s", path, fault);
		if (status == STATUS_OK)
			status = STATUS_DAMAGED;
	}
	json_free(json);
	buf_clear(&text);
	return status;
}

static enum status
load_from(const struct home *home, const char *directory,
    const struct record_kind *kind, const char *id, void *out,
    struct note *note)
{
	struct place place = { home, directory, -1 };
	enum status status;

	status = home_subdir(home, directory, false, &place.dir, note);
	if (status != STATUS_OK || place.dir < 0)
		return status == STATUS_OK ? STATUS_MISSING : status;
	status = read_file(&place, kind, id, out, note);
	(void)close(place.dir);
	return status;
}

enum status
record_load(const struct home *home, const struct record_kind *kind,
    const char *id, void *out, struct note *note)
{
	char name[RECORD_ID_SIZE]; /* id may point into *out */
	enum status status;
	void *record;

	if (!jsonfile_id_ok(span_of(id)) ||
	    !span_copy(span_of(id), name, sizeof(name)))
		return STATUS_MISSING;
	if ((record = malloc(kind->size)) == NULL)
		return STATUS_MEMORY;
	status = load_from(home, kind->directory, kind, name, record, note);
	if (status == STATUS_MISSING && kind->old_directory != NULL) {
		status = load_from(
		    home, kind->old_directory, kind, name, record, note);
		/* It may have moved in the meantime. */
		if (status == STATUS_MISSING)
			status = load_from(
			    home, kind->directory, kind, name, record, note);
	}
	if (status == STATUS_OK)
		(void)memcpy(out, record, kind->size);
	free(record);
	return status;
}

/* What records_load() gathers. */
struct list {
	const struct record_kind *kind;
	record_filter *wanted;
	const void *arg;
	char *records; /* owned */
	size_t count;
	size_t room;
	size_t old;  /* how many, at the front, are from the old directory */
	bool *moved; /* owned: for each of these, whether the new one has it */
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
is_moved(
    const struct place *place, const struct record_kind *kind, const char *name)
{
	char path[64];
	struct stat st;

	if (place->directory == kind->directory)
		return false;
	(void)snprintf(path, sizeof(path), "%s/%s", kind->directory, name);
	return fstatat(place->home->dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static enum status
take_entry(const struct place *place, const char *name, struct list *list)
{
	const struct record_kind *kind = list->kind;
	struct note why = { "" };
	char id[RECORD_ID_SIZE];
	enum status status;
	void *record;

	if (file_is_litter(name))
		home_saw_litter(place->home);
	if (!jsonfile_id_of(name, id) || is_moved(place, kind, name))
		return STATUS_OK;
	drop_old(list, id);
	if (!make_room(list))
		return STATUS_MEMORY;
	record = list->records + list->count * kind->size;
	status = read_file(place, kind, id, record, &why);
	if (status == STATUS_OK &&
	    (list->wanted == NULL || list->wanted(record, list->arg)))
		list->count++;
	switch (status) {
	case STATUS_DAMAGED:
	case STATUS_PERMISSION:
	case STATUS_IO:
		home_warn(place->home, kind->directory, status, &why);
		return STATUS_OK;
	case STATUS_MISSING: /* it was removed at this moment */
		return STATUS_OK;
	default:
		return status;
	}
}

static enum status
take_directory(const struct home *home, const char *directory,
    struct list *list, struct note *note)
{
	struct place place = { home, directory, -1 };
	enum status status, walked;
	const char *name;
	struct walk walk;

	status = home_subdir(home, directory, false, &place.dir, note);
	if (status != STATUS_OK || place.dir < 0)
		return status;
	status = walk_begin(&walk, place.dir);
	while (status == STATUS_OK && (name = walk_next(&walk)) != NULL)
		status = take_entry(&place, name, list);
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

enum status
records_load(const struct home *home, const struct record_kind *kind,
    record_filter *wanted, const void *arg, void **out, size_t *count,
    struct note *note)
{
	struct list list = { .kind = kind, .wanted = wanted, .arg = arg };
	enum status status;

	*out = NULL;
	*count = 0;
	status = take_old_directory(home, &list, note);
	if (status == STATUS_OK)
		status = take_directory(home, kind->directory, &list, note);
	if (status == STATUS_OK)
		remove_moved(&list);
	if (status == STATUS_OK && list.count > 0) {
		qsort_r(list.records, list.count, kind->size, by_age,
		    (void *)(uintptr_t)kind);
		*out = list.records;
		*count = list.count;
	} else {
		free(list.records);
	}
	free(list.moved);
	return status;
}
