/* record.c - records of the home: see record.h */
#include "store/record.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "acme/url.h"
#include "base/base64url.h"
#include "mail/date.h"

#define CURE "restore it from a backup, or move it away"

enum status
record_new_id(char out[RECORD_ID_SIZE])
{
	static const char digits[] = "bcdfghjkmnpqrstvwxz23456789";
	unsigned char random[8];
	size_t i;

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return STATUS_IO;
	for (i = 0; i < sizeof(random); i++)
		out[i] = digits[random[i] % (sizeof(digits) - 1)];
	out[i] = '\0';
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

static bool
read_member(const struct json *json, const struct member *member, char *record)
{
	void *at = record + member->offset;
	enum status status;
	int64_t number = 0;

	if (is_number(member->type)) {
		status = json_get_number(json, member->name, &number);
		if (status == STATUS_CONFIG || !number_ok(member->type, number))
			return false;
		if (member->type == MEMBER_FLAG)
			*(bool *)at = number != 0;
		else
			*(int64_t *)at = number;
	} else {
		status = json_get_text(json, member->name, at, member->size);
		if (status == STATUS_CONFIG || !text_ok(member->type, at))
			return false;
	}
	return status == STATUS_OK || !member->required;
}

/* The member that is wrong, or NULL. */
static const char *
read_members(
    const struct record_kind *kind, const struct json *json, void *record)
{
	size_t i;

	for (i = 0; i < kind->count; i++)
		if (!read_member(json, &kind->members[i], record))
			return kind->members[i].name;
	return kind->read != NULL ? kind->read(json, record) : NULL;
}

static const char *
read_record(const struct record_kind *kind, const struct json *json,
    const char *id, void *out, struct note *why)
{
	int64_t format = kind->format;
	const char *wrong;

	if (json_get_number(json, "format", &format) == STATUS_NO)
		format = kind->format; /* the first ones did not say */
	(void)memset(out, 0, kind->size);
	if (format > kind->format)
		return "it was written by a newer mailcert; use that one";
	wrong =
	    format == kind->format ? read_members(kind, json, out) : "format";
	if (wrong == NULL && strcmp(out, id) != 0)
		wrong = "id";
	if (wrong == NULL)
		return NULL;
	(void)note_set(
	    why, STATUS_CONFIG, "its \"%s\" is malformed; " CURE, wrong);
	return why->text;
}

/* Why a file cannot be read, where it is this file that is at fault. */
static const char *
read_fault(enum status status, struct note *why)
{
	switch (status) {
	case STATUS_PERMISSION:
		return "permission denied; chmod 600 it";
	case STATUS_CONFIG:
		return "it is not a regular file of a record's size; " CURE;
	case STATUS_IO:
		(void)note_set(why, status, "%s; " CURE, strerror(errno));
		return why->text;
	default:
		return NULL;
	}
}

/* STATUS_OK; STATUS_NO; STATUS_CONFIG, _PERMISSION or _IO with a note: it is
 * damaged; or it could not be tried. */
static enum status
read_file(const struct home *home, int dir, const struct record_kind *kind,
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
	status = file_read(dir, name, &text);
	fault = status == STATUS_OK ? NULL : read_fault(status, &why);
	if (status == STATUS_OK && text.len == 0)
		fault = "it is empty; " CURE;
	else if (status == STATUS_OK &&
	    json_parse(buf_span(&text), &json) != STATUS_OK)
		fault = "it is not JSON; " CURE;
	else if (status == STATUS_OK)
		fault = read_record(kind, json, id, out, &why);
	if (fault != NULL) {
		home_show_path(home, kind->directory, name, path, sizeof(path));
		(void)note_set(note, status, "%s: %s", path, fault);
		if (status == STATUS_OK)
			status = STATUS_CONFIG;
	}
	json_free(json);
	buf_clear(&text);
	return status;
}

enum status
record_load(const struct home *home, const struct record_kind *kind,
    const char *id, void *out, struct note *note)
{
	char name[RECORD_ID_SIZE]; /* id may be a part of *out */
	enum status status;
	void *record;
	int dir = -1;

	if (!jsonfile_id_ok(span_of(id)) ||
	    !span_copy(span_of(id), name, sizeof(name)))
		return STATUS_NO;
	status = home_subdir(home, kind->directory, false, &dir, note);
	if (status != STATUS_OK || dir < 0)
		return status == STATUS_OK ? STATUS_NO : status;
	if ((record = malloc(kind->size)) == NULL)
		status = STATUS_MEMORY;
	else
		status = read_file(home, dir, kind, name, record, note);
	if (status == STATUS_OK)
		(void)memcpy(out, record, kind->size);
	free(record);
	(void)close(dir);
	return status;
}

/* What records_load() gathers. */
struct list {
	char *records; /* owned */
	size_t count;
	size_t room;
};

static bool
make_room(struct list *list, size_t size)
{
	const size_t room = list->room == 0 ? 8 : 2 * list->room;
	char *more;

	if (list->count < list->room)
		return true;
	if ((more = reallocarray(list->records, room, size)) == NULL)
		return false;
	list->records = more;
	list->room = room;
	return true;
}

static enum status
take_entry(const struct home *home, int dir, const struct record_kind *kind,
    const char *name, record_filter *wanted, const void *arg, struct list *list)
{
	struct note why = { "" };
	char id[RECORD_ID_SIZE];
	enum status status;
	void *record;

	if (file_is_litter(name))
		home_saw_litter(home);
	if (!jsonfile_id_of(name, id))
		return STATUS_OK;
	if (!make_room(list, kind->size))
		return STATUS_MEMORY;
	record = list->records + list->count * kind->size;
	status = read_file(home, dir, kind, id, record, &why);
	if (status == STATUS_OK && (wanted == NULL || wanted(record, arg)))
		list->count++;
	switch (status) {
	case STATUS_CONFIG:
	case STATUS_PERMISSION:
	case STATUS_IO:
		home_warn(home, kind->directory, status, &why);
		return STATUS_OK;
	case STATUS_NO: /* it was forgotten in this moment */
		return STATUS_OK;
	default:
		return status;
	}
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
	struct list list = { .count = 0 };
	struct dirent *entry;
	enum status status;
	DIR *stream;
	int dir = -1;

	*out = NULL;
	*count = 0;
	status = home_subdir(home, kind->directory, false, &dir, note);
	if (status != STATUS_OK || dir < 0)
		return status;
	if ((stream = fdopendir(dir)) == NULL) {
		(void)close(dir);
		return STATUS_MEMORY;
	}
	while (status == STATUS_OK) {
		errno = 0;
		if ((entry = readdir(stream)) == NULL)
			break;
		status = take_entry(
		    home, dir, kind, entry->d_name, wanted, arg, &list);
	}
	/* A list that was cut short must not pass for the whole. */
	if (status == STATUS_OK && errno != 0)
		status = note_set(note, STATUS_IO, "%.200s/%s: %s", home->path,
		    kind->directory, strerror(errno));
	(void)closedir(stream);
	if (status == STATUS_OK && list.count > 0) {
		qsort_r(list.records, list.count, kind->size, by_age,
		    (void *)(uintptr_t)kind);
		*out = list.records;
		*count = list.count;
	} else {
		free(list.records);
	}
	return status;
}
