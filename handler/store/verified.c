/* verified.c - cached S/MIME statuses: see verified.h */
#include "store/verified.h"

#include <string.h>
#include <unistd.h>

#include "base/frame.h"

enum { FILE_MAX = 64 * 1024 };

static enum status
read_frames(
    struct span file, const char *trust, int64_t now, struct verified *out)
{
	struct frame frame;
	bool whole = false;

	*out = (struct verified){ .current = false };
	while (frame_take(&file, &frame) == STATUS_OK) {
		if (span_eq(frame.name, SPAN("at")) &&
		    !frame_number(frame.value, &out->at))
			return STATUS_MISSING;
		if (span_eq(frame.name, SPAN("trust")))
			out->current = span_eq(frame.value, span_of(trust));
		if (span_eq(frame.name, SPAN("report")) &&
		    frame.value.len == sizeof(out->report)) {
			(void)memcpy(
			    &out->report, frame.value.at, sizeof(out->report));
			whole = smime_report_ok(&out->report);
		}
	}
	out->current =
	    out->current && out->at <= now && now - out->at < VERIFIED_SECONDS;
	return whole ? STATUS_OK : STATUS_MISSING;
}

enum status
verified_get(const struct home *home, const char *digest, const char *trust,
    int64_t now, struct verified *out)
{
	enum status status;
	struct buf file;
	int dir = -1;

	if (home_subdir(home, "verified", false, &dir, NULL) != STATUS_OK ||
	    dir < 0)
		return STATUS_MISSING;
	buf_init(&file, FILE_MAX);
	status = file_read(dir, digest, &file);
	if (status == STATUS_OK)
		status = read_frames(buf_span(&file), trust, now, out);
	buf_clear(&file);
	(void)close(dir);
	return status == STATUS_OK ? STATUS_OK : STATUS_MISSING;
}

void
verified_put(const struct home *home, const char *digest, const char *trust,
    const struct verified *verified)
{
	struct buf file;
	int dir = -1;

	if (home->dir < 0 ||
	    home_subdir(home, "verified", true, &dir, NULL) != STATUS_OK ||
	    dir < 0)
		return;
	buf_init(&file, FILE_MAX);
	frame_add_number(&file, "at", verified->at);
	frame_add(&file, "trust", span_of(trust));
	frame_add(&file, "report",
	    (struct span){
		(const char *)&verified->report, sizeof(verified->report) });
	dir_keep_few(dir, VERIFIED_FILES_MAX);
	if (buf_status(&file) == STATUS_OK)
		(void)!file_replace(dir, digest, buf_span(&file), NULL);
	buf_clear(&file);
	(void)close(dir);
}
