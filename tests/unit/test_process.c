/* test_process.c - programs that behave, and programs that do not */
#include "tap.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "process/child.h"
#include "process/run.h"

enum { LONG = 600 }; /* seconds; nothing here waits that long */

static struct note said, note;
static struct buf out;
static int code;

static enum status
run_with(struct run *run, const char *script, size_t ceiling)
{
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };

	run->argv = argv;
	buf_clear(&out);
	buf_init(&out, ceiling);
	said.text[0] = note.text[0] = '\0';
	code = -1;
	return process_run(run, &out, &said, &code, &note);
}

static enum status
run_sh(const char *script, const char *input)
{
	struct run run = { .input = span_of(input), .seconds = LONG };

	return run_with(&run, script, 1000);
}

static void
test_plain(void)
{
	OK(run_sh("echo a; exit 3", "") == STATUS_OK && code == 3);
	TEXT(buf_span(&out), "a\n");
	OK(run_sh("cat; cat", "all of it") == STATUS_OK && code == 0);
	TEXT(buf_span(&out), "all of it");
	OK(run_sh("kill -9 $$", "") == STATUS_OK && code == 128 + 9);
	/* Its own end, whatever it leaves behind with our pipes open. */
	OK(run_sh("sleep 60 & echo $!", "") == STATUS_OK && code == 0 &&
	    kill((pid_t)strtol(out.at, NULL, 10), SIGKILL) == 0);
}

static void
test_start(void)
{
	const char *const none[] = { "/nonexistent/program", NULL };
	const char *const shut[] = { "/etc/passwd", NULL };
	struct run run = { .argv = none };

	OK(process_run(&run, NULL, NULL, &code, &note) == STATUS_CREATE);
	TEXT(span_of(note.text),
	    "/nonexistent/program: No such file or "
	    "directory");
	run.argv = shut;
	OK(process_run(&run, NULL, NULL, &code, &note) == STATUS_CREATE);
}

/* What it says is one line of text, wherever it goes. */
static void
test_said(void)
{
	struct run run = { .seconds = LONG };

	OK(run_sh("printf '\\033]0;x\\007a\\n\\n b\\r\\n' >&2; echo c", "") ==
	    STATUS_OK);
	TEXT(span_of(said.text), "\\x1b]0;x\\x07a; b");
	TEXT(buf_span(&out), "c\n");
	run.argv = (const char *const[]){ "/bin/sh", "-c", "echo a; echo b >&2",
		NULL };
	OK(process_run(&run, NULL, &said, &code, &note) == STATUS_OK);
	TEXT(span_of(said.text), "a; b");
	OK(run_sh("yes $(printf '%0999d' 0) | head -c 900000 >&2", "") ==
		STATUS_OK &&
	    strlen(said.text) > 200);
}

static void
test_input(void)
{
	struct run run = { .seconds = LONG };
	char *big = calloc(1, 3000000);

	(void)memset(big, 'x', 3000000);
	run.input = (struct span){ big, 3000000 };
	/* It prints before it has read: neither waits for the other. */
	OK(run_with(&run, "head -c 500000 /dev/zero; cat", 4000000) ==
		STATUS_OK &&
	    out.len == 3500000);
	OK(run_with(&run, "head -c 1 >/dev/null; exit 0", 10) == STATUS_IO);
	OK(run_with(&run, "exec <&-; exit 0", 10) == STATUS_IO);
	OK(run_with(&run, "head -c 1 >/dev/null; exit 75", 10) == STATUS_OK &&
	    code == 75);
	free(big);
}

/* The descriptors, the session, the environment and the signals it finds. */
static void
test_surroundings(void)
{
	struct run run = { .seconds = LONG };
	char script[100];
	int fd = open("/etc/passwd", O_RDONLY);

	(void)snprintf(script, sizeof(script),
	    "for f in 3 4 5 6 7 8 9 %d; do test -e /proc/$$/fd/$f && "
	    "echo $f; done; true",
	    fd);
	OK(fd > 2 && run_sh(script, "") == STATUS_OK && code == 0);
	TEXT(buf_span(&out), "");
	(void)close(fd);
	OK(run_sh("cut -d' ' -f6 /proc/$$/stat | grep -qx $$", "") ==
		STATUS_OK &&
	    code == 0);
	run.shares = true;
	OK(run_with(&run, "cut -d' ' -f6 /proc/$$/stat | grep -qx $$", 10) ==
		STATUS_OK &&
	    code == 1);
	/* Even if our own signals are ignored. */
	OK(run_sh("kill -PIPE $$; kill -XFSZ $$", "") == STATUS_OK &&
	    code == 128 + SIGPIPE);
	(void)signal(SIGCHLD, SIG_IGN);
	OK(run_sh("exit 5", "") == STATUS_OK && code == 5);
}

