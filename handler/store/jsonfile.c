/* jsonfile.c - one JSON object a file: see jsonfile.h */
#include "store/jsonfile.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool
id_ok(struct span id)
{
	size_t i;

	for (i = 0; i < id.len; i++)
		if (!ascii_is_alnum(id.at[i]))
			return false;
	return id.len > 0 && id.len < JSONFILE_ID_SIZE;
}

enum status
jsonfile_load(const struct home *home, const char *directory, const char *id,
    struct json **out, struct note *note)
{
	char name[JSONFILE_ID_SIZE + 8];
	enum status status;
	struct buf text;
	int dir = -1;

	if (!id_ok(span_of(id)))
		return STATUS_NO;
	status = home_subdir(home, directory, false, &dir, note);
	if (status != STATUS_OK || dir < 0)
		return status == STATUS_OK ? STATUS_NO : status;
	(void)snprintf(name, sizeof(name), "%s.json", id);
	buf_init(&text, JSON_SIZE_MAX);
	status = file_read(dir, name, &text);
	if (status == STATUS_OK)
		status = json_parse(buf_span(&text), out);
	if (status == STATUS_CONFIG)
		(void)note_set(note, status,
		    "%s/%s cannot be read; it was left alone", directory, name);
	buf_clear(&text);
	(void)close(dir);
	return status;
}

enum status
jsonfile_save(const struct home *home, const char *directory, const char *id,
    const struct json *json, struct note *note)
{
	char name[JSONFILE_ID_SIZE + 8];
	enum status status;
	struct buf text;
	int dir = -1;

	if (!id_ok(span_of(id)))
		return STATUS_BUG;
	status = home_subdir(home, directory, true, &dir, note);
	if (status != STATUS_OK)
		return status;
	(void)snprintf(name, sizeof(name), "%s.json", id);
	buf_init(&text, JSON_SIZE_MAX);
	status = json_write(json, &text);
	if (status == STATUS_OK)
		status = file_replace(dir, name, buf_span(&text), note);
	buf_clear(&text);
	(void)close(dir);
	return status;
}

enum status
jsonfile_list(const struct home *home, const char *directory,
    char (*ids)[JSONFILE_ID_SIZE], size_t most, size_t *count,
    struct note *note)
{
	struct dirent *entry;
	enum status status;
	struct span name;
	int dir = -1;
	DIR *list;

	*count = 0;
	status = home_subdir(home, directory, false, &dir, note);
	if (status != STATUS_OK || dir < 0)
		return status;
	if ((list = fdopendir(dir)) == NULL) {
		(void)close(dir);
		return STATUS_IO;
	}
	while (*count < most && (entry = readdir(list)) != NULL) {
		name = span_of(entry->d_name);
		if (name.len > 5 &&
		    span_eq(span_cut(name, name.len - 5, name.len),
			SPAN(".json")) &&
		    id_ok(span_cut(name, 0, name.len - 5)) &&
		    span_copy(span_cut(name, 0, name.len - 5), ids[*count],
			JSONFILE_ID_SIZE))
			++*count;
	}
	(void)closedir(list);
	return STATUS_OK;
}
