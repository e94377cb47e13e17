/* automation.c - what runs mailcert without a person: see automation.h */
#include "doctor/automation.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/frame.h"
#include "install/program.h"

enum { ASK_SECONDS = 5, SAID_MOST = 256 * 1024 };

/* The units of mailcap/: what starts the command, and what runs then. */
static const struct {
	const char *command;
	const char *unit;
	const char *service;
} units[] = {
	{ "renew", "mailcert-renew.timer", "mailcert-renew.service" },
	{ "watch", "mailcert-watch.service", "mailcert-watch.service" },
};

/* Run it; false: it is not there, failed or took too long. */
static bool
ask(const char *name, const char *const argv[], struct buf *out)
{
	const struct program program = { name, argv, { NULL, 0 }, ASK_SECONDS };
	struct note said = { "" }, note = { "" };
	int code = 0;

	buf_clear(out);
	return program_run(&program, out, &said, &code, &note) == STATUS_OK &&
	    code == 0;
}

static struct span
take_line(struct span *rest)
{
	const size_t end = span_find_byte(*rest, '\n');
	const struct span line = span_cut(*rest, 0, end);

	*rest = span_cut(*rest, end + 1, rest->len);
	return line;
}

/* Does "Name=value" stand there as a line? */
static bool
says(struct span text, const char *line)
{
	while (text.len > 0)
		if (span_eq(take_line(&text), span_of(line)))
			return true;
	return false;
}

static bool
show_unit(const char *manager, const char *unit, struct buf *out)
{
	const char *const argv[] = { manager, "show",
		"--property=LoadState,UnitFileState,ActiveState,Result", "--",
		unit, NULL };

	return ask("systemctl", argv, out);
}

/* User units end with the user's last session, unless the user lingers:
 * systemd-logind keeps a file for that. */
static bool
lingers(void)
{
	const struct passwd *user = getpwuid(getuid());
	char path[300];
	struct stat st;

	if (user == NULL)
		return false;
	(void)snprintf(
	    path, sizeof(path), "/var/lib/systemd/linger/%s", user->pw_name);
	return stat(path, &st) == 0;
}

static bool
has_failed(const char *manager, const char *service, struct buf *text)
{
	return show_unit(manager, service, text) &&
	    says(buf_span(text), "LoadState=loaded") &&
	    !says(buf_span(text), "Result=success");
}

static void
find_unit(
    const char *manager, size_t i, struct buf *text, struct automation *out)
{
	struct span said;

	if (!show_unit(manager, units[i].unit, text))
		return;
	said = buf_span(text);
	if (says(said, "ActiveState=active") ||
	    says(said, "ActiveState=activating"))
		out->state = AUTOMATION_RUNS;
	else if (says(said, "ActiveState=failed"))
		out->state = AUTOMATION_FAILED;
	else if (says(said, "UnitFileState=enabled"))
		out->state = AUTOMATION_STOPPED;
	else
		return;
	out->by = units[i].unit;
	out->until_logout = strcmp(manager, "--user") == 0 && !lingers();
	if (out->state == AUTOMATION_RUNS &&
	    has_failed(manager, units[i].service, text)) {
		out->state = AUTOMATION_FAILED;
		out->by = units[i].service;
	}
}

/* A line that runs "... mailcert ... COMMAND". */
static bool
is_cron_line(struct span line, const char *command)
{
	size_t at = span_find(line, SPAN("mailcert"));

	line = span_trim(line);
	if (span_starts(line, SPAN("#")) || at >= line.len)
		return false;
	line = span_cut(line, at, line.len);
	at = span_find(line, span_of(command));
	return at < line.len && line.at[at - 1] == ' ';
}

static void
find_cron(const char *command, struct buf *text, struct automation *out)
{
	static const char *const argv[] = { "-l", NULL };
	struct span rest;

	if (!ask("crontab", argv, text))
		return;
	for (rest = buf_span(text); rest.len > 0;)
		if (is_cron_line(take_line(&rest), command)) {
			out->state = AUTOMATION_RUNS;
			out->by = "your crontab";
			return;
		}
}

void
automation_find(const char *command, struct automation *out)
{
	static const char *const managers[] = { "--user", "--system" };
	struct buf text;
	size_t i, m;

	*out = (struct automation){ .state = AUTOMATION_NONE };
	buf_init(&text, SAID_MOST);
	for (i = 0; strcmp(units[i].command, command) != 0; i++)
		;
	for (m = 0; m < 2 && out->state == AUTOMATION_NONE; m++)
		find_unit(managers[m], i, &text, out);
	if (out->state == AUTOMATION_NONE)
		find_cron(command, &text, out);
	buf_clear(&text);
}

static void
be_the_search(const char *command, int out)
{
	static const int ours[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	struct automation found;
	size_t i;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		(void)signal(ours[i], SIG_DFL);
	automation_find(command, &found);
	/* Of the same program: what is static is at the same address there. */
	_exit(fd_write(
		  out, (struct span){ (const char *)&found, sizeof(found) }) ==
		    STATUS_OK
		? 0
		: 1);
}

bool
automation_begin(const char *command, struct automation_search *search)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return false;
	search->pid = fork();
	if (search->pid == 0)
		be_the_search(command, ends[1]);
	(void)close(ends[1]);
	search->fd = ends[0];
	if (search->pid > 0)
		return true;
	search->pid = 0;
	(void)close(ends[0]);
	return false;
}

/* It ends by itself soon, or was killed. */
static void
reap(struct automation_search *search)
{
	while (waitpid(search->pid, NULL, 0) < 0 && errno == EINTR)
		;
	(void)close(search->fd);
	*search = (struct automation_search){ .pid = 0 };
}

bool
automation_take(struct automation_search *search, struct automation *out)
{
	struct automation found;
	const ssize_t got = read(search->fd, &found, sizeof(found));

	reap(search);
	if (got != (ssize_t)sizeof(found))
		return false;
	*out = found;
	return true;
}

/* The programs that it started have sessions of their own, so that no signal
 * reaches them and it together. */
static void
kill_programs(pid_t pid)
{
	struct span rest, word;
	char path[64], text[256];
	int64_t number;
	size_t end;
	ssize_t len;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children",
	    (long)pid, (long)pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return;
	len = read(fd, text, sizeof(text));
	(void)close(fd);
	rest = (struct span){ text, len > 0 ? (size_t)len : 0 };
	for (; rest.len > 0; rest = span_cut(rest, end + 1, rest.len)) {
		end = span_find_byte(rest, ' ');
		word = span_cut(rest, 0, end);
		if (!frame_number(word, &number) || number < 2 ||
		    number > INT32_MAX)
			continue;
		(void)kill(-(pid_t)number, SIGKILL);
		(void)kill((pid_t)number, SIGKILL);
	}
}

void
automation_drop(struct automation_search *search)
{
	siginfo_t info;

	if (search->pid == 0)
		return;
	/* Stopped, it reaps none: their numbers stay theirs. */
	(void)kill(search->pid, SIGSTOP);
	while (waitid(P_PID, (id_t)search->pid, &info,
		   WSTOPPED | WEXITED | WNOWAIT) != 0 &&
	    errno == EINTR)
		;
	kill_programs(search->pid);
	(void)kill(search->pid, SIGKILL);
	reap(search);
}