static const char *
environment(enum run_environment which)
{
	const char *const argv[] = { "/usr/bin/env", NULL };
	const struct run run = {
		.argv = argv, .environment = which, .seconds = LONG
	};

	buf_clear(&out);
	buf_init(&out, 100000);
	if (process_run(&run, &out, &said, &code, &note) != STATUS_OK)
		return "-";
	return out.len > 0 ? out.at : "";
}

static void
test_environment(void)
{
	static const char *const kept[] = { "HOME", "USER", "LOGNAME", "TZ",
		"XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "GNUPGHOME", "GPG_TTY",
		"DBUS_SESSION_BUS_ADDRESS", "SSH_AUTH_SOCK",
		"PASSWORD_STORE_DIR" };
	struct buf want;
	size_t i;

	(void)clearenv();
	OK(strcmp(environment(RUN_MAIL),
	       "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:"
	       "/bin\n") == 0);
	(void)setenv("LD_PRELOAD", "", 1);
	(void)setenv("BASH_ENV", "x", 1);
	(void)setenv("COLUMNS", "9", 1);
	(void)setenv("LINES", "9", 1);
	(void)setenv("TERM", "dumb", 1);
	(void)setenv("LESSOPEN", "|x", 1);
	OK(strcmp(environment(RUN_NOTHING), "") == 0);
	OK(strcmp(environment(RUN_PAGER), "LESSSECURE=1\nTERM=dumb\n") == 0);
	OK(strcmp(environment(RUN_USER),
	       "LD_PRELOAD=\nBASH_ENV=x\nTERM=dumb\nLESSOPEN=|x\n") == 0);
	buf_init(&want, 1000);
	buf_add_text(&want,
	    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
	    "/usr/bin:/sbin:/bin\n");
	for (i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
		(void)setenv(kept[i], "v", 1);
		buf_addf(&want, "%s=v\n", kept[i]);
	}
	TEXT(span_of(environment(RUN_MAIL)), want.at);
	OK(strcmp(environment(RUN_NOTHING), "") == 0);
	buf_clear(&want);
	(void)clearenv();
}

/* Is no process left that holds this file open for writing?  What started it
 * is reaped, so its lock is gone when it is. */
static bool
is_gone(const char *path)
{
	const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_RDWR), i;
	bool gone = false;

	for (i = 0; fd >= 0 && i < 1000 && !gone; i++) {
		gone = fcntl(fd, F_OFD_SETLK, &lock) == 0;
		(void)nanosleep(&pause, NULL);
	}
	(void)close(fd);
	return gone;
}

/* What never ends is ended, with all that it started. */
static void
test_deadline(void)
{
	struct run run = { .seconds = 1 };
	char path[] = "/tmp/mailcert-test.XXXXXX", script[200];
	int fd = mkstemp(path);

	OK(run_with(&run, "exec sleep 600", 10) == STATUS_AGAIN &&
	    code == 128 + SIGKILL);
	TEXT(span_of(note.text), "/bin/sh was still running after 1 seconds");
	OK(run_with(&run, "trap '' TERM INT HUP; echo a; while :; do :; done",
	       10) == STATUS_AGAIN);
	TEXT(buf_span(&out), "a\n");
	/* A deadline for each piece would never pass. */
	OK(run_with(&run, "while :; do echo; sleep 0.1; done", 1000) ==
	    STATUS_AGAIN);
	/* Its pipes are closed, and it runs on. */
	OK(run_with(&run, "exec <&- >&- 2>&-; sleep 600", 10) == STATUS_AGAIN);
	run.input = SPAN("never read");
	OK(run_with(&run, "kill -STOP $$", 10) == STATUS_AGAIN);
	(void)snprintf(script, sizeof(script),
	    "(flock 9; (exec sleep 600) 9>&9) 9>%s & sleep 600", path);
	OK(fd >= 0 && run_with(&run, script, 10) == STATUS_AGAIN);
	OK(is_gone(path));
	(void)close(fd);
	(void)unlink(path);
}

static void
test_flood(void)
{
	struct run run = { .seconds = LONG };

	/* Its pipe is closed as well, and it may notice that first. */
	OK(run_with(&run, "exec yes", 100000) == STATUS_BAD_SIZE &&
	    (code == 128 + SIGKILL || code == 128 + SIGPIPE) &&
	    out.len == 100000);
	OK(run_with(&run, "exec yes >&2", 10) == STATUS_BAD_SIZE);
	OK(run_with(&run, "printf 0123456789", 10) == STATUS_OK);
	OK(run_with(&run, "printf 0123456789a", 10) == STATUS_BAD_SIZE);
}

static bool
is_line(struct span printed)
{
	return printed.len > 0 && printed.at[printed.len - 1] == '\n';
}

