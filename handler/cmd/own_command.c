/* own_command.c - run another command of mailcert: see own_command.h */
#include "cmd/own_command.h"

#include <unistd.h>

#include "process/run.h"

static enum status
start(const struct invocation *invocation, const struct config *config,
    const char *const *words, struct run *run, int *code)
{
	const char *argv[2 * 64 + OWN_WORDS_MAX + 4];
	char self[1024];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	size_t n = 0, i;

	if (len <= 0)
		return STATUS_CREATE;
	self[len] = '\0';
	argv[n++] = self;
	argv[n++] = "-C";
	argv[n++] = config->home;
	for (i = 0; i < invocation->count; i++) {
		argv[n++] = "-o";
		argv[n++] = invocation->settings[i];
	}
	for (i = 0; words[i] != NULL; i++) {
		if (i == OWN_WORDS_MAX)
			return STATUS_USAGE;
		argv[n++] = words[i];
	}
	argv[n] = NULL;
	run->argv = argv;
	return process_run(run, NULL, NULL, code, NULL);
}

enum status
own_command(const struct invocation *invocation, const struct config *config,
    const char *const *words, int seconds, int *code)
{
	struct run run = { .environment = RUN_MAIL, .seconds = seconds };

	return start(invocation, config, words, &run, code);
}

enum status
own_command_on(int tty, const struct invocation *invocation,
    const struct config *config, const char *const *words, int *code)
{
	struct run run = { .environment = RUN_USER,
		.terminal = RUN_ON_SCREEN,
		.tty = tty,
		.shares = true };

	return start(invocation, config, words, &run, code);
}
