/* looked.c - up to where a mailbox was looked through: see looked.h */
#include "store/looked.h"

#include <stdio.h>
#include <unistd.h>

#include "base/frame.h"
#include "store/index.h"

enum { FILE_MAX = 8 * 1024, FILES_MAX = 256 };

/* The file says which name it is for: two may have one file. */
static void
file_name(const char *name, char out[32])
{
	(void)snprintf(out, 32, "%016llx",
	    (unsigned long long)index_key("watched", span_of(name), SPAN("")));
}

static enum status
read_frames(struct span file, const char *name, struct looked *out)
{
	const bool whole = frame_ended(file) &&
	    span_eq(frame_get(file, "name"), span_of(name)) &&
	    frame_number(frame_get(file, "when"), &out->when) &&
	    frame_number(frame_get(file, "validity"), &out->validity) &&
	    frame_number(frame_get(file, "after"), &out->after) &&
	    span_copy(frame_get(file, "state"), out->state, sizeof(out->state));

	return whole && out->when >= 0 && out->validity >= 0 && out->after >= 0
	    ? STATUS_OK
	    : STATUS_MISSING;
}

enum status
looked_load(const struct home *home, const char *name, struct looked *out)
{
	enum status status;
	struct buf bytes;
	char file[32];
	int dir = -1;

	if (home_subdir(home, "watched", false, &dir, NULL) != STATUS_OK ||
	    dir < 0)
		return STATUS_MISSING;
	file_name(name, file);
	buf_init(&bytes, FILE_MAX);
	status = file_read(dir, file, &bytes);
	if (status == STATUS_OK)
		status = read_frames(buf_span(&bytes), name, out);
	buf_clear(&bytes);
	(void)close(dir);
	return status == STATUS_OK ? STATUS_OK : STATUS_MISSING;
}

void
looked_save(
    const struct home *home, const char *name, const struct looked *looked)
{
	struct buf bytes;
	char file[32];
	int dir = -1;

	if (home_subdir(home, "watched", true, &dir, NULL) != STATUS_OK ||
	    dir < 0)
		return;
	file_name(name, file);
	buf_init(&bytes, FILE_MAX);
	frame_add(&bytes, "name", span_of(name));
	frame_add_number(&bytes, "when", looked->when);
	frame_add_number(&bytes, "validity", looked->validity);
	frame_add_number(&bytes, "after", looked->after);
	if (looked->state[0] != '\0')
		frame_add(&bytes, "state", span_of(looked->state));
	frame_add(&bytes, FRAME_END, SPAN(""));
	dir_keep_few(dir, FILES_MAX);
	if (buf_status(&bytes) == STATUS_OK)
		(void)!file_replace(dir, file, buf_span(&bytes), NULL);
	buf_clear(&bytes);
	(void)close(dir);
}
