/* passphrase.c - the passphrase of a private key: see passphrase.h */
#include "passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "tui/prompt.h"

/* By the user's own shell, with the user's own environment and terminal: it
 * may want to ask for a passphrase of its own. */
static pid_t
start(const char *command, int *out)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	if ((pid = fork()) == 0) {
		(void)signal(SIGPIPE, SIG_DFL);
		(void)signal(SIGXFSZ, SIG_DFL);
		if (dup2(ends[1], STDOUT_FILENO) >= 0)
			(void)execl("/bin/sh", "sh", "-c", command, (char *)0);
		_exit(127);
	}
	(void)close(ends[1]);
	if (pid < 0)
		(void)close(ends[0]);
	else
		*out = ends[0];
	return pid;
}

/* The first line of what it prints. */
static enum status
run_command(const char *command, struct buf *out, struct note *note)
{
	enum status status;
	int fd = -1, code = -1;
	pid_t pid = start(command, &fd);
	size_t line;

	if (pid < 0)
		return STATUS_CREATE;
	status = fd_read(fd, out, 120);
	(void)close(fd);
	while (waitpid(pid, &code, 0) < 0 && errno == EINTR)
		;
	line = span_find_byte(buf_span(out), '\n');
	buf_cut(out, line);
	if (status == STATUS_OK && (code != 0 || out->len == 0))
		status = note_set(note, STATUS_CONFIG,
		    "password_command gives no passphrase");
	return status;
}

static enum status
ask(int tty, bool anew, struct buf *out, struct note *note)
{
	struct buf again;
	enum status status;

	status = prompt_secret(tty,
	    anew ? "Passphrase for the new key: " : "Passphrase of the key: ",
	    out);
	if (status != STATUS_OK || !anew)
		return status;
	buf_init(&again, PASSPHRASE_MAX);
	status = prompt_secret(tty, "The same again: ", &again);
	if (status == STATUS_OK && !span_eq(buf_span(out), buf_span(&again)))
		status = note_set(
		    note, STATUS_USAGE, "the passphrases are not the same");
	buf_wipe(&again);
	return status;
}

enum status
passphrase_get(
    const struct config *config, bool anew, struct buf *out, struct note *note)
{
	enum status status;
	int tty;

	if (config->password_command[0] != '\0')
		return run_command(config->password_command, out, note);
	if ((tty = open("/dev/tty", O_RDWR | O_CLOEXEC)) < 0)
		return note_set(note, STATUS_NO_PERSON,
		    "the key wants a passphrase, and there is no terminal to "
		    "ask on (password_command)");
	status = ask(tty, anew, out, note);
	(void)close(tty);
	return status;
}
