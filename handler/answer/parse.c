/* parse.c - parse a message in a sandboxed child: see parse.h */
#include "answer/parse.h"

#include <stdlib.h>

#include "base/idn.h"
#include "base/text.h"
#include "process/child.h"

struct parse_work {
	struct span message;
	const struct rules *rules;
	int64_t now;
};

/* Flat, and of integers: another process wrote it. */
struct parse_report {
	uint32_t status;
	struct note note;
	struct challenge challenge;
	struct authres_query query;
};

static void
parse_in_child(const void *arg, void *report)
{
	const struct parse_work *work = arg;
	struct parse_report *out = report;

	out->status = challenge_parse(work->message, &work->rules->challenge,
	    &out->challenge, &out->note);
	if (out->status == STATUS_OK)
		out->status = authres_query_build(work->message,
		    span_of(out->challenge.claimed_from), &work->rules->policy,
		    work->now, &out->query);
}

/* Check the report: what was parsed may have taken over the child. */
static bool
report_ok(const struct parse_report *report)
{
	return report->status < STATUS_COUNT &&
	    text_is_shown(report->note.text, sizeof(report->note.text)) &&
	    (report->status != STATUS_OK ||
		(challenge_ok(&report->challenge) &&
		    authres_query_ok(&report->query)));
}

enum status
answer_parse(struct span message, const struct rules *rules, int64_t now,
    struct answer_claims *out, struct note *note)
{
	const struct parse_work work = { message, rules, now };
	struct parse_report *report = calloc(1, sizeof(*report));
	enum status status;

	if (report == NULL)
		return STATUS_MEMORY;
	/* Names beyond ASCII need libidn2, and the child can open nothing. */
	if (!span_is_ascii(span_cut(message, 0, 256 * 1024)))
		idn_load();
	status = child_run(
	    parse_in_child, &work, report, sizeof(*report), NULL, 0, note);
	if (status == STATUS_OK && !report_ok(report)) {
		status = note_set(
		    note, STATUS_BUG, "the parser sent a malformed report");
	} else if (status == STATUS_OK && report->status != STATUS_OK) {
		status = (enum status)report->status;
		if (report->note.text[0] != '\0' && note != NULL)
			*note = report->note;
	}
	if (status == STATUS_OK) {
		out->challenge = report->challenge;
		out->query = report->query;
	}
	free(report);
	return status;
}
