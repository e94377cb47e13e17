/*
 * imap.c - look through a folder on an IMAP server (RFC 3501)
 *
 * mailcert-mail searches, and fetches only what may be a challenge; its
 * connection stays open from one look to the next while something is awaited.
 */
#include <stdio.h>
#include <string.h>

#include "watch/filter.h"
#include "watch/watch_p.h"

/* Answers hold a few messages each; at least one of any size fits. */
enum { ANSWER_ROOM = 2 * 1024 * 1024 };

static void
add_question(const struct watched *mailbox, const struct look *look, bool full,
    struct buf *out)
{
	size_t i;

	frame_add(out, "folder", span_of(mailbox->source.server.folder));
	if (!full && mailbox->validity > 0) {
		frame_add_number(out, "validity", mailbox->validity);
		frame_add_number(out, "after", mailbox->after);
	}
	frame_add_number(out, "since", look->since);
	for (i = 0; i < look->wanted->domains; i++)
		frame_add(out, "domain", span_of(look->wanted->domain[i]));
	if (look->wanted->auto_submitted)
		frame_add(out, "auto-submitted", SPAN("1"));
	if (look->wanted->count > 0)
		frame_add(out, "kind", SPAN("challenge"));
	if (look->wanted->sent > 0)
		frame_add(out, "kind", SPAN("report"));
	frame_add_number(out, "most", look->watcher->config->max_message);
}

static enum status
take_message(struct watched *mailbox, struct look *look, int64_t uid,
    struct span message)
{
	uint64_t key;
	char name[64];

	(void)snprintf(name, sizeof(name), "UID %lld", (long long)uid);
	if (message.len == 0)
		look_skip(look, mailbox, name,
		    "it is larger than max_message, or the server cannot "
		    "read it");
	key = judged_key_of(message);
	if (message.len == 0 || look_knows(mailbox, key) ||
	    !filter_wants(span_cut(message, 0, FILTER_HEAD_MAX), look->wanted))
		return STATUS_OK;
	return look_take(look, mailbox, key, name, message);
}

/* Flag or move what was answered, as the user wants it.  Nothing depends on it:
 * a failure is told, and not made up for. */
static enum status
mark(struct watched *mailbox, struct look *look, int64_t validity, int64_t uid)
{
	const struct config *config = look->watcher->config;
	struct note why = { "" };
	struct buf frames, answer;
	enum status status;

	if (!config->answered_flag && config->answered_folder[0] == '\0')
		return STATUS_OK;
	buf_init(&frames, 4096);
	buf_init(&answer, 4096);
	frame_add(&frames, "folder", span_of(mailbox->source.server.folder));
	frame_add_number(&frames, "validity", validity);
	frame_add_number(&frames, "uid", uid);
	frame_add(
	    &frames, "answered", config->answered_flag ? SPAN("1") : SPAN(""));
	frame_add(&frames, "move", span_of(config->answered_folder));
	status = buf_status(&frames);
	if (status == STATUS_OK)
		status = mail_server_ask(look->watcher->access,
		    &mailbox->source.server, VERB_MARK, buf_span(&frames), NULL,
		    &answer, &why);
	buf_clear(&frames);
	buf_clear(&answer);
	if (status != STATUS_OK)
		look->taker->tell(look->taker->arg, why.text);
	return status == STATUS_MEMORY ? status : STATUS_OK;
}

/* Hand over what is in an answer: each "uid", with its "message". */
static enum status
take_messages(struct watched *mailbox, struct look *look, int64_t validity,
    struct span answer)
{
	enum status status = STATUS_OK;
	struct span uid, message;
	int64_t number = 0;

	while (status == STATUS_OK && frame_next(&answer, "uid", &uid)) {
		if (!frame_number(uid, &number) ||
		    !frame_next(&answer, "message", &message))
			return STATUS_BUG;
		look->answered = false;
		status = take_message(mailbox, look, number, message);
		if (status == STATUS_OK && look->answered)
			status = mark(mailbox, look, validity, number);
	}
	return status;
}

static enum status
take_answer(
    struct watched *mailbox, struct look *look, struct span answer, bool *more)
{
	int64_t validity = 0, after = 0;
	enum status status;

	if (!frame_number(frame_get(answer, "validity"), &validity) ||
	    !frame_number(frame_get(answer, "after"), &after))
		return STATUS_BUG;
	*more = span_eq(frame_get(answer, "more"), SPAN("1"));
	status = take_messages(mailbox, look, validity, answer);
	if (status == STATUS_OK) {
		mailbox->validity = validity;
		mailbox->after = after;
	}
	return status;
}

enum status
imap_look(struct watched *mailbox, struct look *look, struct note *note)
{
	const struct watcher *watcher = look->watcher;
	bool full = look->full, more = false;
	struct buf frames, answer;
	enum status status;

	buf_init(&frames, 64 * 1024);
	buf_init(&answer, (size_t)watcher->config->max_message + ANSWER_ROOM);
	do {
		buf_clear(&frames);
		add_question(mailbox, look, full, &frames);
		status = buf_status(&frames);
		if (status == STATUS_OK)
			status = mail_server_ask(watcher->access,
			    &mailbox->source.server, VERB_LOOK,
			    buf_span(&frames), &mailbox->kept, &answer, note);
		if (status == STATUS_OK)
			status = take_answer(
			    mailbox, look, buf_span(&answer), &more);
		full = false;
	} while (status == STATUS_OK && more);
	buf_clear(&frames);
	buf_clear(&answer);
	if (status != STATUS_OK)
		helper_end(&mailbox->kept);
	return status;
}
