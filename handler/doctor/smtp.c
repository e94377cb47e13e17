/*
 * smtp.c - does the SMTP server of a mail program answer?
 *
 * Nobody logs in: the password is the mail program's.
 */
#include <stdio.h>

#include "base/text.h"
#include "doctor/doctor_p.h"
#include "service/sight.h"

/* "submissions:465" */
static bool
find_service(uint16_t port, bool implicit_tls, struct service_at *out)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "%s:%u",
	    implicit_tls ? "submissions" : "submission", port);
	return service_at_parse(span_of(name), out);
}

/* Does it say what it can do, at one of its addresses?  Else why not. */
static bool
answers(struct span sightings, struct note *why)
{
	struct sighting sighting;

	while (sight_next(&sightings, &sighting)) {
		if (sighting.listed_before || sighting.listed_after)
			return true;
		if (why->text[0] == '\0')
			note_say(why, "%.*s", (int)sighting.fault.len,
			    sighting.fault.at);
	}
	return false;
}

void
doctor_smtp(const struct doctor *doctor, const char *check, struct span host,
    uint16_t port, bool implicit_tls, struct findings *out)
{
	char name[HOST_SIZE], shown[HOST_SIZE];
	struct sight_of of = { .host = name };
	struct helper_kept kept = { .questions = 0 };
	struct note why = { "" };
	enum status status;
	struct buf answer;

	if (host.len == 0 || !span_copy(host, name, sizeof(name)) ||
	    !find_service(port, implicit_tls, &of.at))
		return;
	text_show_in(shown, sizeof(shown), host, false);
	buf_init(&answer, SIGHT_ANSWER_MAX);
	status = sight_look(doctor->config, &of, &kept, &answer, &why);
	helper_end(&kept);
	if (status != STATUS_OK)
		finding_add(out, FINDING_WARNING, check,
		    "its SMTP server cannot be reached: %.300s",
		    note_text(&why, status));
	else if (!answers(buf_span(&answer), &why))
		finding_add(out, FINDING_WARNING, check,
		    "its SMTP server %.200s, port %u, does not answer: %.200s",
		    shown, port, why.text);
	buf_clear(&answer);
}
