/* smtp.c - submit the reply to the user's mail server: see smtp.h */
#include "deliver/smtp.h"

#include "base/text.h"

enum { ANSWER_MAX = 16 * 1024 };

static const struct server *
server_of(const struct delivery *delivery)
{
	return &delivery->access->config->smtp;
}

enum status
deliver_smtp_check(const struct delivery *delivery, struct note *note)
{
	return delivery->access != NULL &&
		server_of(delivery)->kind == SERVER_SMTP
	    ? STATUS_OK
	    : note_set(note, STATUS_CONFIG,
		  "there is no server to send with; set smtp = "
		  "submissions://USER@HOST");
}

enum status
deliver_smtp_prepare(const struct delivery *delivery, struct note *note)
{
	return mail_server_prepare(delivery->access, server_of(delivery), note);
}

/* The envelope is ours, as for sendmail. */
static enum status
add_mail(
    const struct delivery *delivery, struct span message, struct buf *frames)
{
	const struct challenge *challenge = match_challenge(delivery->match);
	const char *sender = match_expectation(delivery->match)->address;
	size_t i;

	frame_add(frames, "sender", span_of(sender));
	for (i = 0; i < challenge->reply_to_count; i++)
		frame_add(frames, "recipient",
		    span_of(challenge->reply_to_written[i]));
	frame_add(frames, "message", message);
	return buf_status(frames);
}

/* The log keeps the server's words: they name the message in its own log. */
static enum status
judge(const struct delivery *delivery, struct span answer,
    enum outcome *outcome, struct note *note)
{
	const struct span told = frame_get(answer, "outcome");
	char said[200], name[SERVER_NAME_SIZE];
	struct note line;

	text_show_in(said, sizeof(said), frame_get(answer, "said"), true);
	server_name(server_of(delivery), name);
	if (span_eq(told, SPAN("sent"))) {
		*outcome = OUTCOME_SENT;
		note_say(&line, "%.120s: %s", name, said);
		home_log(delivery->home, line.text);
		return STATUS_OK;
	}
	*outcome = OUTCOME_DOUBT;
	return span_eq(told, SPAN("doubt"))
	    ? note_set(
		  note, STATUS_IO, "%.120s: after the reply, %s", name, said)
	    : helper_malformed(VERB_SEND, "outcome", note);
}

enum status
deliver_smtp(const struct delivery *delivery, struct span message,
    enum outcome *outcome, struct note *note)
{
	struct buf frames, answer;
	enum status status;

	*outcome = OUTCOME_NOTHING;
	buf_init(&frames, message.len + ANSWER_MAX);
	buf_init(&answer, ANSWER_MAX);
	status = add_mail(delivery, message, &frames);
	/* Whatever is needed to ask is there: without it, nothing is sent. */
	if (status == STATUS_OK)
		status = deliver_smtp_prepare(delivery, note);
	if (status != STATUS_OK)
		goto out;
	status = mail_server_ask(delivery->access, server_of(delivery),
	    VERB_SEND, buf_span(&frames), NULL, &answer, note);
	if (status == STATUS_OK)
		status = judge(delivery, buf_span(&answer), outcome, note);
	else if (!mail_server_did_nothing(status, buf_span(&answer)))
		*outcome = OUTCOME_DOUBT;
	/* "no" is the status of a question: sendmail says this. */
	if (status == STATUS_NO)
		status = STATUS_IO;
out:
	buf_clear(&frames);
	buf_clear(&answer);
	return status;
}
