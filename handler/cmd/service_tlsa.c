/* service_tlsa.c - judge by TLSA records: see service_tlsa.h */
#include "cmd/service_tlsa.h"

#include <string.h>
#include <time.h>

#include "base/frame.h"
#include "process/resolve.h"

/* The zone is signed and valid where an answer for the same name is, though it
 * has no such record. */
static bool
is_secure(const struct session *session, const char *host,
    const struct service_at *at)
{
	struct dns_answer answer;
	struct buf name, out;
	bool secure = false;

	buf_init(&name, 512);
	buf_init(&out, 2 * DNS_LINE_MAX);
	dns_answer_init(&answer);
	buf_addf(&name, "_%u._tcp.%s", (unsigned)at->port, host);
	if (buf_status(&name) == STATUS_OK &&
	    resolve(&session->config.authenticate, &session->home, VERB_TXT,
		name.at, (int64_t)time(NULL), &out, NULL) == STATUS_OK &&
	    dns_answer_parse(frame_get(buf_span(&out), "dns"), &answer) ==
		STATUS_OK)
		secure = answer.state == DNS_SECURE;
	dns_answer_clear(&answer);
	buf_clear(&out);
	buf_clear(&name);
	return secure;
}

void
service_tlsa_find(const struct session *session, const char *host,
    const struct service_at *at, struct service_tlsa *out)
{
	struct note why = { "" };
	enum status status;

	*out = (struct service_tlsa){ .host = host, .at = *at };
	dns_answer_init(&out->answer);
	status = tlsa_find(&session->config, host, at, &out->answer, &why);
	if (status != STATUS_OK)
		note_say(&out->unknown, "%s", note_text(&why, status));
	else if (out->answer.count > 0)
		out->secure = is_secure(session, host, at);
}

void
service_tlsa_clear(struct service_tlsa *tlsa)
{
	dns_answer_clear(&tlsa->answer);
}

enum status
service_tlsa_judge(const struct service_tlsa *tlsa,
    const struct sighting *sighting, struct service_tlsa_verdict *out,
    struct note *note)
{
	const struct tlsa_question question = { .at = &tlsa->at,
		.host = tlsa->host,
		.chain = sighting->chain,
		.trusted = sighting->fits && sighting->distrust.len == 0 };
	struct tlsa_count *count = &out->count;
	enum status status;

	*out = (struct service_tlsa_verdict){ .wrong = false };
	if (tlsa->unknown.text[0] != '\0') {
		note_say(&out->text, "TLSA records are not known: %.200s",
		    tlsa->unknown.text);
		return STATUS_OK;
	}
	status = tlsa_judge(&tlsa->answer, &question, count, note);
	if (status != STATUS_OK)
		return status;
	out->wrong =
	    tlsa->secure && count->fit == 0 && count->unusable < count->records;
	if (count->records == 0)
		note_say(&out->text, "no TLSA record");
	else if (!tlsa->secure)
		note_say(&out->text,
		    "%zu of %zu TLSA records fit; DNSSEC does not secure them, "
		    "so nobody uses them",
		    count->fit, count->records);
	else if (count->fit > 0)
		note_say(&out->text, "%zu of %zu TLSA records fit", count->fit,
		    count->records);
	else if (count->unusable == count->records)
		note_say(&out->text,
		    "none of %zu TLSA records is usable%s: others check "
		    "nothing",
		    count->records,
		    strcmp(tlsa->at.service->name, "smtp") == 0
			? " (usages 0 and 1 are not for SMTP)"
			: "");
	else
		note_say(&out->text,
		    "none of %zu TLSA records fits: others refuse it",
		    count->records);
	return STATUS_OK;
}
