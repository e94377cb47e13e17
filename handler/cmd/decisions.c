/* decisions.c - the latest decisions: see decisions.h */
#include "cmd/decisions.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

enum { TAIL = 32 * 1024, MOST = 5 };

/* "TIME answered...", "TIME refused: ...", "TIME failed: ..." */
static bool
is_decision(struct span line, struct span *at, struct span *text)
{
	const size_t blank = span_find_byte(line, ' ');

	*at = span_cut(line, 0, blank);
	*text = span_cut(line, blank + 1, line.len);
	return span_starts(*text, SPAN("answered")) ||
	    span_starts(*text, SPAN("refused")) ||
	    span_starts(*text, SPAN("failed"));
}

/* The end of the log. */
static struct span
read_tail(const struct home *home, char tail[TAIL])
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
		from = st.st_size > TAIL ? st.st_size - TAIL : 0;
		len = pread(fd, tail, TAIL, from);
		text.len = len > 0 ? (size_t)len : 0;
		/* The first line may be cut. */
		if (from > 0)
			text = span_cut(
			    text, span_find_byte(text, '\n') + 1, text.len);
	}
	(void)close(fd);
	return text;
}

/* The last ones, from the oldest to the latest; returns how many. */
static size_t
find(struct span text, struct span at[MOST], struct span said[MOST])
{
	struct span one_at, one_said;
	size_t count = 0, end;

	for (; text.len > 0; text = span_cut(text, end + 1, text.len)) {
		end = span_find_byte(text, '\n');
		if (!is_decision(span_cut(text, 0, end), &one_at, &one_said))
			continue;
		at[count % MOST] = one_at;
		said[count % MOST] = one_said;
		count++;
	}
	return count;
}

/* The i-th of the last ones is in this place. */
static size_t
place_of(size_t count, size_t i)
{
	return count > MOST ? (count + i) % MOST : i;
}

void
decisions_add(const struct home *home, struct buf *out)
{
	static char tail[TAIL];
	struct span at[MOST], said[MOST];
	const size_t count = find(read_tail(home, tail), at, said);
	const bool utf8 = text_locale_is_utf8();
	size_t i, place;

	if (count > 0)
		buf_add_text(out, "latest decisions\n");
	for (i = 0; i < (count < MOST ? count : MOST); i++) {
		place = place_of(count, i);
		buf_add_text(out, "    ");
		text_show(out, at[place], TEXT_NO_LIMIT, utf8);
		buf_add_byte(out, ' ');
		text_show(out, said[place], TEXT_NO_LIMIT, utf8);
		buf_add_byte(out, '\n');
	}
}

void
decisions_add_json(const struct home *home, struct json_writer *json)
{
	static char tail[TAIL];
	struct span at[MOST], said[MOST];
	const size_t count = find(read_tail(home, tail), at, said);
	size_t i, place;

	json_open_array(json, "decisions");
	for (i = 0; i < (count < MOST ? count : MOST); i++) {
		place = place_of(count, i);
		json_open_object(json, NULL);
		json_add(json, "at", at[place]);
		json_add(json, "text", said[place]);
		json_close(json);
	}
	json_close(json);
}
