/* encrypted.c - read to whom a message is encrypted: see verbs.h */
#include "base/frame.h"
#include "helpers/verify/verbs.h"
#include "mail/envelope.h"
#include "mail/recipients.h"
#include "mail/smime_verify.h"

/* Which of the certificates, counted from 0, is the message encrypted to? */
enum status
do_recipient(struct span frames, struct buf *out, struct note *note)
{
	struct recipients *recipients = NULL;
	struct span rest = frames, pem;
	enum status status;
	int64_t index;

	status =
	    recipients_parse(frame_get(frames, "message"), &recipients, note);
	for (index = 0;
	     status == STATUS_OK && frame_next(&rest, "certificate", &pem);
	     index++)
		if (recipients_have(recipients, pem))
			frame_add_number(out, "index", index);
	recipients_free(recipients);
	return status;
}

/* What a key holder must unwrap, of the first certificate that has something. */
enum status
do_seal(struct span frames, struct buf *out, struct note *note)
{
	struct envelope *envelope = NULL;
	struct span rest = frames, pem;
	struct buf sealed;
	enum status status;
	bool found = false;
	int64_t index;

	(void)note;
	buf_init(&sealed, 16 * 1024);
	status = smime_envelope(frame_get(frames, "message"), &envelope);
	for (index = 0; status == STATUS_OK && !found &&
	     frame_next(&rest, "certificate", &pem);
	     index++) {
		found = envelope_seal(envelope, pem, &sealed);
		if (!found)
			continue;
		frame_add_number(out, "index", index);
		frame_add(out, "sealed", buf_span(&sealed));
		status = buf_status(&sealed);
	}
	buf_clear(&sealed);
	envelope_free(envelope);
	return status == STATUS_MISSING ? STATUS_OK : status;
}
