/* imap.c - put a draft into a folder on the user's server: see imap.h */
#include "deliver/imap.h"

#include "base/text.h"

enum { ANSWER_MAX = 16 * 1024 };

static const struct server *
server_of(const struct delivery *delivery)
{
	return &delivery->access->config->imap;
}

enum status
deliver_imap_check(const struct delivery *delivery, struct note *note)
{
	return delivery->access != NULL &&
		server_of(delivery)->kind == SERVER_IMAP
	    ? STATUS_OK
	    : note_set(note, STATUS_CONFIG,
		  "there is no server to keep drafts; set imap = "
		  "imaps://USER@HOST");
}

enum status
deliver_imap_prepare(const struct delivery *delivery, struct note *note)
{
	return mail_server_prepare(delivery->access, server_of(delivery), note);
}

static enum status
add_draft(
    const struct delivery *delivery, struct span message, struct buf *frames)
{
	const struct server *server = server_of(delivery);

	if (server->folder[0] != '\0')
		frame_add(frames, "folder", span_of(server->folder));
	else
		frame_add(frames, "special", SPAN("drafts"));
	frame_add(frames, "flag", SPAN("\\Draft"));
	frame_add(frames, "flag", SPAN("\\Seen"));
	frame_add(frames, "message", message);
	return buf_status(frames);
}

static enum status
judge(const struct delivery *delivery, struct span answer,
    enum outcome *outcome, struct note *note)
{
	const struct span doubt = frame_get(answer, "doubt");
	char name[SERVER_NAME_SIZE], folder[80], why[160];

	if (doubt.len == 0) {
		*outcome = OUTCOME_DRAFTED;
		return STATUS_OK;
	}
	*outcome = OUTCOME_DOUBT;
	server_name(server_of(delivery), name);
	text_show_in(folder, sizeof(folder), frame_get(answer, "folder"), true);
	text_show_in(why, sizeof(why), doubt, true);
	return note_set(note, STATUS_IO,
	    "%.100s: the draft may be in %s, or not: %.120s", name, folder,
	    why);
}

enum status
deliver_imap(const struct delivery *delivery, struct span message,
    enum outcome *outcome, struct note *note)
{
	struct buf frames, answer;
	enum status status;

	*outcome = OUTCOME_NOTHING;
	buf_init(&frames, message.len + ANSWER_MAX);
	buf_init(&answer, ANSWER_MAX);
	status = add_draft(delivery, message, &frames);
	if (status == STATUS_OK)
		status = deliver_imap_prepare(delivery, note);
	if (status != STATUS_OK)
		goto out;
	status = mail_server_ask(delivery->access, server_of(delivery),
	    VERB_APPEND, buf_span(&frames), NULL, &answer, note);
	if (status == STATUS_OK)
		status = judge(delivery, buf_span(&answer), outcome, note);
	else if (!mail_server_did_nothing(status, buf_span(&answer)))
		*outcome = OUTCOME_DOUBT;
	/* These are statuses of a question. */
	if (status == STATUS_NO)
		status = STATUS_IO;
	else if (status == STATUS_MISSING)
		status = STATUS_CONFIG;
out:
	buf_clear(&frames);
	buf_clear(&answer);
	return status;
}
