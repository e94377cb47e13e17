/* smimea_show.c - show what a look-up has found: see smimea_found.h */
#include "answer/confirm.h"
#include "base/frame.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/smimea_found.h"

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
	confirm_add_time(out, smimea_number(certificate, "expires"), now);
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
	const int64_t usage = smimea_number(record, "usage");
	const int64_t selector = smimea_number(record, "selector");
	const int64_t matching = smimea_number(record, "matching");

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
		if (smimea_found_names(found, i, index))
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
	cmd_add_time(json, "starts", smimea_number(frames, "starts"));
	cmd_add_time(json, "expires", smimea_number(frames, "expires"));
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
		    json, numbers[i], smimea_number(record, numbers[i]));
	json_add(json, "data", frame_get(record, "data"));
	add_text(json, "fault", record);
	if (frame_next(&rest, "certificate", &value))
		add_certificate(json, value);
	else
		json_add_text(json, "certificate", NULL);
	json_open_array(json, "names");
	for (i = 0; i < found->count; i++)
		if (smimea_found_names(found, i, index))
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
