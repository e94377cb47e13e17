/*
 * own_mail.c - find the message to oneself in a watched mailbox
 *
 * What doctor --message examines, found where challenges are looked for.  The
 * newest one counts: whoever has changed something sends another.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "config/source.h"
#include "doctor/doctor_p.h"
#include "watch/watch.h"

enum { DAYS = 14, DAY = 24 * 3600, WHERE_SIZE = 320 };

/* The newest so far. */
struct newest {
	const struct doctor *doctor;
	struct own_mail own;
	struct buf message; /* owned; empty: none was found */
	char where[WHERE_SIZE];
};

/* It came to one of the user's addresses, from there or, if somebody has
 * rewritten From, with the response that only the user can have sent. */
static bool
is_to_oneself(const struct doctor *doctor, const struct own_mail *own)
{
	const bool response =
	    own->body == OWN_BODY_RESPONSE || own->body == OWN_BODY_MORE;

	return own->to[0] != '\0' && doctor_is_own(doctor, own->to) &&
	    (address_compare(span_of(own->from), span_of(own->to)) !=
		    ADDRESS_OTHER ||
		(doctor->order_count > 0 && response));
}

static enum status
take(void *arg, const char *where, struct span message)
{
	struct newest *newest = arg;
	struct own_mail own = { .signatures = 0 };
	struct note note = { "" };
	enum status status;

	status = doctor_read_mail(message, newest->doctor->now, &own, &note);
	if (status != STATUS_OK || !is_to_oneself(newest->doctor, &own) ||
	    (newest->message.len > 0 && own.date < newest->own.date))
		return status == STATUS_MEMORY ? status : STATUS_UNCHANGED;
	buf_clear(&newest->message);
	buf_add(&newest->message, message);
	newest->own = own;
	(void)snprintf(newest->where, sizeof(newest->where), "%.*s",
	    WHERE_SIZE - 1, where);
	return buf_status(&newest->message) == STATUS_OK ? STATUS_UNCHANGED
							 : STATUS_MEMORY;
}

/* Of a message that was answered only: none is here. */
static void
hear_nothing(void *arg, const char *what)
{
	(void)arg;
	(void)what;
}

/* A server that cannot be reached, or does not let us in, is what
 * doctor_servers() reports. */
static bool
is_reported(const struct source *source, enum status status)
{
	return (source->kind == SOURCE_IMAP || source->kind == SOURCE_JMAP) &&
	    (status == STATUS_NET || status == STATUS_AGAIN ||
		status == STATUS_LOGIN || status == STATUS_CONFIG);
}

/* False: it added a finding. */
static bool
look_into(
    const struct source *source, struct newest *newest, struct findings *out)
{
	const struct config *config = newest->doctor->config;
	const struct watch_wanted wanted = { .since = newest->doctor->now -
		    (int64_t)DAYS * DAY,
		.count = 1,
		.plain = true };
	const struct watch_taker taker = {
		.take = take, .tell = hear_nothing, .arg = newest
	};
	char name[SOURCE_NAME_SIZE];
	struct note note = { "" };
	enum status status;

	status = watch_recent(
	    config, newest->doctor->access, source, &wanted, &taker, &note);
	if (status == STATUS_OK || is_reported(source, status))
		return status == STATUS_OK;
	source_name(source, name);
	finding_add(out, FINDING_ERROR, "watch", "%.250s: %.300s", name,
	    note_text(&note, status));
	return false;
}

void
doctor_own_mail(const struct doctor *doctor, struct findings *out)
{
	static struct source sources[SOURCES_MAX];
	struct newest newest = { .doctor = doctor };
	size_t count = 0, i;
	bool good = true;

	/* It was valid when the configuration was read. */
	if (!sources_parse(
		span_of(doctor->config->watch), sources, SOURCES_MAX, &count) ||
	    count == 0)
		return;
	buf_init(&newest.message, (size_t)doctor->config->max_message);
	for (i = 0; i < count; i++)
		good = look_into(&sources[i], &newest, out) && good;
	if (newest.message.len > 0) {
		finding_add(out, FINDING_OK, "message",
		    "found one that you sent to yourself: %.300s",
		    newest.where);
		doctor_judge_mail(
		    doctor, &newest.own, buf_span(&newest.message), out);
	} else if (good) {
		finding_add(out, FINDING_OK, "message",
		    "none to yourself in the watched mailboxes; to examine "
		    "what your provider makes of answers, send one "
		    "(mailcert(1), doctor)");
	}
	buf_clear(&newest.message);
}
