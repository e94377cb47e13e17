/*
 * message.c - examine a message sent to oneself
 *
 * It is hostile as any other: a sandboxed child reads it, and the verifier
 * checks its signature.
 */
#include <stdio.h>
#include <string.h>

#include "base/frame.h"
#include "base/idn.h"
#include "doctor/doctor_p.h"
#include "input/input.h"
#include "process/child.h"
#include "process/helper.h"
#include "process/resolve.h"
#include "reply/own_mail.h"

enum { ROOM = 1024 * 1024, ANSWER_MAX = 64 * 1024, NAMES_SIZE = 240 };

/* Nothing is cached: doctor changes nothing. */
static const struct home no_home = { .dir = -1 };

struct look {
	struct span message;
	int64_t now;
};

/* Flat. */
struct report {
	uint32_t failed; /* 1: no memory */
	struct own_mail own;
};

static void
look_in_child(const void *arg, void *report)
{
	const struct look *look = arg;
	struct report *out = report;

	out->failed =
	    own_mail_read(look->message, look->now, &out->own) != STATUS_OK;
}

enum status
doctor_read_mail(
    struct span message, int64_t now, struct own_mail *out, struct note *note)
{
	const struct look look = { message, now };
	struct report report = { .failed = 1 };
	enum status status;

	if (!span_is_ascii(span_cut(message, 0, 256 * 1024)))
		idn_load();
	status = child_run(
	    look_in_child, &look, &report, sizeof(report), NULL, 0, note);
	if (status == STATUS_OK && report.failed != 0)
		status = STATUS_MEMORY;
	if (status == STATUS_OK && !own_mail_ok(&report.own))
		status = note_set(
		    note, STATUS_BUG, "the parser's report is malformed");
	if (status == STATUS_OK)
		*out = report.own;
	return status;
}

/* --- the signature ---------------------------------------------------------*/

static void
judge_coverage(const struct own_mail *own, struct findings *out)
{
	char names[NAMES_SIZE] = "";
	size_t i, len = 0;

	for (i = 0; i < OWN_MAIL_NAMES; i++)
		if ((own->missing & UINT32_C(1) << i) != 0)
			len +=
			    (size_t)snprintf(names + len, sizeof(names) - len,
				"%s%s", len > 0 ? ", " : "", own_mail_name(i));
	if (own->missing == 0)
		finding_add(out, FINDING_OK, "dkim-h",
		    "h= lists the twelve fields of RFC 8823");
	else
		finding_add(out, FINDING_ERROR, "dkim-h",
		    "h= lacks %s; write to your provider: \"Please list %s in "
		    "h= of your DKIM signatures, also where a message lacks "
		    "the field (oversigning); RFC 8823 section 3.2 demands "
		    "it.\"",
		    names, names);
}

/* False: there is no signature by the domain of From. */
static bool
judge_domain(const struct own_mail *own, struct findings *out)
{
	const struct span domain = address_domain(span_of(own->from));

	if (own->count > 0)
		finding_add(out, FINDING_OK, "dkim-d", "d=%.*s",
		    (int)domain.len, domain.at);
	else if (own->fault.text[0] != '\0')
		finding_add(
		    out, FINDING_ERROR, "dkim-d", "%s", own->fault.text);
	else if (own->other[0] != '\0')
		finding_add(out, FINDING_ERROR, "dkim-d",
		    "the message is signed by %.100s only; write to your "
		    "provider: \"Please sign mail from %.*s with "
		    "d=%.*s; RFC 8823 section 3.2 demands it.\"",
		    own->other, (int)domain.len, domain.at, (int)domain.len,
		    domain.at);
	else
		finding_add(out, FINDING_ERROR, "dkim-d",
		    "the message has no DKIM signature; send through the "
		    "server of your provider, or write to it: \"Please sign "
		    "mail from %.*s by DKIM with d=%.*s.\"",
		    (int)domain.len, domain.at, (int)domain.len, domain.at);
	return own->count > 0;
}

static enum status
verify(const struct doctor *doctor, const struct own_mail *own,
    struct span message, bool *weak, struct note *note)
{
	const struct authres_policy *policy = &doctor->config->authenticate;
	struct buf question, answer;
	enum status status = STATUS_OK;
	uint32_t i;

