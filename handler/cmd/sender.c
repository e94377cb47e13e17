/* sender.c - look at messages in a sandboxed child: see sender.h */
#include "cmd/sender.h"

#include <stdlib.h>
#include <string.h>

#include "base/idn.h"
#include "base/text.h"
#include "mail/date.h"
#include "mail/header.h"
#include "mail/mbox.h"
#include "mail/smime.h"
#include "process/child.h"

struct work {
	const struct span *messages;
	size_t count;
};

static void
look(struct span message, struct header *header, struct sender *out)
{
	header_parse(mbox_strip(message), header);
	out->likely = smime_is_likely(header);
	if (header_count(header, SPAN("From")) == 1)
		(void)!address_sole(
		    header_body(header, SPAN("From")), out->from);
	if (date_parse(header_body(header, SPAN("Date")), &out->date) !=
	    STATUS_OK)
		out->date = 0;
	text_show_in(out->id, sizeof(out->id),
	    span_trim(header_body(header, SPAN("Message-ID"))), true);
}

static void
look_in_child(const void *arg, void *report)
{
	const struct work *work = arg;
	struct header *header = malloc(sizeof(*header));
	struct sender *out = report;
	size_t i;

	for (i = 0; header != NULL && i < work->count; i++)
		look(work->messages[i], header, &out[i]);
	free(header);
}

/* Check the report: a message may have taken over the child. */
static bool
is_sound(const struct sender *sender)
{
	struct mailbox mailbox;
	char normal[ADDRESS_SIZE];

	return memchr(sender->from, '\0', sizeof(sender->from)) != NULL &&
	    (sender->from[0] == '\0' ||
		(address_parse(span_of(sender->from), &mailbox) == STATUS_OK &&
		    address_normal(&mailbox, normal) == STATUS_OK)) &&
	    sender->date >= DATE_LEAST && sender->date <= DATE_MOST &&
	    text_is_shown(sender->id, sizeof(sender->id));
}

enum status
senders_look(const struct span *messages, size_t count, struct sender *out,
    struct note *note)
{
	const struct work work = { messages, count };
	enum status status;
	size_t i;

	for (i = 0; i < count; i++)
		if (!span_is_ascii(span_cut(messages[i], 0, 256 * 1024)))
			idn_load();
	status = child_run(
	    look_in_child, &work, out, count * sizeof(*out), NULL, 0, note);
	for (i = 0; status == STATUS_OK && i < count; i++)
		if (!is_sound(&out[i]))
			status = note_set(note, STATUS_BUG,
			    "the parser's report is malformed");
	return status;
}

enum status
sender_look(struct span message, struct sender *out, struct note *note)
{
	return senders_look(&message, 1, out, note);
}
