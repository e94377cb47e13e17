/* bounced.c - record that an answer was not delivered: see bounced.h */
#include "answer/bounced.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "process/child.h"

/* Flat: another process wrote it. */
struct report {
	uint32_t status;
	struct bounce bounce;
};

static_assert(sizeof(((struct expectation *)NULL)->bounce) ==
	sizeof(((struct bounce *)NULL)->reason),
    "a reason fits");

static void
parse_in_child(const void *arg, void *report)
{
	const struct span *message = arg;
	struct report *out = report;

	out->status = bounce_parse(*message, &out->bounce);
}

static enum status
parse(struct span message, struct bounce *out, struct note *note)
{
	static const int none[1]; /* it may allocate memory */
	struct report report = { .status = STATUS_BUG };
	enum status status;

	status = child_run(
	    parse_in_child, &message, &report, sizeof(report), none, 0, note);
	if (status != STATUS_OK)
		return status;
	if (report.status >= STATUS_COUNT ||
	    (report.status == STATUS_OK && !bounce_ok(&report.bounce)))
		return note_set(
		    note, STATUS_BUG, "the parser sent a malformed report");
	*out = report.bounce;
	return (enum status)report.status;
}

static bool
is_answer(const void *record, const void *id)
{
	const struct expectation *expectation = record;

	return strcmp(expectation->reply_id, id) == 0;
}

/* An answer that is drafted or in doubt was sent, as it came back. */
static enum status
set_bounced(void *record, const void *arg, struct note *note)
{
	struct expectation *expectation = record;
	const struct bounce *bounce = arg;

	(void)note;
	if (!is_answer(expectation, bounce->message_id) ||
	    expectation->state == EXPECTATION_BOUNCED || expectation->met != 0)
		return STATUS_UNCHANGED;
	expectation->state = EXPECTATION_BOUNCED;
	(void)strcpy(expectation->bounced_id, bounce->message_id);
	(void)strcpy(expectation->bounce,
	    bounce->reason[0] != '\0' ? bounce->reason
				      : "the server gives no reason");
	return STATUS_OK;
}

enum status
bounced_record(const struct home *home, struct span message,
    struct expectation *out, struct note *note)
{
	struct record_search search = { .ids = 0 };
	struct expectation *found = NULL;
	enum expectation_state before;
	struct bounce bounce;
	enum status status;
	size_t count = 0;

	status = parse(message, &bounce, note);
	if (status != STATUS_OK)
		return status;
	expectation_search_reply(&search, bounce.message_id);
	status = expectations_find(
	    home, &search, is_answer, bounce.message_id, &found, &count, note);
	if (status == STATUS_OK && count == 0)
		status = STATUS_MISSING;
	if (status == STATUS_OK)
		*out = found[0];
	free(found);
	if (status != STATUS_OK)
		return status;
	before = out->state;
	status =
	    expectation_change(home, out->id, set_bounced, &bounce, out, note);
	return status == STATUS_OK && out->state == before ? STATUS_UNCHANGED
							   : status;
}
