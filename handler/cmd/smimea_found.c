/* smimea_found.c - what a look-up has found: see smimea_found.h */
#include "cmd/smimea_found.h"

#include "base/frame.h"
#include "base/text.h"
#include "process/helper.h"

enum { TEXT_SIZE = 1024 };

/* Text of a stranger, which the verifier must have made safe. */
static bool
is_shown(struct span text)
{
	char copy[TEXT_SIZE];

	return span_copy(text, copy, sizeof(copy)) &&
	    text_is_shown(copy, sizeof(copy));
}

static bool
is_hex(struct span text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (!span_has_byte(SPAN("0123456789abcdef"), text.at[i]))
			return false;
	return true;
}

int64_t
smimea_number(struct span frames, const char *name)
{
	int64_t number = 0;

	return frame_number(frame_get(frames, name), &number) ? number : 0;
}

/* The frames of a certificate, or of a record, which may have one. */
static bool
is_good(struct span frames)
{
	struct frame frame;
	enum status status;

	while ((status = frame_take(&frames, &frame)) == STATUS_OK) {
		if (span_eq(frame.name, SPAN("pem")))
			continue;
		if (span_eq(frame.name, SPAN("certificate"))
			? !is_good(frame.value)
			: span_eq(frame.name, SPAN("data"))
			? !is_hex(frame.value)
			: !is_shown(frame.value))
			return false;
	}
	return status == STATUS_END;
}

enum status
smimea_found_read(struct smimea_found *found, struct note *note)
{
	struct span rest = found->frames, value, match;
	struct smimea_compared *one;
	size_t count = 0, records = 0;

	for (; frame_next(&rest, "record", &value); records++)
		if (!is_good(value))
			return helper_malformed(VERB_RECORDS,
			    "a record is not what it must be", note);
	if (records != found->answer->count)
		return helper_malformed(VERB_RECORDS,
		    "there are other records than were looked up", note);
	rest = found->frames;
	while (frame_next(&rest, "compared", &value)) {
		if (count == found->count || !is_good(value))
			return helper_malformed(VERB_RECORDS,
			    "a comparison is not what it must be", note);
		one = &found->compared[count++];
		one->pem = frame_get(value, "pem");
		(void)span_copy(
		    frame_get(value, "fault"), one->fault, sizeof(one->fault));
		one->matches = frame_next(&value, "match", &match);
	}
	return count == found->count
	    ? STATUS_OK
	    : helper_malformed(
		  VERB_RECORDS, "not every chain was compared", note);
}

/* The certificate that a record holds, if it may be encrypted to. */
static bool
take_usable(struct span record, struct span *certificate)
{
	struct span rest = record, fault;

	if (!frame_next(&rest, "certificate", certificate))
		return false;
	rest = *certificate;
	return !frame_next(&rest, "fault", &fault);
}

struct span
smimea_found_newest(const struct smimea_found *found)
{
	struct span rest = found->frames, record, one, newest = { NULL, 0 };
	int64_t starts = INT64_MIN;

	while (frame_next(&rest, "record", &record))
		if (take_usable(record, &one) &&
		    smimea_number(one, "starts") > starts) {
			starts = smimea_number(one, "starts");
			newest = frame_get(one, "pem");
		}
	return newest;
}

bool
smimea_found_names(
    const struct smimea_found *found, size_t chain, int64_t record)
{
	struct span rest = found->frames, value, match;
	int64_t number;
	size_t i = 0;

	while (frame_next(&rest, "compared", &value))
		if (i++ == chain)
			while (frame_next(&value, "match", &match))
				if (frame_number(match, &number) &&
				    number == record)
					return true;
	return false;
}
