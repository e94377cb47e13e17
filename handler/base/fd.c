/* fd.c - whole reads and writes, programs: see fd.h */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum status
fd_write(int fd, struct span bytes)
{
	ssize_t n;

	while (bytes.len > 0) {
		n = write(fd, bytes.at, bytes.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return STATUS_IO;
		bytes = span_cut(bytes, (size_t)n, bytes.len);
	}
	return STATUS_OK;
}

enum status
fd_read(int fd, struct buf *out, int seconds)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	size_t room;
	ssize_t n;
	int polled;

	for (;;) {
		polled = poll(&ready, 1, seconds * 1000);
		if (polled < 0 && errno == EINTR)
			continue;
		if (polled <= 0)
			return STATUS_IO;
		room = out->ceiling - out->len;
		if (room > 64 * 1024)
			room = 64 * 1024;
		if (room == 0) {
			/* Full: one octet more is too much. */
			char probe;

			n = read(fd, &probe, 1);
			if (n == 0)
				return STATUS_OK;
			if (n > 0)
				return STATUS_BAD_SIZE;
			if (errno != EINTR)
				return STATUS_IO;
			continue;
		}
		if (!buf_reserve(out, room))
			return buf_status(out);
		n = read(fd, out->at + out->len, room);
		if (n == 0)
			return STATUS_OK;
		if (n > 0) {
			out->len += (size_t)n;
			out->at[out->len] = '\0';
		} else if (errno != EINTR) {
			return STATUS_IO;
		}
	}
}

enum status
fd_read_file(int fd, size_t size, struct buf *out)
{
	size_t want = size + 1; /* it may have grown */
	ssize_t n;

	for (;;) {
		if (want > out->ceiling - out->len)
			want = out->ceiling - out->len;
		if (want == 0)
			return fd_read(fd, out, 1);
		if (!buf_reserve(out, want))
			return buf_status(out);
		n = read(fd, out->at + out->len, want);
		if (n < 0 && errno != EINTR)
			return STATUS_IO;
		if (n == 0)
			return STATUS_OK;
		if (n > 0) {
			out->len += (size_t)n;
			out->at[out->len] = '\0';
			want = want > (size_t)n ? want - (size_t)n : 4096;
		}
	}
}

enum { ENVIRONMENT_MAX = 16 };

/* What a child may know of us; nothing that steers a shell or a loader. */
static size_t
fixed_environment(char *out[], size_t size)
{
	/* What a sendmail needs to find its configuration and password. */
	static const char *const keep[] = { "HOME", "USER", "LOGNAME", "TZ",
		"XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "GNUPGHOME", "GPG_TTY",
		"DBUS_SESSION_BUS_ADDRESS", "SSH_AUTH_SOCK",
		"PASSWORD_STORE_DIR" };
	size_t i, n = 0;
	const char *value;

	out[n++] = (char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
			   "/usr/bin:/sbin:/bin";
	for (i = 0; i < sizeof(keep) / sizeof(*keep) && n + 1 < size; i++) {
		if ((value = getenv(keep[i])) == NULL)
			continue;
		if (asprintf(&out[n], "%s=%s", keep[i], value) >= 0)
			n++;
	}
	out[n] = NULL;
	return n;
}

static pid_t
start(const char *const argv[], int in, int out)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	char *environment[ENVIRONMENT_MAX];
	size_t i, count;
	sigset_t set;
	pid_t pid = -1;

	count = fixed_environment(environment, ENVIRONMENT_MAX);
	if (posix_spawn_file_actions_init(&actions) != 0)
		return -1;
	if (posix_spawnattr_init(&attributes) != 0) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return -1;
	}
	/* Ours, or the mail program's that started us. */
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGPIPE);
	(void)sigaddset(&set, SIGXFSZ);
	(void)posix_spawnattr_setsigdefault(&attributes, &set);
	(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	if (posix_spawn_file_actions_adddup2(&actions, in, 0) != 0 ||
	    (out >= 0 &&
		posix_spawn_file_actions_adddup2(&actions, out, 1) != 0) ||
	    posix_spawn(&pid, argv[0], &actions, &attributes,
		(char *const *)argv, environment) != 0)
		pid = -1;
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	for (i = 1; i < count; i++)
		free(environment[i]);
	return pid;
}

enum status
program_run(
    const char *const argv[], struct span input, struct buf *out, int *code)
{
	int in[2] = { -1, -1 }, back[2] = { -1, -1 }, waited;
	enum status status = STATUS_CREATE;
	void (*old)(int);
	pid_t pid = -1;

	if (pipe2(in, O_CLOEXEC) != 0 ||
	    (out != NULL && pipe2(back, O_CLOEXEC) != 0) ||
	    (pid = start(argv, in[0], back[1])) < 0)
		goto out;
	(void)close(in[0]);
	in[0] = -1;
	if (out != NULL) {
		(void)close(back[1]);
		back[1] = -1;
	}
	old = signal(SIGPIPE, SIG_IGN);
	status = fd_write(in[1], input);
	(void)close(in[1]);
	in[1] = -1;
	if (out != NULL)
		status = fd_read(back[0], out, 30);
	(void)signal(SIGPIPE, old);
	while (waitpid(pid, &waited, 0) < 0)
		if (errno != EINTR) {
			status = STATUS_IO;
			goto out;
		}
	*code =
	    WIFEXITED(waited) ? WEXITSTATUS(waited) : 128 + WTERMSIG(waited);
	/* A program that does not read its input says why by its exit; one that
	 * says 0 then has not taken all of it. */
	if (out == NULL && *code != 0)
		status = STATUS_OK;
out:
	if (in[0] >= 0)
		(void)close(in[0]);
	if (in[1] >= 0)
		(void)close(in[1]);
	if (back[0] >= 0)
		(void)close(back[0]);
	if (back[1] >= 0)
		(void)close(back[1]);
	return status;
}