	buf_init(&question, message.len + ROOM);
	buf_init(&answer, ANSWER_MAX);
	frame_add_number(&question, "now", doctor->now);
	frame_add(&question, "from", span_of(own->from));
	/* What covers the twelve fields must be what holds. */
	if (own->missing == 0)
		frame_add(&question, "covers", SPAN(""));
	for (i = 0; i < own->count && status == STATUS_OK; i++)
		status = resolve(policy, &no_home, VERB_TXT, own->key_name[i],
		    doctor->now, &question, note);
	frame_add(&question, "message", message);
	if (status == STATUS_OK)
		status = helper_ask(VERB_SIGNATURE, &question, &answer, note);
	*weak = status == STATUS_OK &&
	    !span_eq(frame_get(buf_span(&answer), "weak"), SPAN("0"));
	buf_clear(&answer);
	buf_clear(&question);
	return status;
}

static void
judge_signature(const struct doctor *doctor, const struct own_mail *own,
    struct span message, struct findings *out)
{
	struct note note = { "" };
	bool weak = false;
	const enum status status = verify(doctor, own, message, &weak, &note);

	if (status == STATUS_DNS)
		finding_add(out, FINDING_WARNING, "dkim", "%s",
		    note_text(&note, status));
	else if (status == STATUS_BAD_DKIM_COVERAGE)
		finding_add(out, FINDING_ERROR, "dkim",
		    "the signature that covers the twelve fields does not "
		    "hold, only one that covers less; a CA refuses that");
	else if (status != STATUS_OK)
		finding_add(out, FINDING_ERROR, "dkim",
		    "the signature does not hold: %s; a CA refuses that",
		    note_text(&note, status));
	else if (weak)
		finding_add(out, FINDING_WARNING, "dkim",
		    "the signature holds; its RSA key has fewer than 2048 "
		    "bits");
	else
		finding_add(out, FINDING_OK, "dkim", "the signature holds");
}

/* --- the message -----------------------------------------------------------*/

/* False: there is no sender to speak of. */
static bool
judge_sender(const struct doctor *doctor, const struct own_mail *own,
    struct findings *out)
{
	if (own->from[0] == '\0') {
		finding_add(out, FINDING_ERROR, "from",
		    "the message does not have one From with one address; is "
		    "it a whole message, with its header?");
		return false;
	}
	if (own->to[0] != '\0' &&
	    address_compare(span_of(own->from), span_of(own->to)) ==
		ADDRESS_OTHER)
		finding_add(out, FINDING_ERROR, "from",
		    "From is %.100s, and the message went to %.100s: if you "
		    "sent it to yourself, From was rewritten on the way, and a "
		    "CA refuses the answer",
		    own->from, own->to);
	else if (!doctor_is_own(doctor, own->from))
		finding_add(out, FINDING_WARNING, "from",
		    "%.100s is not an address of your orders: send the message "
		    "from the one that the certificate is for",
		    own->from);
	else
		finding_add(out, FINDING_OK, "from", "%.100s", own->from);
	return true;
}

static void
judge_body(const struct own_mail *own, struct findings *out)
{
	static const char *const words[OWN_BODY_COUNT] = {
		[OWN_BODY_MORE] =
		    "text stands before or after the response, such as a "
		    "disclaimer or a signature; switch it off, because some "
		    "CAs refuse the answer",
		[OWN_BODY_ENCODED] =
		    "the text came back as base64 or quoted-printable; some "
		    "CAs cannot read that; ask for a server that leaves 7bit "
		    "text alone",
		[OWN_BODY_PARTS] =
		    "the message has become multipart, as disclaimers do; "
		    "switch that off, because some CAs refuse the answer"
	};

	if (words[own->body] != NULL)
		finding_add(
		    out, FINDING_WARNING, "body", "%s", words[own->body]);
	else
		finding_add(out, FINDING_OK, "body", "%s",
		    own->body == OWN_BODY_RESPONSE
			? "nothing was added to the response"
			: own->body == OWN_BODY_SIGNED
			? "signed; to see whether a footer is added, send an "
			  "ACME response (mailcert(1), doctor)"
			: "plain text; to see whether a footer is added, send "
			  "an ACME response (mailcert(1), doctor)");
	if (own->list != 0)
		finding_add(out, FINDING_ERROR, "body",
		    "the message has a List- field, as mailing lists add; a CA "
		    "refuses that (RFC 8823 section 3.2)");
}

