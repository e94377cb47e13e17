/* trial.c - judge a test signature: see trial.h */
#include "install/trial.h"

#include <string.h>
#include <time.h>

#include "base/frame.h"
#include "mail/smime_report.h"
#include "process/helper.h"

enum { MESSAGE_MAX = 1024 * 1024, ANSWER_MAX = 64 * 1024 };

/* A message that carries it, from the certificate's own address. */
static void
add_message(
    const struct identity *identity, struct span signed_data, struct buf *out)
{
	buf_addf(out,
	    "From: %s\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: application/pkcs7-mime; smime-type=signed-data;\r\n"
	    " name=smime.p7m\r\n"
	    "Content-Transfer-Encoding: binary\r\n"
	    "\r\n",
	    identity->order.address[0]);
	buf_add(out, signed_data);
}

static enum status
ask(const struct identity *identity, struct span message,
    struct smime_report *out, struct note *note)
{
	const struct link_facts *top = &identity->link[identity->links - 1];
	struct buf question, answer;
	enum status status;

	buf_init(&question, 2 * MESSAGE_MAX);
	buf_init(&answer, ANSWER_MAX);
	frame_add_number(&question, "now", (int64_t)time(NULL));
	frame_add(&question, "file", SPAN("the chain's own root"));
	frame_add(&question, "anchor", top->pem);
	frame_add(&question, "message", message);
	status = helper_ask(VERB_STATUS, &question, &answer, note);
	if (status == STATUS_OK &&
	    (!smime_report_read(buf_span(&answer), out) ||
		!smime_report_ok(out)))
		status = note_set(
		    note, STATUS_BUG, "the verifier sent a malformed report");
	buf_clear(&answer);
	buf_clear(&question);
	return status;
}

enum status
trial_judge(
    const struct identity *identity, struct span signed_data, struct note *note)
{
	struct buf message;
	enum status status;

	buf_init(&message, MESSAGE_MAX);
	add_message(identity, signed_data, &message);
	status = buf_status(&message);
	if (status == STATUS_OK)
		status =
		    trial_judge_message(identity, buf_span(&message), note);
	buf_clear(&message);
	return status;
}

enum status
trial_judge_message(
    const struct identity *identity, struct span message, struct note *note)
{
	struct smime_report report = { 0 };
	enum status status;

	status = ask(identity, message, &report, note);
	if (status != STATUS_OK || report.status == SMIME_STATUS_VERIFIED)
		return status;
	return note_set(note, STATUS_NO,
	    "a test signature does not verify: %.200s",
	    report.errors > 0           ? report.error[0]
		: report.why[0] != '\0' ? report.why
					: "it is not a signature");
}
