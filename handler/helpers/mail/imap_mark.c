/*
 * imap_mark.c - flag a message as answered, or move it: see imap.h, base/verb.h
 *
 * The only file that changes what is in a mailbox.  It touches one message, and
 * never a message of somebody else: nothing is expunged but by its own number.
 */
#include <string.h>

#include "base/frame.h"
#include "helpers/mail/imap_p.h"

/* Is the message still there? */
static enum status
check_message(struct imap *imap, uint64_t uid)
{
	struct imap_response response;
	struct imap_fetched fetched;
	enum status status;
	struct buf none;
	bool there = false;

	buf_init(&none, 1);
	imap_command(imap, "UID FETCH ");
	imap_add_uid(imap, uid);
	imap_add(imap, " (UID)");
	status = imap_send(imap);
	while (status == STATUS_OK &&
	    (status = imap_next(imap, &response)) == STATUS_OK &&
	    response.kind != IMAP_DONE) {
		if (response.kind != IMAP_DATA ||
		    strcmp(response.word, "FETCH") != 0)
			continue;
		status = imap_read_fetched(imap, 0, &none, &fetched);
		there = there || (status == STATUS_OK && fetched.uid == uid);
	}
	buf_clear(&none);
	if (status == STATUS_OK)
		status = imap_judge(imap, &response, "a message");
	return status == STATUS_OK && !there
	    ? note_set(imap->reader.note, STATUS_MISSING,
		  "the message is not there any more")
	    : status;
}

static enum status
store(struct imap *imap, uint64_t uid, const char *flag)
{
	imap_command(imap, "UID STORE ");
	imap_add_uid(imap, uid);
	imap_add(imap, " +FLAGS.SILENT (");
	imap_add(imap, flag);
	imap_add(imap, ")");
	return imap_do(imap, "to flag a message");
}

/* "UID MOVE" or "UID COPY" into that folder. */
static enum status
transfer(
    struct imap *imap, const char *command, uint64_t uid, struct span folder)
{
	const struct imap_shown what = imap_show_folder(folder);
	struct imap_response done;
	enum status status;

	imap_command(imap, command);
	imap_add_uid(imap, uid);
	imap_add(imap, " ");
	status = imap_add_folder(imap, folder);
	if (status == STATUS_OK)
		status = imap_send(imap);
	if (status == STATUS_OK)
		status = imap_wait(imap, &done);
	if (status == STATUS_OK && done.condition == IMAP_NO &&
	    imap_code_is(&done, "TRYCREATE"))
		return imap_say(imap, STATUS_MISSING, what.text, &done);
	return status == STATUS_OK ? imap_judge(imap, &done, what.text)
				   : status;
}

/* RFC 6851; before it, a copy, and the removal of this message only (RFC 4315
 * section 2.1). */
static enum status
move_message(struct imap *imap, uint64_t uid, struct span folder)
{
	enum status status;

	if (imap->move)
		return transfer(imap, "UID MOVE ", uid, folder);
	status = transfer(imap, "UID COPY ", uid, folder);
	if (status == STATUS_OK)
		status = store(imap, uid, "\\Deleted");
	if (status != STATUS_OK)
		return status;
	imap_command(imap, "UID EXPUNGE ");
	imap_add_uid(imap, uid);
	return imap_do(imap, "to remove what was moved");
}

enum status
imap_answer_mark(struct imap *imap, struct span frames, struct note *note)
{
	const struct span folder = frame_get(frames, "move");
	const bool answered = frame_get(frames, "answered").len > 0;
	int64_t uid, validity;
	enum status status;

	imap_question(imap, note);
	if (!frame_number(frame_get(frames, "uid"), &uid) || uid < 1 ||
	    uid > UINT32_MAX ||
	    !frame_number(frame_get(frames, "validity"), &validity))
		return STATUS_USAGE;
	if (folder.len > 0 && !imap->move && !imap->uidplus)
		return note_set(note, STATUS_NO,
		    "it cannot move a message (MOVE, UIDPLUS)");
	status = imap_open(imap, frame_get(frames, "folder"), true);
	if (status == STATUS_OK && imap->folder.validity != validity)
		status = note_set(note, STATUS_MISSING,
		    "its messages have other numbers now; which one was "
		    "meant is not known");
	if (status == STATUS_OK)
		status = check_message(imap, (uint64_t)uid);
	if (status == STATUS_OK && answered)
		status = store(imap, (uint64_t)uid, "\\Answered");
	if (status == STATUS_OK && folder.len > 0)
		status = move_message(imap, (uint64_t)uid, folder);
	return status;
}
