/* mail_guess.c - guess the user's mail program: see mail_guess.h */
#include "cmd/mail_guess.h"

#include <unistd.h>

#include "install/program.h"
#include "install/settings.h"
#include "process/run.h"

void
mail_guess(struct mail_guess *out)
{
	static const char *const names[] = { "neomutt", "mutt" };
	struct mail_guess one;
	size_t i;

	*out = (struct mail_guess){ .name = NULL };
	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		one = (struct mail_guess){ .name = names[i] };
		if (!program_find(names[i], one.path, sizeof(one.path)))
			continue;
		one.configured = settings_file(names[i], one.file,
				     sizeof(one.file), NULL) == STATUS_OK &&
		    access(one.file, F_OK) == 0;
		if (out->name == NULL || (one.configured && !out->configured))
			*out = one;
	}
}

enum status
mail_guess_run(const struct mail_guess *guess, int tty, int *code)
{
	const char *argv[] = { guess->path, NULL };
	const struct run run = { .argv = argv,
		.environment = RUN_USER,
		.terminal = RUN_ON_SCREEN,
		.tty = tty,
		.shares = true };

	return process_run(&run, NULL, NULL, code, NULL);
}
