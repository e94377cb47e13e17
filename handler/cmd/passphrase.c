/* passphrase.c - the passphrase of a private key: see passphrase.h */
#include "cmd/passphrase.h"

#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "process/secret.h"
#include "tui/prompt.h"

static enum status
run_command(const char *command, struct buf *out, struct note *note)
{
	return secret_command(
	    command, "password_command", "passphrase", out, note);
}

/* label: the question; twice: and once more, to be sure. */
static enum status
ask(int tty, const char *label, bool twice, struct buf *out, struct note *note)
{
	struct buf again;
	enum status status;

	status = prompt_secret(tty, label, out);
	if (status != STATUS_OK || !twice)
		return status;
	buf_init(&again, PASSPHRASE_MAX);
	status = prompt_secret(tty, "Repeat the passphrase: ", &again);
	if (status == STATUS_OK && !span_eq(buf_span(out), buf_span(&again)))
		status = note_set(note, STATUS_USAGE, "the passphrases differ");
	buf_wipe(&again);
	return status;
}

/* what: what needs the passphrase. */
static enum status
ask_on_terminal(const char *what, const char *label, bool twice,
    struct buf *out, struct note *note)
{
	const int tty = fd_terminal();
	enum status status;

	if (tty < 0)
		return note_set(note, STATUS_NO_PERSON,
		    "%.150s needs a passphrase, and there is no terminal to "
		    "ask on; set password_command",
		    what);
	status = ask(tty, label, twice, out, note);
	(void)close(tty);
	return status;
}

enum status
passphrase_get(const struct config *config, bool new_key, struct buf *out,
    struct note *note)
{
	if (config->password_command[0] != '\0')
		return run_command(config->password_command, out, note);
	return ask_on_terminal("the key",
	    new_key ? "Passphrase for the new key: "
		    : "Passphrase of the key: ",
	    new_key, out, note);
}

static void
show_label(const char *what, const char *name, char *out, size_t size)
{
	char shown[100];

	text_show_in(
	    shown, sizeof(shown), span_of(name), text_locale_is_utf8());
	(void)snprintf(out, size, "Passphrase %s %s: ", what, shown);
}

enum status
passphrase_of_file(const struct config *config, const char *name, bool again,
    struct buf *out, struct note *note)
{
	char label[150];

	if (!again && config->password_command[0] != '\0')
		return run_command(config->password_command, out, note);
	show_label("of", name, label, sizeof(label));
	return ask_on_terminal("the file", label, false, out, note);
}

enum status
passphrase_for_file(const struct config *config, const char *name,
    struct buf *out, struct note *note)
{
	char label[150];

	if (config->password_command[0] != '\0')
		return run_command(config->password_command, out, note);
	show_label("for", name, label, sizeof(label));
	return ask_on_terminal("the file", label, true, out, note);
}
