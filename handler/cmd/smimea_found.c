/* smimea_found.c - what a look-up has found: see smimea_found.h */
#include "cmd/smimea_found.h"

#include "answer/confirm.h"
#include "base/frame.h"
#include "base/text.h"
#include "cmd/cmd.h"
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

static int64_t
number_of(struct span frames, const char *name)
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
	size_t count = 0;

	while (frame_next(&rest, "record", &value))
		if (!is_good(value))
			return helper_malformed(VERB_RECORDS,
			    "a record is not what it must be", note);
	rest = found->frames;
	while (frame_next(&rest, "compared", &value)) {
		if (count == found->count || !is_good(value))
			break;
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
		    number_of(one, "starts") > starts) {
			starts = number_of(one, "starts");
			newest = frame_get(one, "pem");
		}
	return newest;
}

/* Which of the compared chains does that record name? */
static bool
names(const struct smimea_found *found, size_t chain, int64_t record)
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

static void
add_list(struct buf *out, struct span frames, const char *name)
{
	struct span value;
	bool first = true;

	while (frame_next(&frames, name, &value)) {
		if (!first)
			buf_add_text(out, ", ");
		text_show(out, value, TEXT_NO_LIMIT, text_locale_is_utf8());
		first = false;
	}
}

static void
show_certificate(struct span certificate, int64_t now, struct buf *out)
{
	const bool utf8 = text_locale_is_utf8();
	struct span rest = certificate, value;

	buf_add_text(out, "      of ");
	add_list(out, certificate, "address");
	buf_add_text(out, ", issued by ");
	text_show(out, frame_get(certificate, "issuer"), TEXT_NO_LIMIT, utf8);
	buf_add_text(out, "\n      valid until ");
	confirm_add_time(out, number_of(certificate, "expires"), now);
	buf_add_byte(out, '\n');
	if (frame_next(&rest, "capability", &value)) {
		buf_add_text(out, "      its owner prefers ");
		add_list(out, certificate, "capability");
		buf_add_byte(out, '\n');
	}
	rest = certificate;
	if (frame_next(&rest, "fault", &value)) {
		buf_add_text(out, "      not to be used: ");
		text_show(out, value, TEXT_NO_LIMIT, utf8);
		buf_add_byte(out, '\n');
	}
}

/* What a record says, in words. */
static void
show_kind(struct span record, struct buf *out)
{
	static const char *const usages[] = { "the CA, with a trusted root",
		"the certificate, with a trusted root", "the CA",
		"the certificate" };
	static const char *const selectors[] = { "", " by its key" };
	static const char *const matchings[] = { "", ", SHA-256", ", SHA-512" };
	const int64_t usage = number_of(record, "usage");
	const int64_t selector = number_of(record, "selector");
	const int64_t matching = number_of(record, "matching");

	buf_addf(out, "%lld %lld %lld", (long long)usage, (long long)selector,
	    (long long)matching);
	if (usage >= 0 && usage <= 3 && selector >= 0 && selector <= 1 &&
	    matching >= 0 && matching <= 2)
		buf_addf(out, " %s%s%s", usages[usage], selectors[selector],
		    matchings[matching]);
}

static void
show_record(const struct smimea_found *found, int64_t index, struct span record,
    int64_t now, struct buf *out)
{
	struct span rest = record, value;
	size_t i;

	buf_add_text(out, "  ");
	show_kind(record, out);
	buf_add_byte(out, '\n');
	if (frame_next(&rest, "certificate", &value))
		show_certificate(value, now, out);
	rest = record;
	if (frame_next(&rest, "fault", &value)) {
		buf_add_text(out, "      of no use: ");
		text_show(out, value, TEXT_NO_LIMIT, text_locale_is_utf8());
		buf_add_byte(out, '\n');
	}
	for (i = 0; i < found->count; i++)
		if (names(found, i, index))
			buf_addf(out, "      names %s%s\n",
			    found->compared[i].own ? "your certificate " : "",
			    found->compared[i].name);
}

void
smimea_found_show(
    const struct smimea_found *found, int64_t now, struct buf *out)
{
	struct span rest = found->frames, record;
	int64_t index = 0;
	size_t i;

	buf_addf(out, "%s\n", found->owner);
	while (frame_next(&rest, "record", &record))
		show_record(found, index++, record, now, out);
	for (i = 0; i < found->count; i++)
		if (!found->compared[i].matches)
			buf_addf(out, "no record names %s%s\n",
			    found->compared[i].own ? "your certificate " : "",
			    found->compared[i].name);
}

static void
add_array(struct json_writer *json, const char *array, struct span frames,
    const char *name)
{
	struct span value;

	json_open_array(json, array);
	while (frame_next(&frames, name, &value))
		json_add(json, NULL, value);
	json_close(json);
}

/* The text of a frame, or null. */
static void
add_text(struct json_writer *json, const char *name, struct span frames)
{
	struct span value;

	if (frame_next(&frames, name, &value))
		json_add(json, name, value);
	else
		json_add_text(json, name, NULL);
}

static void
add_certificate(struct json_writer *json, struct span frames)
{
	json_open_object(json, "certificate");
	json_add(json, "pem", frame_get(frames, "pem"));
	json_add(json, "sha256", frame_get(frames, "sha256"));
	json_add(json, "issuer", frame_get(frames, "issuer"));
	add_array(json, "addresses", frames, "address");
	cmd_add_time(json, "starts", number_of(frames, "starts"));
	cmd_add_time(json, "expires", number_of(frames, "expires"));
	add_array(json, "capabilities", frames, "capability");
	add_text(json, "fault", frames);
	json_close(json);
}

static void
add_record(const struct smimea_found *found, struct json_writer *json,
    int64_t index, struct span record)
{
	static const char *const numbers[] = { "usage", "selector",
		"matching" };
	struct span rest = record, value;
	size_t i;

	json_open_object(json, NULL);
	for (i = 0; i < 3; i++)
		json_add_number(
		    json, numbers[i], number_of(record, numbers[i]));
	json_add(json, "data", frame_get(record, "data"));
	add_text(json, "fault", record);
	if (frame_next(&rest, "certificate", &value))
		add_certificate(json, value);
	else
		json_add_text(json, "certificate", NULL);
	json_open_array(json, "names");
	for (i = 0; i < found->count; i++)
		if (names(found, i, index))
			json_add_text(json, NULL, found->compared[i].name);
	json_close(json);
	json_close(json);
}

void
smimea_found_json(const struct smimea_found *found, struct json_writer *json)
{
	struct span rest = found->frames, record;
	int64_t index = 0;
	size_t i;

	json_add_text(json, "address", found->address);
	json_add_text(json, "name", found->owner);
	json_add_text(json, "dnssec", dns_state_name(found->answer->state));
	json_add_filled(json, "reason", found->answer->reason);
	json_add_bool(json, "remembered", found->remembered);
	json_open_array(json, "records");
	while (frame_next(&rest, "record", &record))
		add_record(found, json, index++, record);
	json_close(json);
	json_open_array(json, "compared");
	for (i = 0; i < found->count; i++) {
		json_open_object(json, NULL);
		json_add_text(json, "certificate", found->compared[i].name);
		json_add_bool(json, "own", found->compared[i].own);
		json_add_bool(json, "matches", found->compared[i].matches);
		json_close(json);
	}
	json_close(json);
}
