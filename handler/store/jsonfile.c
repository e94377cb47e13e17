/* jsonfile.c - names and bytes of a record's file: see jsonfile.h */
#include "store/jsonfile.h"

#include <stdio.h>
#include <unistd.h>

bool
jsonfile_id_ok(struct span id)
{
	size_t i;

	for (i = 0; i < id.len; i++)
		if (!ascii_is_alnum(id.at[i]))
			return false;
	return id.len > 0 && id.len < RECORD_ID_SIZE;
}

bool
jsonfile_id_of(const char *name, char out[RECORD_ID_SIZE])
{
	const struct span text = span_of(name);
	struct span id;

	if (text.len <= 5 ||
	    !span_eq(span_cut(text, text.len - 5, text.len), SPAN(".json")))
		return false;
	id = span_cut(text, 0, text.len - 5);
	return jsonfile_id_ok(id) && span_copy(id, out, RECORD_ID_SIZE);
}

enum status
jsonfile_save(const struct home *home, const char *directory, const char *id,
    const struct json *json, struct note *note)
{
	char name[RECORD_ID_SIZE + 8];
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
