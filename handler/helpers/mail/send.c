/* send.c - the verb "send": see send.h */
#include "helpers/mail/send.h"

#include "helpers/mail/smtp.h"

enum { ANSWER_ROOM = 2048 };

/* The recipients; false: too many. */
static bool
take_recipients(struct span frames, struct span *out, size_t *count)
{
	struct span recipient;

	for (*count = 0; frame_next(&frames, "recipient", &recipient);
	     (*count)++) {
		if (*count == SMTP_RECIPIENTS_MAX)
			return false;
		out[*count] = recipient;
	}
	return true;
}

static enum status
submit(const struct question *question, const struct smtp_mail *mail,
    enum smtp_outcome *outcome, struct note *said, struct note *note)
{
	struct stream stream = { .kind = NULL };
	enum status status;
	bool greeted;

	status = connect_open(&question->to, &stream, &greeted, note);
	if (status == STATUS_OK)
		status = smtp_submit(&stream, greeted, &question->account, mail,
		    NULL, outcome, said, note);
	stream_close(&stream);
	return status;
}

enum status
send_answer(const struct question *question, struct buf *out, struct note *note)
{
	struct span recipients[SMTP_RECIPIENTS_MAX];
	enum smtp_outcome outcome = SMTP_DOUBT;
	struct smtp_mail mail = {
		.sender = frame_get(question->frames, "sender"),
		.recipients = recipients,
		.message = frame_get(question->frames, "message"),
	};
	struct note said = { "" };
	enum status status;

	if (!take_recipients(
		question->frames, recipients, &mail.recipient_count) ||
	    !smtp_mail_ok(&mail))
		return STATUS_USAGE;
	/* Once it is sent, memory for the answer must not be missing. */
	if (!buf_reserve(out, ANSWER_ROOM))
		return buf_status(out);
	status = submit(question, &mail, &outcome, &said, note);
	if (status != STATUS_OK)
		return status;
	frame_add(out, "outcome",
	    outcome == SMTP_SENT ? SPAN("sent") : SPAN("doubt"));
	frame_add(out, "said",
	    span_of(outcome == SMTP_SENT ? said.text : note->text));
	return buf_status(out);
}
