/* watch.c - mailcert watch: answer challenges in mailboxes */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "cmd/answering.h"
#include "cmd/cmd.h"
#include "cmd/confinement.h"
#include "cmd/progress.h"
#include "cmd/watching.h"
#include "store/tidy.h"

struct options {
	bool once;
	bool again;
};

#define AT(field) .offset = offsetof(struct options, field)

static const struct cmd_option rows[] = {
	{ "once", NULL, AT(once), .help = "look, answer, and exit" },
	{ "again", NULL, AT(again),
	    .help = "look at messages that were looked at before, too" },
	{ 0 }
};

static const struct cmd_line command_line = {
	.name = "watch",
	.operands = "[MAILBOX...]",
	.most = NO_LIMIT,
	.options = rows,
	.about =
	    "Look for challenges in mailboxes and answer them without asking: those that\n"
	    "are expected, whose sender is proved, within the limits of the configuration.\n"
	    "Without MAILBOX: those of watch in the configuration.  Messages stay as they\n"
	    "are.  While no challenge is awaited, nothing is opened and nothing connected.\n",
};

/* Say on a terminal what goes on; elsewhere only what happens is told. */
static void
tell_state(const struct watching *watching, struct progress *progress)
{
	const size_t count = watching->wanted.count;
	const time_t now = time(NULL);
	char text[160], looked[40] = "";
	struct tm tm;

	if (localtime_r(&now, &tm) != NULL)
		(void)strftime(
		    looked, sizeof(looked), "; looked at %H:%M:%S", &tm);
	if (count == 0)
		(void)snprintf(text, sizeof(text),
		    "no challenge is awaited%s; ^C ends",
		    watching->wanted.sent > 0
			? "; an answer may still come back"
			: "");
	else
		(void)snprintf(text, sizeof(text),
		    "%zu challenge%s awaited%s; ^C ends", count,
		    count == 1 ? " is" : "s are", looked);
	progress_say(progress, text);
}

static int stopped[2]; /* a pipe: a signal came */

static void
stop(int signal)
{
	(void)signal;
	(void)!write(stopped[1], "", 1);
}

static void
on_signals(void (*handler)(int))
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	const struct sigaction action = { .sa_handler = handler,
		.sa_flags = SA_RESETHAND };
	size_t i;

	for (i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		(void)sigaction(signals[i], &action, NULL);
}

/* Wait; true: somebody wants us to stop.  At work a signal ends the process as
 * always, which is safe at any point. */
static bool
wait_or_stop(struct watching *watching)
{
	char byte;

	on_signals(stop);
	watching_wait(watching, -1, stopped[0]);
	on_signals(SIG_DFL);
	return read(stopped[0], &byte, 1) == 1;
}

static enum status
watch(
    struct watching *watching, const struct options *options, struct note *note)
{
	struct progress progress;
	enum status status;
	bool again = options->again;

	progress_begin(&progress, watching->config, options->once, NULL, NULL);
	for (;;) {
		status = watching_look(watching, again, note);
		again = false;
		if (status == STATUS_OK && options->once &&
		    watcher_is_behind(watching->watcher))
			status = note_set(note, STATUS_AGAIN,
			    "something is left to do; try again later");
		if (status != STATUS_OK || options->once)
			break;
		tell_state(watching, &progress);
		if (wait_or_stop(watching))
			break;
	}
	progress_end(&progress);
	return status;
}

int
cmd_watch(const struct invocation *invocation, int argc, char *argv[])
{
	static struct source sources[SOURCES_MAX];
	struct options options = { false, false };
	struct home home = { .dir = -1 };
	struct watching watching = { .watcher = NULL };
	struct note note = { "" };
	struct config config;
	enum status status;
	size_t count = 0;
	int code = 0;

	if (!cmd_parse(&command_line, argc, argv, &options, &code) ||
	    !cmd_config(invocation, &config, &code))
		return code;
	status = watching_sources(&config, argv + optind,
	    (size_t)(argc - optind), sources, SOURCES_MAX, &count, &note);
	if (status == STATUS_OK)
		status = home_open(config.home, true, &home, &note);
	if (status == STATUS_OK)
		status = confinement_check(&config, &home, true, &note);
	if (status == STATUS_OK)
		status = watching_begin(&watching, invocation, &config, &home,
		    sources, count, &note);
	if (status == STATUS_OK && pipe2(stopped, O_CLOEXEC | O_NONBLOCK) != 0)
		status = STATUS_IO;
	if (status == STATUS_OK)
		status = watch(&watching, &options, &note);
	watching_end(&watching);
	answering_log_trouble(&home);
	home_tidy(&home);
	cmd_home_close(&home);
	return status == STATUS_OK ? status_exit(status)
				   : cmd_fail(status, &note);
}
