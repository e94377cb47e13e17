/* record.c - records of the home: see record.h */
#include "store/record_p.h"

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

void
record_id_about(const char *what, struct span text, struct span more,
    char out[RECORD_ID_SIZE])
{
	const uint64_t sum = index_key(what, text, more);
	unsigned char bytes[8];
	size_t i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(sum >> (8 * i));
	record_id_of(bytes, out);
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

enum status
record_read(const struct record_place *place, const struct record_kind *kind,
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
	struct record_place place = { home, directory, -1 };
	enum status status;

	status = home_subdir(home, directory, false, &place.dir, note);
	if (status != STATUS_OK || place.dir < 0)
		return status == STATUS_OK ? STATUS_MISSING : status;
	status = record_read(&place, kind, id, out, note);
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