/* --- the domain ------------------------------------------------------------*/

struct policy_look {
	struct span frames, version;
};

static void
policy_in_child(const void *arg, void *report)
{
	const struct policy_look *look = arg;

	mail_policy_read(look->frames, look->version, report);
}

static enum status
look_up(const struct doctor *doctor, const char *name, const char *version,
    struct mail_policy *out, struct note *note)
{
	const struct authres_policy *policy = &doctor->config->authenticate;
	struct policy_look look = { .version = span_of(version) };
	const int none[1] = { 0 };
	struct buf frames;
	enum status status;

	buf_init(&frames, ROOM);
	status = resolve(
	    policy, &no_home, VERB_TXT, name, doctor->now, &frames, note);
	look.frames = buf_span(&frames);
	/* It allocates: not the strictest sandbox. */
	if (status == STATUS_OK)
		status = child_run(
		    policy_in_child, &look, out, sizeof(*out), none, 0, note);
	if (status == STATUS_OK && !mail_policy_ok(out))
		status = note_set(
		    note, STATUS_BUG, "the parser's report is malformed");
	buf_clear(&frames);
	return status;
}

static void
judge_policy(const struct doctor *doctor, const char *check, const char *name,
    const char *version, struct findings *out)
{
	struct mail_policy policy = { .answered = 0 };
	struct note note = { "" };
	const enum status status =
	    look_up(doctor, name, version, &policy, &note);

	if (status != STATUS_OK)
		finding_add(out, FINDING_WARNING, check, "%s",
		    note_text(&note, status));
	else if (policy.answered == 0)
		finding_add(out, FINDING_WARNING, check,
		    "the DNS does not answer for %s now", name);
	else if (policy.records == 0)
		finding_add(out, FINDING_WARNING, check,
		    "%s has no %s record; a CA may judge the answer by it, so "
		    "ask your provider to publish one",
		    name, version);
	else if (policy.records > 1)
		finding_add(out, FINDING_ERROR, check,
		    "%s has %u %s records, so none counts; one must remain",
		    name, policy.records, version);
	else
		finding_add(
		    out, FINDING_OK, check, "%s: %s", name, policy.text);
}

static void
judge_domain_policies(const struct doctor *doctor, const struct own_mail *own,
    struct findings *out)
{
	const struct span domain = address_domain(span_of(own->from));
	const struct span envelope = address_domain(span_of(own->return_path));
	char name[DNS_NAME_SIZE + 8];

	(void)span_copy(domain, name, sizeof(name));
	judge_policy(doctor, "spf", name, "v=spf1", out);
	if (own->return_path[0] != '\0' && !span_eq(domain, envelope))
		finding_add(out, FINDING_WARNING, "spf",
		    "the envelope sender is %.100s: SPF judges its domain "
		    "instead of yours; set use_envelope_from=yes in mutt",
		    own->return_path);
	(void)snprintf(
	    name, sizeof(name), "_dmarc.%.*s", (int)domain.len, domain.at);
	judge_policy(doctor, "dmarc", name, "v=DMARC1", out);
}

void
doctor_judge_mail(const struct doctor *doctor, const struct own_mail *own,
    struct span message, struct findings *out)
{
	if (!judge_sender(doctor, own, out))
		return;
	if (judge_domain(own, out)) {
		judge_coverage(own, out);
		judge_signature(doctor, own, message, out);
	}
	judge_body(own, out);
	judge_domain_policies(doctor, own, out);
}

enum status
doctor_message(const struct doctor *doctor, const char *file,
    struct findings *out, struct note *note)
{
	struct input input = { .kind = INPUT_OTHER };
	struct own_mail own = { .signatures = 0 };
	enum status status;
	struct span message;

	status = input_read(file, "message/rfc822",
	    (size_t)doctor->config->max_message, &input, note);
	message = buf_span(&input.bytes);
	if (status == STATUS_OK)
		status = doctor_read_mail(message, doctor->now, &own, note);
	if (status == STATUS_OK)
		doctor_judge_mail(doctor, &own, message, out);
	buf_clear(&input.bytes);
	return status;
}
