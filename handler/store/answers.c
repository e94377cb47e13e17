/* answers.c - cached DNS answers: see answers.h */
#include "store/answers.h"

#include <unistd.h>

#include "base/frame.h"
#include "mail/dns_answer.h"

/* A key becomes a file name: it must not lead elsewhere. */
static bool
key_ok(const char *key)
{
	size_t i;

	for (i = 0; key[i] != '\0'; i++)
		if (!ascii_is_alnum(key[i]) &&
		    !span_has_byte(SPAN("-._@+=~"), key[i]))
			return false;
	return i > 0 && i < 250 && key[0] != '.';
}

static enum status
read_frames(struct span file, const char *source, int64_t now, struct buf *line)
{
	struct span found = { NULL, 0 };
	bool same_source = false;
	struct frame frame;
	int64_t until = 0;

	while (frame_take(&file, &frame) == STATUS_OK) {
		if (span_eq(frame.name, SPAN("until")) &&
		    !frame_number(frame.value, &until))
			return STATUS_MISSING;
		if (span_eq(frame.name, SPAN("source")))
			same_source = span_eq(frame.value, span_of(source));
		if (span_eq(frame.name, SPAN("line")))
			found = frame.value;
	}
	/* An old answer is not younger because the clock was set back. */
	if (!same_source || found.len == 0 || until <= now ||
	    until > now + DNS_TTL_MAX)
		return STATUS_MISSING;
	buf_add(line, found);
	return buf_status(line);
}

enum status
answers_get(const struct home *home, const char *key, const char *source,
    int64_t now, struct buf *line)
{
	enum status status;
	struct buf file;
	int dir = -1;

	if (!key_ok(key) ||
	    home_subdir(home, "dns", false, &dir, NULL) != STATUS_OK || dir < 0)
		return STATUS_MISSING;
	buf_init(&file, DNS_LINE_MAX + 4096);
	status = file_read(dir, key, &file);
	if (status == STATUS_OK)
		status = read_frames(buf_span(&file), source, now, line);
	buf_clear(&file);
	(void)close(dir);
	return status == STATUS_OK ? STATUS_OK : STATUS_MISSING;
}

void
answers_put(const struct home *home, const char *key, const char *source,
    int64_t until, struct span line)
{
	struct buf file;
	int dir = -1;

	if (!key_ok(key) || home->dir < 0 ||
	    home_subdir(home, "dns", true, &dir, NULL) != STATUS_OK || dir < 0)
		return;
	buf_init(&file, DNS_LINE_MAX + 4096);
	frame_add_number(&file, "until", until);
	frame_add(&file, "source", span_of(source));
	frame_add(&file, "line", line);
	dir_keep_few(dir, ANSWERS_FILES_MAX);
	if (buf_status(&file) == STATUS_OK)
		(void)!file_replace(dir, key, buf_span(&file), NULL);
	buf_clear(&file);
	(void)close(dir);
}
