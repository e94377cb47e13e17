/* program.c - find and run the programs of the user: see program.h */
#include "install/program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process/run.h"

enum { PATH_SIZE = 1024 };

static bool
is_executable(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	    access(path, X_OK) == 0;
}

bool
program_find(const char *name, char *out, size_t size)
{
	const char *paths = getenv("PATH");
	struct span rest = span_of(paths != NULL ? paths : "/usr/bin:/bin");
	struct span dir;
	size_t end;
	int len;

	if (name[0] == '/')
		return span_copy(span_of(name), out, size) &&
		    is_executable(out);
	while (rest.len > 0) {
		end = span_find_byte(rest, ':');
		dir = span_cut(rest, 0, end);
		rest = span_cut(rest, end + 1, rest.len);
		if (dir.len == 0 || dir.at[0] != '/')
			continue;
		len =
		    snprintf(out, size, "%.*s/%s", (int)dir.len, dir.at, name);
		if (len > 0 && (size_t)len < size && is_executable(out))
			return true;
	}
	return false;
}

enum status
program_run(const struct program *program, struct buf *out, struct note *said,
    int *code, struct note *note)
{
	const char *argv[PROGRAM_ARGS_MAX + 2];
	char path[PATH_SIZE];
	struct run run = { .argv = argv,
		.environment = RUN_USER,
		.input = program->input,
		.seconds = program->seconds };
	size_t n = 0;

	if (!program_find(program->name, path, sizeof(path)))
		return note_set(note, STATUS_NO,
		    "%s is not installed: it is not on the PATH",
		    program->name);
	argv[n++] = path;
	while (program->argv[n - 1] != NULL) {
		if (n > PROGRAM_ARGS_MAX)
			return STATUS_BUG;
		argv[n] = program->argv[n - 1];
		n++;
	}
	argv[n] = NULL;
	return process_run(&run, out, said, code, note);
}

enum status
program_own_name(char *out, size_t size, struct note *note)
{
	const char *paths = getenv("PATH");
	char self[512], found[600];
	struct stat mine, other;
	struct span rest, dir;
	ssize_t len;
	size_t i, end;

	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[len > 0 ? len : 0] = '\0';
	if (len <= 0 || stat(self, &mine) != 0)
		return note_set(
		    note, STATUS_IO, "/proc/self/exe: %s", strerror(errno));
	rest = span_of(paths != NULL ? paths : "");
	while (rest.len > 0) {
		end = span_find_byte(rest, ':');
		dir = span_cut(rest, 0, end);
		rest = span_cut(rest, end + 1, rest.len);
		(void)snprintf(found, sizeof(found), "%.*s/mailcert",
		    (int)dir.len, dir.at);
		if (dir.len > 0 && stat(found, &other) == 0) {
			if (other.st_dev == mine.st_dev &&
			    other.st_ino == mine.st_ino)
				return span_copy(SPAN("mailcert"), out, size)
				    ? STATUS_OK
				    : STATUS_BUG;
			break;
		}
	}
	for (i = 0; self[i] != '\0'; i++)
		if (!ascii_is_alnum(self[i]) &&
		    !span_has_byte(SPAN("/._+-@"), self[i]))
			return note_set(note, STATUS_CONFIG,
			    "%.200s has characters in its path that a "
			    "configuration cannot carry; put mailcert on the "
			    "PATH",
			    self);
	return span_copy(span_of(self), out, size) ? STATUS_OK : STATUS_CONFIG;
}
