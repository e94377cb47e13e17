/*
 * run.c - run other programs: see run.h
 *
 * What programs print is not trusted: it is limited, and shown as safe text.
 */
#include "process/run.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "process/wait.h"

enum { SAID_KEPT = 4096, PIECE = 64 * 1024, TICK_MS = 1000 };

extern char **environ;

static void (*each_second)(void); /* process_each_second() */

/* A running program and our ends of its pipes; -1: closed, or not opened. */
struct peer {
	pid_t pid;
	bool ticks; /* it has no terminal: each_second() may paint there */
	int in;     /* its standard input: we write */
	int out;    /* its standard output */
	int err;    /* its standard error */
	struct span input;
	bool (*answered)(struct span printed); /* NULL: it exits by itself */
	struct buf said;
	size_t said_octets;
};

static void
close_end(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

/* Append our variables with these names; out[] and its strings are owned. */
static size_t
add_kept(char *out[], size_t n, const char *const keep[], size_t count)
{
	const char *value;
	size_t i;

	for (i = 0; i < count; i++)
		if ((value = getenv(keep[i])) != NULL &&
		    asprintf(&out[n], "%s=%s", keep[i], value) >= 0)
			n++;
	return n;
}

static size_t
add_users(char *out[], size_t size)
{
	size_t i, n = 0;

	for (i = 0; environ[i] != NULL && n + 1 < size; i++)
		if (!span_starts(span_of(environ[i]), SPAN("COLUMNS=")) &&
		    !span_starts(span_of(environ[i]), SPAN("LINES=")) &&
		    (out[n] = strdup(environ[i])) != NULL)
			n++;
	return n;
}

/* Make the environment of a program; NULL: no memory.  Only the user's own
 * programs get variables that steer a shell or a loader. */
static char **
make_environment(enum run_environment which)
{
	static const char *const mail[] = { "HOME", "USER", "LOGNAME", "TZ",
		"XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "GNUPGHOME", "GPG_TTY",
		"DBUS_SESSION_BUS_ADDRESS", "SSH_AUTH_SOCK",
		"PASSWORD_STORE_DIR" };
	static const char *const pager[] = { "TERM", "LANG" };
	size_t size = RUN_ENVIRONMENT_MAX, n = 0;
	char **out;

	for (n = 0; which == RUN_USER && environ[n] != NULL; n++)
		size++;
	if ((out = calloc(size, sizeof(*out))) == NULL)
		return NULL;
	n = 0;
	switch (which) {
	case RUN_NOTHING:
		break;
	case RUN_MAIL:
		out[n] = strdup("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
				"/usr/bin:/sbin:/bin");
		n += out[n] != NULL;
		(void)add_kept(out, n, mail, sizeof(mail) / sizeof(*mail));
		break;
	case RUN_PAGER:
		out[n] = strdup("LESSSECURE=1");
		n += out[n] != NULL;
		(void)add_kept(out, n, pager, sizeof(pager) / sizeof(*pager));
		break;
	case RUN_USER:
		(void)add_users(out, size);
		break;
	}
	return out;
}

static void
free_environment(char **environment)
{
	size_t i;

	for (i = 0; environment != NULL && environment[i] != NULL; i++)
		free(environment[i]);
	free(environment);
}

/* Reset signals to what a program expects, whatever we or the mail program that
 * started us did to them. */
static bool
set_attributes(posix_spawnattr_t *attributes, const struct run *run)
{
	static const int ours[] = { SIGPIPE, SIGXFSZ, SIGCHLD, SIGINT,
		SIGQUIT };
	const bool on_screen = run->terminal == RUN_ON_SCREEN;
	short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
	sigset_t set, none;
	size_t i;

	(void)sigemptyset(&none);
	(void)sigemptyset(&set);
	/* A program that shares our session keeps the last two: nohup(1)
	 * ignores them for its descendants. */
	for (i = 0; i < (run->shares && !on_screen ? 3 : 5); i++)
		(void)sigaddset(&set, ours[i]);
#ifdef POSIX_SPAWN_SETSID
	if (!run->shares)
		flags |= POSIX_SPAWN_SETSID;
#endif
	return posix_spawnattr_setsigdefault(attributes, &set) == 0 &&
	    posix_spawnattr_setsigmask(attributes, &none) == 0 &&
	    posix_spawnattr_setflags(attributes, flags) == 0;
}

/* Return zero, or errno. */
static int
spawn(const struct run *run, const int fds[3], pid_t *pid)
{
	char **environment = make_environment(run->environment);
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int error = ENOMEM, i;

	if (environment == NULL)
		return error;
	if (posix_spawn_file_actions_init(&actions) != 0)
		goto out;
	if (posix_spawnattr_init(&attributes) != 0)
		goto out_actions;
	for (i = 0; i < 3; i++)
		if ((error = posix_spawn_file_actions_adddup2(
			 &actions, fds[i], i)) != 0)
			goto out_attributes;
	if (!set_attributes(&attributes, run))
		error = EINVAL;
	close_on_exec();
	if (error == 0)
		error = posix_spawn(pid, run->argv[0], &actions, &attributes,
		    (char *const *)run->argv, environment);
out_attributes:
	(void)posix_spawnattr_destroy(&attributes);
out_actions:
	(void)posix_spawn_file_actions_destroy(&actions);
out:
	free_environment(environment);
	return error;
}

/* Open the pipes and the terminal that it may use, and start it. */
static enum status
start(const struct run *run, bool prints, struct peer *peer, struct note *note)
{
	const bool reads_tty =
	    run->terminal == RUN_ASKS || run->terminal == RUN_ON_SCREEN;
	const bool prints_tty =
	    run->terminal == RUN_SHOWS || run->terminal == RUN_ON_SCREEN;
	const bool says_tty = run->terminal != RUN_AWAY;
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, err[2] = { -1, -1 };
	int error = 0, fds[3];

	if ((!reads_tty && pipe2(in, O_CLOEXEC) != 0) ||
	    (!prints_tty && prints && pipe2(out, O_CLOEXEC) != 0) ||
	    (!says_tty && pipe2(err, O_CLOEXEC) != 0) ||
	    (in[1] >= 0 && fcntl(in[1], F_SETFL, O_NONBLOCK) != 0))
		error = errno;
	fds[0] = reads_tty ? run->tty : in[0];
	fds[2] = says_tty ? run->tty : err[1];
	fds[1] = prints_tty ? run->tty : prints ? out[1] : fds[2];
	/* Whoever started us may have ignored SIGCHLD, which loses the exit
	 * status of the program. */
	(void)signal(SIGCHLD, SIG_DFL);
	if (error == 0)
		error = spawn(run, fds, &peer->pid);
	close_end(&in[0]);
	close_end(&out[1]);
	close_end(&err[1]);
	if (error != 0) {
		close_end(&in[1]);
		close_end(&out[0]);
		close_end(&err[0]);
		return note_set(note, STATUS_CREATE, "%.200s: %s", run->argv[0],
		    strerror(error));
	}
	peer->in = in[1];
	peer->out = out[0];
	peer->err = err[0];
	return STATUS_OK;
}

/* Write as much as it reads now.  A program that closes its input has read
 * enough; one that keeps running reads the next question from it. */
static void
feed(struct peer *peer)
{
	ssize_t n = 0;

	while (peer->input.len > 0) {
		n = write(peer->in, peer->input.at, peer->input.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		peer->input = span_cut(peer->input, (size_t)n, peer->input.len);
	}
	if (peer->input.len == 0 ? peer->answered == NULL : errno != EAGAIN)
		close_end(&peer->in);
}

/* Read a piece of its output. */
static enum status
take_output(struct peer *peer, struct buf *out)
{
	size_t room = out->ceiling - out->len;
	char probe;
	ssize_t n;

	if (room > PIECE)
		room = PIECE;
	if (room > 0 && !buf_reserve(out, room))
		return buf_status(out);
	do
		n = room > 0 ? read(peer->out, out->at + out->len, room)
			     : read(peer->out, &probe, 1);
	while (n < 0 && errno == EINTR);
	if (n > 0 && room == 0)
		return STATUS_BAD_SIZE;
	if (n > 0) {
		out->len += (size_t)n;
		out->at[out->len] = '\0';
	} else {
		close_end(&peer->out);
	}
	return STATUS_OK;
}

/* Read a piece of its standard error, and keep the beginning. */
static enum status
take_said(struct peer *peer)
{
	char piece[1024];
	ssize_t n;

	do
		n = read(peer->err, piece, sizeof(piece));
	while (n < 0 && errno == EINTR);
	if (n <= 0) {
		close_end(&peer->err);
		return STATUS_OK;
	}
	peer->said_octets += (size_t)n;
	if (peer->said.len < SAID_KEPT)
		buf_add(&peer->said, (struct span){ piece, (size_t)n });
	return peer->said_octets > RUN_SAID_MAX ? STATUS_BAD_SIZE : STATUS_OK;
}

static bool
has_answered(const struct peer *peer, const struct buf *out)
{
	return peer->answered != NULL && peer->input.len == 0 &&
	    peer->answered(buf_span(out));
}

void
process_each_second(void (*tick)(void))
{
	each_second = tick;
}

/* How long to wait: no longer than until the next tick. */
static int
pause_ms(const struct peer *peer, const struct deadline *until, int watch)
{
	const int pause = wait_ms(until, watch);

	return peer->ticks && each_second != NULL &&
		(pause < 0 || pause > TICK_MS)
	    ? TICK_MS
	    : pause;
}

/* Exchange data until it has exited and its pipes are empty, it has answered,
 * the deadline has passed, or it prints too much.  Do not wait for processes
 * that it leaves behind. */
static enum status
attend(struct peer *peer, struct buf *out, const struct deadline *until,
    bool *ended, int *waited)
{
	const int watch = wait_open(peer->pid);
	enum status status = STATUS_OK;
	struct pollfd at[4];
	int ready;

	if (peer->in >= 0)
		feed(peer);
	while (status == STATUS_OK) {
		at[0] = (struct pollfd){ .fd = peer->in, .events = POLLOUT };
		at[1] = (struct pollfd){ .fd = peer->out, .events = POLLIN };
		at[2] = (struct pollfd){ .fd = peer->err, .events = POLLIN };
		at[3] = (struct pollfd){ .fd = watch, .events = POLLIN };
		if (peer->input.len == 0)
			at[0].fd = -1;
		if (*ended)
			at[0].fd = at[3].fd = -1;
		ready = poll(at, 4, *ended ? 0 : pause_ms(peer, until, watch));
		if (ready == 0 && peer->ticks && each_second != NULL && !*ended)
			each_second();
		if (ready < 0 && errno != EINTR)
			status = STATUS_MEMORY;
		if (ready <= 0 && *ended)
			break;
		if (ready > 0 && at[0].revents != 0)
			feed(peer);
		if (ready > 0 && at[1].revents != 0)
			status = take_output(peer, out);
		if (ready > 0 && at[2].revents != 0 && status == STATUS_OK)
			status = take_said(peer);
		if (status == STATUS_OK && has_answered(peer, out))
			break;
		if (!*ended && (watch < 0 || (ready > 0 && at[3].revents != 0)))
			*ended = wait_try(peer->pid, waited);
		if (status == STATUS_OK && !*ended && deadline_over(until))
			status = STATUS_AGAIN;
	}
	if (watch >= 0)
		(void)close(watch);
	return status;
}

/* Join the lines to one, as safe text. */
static void
show_said(struct span raw, struct note *said)
{
	struct buf line;
	struct span one;
	size_t end;

	said->text[0] = '\0';
	buf_init(&line, 2 * SAID_KEPT + 2048);
	while (raw.len > 0) {
		end = span_find_byte(raw, '\n');
		one = span_trim(span_cut(raw, 0, end));
		raw = span_cut(raw, end + 1, raw.len);
		if (one.len == 0)
			continue;
		if (line.len > 0)
			buf_add_text(&line, "; ");
		buf_add(&line, one);
	}
	if (line.len > 0 && buf_status(&line) == STATUS_OK)
		text_show_in(said->text, sizeof(said->text), buf_span(&line),
		    text_locale_is_utf8());
	buf_clear(&line);
}

static enum status
tell(const struct run *run, enum status status, struct note *note)
{
	if (status == STATUS_AGAIN)
		return note_set(note, status,
		    "%.200s was still running after %d seconds", run->argv[0],
		    run->seconds);
	if (status == STATUS_BAD_SIZE)
		return note_set(
		    note, status, "%.200s printed too much", run->argv[0]);
	if (status == STATUS_IO)
		return note_set(note, status,
		    "%.200s did not read all of its input", run->argv[0]);
	return status;
}

static void
close_stay(struct run_stay *stay)
{
	close_end(&stay->in);
	close_end(&stay->out);
	close_end(&stay->err);
	stay->running = false;
}

void
process_end(struct run_stay *stay)
{
	int waited = 0;

	if (!stay->running)
		return;
	close_stay(stay);
	wait_kill(stay->pid, true, &waited);
}

/* Use the program that is still running, or start one. */
static enum status
resume(const struct run *run, bool prints, struct peer *peer, struct note *note)
{
	struct run_stay *stay = run->stay;
	int waited = 0;

	if (stay != NULL) {
		assert(prints && !run->shares && run->terminal == RUN_AWAY);
		peer->answered = stay->answered;
	}
	/* It may have been killed in the meantime. */
	if (stay != NULL && stay->running && wait_try(stay->pid, &waited))
		close_stay(stay);
	if (stay == NULL || !stay->running)
		return start(run, prints, peer, note);
	peer->pid = stay->pid;
	peer->in = stay->in;
	peer->out = stay->out;
	peer->err = stay->err;
	stay->running = false;
	return STATUS_OK;
}

/* Let it wait for the next question, or end it. */
static void
leave(const struct run *run, struct peer *peer, bool stays, bool ended,
    int *waited)
{
	if (stays) {
		run->stay->running = true;
		run->stay->pid = peer->pid;
		run->stay->in = peer->in;
		run->stay->out = peer->out;
		run->stay->err = peer->err;
		return;
	}
	close_end(&peer->in);
	close_end(&peer->out);
	close_end(&peer->err);
	if (!ended)
		wait_kill(peer->pid, !run->shares, waited);
}

enum status
process_run(const struct run *run, struct buf *out, struct note *said,
    int *code, struct note *note)
{
	const bool on_screen = run->terminal == RUN_ON_SCREEN;
	struct peer peer = {
		.pid = -1, .in = -1, .out = -1, .err = -1, .input = run->input
	};
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old_int, old_quit;
	struct deadline until;
	enum status status;
	bool ended = false;
	int waited = 0;

	(void)sigemptyset(&ignore.sa_mask);
	if (on_screen) {
		(void)sigaction(SIGINT, &ignore, &old_int);
		(void)sigaction(SIGQUIT, &ignore, &old_quit);
	}
	buf_init(&peer.said, SAID_KEPT + 1024);
	deadline_set(&until, run->seconds);
	peer.ticks = run->terminal == RUN_AWAY;
	status = resume(run, out != NULL, &peer, note);
	if (status == STATUS_OK) {
		status = attend(&peer, out, &until, &ended, &waited);
		leave(run, &peer,
		    status == STATUS_OK && !ended && has_answered(&peer, out),
		    ended, &waited);
	}
	if (on_screen) {
		(void)sigaction(SIGINT, &old_int, NULL);
		(void)sigaction(SIGQUIT, &old_quit, NULL);
	}
	if (peer.pid < 0)
		return status;
	*code =
	    WIFEXITED(waited) ? WEXITSTATUS(waited) : 128 + WTERMSIG(waited);
	if (status == STATUS_OK && *code == 0 && peer.input.len > 0)
		status = STATUS_IO;
	if (said != NULL)
		show_said(buf_span(&peer.said), said);
	buf_clear(&peer.said);
	return tell(run, status, note);
}

bool
process_detach(void)
{
	int keep[] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO }, null;
	pid_t pid = fork();

	if (pid != 0)
		return false;
	(void)setsid();
	null = open("/dev/null", O_RDWR);
	if (null >= 0) {
		(void)dup2(null, STDIN_FILENO);
		(void)dup2(null, STDOUT_FILENO);
		(void)dup2(null, STDERR_FILENO);
	}
	close_others(keep, sizeof(keep) / sizeof(*keep));
	return true;
}
