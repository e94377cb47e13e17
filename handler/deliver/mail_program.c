/* mail_program.c - open the draft in the mail program: see mail_program.h */
#include "deliver/mail_program.h"

#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "deliver/folder.h"
#include "process/run.h"

/* Run the mail program on the draft file, in our terminal, with the user's
 * own environment.  A pipe on stdin would make it a batch job. */
static enum status
run_mua(const struct mua *mua, const char *draft, int *code, struct note *note)
{
	static const char settings[] =
	    "set resume_draft_files=yes crypt_autosign=no crypt_autoencrypt=no "
	    "autoedit=no edit_headers=no editor=true abort_unmodified=no "
	    "realname=''";
	/* neomutt fills an empty realname from the password file after -e; the
	 * From of the reply is the bare address. */
	static const char hook[] = "send2-hook ~A \"set realname=''\"";
	const char *argv[MUA_ARGS_MAX + 8];
	struct run run = { .argv = argv,
		.environment = RUN_USER,
		.terminal = RUN_ON_SCREEN,
		.shares = true };
	enum status status;
	size_t n = 0, i;

	argv[n++] = mua->path;
	for (i = 0; i < mua->args; i++)
		argv[n++] = mua->arg[i];
	argv[n++] = "-e";
	argv[n++] = settings;
	argv[n++] = "-e";
	argv[n++] = hook;
	argv[n++] = "-H";
	argv[n++] = draft;
	argv[n] = NULL;
	if ((run.tty = fd_terminal()) < 0)
		return note_set(note, STATUS_CREATE,
		    "cannot start %.200s: there is no terminal", mua->path);
	status = process_run(&run, NULL, NULL, code, note);
	(void)close(run.tty);
	return status;
}

enum status
deliver_mua(const struct delivery *delivery, struct span message,
    enum outcome *outcome, struct note *note)
{
	char unique[80], name[120], path[1200];
	enum status status;
	int dir = -1, code = 0;

	status = home_subdir(delivery->home, "drafts", true, &dir, note);
	if (status != STATUS_OK)
		return status;
	/* Removed when the mail program exits, or swept later if we are killed
	 * before that. */
	status = folder_unique_name(unique, sizeof(unique));
	file_temporary_name(unique, name, sizeof(name));
	if (status == STATUS_OK)
		status = file_create(dir, name, message, note);
	if (status != STATUS_OK) {
		(void)close(dir);
		return status;
	}
	(void)snprintf(
	    path, sizeof(path), "%s/drafts/%s", delivery->home->path, name);
	status = run_mua(delivery->mua, path, &code, note);
	if (status != STATUS_OK) {
		;
	} else if (code == 0) {
		*outcome = OUTCOME_SENT;
	} else {
		/* Only the user knows whether it was postponed or discarded. */
		*outcome = OUTCOME_DRAFTED;
		note_say(note,
		    "%s did not send the reply; answer the challenge again if "
		    "you did not postpone it",
		    delivery->mua->name);
	}
	(void)unlinkat(dir, name, 0);
	(void)close(dir);
	return status;
}
