/* jsonfile.c - one JSON object a file: see jsonfile.h */
#include "store/jsonfile.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool
jsonfile_id_ok(struct span id)
{
	size_t i;

	for (i = 0; i < id.len; i++)
		if (!ascii_is_alnum(id.at[i]))
			return false;
	return id.len > 0 && id.len < JSONFILE_ID_SIZE;
}

bool
jsonfile_id_of(const char *name, char out[JSONFILE_ID_SIZE])
{
	const struct span text = span_of(name);
	struct span id;

	if (text.len <= 5 ||
	    !span_eq(span_cut(text, text.len - 5, text.len), SPAN(".json")))
		return false;
	id = span_cut(text, 0, text.len - 5);
	return jsonfile_id_ok(id) && span_copy(id, out, JSONFILE_ID_SIZE);
}

enum status
jsonfile_read(int dir, const char *directory, const char *id, struct json **out,
    struct note *note)
{
	char name[JSONFILE_ID_SIZE + 8];
	enum status status;
	struct buf text;

	(void)snprintf(name, sizeof(name), "%s.json", id);
	buf_init(&text, JSON_SIZE_MAX);
	status = file_read(dir, name, &text);
	if (status == STATUS_OK)
		status = json_parse(buf_span(&text), out);
	if (status == STATUS_CONFIG)
		(void)note_set(note, status,
		    "%s/%s cannot be read; it was left alone", directory, name);
	buf_clear(&text);
	return status;
}

enum status
jsonfile_load(const struct home *home, const char *directory, const char *id,
    struct json **out, struct note *note)
{
	enum status status;
	int dir = -1;

	if (!jsonfile_id_ok(span_of(id)))
		return STATUS_NO;
	status = home_subdir(home, directory, false, &dir, note);
	if (status != STATUS_OK || dir < 0)
		return status == STATUS_OK ? STATUS_NO : status;
	status = jsonfile_read(dir, directory, id, out, note);
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

	if (!jsonfile_id_ok(span_of(id)))
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
	while (*count < most && (entry = readdir(list)) != NULL)
		if (jsonfile_id_of(entry->d_name, ids[*count]))
			++*count;
	(void)closedir(list);
	return STATUS_OK;
}
