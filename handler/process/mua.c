/*
 * mua.c - the mail program that started us: see mua.h
 *
 * The kernel writes /proc, but a process may call itself anything: what is read
 * here only chooses which of the user's own programs to start.
 */
#include "process/mua.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

enum { GENERATIONS = 8 };

static bool
read_proc(pid_t pid, const char *name, struct buf *out)
{
	char path[64];
	bool done;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return false;
	done = fd_read_file(fd, 2047, out) == STATUS_OK;
	(void)close(fd);
	return done;
}

/* Parse "pid (comm) state ppid ..." from the end, since comm may contain
 * anything. */
static bool
parent_of(pid_t pid, char *comm, size_t size, pid_t *parent)
{
	struct buf text;
	struct span stat, name;
	size_t begin, end;
	long number = 0;

	buf_init(&text, 4096);
	if (!read_proc(pid, "stat", &text)) {
		buf_clear(&text);
		return false;
	}
	stat = buf_span(&text);
	begin = span_find_byte(stat, '(');
	for (end = stat.len; end > begin && stat.at[end - 1] != ')'; end--)
		;
	name = span_cut(stat, begin + 1, end - (end > 0));
	if (!span_copy(name, comm, size))
		comm[0] = '\0';
	if (end + 3 < stat.len)
		number = strtol(stat.at + end + 3, NULL, 10);
	*parent = (pid_t)number;
	buf_clear(&text);
	return number > 0;
}

/* Accept settings only: -e 'push ...' must not run twice. */
static bool
is_setting(const char *command)
{
	struct span text = span_trim(span_of(command));

	return span_starts(text, SPAN("set ")) ||
	    span_starts(text, SPAN("unset ")) ||
	    span_starts(text, SPAN("source "));
}

static void
add_arg(struct mua *mua, const char *one, const char *two)
{
	if (mua->args + 2 > MUA_ARGS_MAX)
		return;
	mua->arg[mua->args++] = one;
	if (two != NULL)
		mua->arg[mua->args++] = two;
}

/* Take -n, -F FILE and -e SETTING from its command line, so that the program
 * that we start uses the same account. */
static void
take_args(struct mua *mua)
{
	const char *at, *end, *next;
	struct buf text;

	buf_init(&text, sizeof(mua->text) - 1);
	if (!read_proc(mua->pid, "cmdline", &text)) {
		buf_clear(&text);
		return;
	}
	memcpy(mua->text, text.at, text.len + 1);
	end = mua->text + text.len;
	buf_clear(&text);
	at = mua->text + strlen(mua->text) + 1;
	for (; at < end; at += strlen(at) + 1) {
		next = at + strlen(at) + 1;
		if (strcmp(at, "-n") == 0)
			add_arg(mua, at, NULL);
		else if (strncmp(at, "-F", 2) == 0 && at[2] != '\0')
			add_arg(mua, at, NULL);
		else if (next >= end)
			break;
		else if (strcmp(at, "-F") == 0)
			add_arg(mua, at, next);
		else if (strcmp(at, "-e") == 0 && is_setting(next))
			add_arg(mua, at, next);
		else
			continue;
		if (strcmp(at, "-F") == 0 || strcmp(at, "-e") == 0)
			at = next;
	}
}

static void
take_path(struct mua *mua)
{
	char link[64];
	ssize_t len;

	(void)snprintf(link, sizeof(link), "/proc/%ld/exe", (long)mua->pid);
	len = readlink(link, mua->path, sizeof(mua->path) - 1);
	mua->path[len > 0 ? len : 0] = '\0';
	/* It was upgraded while it ran: packages install the new one here. */
	if (access(mua->path, X_OK) != 0)
		(void)snprintf(
		    mua->path, sizeof(mua->path), "/usr/bin/%s", mua->name);
}

void
mua_find(struct mua *out)
{
	pid_t pid = getpid(), parent;
	char comm[16];
	int i;

	*out = (struct mua){ 0 };
	for (i = 0; i < GENERATIONS; i++) {
		if (!parent_of(pid, comm, sizeof(comm), &parent))
			return;
		if (strcmp(comm, "mutt") == 0 || strcmp(comm, "neomutt") == 0) {
			out->pid = pid;
			(void)memcpy(out->name, comm, sizeof(out->name));
			take_path(out);
			take_args(out);
			return;
		}
		pid = parent;
	}
}
