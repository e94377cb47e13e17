/* child.c - run a parser where it can do no harm: see child.h */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/sandbox.h"

enum { WAIT_SECONDS = 20 };

static int
by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Close everything but the pipe and the kept ones. */
static void
close_others(int out, const int *keep, size_t kept)
{
	int open_ones[80];
	size_t i, n = 0;
	unsigned from = 0;

	for (i = 0; i < kept && n < 79; i++)
		open_ones[n++] = keep[i];
	open_ones[n++] = out;
	qsort(open_ones, n, sizeof(*open_ones), by_number);
	for (i = 0; i < n; i++) {
		if ((unsigned)open_ones[i] > from)
			(void)close_range(from, (unsigned)open_ones[i] - 1, 0);
		from = (unsigned)open_ones[i] + 1;
	}
	(void)close_range(from, ~0U, 0);
}

static void
be_the_child(child_work *work, const void *arg, size_t size, int out,
    const int *keep, size_t kept)
{
	void *report = calloc(1, size);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	close_others(out, keep, kept);
	if (report == NULL)
		_exit(status_exit(STATUS_MEMORY));
	if (kept == 0)
		sandbox_enter_strict();
	else
		(void)sandbox_enter();
	work(arg, report);
	sandbox_exit(fd_write(out, (struct span){ report, size }) == STATUS_OK
		? 0
		: status_exit(STATUS_IO));
}

enum status
child_run(child_work *work, const void *arg, void *report, size_t size,
    const int *keep, size_t kept, struct note *note)
{
	struct buf got;
	int ends[2], waited = -1;
	enum status status;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return note_set(note, STATUS_IO, "%s", strerror(errno));
	pid = fork();
	if (pid < 0) {
		(void)close(ends[0]);
		(void)close(ends[1]);
		return note_set(note, STATUS_AGAIN, "%s", strerror(errno));
	}
	if (pid == 0)
		be_the_child(work, arg, size, ends[1], keep, kept);
	(void)close(ends[1]);
	buf_init(&got, size);
	status = fd_read(ends[0], &got, WAIT_SECONDS);
	(void)close(ends[0]);
	if (status != STATUS_OK)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &waited, 0) < 0 && errno == EINTR)
		;
	if (status != STATUS_OK || waited != 0 || got.len != size)
		status = note_set(
		    note, STATUS_BUG, "the parser gave up on this message");
	else
		memcpy(report, got.at, size);
	buf_clear(&got);
	return status;
}
