/* mailbox.c - read and change mailboxes: see mailbox.h */
#include "helpers/mail/mailbox.h"

#include <string.h>

#include "helpers/mail/imap.h"

/* The connection that is open, and to whose account. */
static struct {
	bool is_open;
	struct stream stream;
	struct imap imap;
	struct connect_to to;
	char user[512];
} kept;

void
mailbox_end(void)
{
	if (kept.is_open) {
		imap_end(&kept.imap);
		stream_close(&kept.stream);
	}
	kept.is_open = false;
}

static bool
is_the_same(const struct question *question)
{
	const struct connect_to *to = &question->to;

	return kept.is_open && kept.to.port == to->port &&
	    kept.to.implicit_tls == to->implicit_tls &&
	    strcmp(kept.to.host, to->host) == 0 &&
	    strcmp(kept.to.ca_file, to->ca_file) == 0 &&
	    span_eq(span_of(kept.user), question->account.user);
}

/* Connect and log in, unless that is done. */
static enum status
connect_for(const struct question *question, struct note *note)
{
	enum status status;
	bool greeted = false;

	if (is_the_same(question) && imap_is_alive(&kept.imap))
		return STATUS_OK;
	mailbox_end();
	if (!span_copy(question->account.user, kept.user, sizeof(kept.user)))
		return STATUS_USAGE;
	kept.to = question->to;
	status = connect_open(&question->to, &kept.stream, &greeted, note);
	if (status != STATUS_OK)
		return status;
	kept.is_open = true;
	status = imap_begin(&kept.imap, &kept.stream, greeted, note);
	return status == STATUS_OK
	    ? imap_login(&kept.imap, &question->account, note)
	    : status;
}

enum status
mailbox_answer(
    const struct question *question, struct buf *out, struct note *note)
{
	enum status status = connect_for(question, note);

	if (status == STATUS_OK)
		switch (question->verb) {
		case VERB_LOOK:
			status = imap_answer_look(
			    &kept.imap, question->frames, out, note);
			break;
		case VERB_APPEND:
			status = imap_answer_append(
			    &kept.imap, question->frames, out, note);
			break;
		case VERB_MARK:
			status = imap_answer_mark(
			    &kept.imap, question->frames, note);
			break;
		default:
			status = STATUS_USAGE;
		}
	if (status != STATUS_OK || kept.imap.broken)
		mailbox_end();
	return status;
}
