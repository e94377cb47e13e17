/* decisions.c - the latest decisions: see decisions.h */
#include "overview/decisions.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "TIME answered...", "TIME refused: ...", "TIME failed: ..." */
static bool
is_decision(struct span line, struct decision *out)
{
	const size_t blank = span_find_byte(line, ' ');

	out->at = span_cut(line, 0, blank);
	out->text = span_cut(line, blank + 1, line.len);
	return span_starts(out->text, SPAN("answered")) ||
	    span_starts(out->text, SPAN("refused")) ||
	    span_starts(out->text, SPAN("failed"));
}

/* The end of the log. */
static struct span
read_tail(const struct home *home, char tail[DECISIONS_TAIL])
{
	struct span text = { tail, 0 };
	struct stat st;
	ssize_t len;
	off_t from;
	int fd;

	if (home->dir < 0)
		return text;
	fd = openat(
	    home->dir, "log", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return text;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		from = st.st_size > DECISIONS_TAIL ? st.st_size - DECISIONS_TAIL
						   : 0;
		len = pread(fd, tail, DECISIONS_TAIL, from);
		text.len = len > 0 ? (size_t)len : 0;
		/* The first line may be cut. */
		if (from > 0)
			text = span_cut(
			    text, span_find_byte(text, '\n') + 1, text.len);
	}
	(void)close(fd);
	return text;
}

void
decisions_load(const struct home *home, struct decisions *out)
{
	struct decision one;
	struct span text;
	size_t end;

	out->count = 0;
	for (text = read_tail(home, out->tail); text.len > 0;
	     text = span_cut(text, end + 1, text.len)) {
		end = span_find_byte(text, '\n');
		if (!is_decision(span_cut(text, 0, end), &one))
			continue;
		if (out->count == DECISIONS_MOST)
			(void)memmove(out->decision, out->decision + 1,
			    sizeof(out->decision[0]) * --out->count);
		out->decision[out->count++] = one;
	}
}

void
decisions_add_json(const struct decisions *decisions, struct json_writer *json)
{
	size_t i;

	json_open_array(json, "decisions");
	for (i = 0; i < decisions->count; i++) {
		json_open_object(json, NULL);
		json_add(json, "at", decisions->decision[i].at);
		json_add(json, "text", decisions->decision[i].text);
		json_close(json);
	}
	json_close(json);
}
