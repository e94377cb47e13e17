/* pager.c - show a text part: see pager.h.  Input: hostile. */
#include "pager.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"

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

static void
be_the_pager(const char *path, int in)
{
	char *argv[] = { (char *)"pager", NULL };
	char *environment[] = { (char *)"LESSSECURE=1", NULL, NULL, NULL };
	extern char **environ;
	size_t i, n = 1;
	int tty;

	for (i = 0; environ[i] != NULL && n < 3; i++)
		if (span_starts(span_of(environ[i]), SPAN("TERM=")) ||
		    span_starts(span_of(environ[i]), SPAN("LANG=")))
			environment[n++] = environ[i];
	tty = open("/dev/tty", O_RDWR);
	if (tty < 0 || dup2(in, 0) < 0 || dup2(tty, 1) < 0 || dup2(tty, 2) < 0)
		_exit(127);
	(void)close_range(3, ~0U, 0);
	(void)execve(path, argv, environment);
	_exit(127);
}

enum status
pager_show(const char *head, struct span text)
{
	static const char *const paths[] = { "/usr/bin/pager", "/usr/bin/less",
		"/bin/more" };
	enum status status = STATUS_NO;
	struct buf safe;
	int ends[2], waited = -1;
	size_t i;
	pid_t pid;

	for (i = 0; i < 3 && access(paths[i], X_OK) != 0; i++)
		;
	if (i == 3 || pipe2(ends, O_CLOEXEC) != 0)
		return STATUS_NO;
	buf_init(&safe, 16 * text.len + 2048);
	buf_add_text(&safe, head);
	add_safe_lines(&safe, text);
	if ((pid = fork()) == 0)
		be_the_pager(paths[i], ends[0]);
	(void)close(ends[0]);
	/* The reader may leave early: that is no failure. */
	if (pid > 0 && fd_write(ends[1], buf_span(&safe)) != STATUS_OK)
		status = STATUS_NO;
	(void)close(ends[1]);
	while (pid > 0 && waitpid(pid, &waited, 0) < 0 && errno == EINTR)
		;
	if (pid > 0 && WIFEXITED(waited) && WEXITSTATUS(waited) == 0)
		status = STATUS_OK;
	buf_clear(&safe);
	return status;
}
