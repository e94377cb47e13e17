/* sender.c - look at a message in a sandboxed child: see sender.h */
#include "cmd/sender.h"

#include <stdlib.h>
#include <string.h>

#include "base/idn.h"
#include "mail/header.h"
#include "mail/mbox.h"
#include "mail/smime.h"
#include "process/child.h"

static void
look_in_child(const void *arg, void *report)
{
	const struct span *message = arg;
	struct header *header = malloc(sizeof(*header));
	struct sender *out = report;

	if (header == NULL)
		return;
	header_parse(mbox_strip(*message), header);
	out->likely = smime_is_likely(header);
	if (header_count(header, SPAN("From")) == 1)
		(void)!address_sole(
		    header_body(header, SPAN("From")), out->from);
	free(header);
}

/* Check the report: the message may have taken over the child. */
enum status
sender_look(struct span message, struct sender *out, struct note *note)
{
	struct mailbox mailbox;
	char normal[ADDRESS_SIZE];
	enum status status;

	if (!span_is_ascii(span_cut(message, 0, 256 * 1024)))
		idn_load();
	status = child_run(
	    look_in_child, &message, out, sizeof(*out), NULL, 0, note);
	if (status != STATUS_OK)
		return status;
	if (memchr(out->from, '\0', sizeof(out->from)) == NULL ||
	    (out->from[0] != '\0' &&
		(address_parse(span_of(out->from), &mailbox) != STATUS_OK ||
		    address_normal(&mailbox, normal) != STATUS_OK)))
		return note_set(
		    note, STATUS_BUG, "the parser's report is malformed");
	return STATUS_OK;
}