/* One program, several questions; another one where it is gone. */
static void
test_stay(void)
{
	static const char script[] =
	    "while read a; do printf $a; [ $a = die ] && exit 5; "
	    "[ $a = fool ] && exec sleep 600; echo :$$; done; exit 7";
	struct run_stay stay = { .answered = is_line };
	struct run run = { .stay = &stay, .seconds = LONG };
	char first[40];
	siginfo_t info;

	run.input = SPAN("one\n");
	OK(run_with(&run, script, 30) == STATUS_OK && code == 0);
	OK(stay.running && span_starts(buf_span(&out), SPAN("one:")));
	OK(span_copy(buf_span(&out), first, sizeof(first)));
	run.input = SPAN("two\n");
	OK(run_with(&run, script, 30) == STATUS_OK && code == 0);
	OK(span_starts(buf_span(&out), SPAN("two:")));
	TEXT(span_cut(buf_span(&out), 3, out.len), first + 3);
	/* It ends within an answer. */
	run.input = SPAN("die\n");
	OK(run_with(&run, script, 30) == STATUS_OK && code == 5);
	OK(!stay.running);
	TEXT(buf_span(&out), "die");
	/* Between two: another one is asked. */
	run.input = SPAN("three\n");
	OK(run_with(&run, script, 30) == STATUS_OK && stay.running);
	OK(kill(stay.pid, SIGKILL) == 0 &&
	    waitid(P_PID, (id_t)stay.pid, &info, WEXITED | WNOWAIT) == 0);
	OK(run_with(&run, script, 30) == STATUS_OK && code == 0);
	OK(stay.running && span_starts(buf_span(&out), SPAN("three:")));
	/* Without an answer, and with too much of one. */
	run.input = SPAN("fool\n");
	run.seconds = 1;
	OK(run_with(&run, script, 30) == STATUS_AGAIN && !stay.running);
	run.seconds = LONG;
	run.input = SPAN("0123456789\n");
	OK(run_with(&run, script, 10) == STATUS_BAD_SIZE && !stay.running);
	/* Ended while it waits. */
	run.input = SPAN("four\n");
	OK(run_with(&run, script, 30) == STATUS_OK && stay.running);
	process_end(&stay);
	OK(!stay.running && waitpid(-1, NULL, WNOHANG) < 0);
	process_end(&stay);
}

/* A parser's child that says too little, too much, or nothing. */
struct report {
	char text[64];
};

static void
work_well(const void *arg, void *report)
{
	(void)memcpy(((struct report *)report)->text, arg, 5);
}

static void
work_twice(const void *arg, void *report)
{
	(void)arg;
	while (write(3, report, sizeof(struct report)) > 0 ||
	    write(4, report, sizeof(struct report)) > 0 ||
	    write(5, report, sizeof(struct report)) > 0)
		;
}

static void
work_little(const void *arg, void *report)
{
	(void)arg, (void)report;
	__builtin_trap();
}

static void
test_child(void)
{
	const int none[1] = { 0 };
	struct report report = { "before" };

	OK(child_run(work_well, "word", &report, sizeof(report), NULL, 0,
	       &note) == STATUS_OK);
	TEXT(span_of(report.text), "word");
	OK(child_run(work_well, "more", &report, sizeof(report), none, 0,
	       &note) == STATUS_OK);
	TEXT(span_of(report.text), "more");
	OK(child_run(work_twice, NULL, &report, sizeof(report), none, 0,
	       &note) == STATUS_BUG);
	OK(child_run(work_little, NULL, &report, sizeof(report), none, 0,
	       &note) == STATUS_BUG);
	TEXT(span_of(report.text), "more");
}

/* What a child must not know. */
static char password[] = "open";

static void
wipe_password(void)
{
	(void)memset(password, 'x', sizeof(password) - 1);
}

static void
test_child_wipe(void)
{
	const int none[1] = { 0 };
	struct report report = { "" };
	size_t i;

	OK(child_run(work_well, password, &report, sizeof(report), NULL, 0,
	       &note) == STATUS_OK);
	TEXT(span_of(report.text), "open");
	for (i = 0; i < 2 * CHILD_WIPES; i++)
		child_add_wipe(wipe_password);
	OK(child_run(work_well, password, &report, sizeof(report), NULL, 0,
	       &note) == STATUS_OK);
	TEXT(span_of(report.text), "xxxx");
	OK(child_run(work_well, password, &report, sizeof(report), none, 0,
	       &note) == STATUS_OK);
	TEXT(span_of(report.text), "xxxx");
	TEXT(span_of(password), "open");
}

int
main(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	test_plain();
	test_start();
	test_said();
	test_input();
	test_surroundings();
	test_environment();
	test_deadline();
	test_flood();
	test_stay();
	test_child();
	test_child_wipe();
	buf_clear(&out);
	return tap_done();
}
