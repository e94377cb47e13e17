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

static void
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
}

static enum status
judge(const struct delivery *delivery, const char *what, struct span answer,
    struct note *note)
{
	const struct span doubt = frame_get(answer, "doubt");
	char name[SERVER_NAME_SIZE], folder[80], why[160];

	if (doubt.len == 0)
		return STATUS_OK;
	server_name(server_of(delivery), name);
	text_show_in(folder, sizeof(folder), frame_get(answer, "folder"), true);
	text_show_in(why, sizeof(why), doubt, true);
	return note_set(note, STATUS_IO,
	    "%.100s: the %s may be in %s, or not: %.120s", name, what, folder,
	    why);
}

/* what: a word for it.  *certain: where this fails, it is not there. */
static enum status
append(const struct delivery *delivery, const char *what,
    const struct buf *frames, bool *certain, struct note *note)
{
	struct buf answer;
	enum status status = buf_status(frames);

	*certain = true;
	if (status == STATUS_OK)
		status = deliver_imap_prepare(delivery, note);
	if (status != STATUS_OK)
		return status;
	buf_init(&answer, ANSWER_MAX);
	status = mail_server_ask(delivery->access, server_of(delivery),
	    VERB_APPEND, buf_span(frames), NULL, &answer, note);
	if (status == STATUS_OK) {
		*certain = false;
		status = judge(delivery, what, buf_span(&answer), note);
	} else
		*certain = mail_server_did_nothing(status, buf_span(&answer));
	buf_clear(&answer);
	/* These are statuses of a question. */
	if (status == STATUS_NO)
		return STATUS_IO;
	return status == STATUS_MISSING ? STATUS_CONFIG : status;
}

enum status
deliver_imap(const struct delivery *delivery, struct span message,
    enum outcome *outcome, struct note *note)
{
	struct buf frames;
	enum status status;
	bool certain;

	buf_init(&frames, message.len + ANSWER_MAX);
	add_draft(delivery, message, &frames);
	status = append(delivery, "draft", &frames, &certain, note);
	*outcome = status == STATUS_OK ? OUTCOME_DRAFTED
	    : certain                  ? OUTCOME_NOTHING
				       : OUTCOME_DOUBT;
	buf_clear(&frames);
	return status;
}

enum status
deliver_imap_copy(
    const struct delivery *delivery, struct span message, struct note *note)
{
	struct buf frames;
	enum status status = deliver_imap_check(delivery, note);
	bool certain;

	if (status != STATUS_OK)
		return status;
	buf_init(&frames, message.len + ANSWER_MAX);
	frame_add(&frames, "special", SPAN("sent"));
	frame_add(&frames, "flag", SPAN("\\Seen"));
	frame_add(&frames, "message", message);
	status = append(delivery, "copy", &frames, &certain, note);
	buf_clear(&frames);
	return status;
}
