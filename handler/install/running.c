/* running.c - find a running mail program: see running.h */
#include "install/running.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/walk.h"

enum { ENVIRONMENT_MAX = 1024 * 1024, READ_SECONDS = 2 };

/* A file of /proc; empty where it cannot be read. */
static void
read_file(int dir, const char *name, struct buf *out)
{
	const int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (fd_read(fd, out, READ_SECONDS) != STATUS_OK)
		buf_cut(out, 0);
	(void)close(fd);
}

static bool
has_name(int dir, const char *name)
{
	struct buf text;
	bool same;

	buf_init(&text, 64);
	read_file(dir, "comm", &text);
	same = span_eq(span_trim(buf_span(&text)), span_of(name));
	buf_clear(&text);
	return same;
}

static bool
has_our_home(int dir)
{
	const char *home = getenv("HOME");
	struct span rest, variable;
	bool ours = true;
	struct buf text;
	size_t end;

	buf_init(&text, ENVIRONMENT_MAX);
	read_file(dir, "environ", &text);
	for (rest = buf_span(&text); rest.len > 0;
	     rest = span_cut(rest, end + 1, rest.len)) {
		end = span_find_byte(rest, '\0');
		variable = span_cut(rest, 0, end);
		if (home != NULL && span_starts(variable, SPAN("HOME=")))
			ours = span_eq(
			    span_cut(variable, 5, variable.len), span_of(home));
	}
	buf_clear(&text);
	return ours;
}

static bool
is_it(int proc, const char *process, const char *name)
{
	struct stat st;
	bool found;
	int dir;

	dir = openat(proc, process, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return false;
	found = fstat(dir, &st) == 0 && st.st_uid == geteuid() &&
	    has_name(dir, name) && has_our_home(dir);
	(void)close(dir);
	return found;
}

bool
program_is_running(const char *name)
{
	const char *process;
	bool found = false;
	struct walk walk;

	if (walk_begin(&walk,
		open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == STATUS_OK)
		while (!found && (process = walk_next(&walk)) != NULL)
			if (process[strspn(process, "0123456789")] == '\0')
				found = is_it(walk.dir, process, name);
	return walk_end(&walk) == STATUS_OK ? found : true;
}
