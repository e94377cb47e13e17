/*
 * terminal.c - modes, signals and keys: see terminal.h
 *
 * Input: hostile (a paste), but nothing here looks at what it means.
 */
#include "tui/terminal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"

static const char brackets_on[] = "\033[?2004h", brackets_off[] = "\033[?2004l";
static const int caught[TERMINAL_SIGNALS] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM,
	SIGTSTP, SIGCONT, SIGWINCH };
/* A failed assertion must not leave a terminal without echo. */
static const int faults[] = { SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL };
#ifdef MAILCERT_SANITIZE
static const bool catches_faults = false; /* the sanitizer reports them */
#else
static const bool catches_faults = true;
#endif

static volatile sig_atomic_t ended_by, stop_wanted, redraw_wanted;
static const struct terminal *current; /* for the handlers */

static void
on_signal(int number)
{
	if (number == SIGTSTP)
		stop_wanted = 1;
	else if (number == SIGCONT || number == SIGWINCH)
		redraw_wanted = 1;
	else
		ended_by = number;
}

/* tcsetattr() and write() are safe here (POSIX, 2.4.3). */
static void
on_fault(int number)
{
	const struct terminal *terminal = current;
	ssize_t written = 0;

	if (terminal != NULL && terminal->brackets)
		written = write(
		    terminal->tty, brackets_off, sizeof(brackets_off) - 1);
	if (terminal != NULL)
		(void)tcsetattr(terminal->tty, TCSANOW, &terminal->before);
	(void)written;
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

int64_t
terminal_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A dumb terminal would print it. */
static bool
has_brackets(void)
{
	const char *term = getenv("TERM");

	return term != NULL && term[0] != '\0' && strcmp(term, "dumb") != 0;
}

static struct termios
make_ours(const struct termios *before)
{
	struct termios ours = *before;

	/* Canonical mode cuts lines at 4095 octets.  Keys make no signals:
	 * under mutt they would reach mutt, the shell and us at once. */
	ours.c_lflag &= ~(tcflag_t)(ICANON | ISIG | ECHO | ECHONL | IEXTEN);
	ours.c_iflag &= ~(tcflag_t)(IXON | INLCR | IGNCR);
	ours.c_iflag |= ICRNL;
	ours.c_cc[VMIN] = 1;
	ours.c_cc[VTIME] = 0;
	return ours;
}

static bool
is_foreground(const struct terminal *terminal)
{
	return tcgetpgrp(terminal->tty) == getpgrp();
}

/* In the background the kernel stops us here (SIGTTOU); a signal that ends
 * us must still do so. */
static bool
enter(struct terminal *terminal, int when)
{
	sigset_t ours;
	int error;

	(void)sigprocmask(SIG_SETMASK, &terminal->waiting, &ours);
	do
		error = tcsetattr(terminal->tty, when, &terminal->ours);
	while (error != 0 && errno == EINTR && ended_by == 0);
	(void)sigprocmask(SIG_SETMASK, &ours, NULL);
	terminal->foreground = is_foreground(terminal);
	if (error != 0)
		return false;
	return !terminal->brackets ||
	    fd_write(terminal->tty, span_of(brackets_on)) == STATUS_OK;
}

/* A terminal that was given to another process group meanwhile is not ours
 * to change. */
static void
leave(struct terminal *terminal, int when)
{
	sigset_t stops, ours;

	if (terminal->foreground && !is_foreground(terminal))
		return;
	(void)sigemptyset(&stops);
	(void)sigaddset(&stops, SIGTTOU);
	(void)sigprocmask(SIG_BLOCK, &stops, &ours);
	if (!terminal->brackets ||
	    fd_write(terminal->tty, span_of(brackets_off)) == STATUS_OK)
		(void)tcsetattr(terminal->tty, when, &terminal->before);
	(void)sigprocmask(SIG_SETMASK, &ours, NULL);
}

/* The signals come while we wait for keys, and at no other moment: none can
 * slip in between a look at the flag and the wait. */
static void
take_signals(struct terminal *terminal)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t blocked;
	size_t i;

	ended_by = stop_wanted = redraw_wanted = 0;
	(void)sigemptyset(&blocked);
	for (i = 0; i < TERMINAL_SIGNALS; i++)
		(void)sigaddset(&blocked, caught[i]);
	(void)sigprocmask(SIG_BLOCK, &blocked, &terminal->mask);
	terminal->waiting = terminal->mask;
	(void)sigemptyset(&action.sa_mask);
	for (i = 0; i < TERMINAL_SIGNALS; i++) {
		(void)sigaction(caught[i], NULL, &terminal->old[i]);
		if (terminal->old[i].sa_handler != SIG_IGN)
			(void)sigaction(caught[i], &action, NULL);
		(void)sigdelset(&terminal->waiting, caught[i]);
	}
	action.sa_handler = on_fault;
	action.sa_flags = (int)SA_RESETHAND;
	for (i = 0; catches_faults && i < sizeof(faults) / sizeof(*faults); i++)
		(void)sigaction(faults[i], &action, NULL);
}

