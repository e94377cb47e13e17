/* mail_access.c - how commands get at mail servers: see mail_access.h */
#include "cmd/mail_access.h"

#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "tui/prompt.h"

static enum status
ask(const char *account, struct buf *out, struct note *note)
{
	const int tty = fd_terminal();
	char shown[200], label[250];
	enum status status;

	if (tty < 0)
		return note_set(note, STATUS_CONFIG,
		    "there is no password for %.100s, and no terminal to ask "
		    "on; set password.%.100s to a command that prints it",
		    account, account);
	text_show_in(
	    shown, sizeof(shown), span_of(account), text_locale_is_utf8());
	(void)snprintf(label, sizeof(label), "Password of %s: ", shown);
	status = prompt_secret(tty, label, out);
	(void)close(tty);
	return status;
}

struct mail_access
mail_access_of(const struct config *config, bool person)
{
	return (struct mail_access){ config, person ? ask : NULL };
}
