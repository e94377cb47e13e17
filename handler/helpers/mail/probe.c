/* probe.c - the verb "probe": see probe.h */
#include "helpers/mail/probe.h"

#include "helpers/mail/imap.h"
#include "helpers/mail/smtp.h"

static enum status
probe_imap(const struct stream *stream, bool greeted,
    const struct sasl_account *account, struct note *note)
{
	struct imap imap;
	enum status status = imap_begin(&imap, stream, greeted, note);

	if (status == STATUS_OK)
		status = imap_login(&imap, account, note);
	imap_end(&imap);
	return status;
}

enum status
probe_answer(
    const struct question *question, struct buf *out, struct note *note)
{
	struct stream stream = { .kind = NULL };
	enum status status;
	bool greeted;

	(void)out;
	status = connect_open(&question->to, &stream, &greeted, note);
	if (status == STATUS_OK && question->to.imap)
		status = probe_imap(&stream, greeted, &question->account, note);
	else if (status == STATUS_OK)
		status = smtp_probe(
		    &stream, greeted, &question->account, NULL, note);
	stream_close(&stream);
	return status;
}