static void
give_signals_back(struct terminal *terminal)
{
	size_t i;

	current = NULL;
	for (i = 0; i < TERMINAL_SIGNALS; i++)
		(void)sigaction(caught[i], &terminal->old[i], NULL);
	for (i = 0; catches_faults && i < sizeof(faults) / sizeof(*faults); i++)
		(void)signal(faults[i], SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &terminal->mask, NULL);
}

enum status
terminal_open(struct terminal *terminal, int tty, bool fresh)
{
	*terminal = (struct terminal){ .tty = tty, .brackets = has_brackets() };
	keys_init(&terminal->keys);
	if (tcgetattr(tty, &terminal->before) != 0)
		return STATUS_IO;
	terminal->ours = make_ours(&terminal->before);
	take_signals(terminal);
	current = terminal;
	if (enter(terminal, fresh ? TCSAFLUSH : TCSADRAIN))
		return STATUS_OK;
	leave(terminal, TCSANOW);
	give_signals_back(terminal);
	terminal_obey(ended_by);
	return STATUS_IO;
}

/* Stop as ^Z does, this process or its whole group, and come back. */
static void
stop(struct terminal *terminal, pid_t whom)
{
	struct sigaction stopping = { .sa_handler = SIG_DFL }, ours;
	sigset_t one;

	if (terminal->hide != NULL)
		terminal->hide();
	leave(terminal, TCSADRAIN);
	(void)sigemptyset(&stopping.sa_mask);
	(void)sigemptyset(&one);
	(void)sigaddset(&one, SIGTSTP);
	(void)sigaction(SIGTSTP, &stopping, &ours);
	(void)kill(whom, SIGTSTP);
	(void)sigprocmask(SIG_UNBLOCK, &one, NULL); /* here we stand still */
	(void)sigprocmask(SIG_BLOCK, &one, NULL);
	(void)sigaction(SIGTSTP, &ours, NULL);
	stop_wanted = 0;
	redraw_wanted = 1;
}

static enum terminal_event
come_back(struct terminal *terminal)
{
	redraw_wanted = 0;
	keys_init(&terminal->keys);
	if (terminal->yields && !is_foreground(terminal))
		return TERMINAL_GONE;
	return enter(terminal, TCSADRAIN) ? TERMINAL_REDRAW : TERMINAL_GONE;
}

/* Wait until `until` (-1: for ever), at most until a lone Escape is one.  True:
 * an octet is there; false: look at the flags, the clock, and *watch. */
static bool
wait_for_octet(
    struct terminal *terminal, struct terminal_watch *watch, int64_t until)
{
	struct pollfd ready[TERMINAL_WATCH_MAX + 1] = { { .fd = terminal->tty,
	    .events = POLLIN } };
	int64_t pause = until < 0 ? -1 : until - terminal_now_ms();
	struct timespec time;
	int count;

