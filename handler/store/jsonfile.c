/* jsonfile.c - names of a record's file: see jsonfile.h */
#include "store/jsonfile.h"

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
