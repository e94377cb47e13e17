/* mail_guess.c - guess the user's mail program: see mail_guess.h */
#include "cmd/mail_guess.h"

#include <string.h>
#include <unistd.h>

#include "install/program.h"
#include "install/settings.h"
#include "process/run.h"

static const char *const names[] = { "neomutt", "mutt" };
enum { NAMES = sizeof(names) / sizeof(*names) };

bool
mail_guess_of(const char *name, struct mail_guess *out)
{
	size_t i;

	*out = (struct mail_guess){ .name = NULL };
	for (i = 0; i < NAMES; i++)
		if (strcmp(names[i], name) == 0)
			out->name = names[i];
	if (out->name == NULL ||
	    !program_find(name, out->path, sizeof(out->path)))
		return false;
	out->configured = settings_file(name, out->file, sizeof(out->file),
			      NULL) == STATUS_OK &&
	    access(out->file, F_OK) == 0;
	return true;
}

void
mail_guess(struct mail_guess *out)
{
	struct mail_guess one;
	size_t i;

	*out = (struct mail_guess){ .name = NULL };
	for (i = 0; i < NAMES; i++)
		if (mail_guess_of(names[i], &one) &&
		    (out->name == NULL || (one.configured && !out->configured)))
			*out = one;
}

enum status
mail_guess_run(const struct mail_guess *guess, const char *to,
    const char *subject, int tty, int *code)
{
	const char *argv[] = { guess->path, to != NULL ? "-s" : NULL, subject,
		"--", to, NULL };
	const struct run run = { .argv = argv,
		.environment = RUN_USER,
		.terminal = RUN_ON_SCREEN,
		.tty = tty,
		.shares = true };

	return process_run(&run, NULL, NULL, code, NULL);
}