	if (until >= 0 && pause < 0)
		pause = 0;
	if (keys_is_open(&terminal->keys) && (pause < 0 || pause > 50))
		pause = 50;
	time.tv_sec = (time_t)(pause / 1000);
	time.tv_nsec = (long)(pause % 1000) * 1000000;
	(void)memcpy(ready + 1, watch->fd, watch->count * sizeof(*ready));
	count = ppoll(ready, watch->count + 1, pause < 0 ? NULL : &time,
	    &terminal->waiting);
	if (count > 0)
		(void)memcpy(
		    watch->fd, ready + 1, watch->count * sizeof(*ready));
	return count > 0 && ready[0].revents != 0;
}

static bool
is_due(const struct terminal_watch *watch, int64_t until)
{
	size_t i;

	for (i = 0; i < watch->count; i++)
		if (watch->fd[i].revents != 0)
			return true;
	return until >= 0 && terminal_now_ms() >= until;
}

/* 1: an octet; 0: none there; -1: the end. */
static int
take_octet(struct terminal *terminal, unsigned char *out)
{
	ssize_t n = read(terminal->tty, out, 1);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	return n == 1 ? 1 : -1;
}

enum terminal_event
terminal_wait(
    struct terminal *terminal, struct terminal_watch *watch, struct stroke *out)
{
	const int64_t until =
	    watch->pause_ms < 0 ? -1 : terminal_now_ms() + watch->pause_ms;
	unsigned char byte;
	int got;

	for (;;) {
		if (ended_by != 0)
			return TERMINAL_GONE;
		if (stop_wanted)
			stop(terminal, getpid());
		if (redraw_wanted)
			return come_back(terminal);
		if (!wait_for_octet(terminal, watch, until)) {
			if (keys_idle(&terminal->keys, terminal_now_ms(), out))
				return TERMINAL_STROKE;
			if (is_due(watch, until))
				return TERMINAL_WAKE;
			continue;
		}
		if ((got = take_octet(terminal, &byte)) < 0)
			return TERMINAL_GONE;
		if (got == 0)
			continue;
		if (!keys_feed(&terminal->keys, byte, terminal_now_ms(), out))
			return TERMINAL_NOISE;
		if (out->kind == STROKE_TYPED &&
		    terminal_is_key(terminal, out->byte, VSUSP))
			stop(terminal, 0);
		else
			return TERMINAL_STROKE;
	}
}

enum terminal_event
terminal_read(struct terminal *terminal, struct stroke *out)
{
	struct terminal_watch nothing = { .pause_ms = -1 };

	return terminal_wait(terminal, &nothing, out);
}

bool
terminal_has_more(const struct terminal *terminal)
{
	struct pollfd ready = { .fd = terminal->tty, .events = POLLIN };

	return poll(&ready, 1, 0) > 0;
}

void
terminal_flush(struct terminal *terminal)
{
	(void)tcflush(terminal->tty, TCIFLUSH);
}

bool
terminal_is_key(
    const struct terminal *terminal, unsigned char byte, size_t which)
{
	/* ^@ is how c_cc says "no key". */
	return byte != 0 && byte == terminal->before.c_cc[which];
}

/* The rest of what has begun, so that the mail program does not take it for
 * keys. */
static void
swallow(struct terminal *terminal, bool fresh)
{
	struct pollfd ready = { .fd = terminal->tty, .events = POLLIN };
	struct stroke ignored;
	unsigned char byte;

	if (ended_by != 0)
		return;
	while ((fresh || keys_is_open(&terminal->keys)) &&
	    poll(&ready, 1,
		keys_is_open(&terminal->keys) ? KEYS_ESCAPE_MS : 0) > 0 &&
	    take_octet(terminal, &byte) > 0)
		(void)keys_feed(
		    &terminal->keys, byte, terminal_now_ms(), &ignored);
}

int
terminal_close(struct terminal *terminal, bool fresh)
{
	swallow(terminal, fresh);
	leave(terminal, fresh ? TCSAFLUSH : TCSADRAIN);
	give_signals_back(terminal);
	return ended_by;
}

void
terminal_obey(int number)
{
	if (number != 0)
		(void)raise(number);
}
