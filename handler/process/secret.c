/* secret.c - run a command that prints a password: see secret.h */
#include "process/secret.h"

#include <unistd.h>

#include "base/fd.h"
#include "process/run.h"

enum { COMMAND_SECONDS = 120 };

enum status
secret_command(const char *command, const char *name, const char *what,
    struct buf *out, struct note *note)
{
	const char *const argv[] = { "/bin/sh", "-c", command, NULL };
	const int tty = fd_terminal();
	const struct run run = { .argv = argv,
		.environment = RUN_USER,
		.terminal = tty >= 0 ? RUN_ASKS : RUN_AWAY,
		.tty = tty,
		.seconds = COMMAND_SECONDS,
		.shares = tty >= 0 };
	struct note said = { "" };
	enum status status;
	int code = 0;

	status = process_run(&run, out, &said, &code, note);
	if (tty >= 0)
		(void)close(tty);
	buf_cut(out, span_find_byte(buf_span(out), '\n'));
	if (status == STATUS_AGAIN)
		return note_set(note, STATUS_CONFIG,
		    "%.100s took longer than %d seconds", name,
		    COMMAND_SECONDS);
	if (status == STATUS_BAD_SIZE)
		return note_set(note, STATUS_CONFIG,
		    "%.100s printed more than a %.50s", name, what);
	if (status == STATUS_OK && (code != 0 || out->len == 0))
		status = note_set(note, STATUS_CONFIG,
		    "%.100s printed no %.50s%s%.150s", name, what,
		    said.text[0] != '\0' ? ": " : "", said.text);
	return status;
}
