/* wait.c - deadlines, and children that end: see wait.h */
#include "process/wait.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	LOOK_MS = 20,          /* how often, if the kernel tells nothing */
	DESCRIPTORS_MAX = 4096 /* closed one by one on an old kernel */
};

static int64_t
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
deadline_set(struct deadline *deadline, int seconds)
{
	deadline->at_ms = seconds > 0 ? now_ms() + (int64_t)seconds * 1000 : 0;
}

bool
deadline_over(const struct deadline *deadline)
{
	return deadline->at_ms != 0 && now_ms() >= deadline->at_ms;
}

int
wait_open(pid_t pid)
{
	/* pidfd_open(2) has the same number everywhere. */
	return (int)syscall(434, pid, 0);
}

int
wait_ms(const struct deadline *deadline, int watch)
{
	int64_t left = -1;

	if (deadline->at_ms != 0) {
		left = deadline->at_ms - now_ms();
		left = left < 0 ? 0 : left > INT_MAX ? INT_MAX : left;
	}
	if (watch < 0 && (left < 0 || left > LOOK_MS))
		left = LOOK_MS;
	return (int)left;
}

bool
wait_try(pid_t pid, int *waited)
{
	const pid_t got = waitpid(pid, waited, WNOHANG);

	/* Someone else reaped it: how it ended is unknown. */
	if (got < 0 && errno == ECHILD)
		*waited = SIGKILL;
	return got == pid || (got < 0 && errno == ECHILD);
}

bool
wait_until(pid_t pid, const struct deadline *deadline, int *waited)
{
	struct pollfd at = { .events = POLLIN };
	bool ended = wait_try(pid, waited);

	if (ended)
		return true;
	at.fd = wait_open(pid);
	while (!ended && !deadline_over(deadline)) {
		(void)poll(&at, 1, wait_ms(deadline, at.fd));
		ended = wait_try(pid, waited);
	}
	if (at.fd >= 0)
		(void)close(at.fd);
	return ended;
}

void
wait_kill(pid_t pid, bool group, int *waited)
{
	if (!group || kill(-pid, SIGKILL) != 0)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, waited, 0) < 0)
		if (errno != EINTR) {
			*waited = SIGKILL;
			break;
		}
}

static int
by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Close the range, both ends included; true if the kernel can do it. */
static bool
close_some(unsigned from, unsigned to, unsigned flags)
{
#ifdef SYS_close_range
	return syscall(SYS_close_range, from, to, flags) == 0;
#else
	(void)from, (void)to, (void)flags;
	return false;
#endif
}

void
close_others(int keep[], size_t kept)
{
	unsigned from = 0, to;
	size_t i;

	qsort(keep, kept, sizeof(*keep), by_number);
	for (i = 0; i <= kept; i++) {
		if (i < kept && (unsigned)keep[i] == from) {
			from++;
			continue;
		}
		to = i < kept ? (unsigned)keep[i] - 1 : ~0U;
		if (!close_some(from, to, 0))
			for (; from <= to && from < DESCRIPTORS_MAX; from++)
				(void)close((int)from);
		from = to + 2;
	}
}

void
close_on_exec(void)
{
	int fd;

	/* CLOSE_RANGE_CLOEXEC by number: it is newer than the call. */
	if (close_some(3, ~0U, 1U << 2))
		return;
	for (fd = 3; fd < DESCRIPTORS_MAX; fd++)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}
