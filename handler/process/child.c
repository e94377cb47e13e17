/* child.c - sandboxed children: see child.h */
#include "process/child.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/sandbox.h"
#include "process/wait.h"

enum { WAIT_SECONDS = 20, KEEP_MAX = 80 };

static child_wipe *wipes[CHILD_WIPES];
static size_t wipe_count;

void
child_add_wipe(child_wipe *wipe)
{
	size_t i;

	for (i = 0; i < wipe_count; i++)
		if (wipes[i] == wipe)
			return;
	assert(wipe_count < CHILD_WIPES);
	wipes[wipe_count++] = wipe;
}

static void
be_the_child(child_work *work, const void *arg, size_t size, int out,
    const int *keep, size_t kept)
{
	void *report = calloc(1, size);
	int open_ones[KEEP_MAX];
	size_t i;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0; i < kept && i < KEEP_MAX - 1; i++)
		open_ones[i] = keep[i];
	open_ones[i++] = out;
	close_others(open_ones, i);
	if (report == NULL)
		_exit(status_exit(STATUS_MEMORY));
	for (i = 0; i < wipe_count; i++)
		wipes[i]();
	if (keep == NULL)
		sandbox_enter_strict();
	else
		(void)sandbox_enter();
	work(arg, report);
	sandbox_exit(fd_write(out, (struct span){ report, size }) == STATUS_OK
		? 0
		: status_exit(STATUS_IO));
}

/* Read the whole report and not a byte more: a compromised child may write
 * anything, or nothing, for as long as it likes. */
static enum status
take_report(int fd, struct buf *out, const struct deadline *until)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	char probe;
	ssize_t n;

	while (!deadline_over(until)) {
		if (poll(&ready, 1, wait_ms(until, fd)) <= 0)
			continue;
		n = out->len < out->ceiling
		    ? read(fd, out->at + out->len, out->ceiling - out->len)
		    : read(fd, &probe, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			return STATUS_OK;
		if (n < 0 || out->len == out->ceiling)
			return STATUS_BUG;
		out->len += (size_t)n;
	}
	return STATUS_AGAIN;
}

enum status
child_run(child_work *work, const void *arg, void *report, size_t size,
    const int *keep, size_t kept, struct note *note)
{
	struct deadline until;
	struct buf got;
	int ends[2], waited = -1;
	enum status status;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return note_set(note, STATUS_IO, "%s", strerror(errno));
	(void)signal(SIGCHLD, SIG_DFL);
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
	deadline_set(&until, WAIT_SECONDS);
	status = buf_reserve(&got, size) ? take_report(ends[0], &got, &until)
					 : buf_status(&got);
	(void)close(ends[0]);
	if (status != STATUS_OK || !wait_until(pid, &until, &waited))
		wait_kill(pid, false, &waited);
	if (status == STATUS_AGAIN)
		status = note_set(note, status,
		    "the parser was still running after %d seconds; try "
		    "again later",
		    WAIT_SECONDS);
	else if (status != STATUS_MEMORY &&
	    (status != STATUS_OK || waited != 0 || got.len != size))
		status = note_set(
		    note, STATUS_BUG, "the parser gave up on this message");
	else if (status == STATUS_OK)
		memcpy(report, got.at, size);
	buf_clear(&got);
	return status;
}
