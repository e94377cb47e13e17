/* pager.c - show a text part: see pager.h.  Input: hostile. */
#include "process/pager.h"

#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "process/run.h"

static void
add_safe_lines(struct buf *out, struct span text)
{
	const bool utf8 = text_locale_is_utf8();
	struct span line;
	size_t end;

	while (text.len > 0) {
		end = span_find_byte(text, '\n');
		line = span_cut(text, 0, end);
		text = span_cut(text, end + 1, text.len);
		if (line.len > 0 && line.at[line.len - 1] == '\r')
			line.len--;
		text_show(out, line, TEXT_NO_LIMIT, utf8);
		buf_add_byte(out, '\n');
	}
}

enum status
pager_show(const char *head, struct span text)
{
	static const char *const paths[] = { "/usr/bin/pager", "/usr/bin/less",
		"/bin/more" };
	const char *argv[] = { NULL, NULL };
	struct run run = { .argv = argv,
		.environment = RUN_PAGER,
		.terminal = RUN_SHOWS,
		.shares = true };
	enum status status = STATUS_UNABLE;
	struct buf safe;
	size_t i;
	int code = 0;

	for (i = 0; i < 3 && access(paths[i], X_OK) != 0; i++)
		;
	if (i == 3 || (run.tty = fd_terminal()) < 0)
		return STATUS_UNABLE;
	argv[0] = paths[i];
	buf_init(&safe, 16 * text.len + 2048);
	buf_add_text(&safe, head);
	add_safe_lines(&safe, text);
	run.input = buf_span(&safe);
	status = process_run(&run, NULL, NULL, &code, NULL);
	/* The user may leave the pager before the end. */
	if (status == STATUS_IO)
		status = STATUS_OK;
	buf_clear(&safe);
	(void)close(run.tty);
	return status == STATUS_OK && code == 0 ? STATUS_OK : STATUS_UNABLE;
}
