/* deliver.c - deliver the draft to where it goes: see deliver.h */
#include "deliver/deliver.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "deliver/folder.h"
#include "deliver/imap.h"
#include "deliver/mail_program.h"
#include "deliver/sendmail.h"
#include "deliver/smtp.h"
#include "deliver/stage.h"

enum status
deliver_check(const struct delivery *delivery, struct note *note)
{
	const char *path = delivery->destination->path;
	struct stat st;

	switch (delivery->destination->kind) {
	case DESTINATION_MUA:
		if (delivery->mua->pid == 0)
			return note_set(note, STATUS_USAGE,
			    "no mail program started mailcert; use another "
			    "--draft");
		return STATUS_OK;
	case DESTINATION_FILE:
		if (lstat(path, &st) == 0)
			return note_set(note, STATUS_CREATE,
			    "%.200s already exists; name another file", path);
		return STATUS_OK;
	case DESTINATION_MAILDIR:
		if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
			return note_set(note, STATUS_CREATE,
			    "%.200s is not a Maildir", path);
		return STATUS_OK;
	case DESTINATION_SMTP:
		return deliver_smtp_check(delivery, note);
	case DESTINATION_IMAP:
		return deliver_imap_check(delivery, note);
	case DESTINATION_STAGE:
	case DESTINATION_STDOUT:
	case DESTINATION_MBOX:
	case DESTINATION_SENDMAIL:
		break;
	}
	return STATUS_OK;
}

enum status
deliver_prepare(const struct delivery *delivery, struct note *note)
{
	if (delivery->destination->kind == DESTINATION_SMTP)
		return deliver_smtp_prepare(delivery, note);
	if (delivery->destination->kind == DESTINATION_IMAP)
		return deliver_imap_prepare(delivery, note);
	return STATUS_OK;
}

enum status
deliver(const struct delivery *delivery, struct span message,
    enum outcome *outcome, struct note *note)
{
	const char *path = delivery->destination->path;
	enum status status;

	*outcome = OUTCOME_NOTHING;
	switch (delivery->destination->kind) {
	case DESTINATION_MUA:
		return deliver_mua(delivery, message, outcome, note);
	case DESTINATION_STAGE:
		return deliver_stage(delivery, message, outcome, note);
	case DESTINATION_FILE:
		return deliver_file(path, message, outcome, note);
	case DESTINATION_MAILDIR:
		return deliver_maildir(
		    path, "cur", ":2,DS", message, outcome, note);
	case DESTINATION_MBOX:
		return deliver_mbox(path, message, outcome, note);
	case DESTINATION_SENDMAIL:
		return deliver_sendmail(delivery, message, outcome, note);
	case DESTINATION_SMTP:
		return deliver_smtp(delivery, message, outcome, note);
	case DESTINATION_IMAP:
		return deliver_imap(delivery, message, outcome, note);
	case DESTINATION_STDOUT:
		break;
	}
	status = delivery->hold_stdout ? STATUS_OK
				       : fd_write(STDOUT_FILENO, message);
	if (status != STATUS_OK)
		(void)note_set(
		    note, status, "standard output: %s", strerror(errno));
	*outcome = status == STATUS_OK ? OUTCOME_DRAFTED : OUTCOME_DOUBT;
	return status;
}

static enum status
copy_to(const struct delivery *delivery, struct span message, struct note *note)
{
	const struct destination *to = delivery->sent_copy;
	enum outcome outcome;

	switch (to->kind) {
	case DESTINATION_MAILDIR:
		return deliver_maildir(
		    to->path, "cur", ":2,S", message, &outcome, note);
	case DESTINATION_MBOX:
		return deliver_mbox(to->path, message, &outcome, note);
	case DESTINATION_IMAP:
		return deliver_imap_copy(delivery, message, note);
	default:
		return STATUS_OK;
	}
}

void
deliver_copy(
    const struct delivery *delivery, struct span message, struct note *note)
{
	const enum destination_kind kind = delivery->destination->kind;
	struct note why = { "" };
	enum status status;

	if (kind != DESTINATION_SMTP && kind != DESTINATION_SENDMAIL)
		return;
	status = copy_to(delivery, message, &why);
	if (status == STATUS_OK)
		return;
	note_say(note, "the reply was sent, but its copy was not kept: %.240s",
	    note_text(&why, status));
	home_log(delivery->home, note->text);
}

void
envelope_of(const struct delivery *delivery, struct envelope *out)
{
	const struct challenge *challenge = match_challenge(delivery->match);

	*out = (struct envelope){
		.sender = match_expectation(delivery->match)->address
	};
	for (; out->recipients < challenge->reply_to_count; out->recipients++)
		out->recipient[out->recipients] =
		    challenge->reply_to_written[out->recipients];
}
