/*
 * jmap_ask.c - ask a JMAP server: see jmap_ask.h
 *
 * mailcert-https sends the requests; it alone has a network, and connects to
 * no other server.  What JSON a stranger has written is parsed in a child.
 */
#include "watch/jmap_ask.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "process/child.h"

/* The resource that leads to the session (RFC 8620 section 2.2). */
#define WELL_KNOWN "/.well-known/jmap"

enum { ROOM = 64 * 1024, REDIRECTS_MAX = 2 };

/* An answer over HTTP. */
struct reply {
	int64_t code;
	int64_t retry_after;
	char location[JMAP_URL_SIZE];
	struct span body; /* in talk->answer */
};

/* What the child parses, and what it reports. */
struct work {
	enum { SESSION, IDS, EMAILS, TROUBLE } what;
	enum jmap_list list;
	struct span body;
	const struct server *server;
	const char *base;
	const struct watch_wanted *wanted;
};

struct report {
	uint32_t status;
	struct note note;
	union {
		struct jmap_session session;
		struct jmap_ids ids;
		struct jmap_emails emails;
		struct jmap_result problem;
	} is;
};

void
jmap_talk_begin(
    struct jmap_talk *talk, struct watched *mailbox, struct look *look)
{
	*talk = (struct jmap_talk){ .mailbox = mailbox, .look = look };
	buf_init(&talk->answer,
	    JMAP_BODY_MAX + ROOM + (size_t)look->watcher->config->max_message);
}

void
jmap_talk_end(struct jmap_talk *talk)
{
	buf_clear(&talk->answer);
}

/* --- in a child */

static void
parse_in_child(const void *arg, void *report)
{
	const struct work *work = arg;
	struct report *out = report;

	switch (work->what) {
	case SESSION:
		out->status = jmap_session_parse(work->body, work->server,
		    work->base, &out->is.session, &out->note);
		break;
	case IDS:
		out->status = jmap_ids_parse(
		    work->body, work->list, &out->is.ids, &out->note);
		break;
	case EMAILS:
		out->status = jmap_emails_parse(
		    work->body, work->wanted, &out->is.emails, &out->note);
		break;
	case TROUBLE:
		jmap_problem_parse(work->body, &out->is.problem);
		break;
	}
}

static bool
report_ok(const struct work *work, const struct report *report)
{
	switch (work->what) {
	case SESSION:
		return jmap_session_ok(&report->is.session);
	case IDS:
		return jmap_ids_ok(&report->is.ids);
	case EMAILS:
		return jmap_emails_ok(&report->is.emails);
	case TROUBLE:
		break;
	}
	return jmap_result_ok(&report->is.problem);
}

/* Check the report: what was parsed may have taken over the child. */
static enum status
parse(const struct work *work, struct report *out, struct note *note)
{
	/* It needs memory, and no descriptor. */
	static const int none[1];
	enum status status;

	json_prepare();
	status =
	    child_run(parse_in_child, work, out, sizeof(*out), none, 0, note);
	if (status == STATUS_BUG)
		return note_set(
		    note, STATUS_BAD_JSON, "its answer cannot be read");
	if (status != STATUS_OK)
		return status;
	if (out->status >= STATUS_COUNT ||
	    !text_is_shown(out->note.text, sizeof(out->note.text)) ||
	    (out->status == STATUS_OK && !report_ok(work, out)))
		return note_set(note, STATUS_BAD_JSON,
		    "the parser's report of its answer is malformed");
	if (out->status != STATUS_OK)
		return note_set(note, (enum status)out->status, "%s",
		    note_text(&out->note, (enum status)out->status));
	return STATUS_OK;
}

/* Parse, and copy the result out of the report. */
static enum status
parse_into(const struct work *work, void *out, size_t size, struct note *note)
{
	struct report *report = calloc(1, sizeof(*report));
	enum status status = STATUS_MEMORY;

	if (report != NULL)
		status = parse(work, report, note);
	if (status == STATUS_OK)
		memcpy(out, &report->is, size);
	free(report);
	return status;
}

/* --- over HTTP */

static enum status
take_reply(struct span answer, struct reply *out, struct note *note)
{
	struct span location = frame_get(answer, "location");

	if (!frame_number(frame_get(answer, "code"), &out->code) ||
	    out->code < 100 || out->code > 999)
		return helper_malformed(
		    VERB_FETCH, "code is not an HTTP status", note);
	if (!frame_number(
		frame_get(answer, "retry-after"), &out->retry_after) ||
	    out->retry_after < -1)
		return helper_malformed(
		    VERB_FETCH, "retry-after is not seconds", note);
	if (!span_copy(location, out->location, sizeof(out->location)))
		out->location[0] = '\0';
	out->body = frame_get(answer, "body");
	return STATUS_OK;
}

/* body: of a POST; empty: a GET. */
static enum status
fetch(struct jmap_talk *talk, const char *target, struct span body,
    int64_t most, struct reply *out, struct note *note)
{
	struct watched *mailbox = talk->mailbox;
	struct buf frames;
	enum status status;

	buf_init(&frames, body.len + ROOM);
	frame_add(&frames, "method", body.len > 0 ? SPAN("POST") : SPAN("GET"));
	frame_add(&frames, "target", span_of(target));
	if (body.len > 0)
		frame_add(&frames, "body", body);
	frame_add_number(&frames, "most", most);
	status = buf_status(&frames);
	if (status == STATUS_OK)
		status = mail_server_ask(talk->look->watcher->access,
		    &mailbox->source.server, VERB_FETCH, buf_span(&frames),
		    &mailbox->kept, &talk->answer, note);
	buf_clear(&frames);
	return status == STATUS_OK
	    ? take_reply(buf_span(&talk->answer), out, note)
	    : status;
}

/* Say why a reply is not an answer. */
static enum status
refuse(struct jmap_talk *talk, const struct reply *reply, struct note *note)
{
	const struct work work = { .what = TROUBLE, .body = reply->body };
	struct jmap_result problem = { .type = "" };
	const int code = (int)reply->code;

	talk->mailbox->wish = reply->retry_after;
	if (code == 429)
		return note_set(
		    note, STATUS_AGAIN, "it wants fewer questions (HTTP 429)");
	if (code >= 300 && code < 400)
		return note_set(note, STATUS_NET,
		    "it redirects to another server (HTTP %d)", code);
	if (code >= 500 ||
	    parse_into(&work, &problem, sizeof(problem), NULL) != STATUS_OK)
		return note_set(
		    note, STATUS_NET, "it answers with HTTP %d", code);
	return note_set(note,
	    problem.outcome == JMAP_LATER ? STATUS_AGAIN : STATUS_NET,
	    "it answers with HTTP %d (%s)", code, problem.type);
}

/* Follow what /.well-known/jmap says, on this server. */
static enum status
find_session(struct jmap_talk *talk, char base[JMAP_URL_SIZE],
    struct reply *reply, struct note *note)
{
	const struct server *server = &talk->mailbox->source.server;
	char next[JMAP_URL_SIZE];
	enum status status;
	int i;

	(void)strcpy(base, WELL_KNOWN);
	for (i = 0;; i++) {
		status =
		    fetch(talk, base, SPAN(""), JMAP_BODY_MAX, reply, note);
		if (status != STATUS_OK || reply->code == 200)
			return status;
		if (reply->code == 404)
			return note_set(note, STATUS_NET,
			    "it has no JMAP (HTTP 404 for %.200s)", base);
		if (reply->code < 300 || reply->code > 399 ||
		    i == REDIRECTS_MAX ||
		    !jmap_resolve(span_of(reply->location), server, base, true,
			next, sizeof(next)))
			return refuse(talk, reply, note);
		(void)strcpy(base, next);
	}
}

enum status
jmap_get_session(struct jmap_talk *talk, struct note *note)
{
	struct watched *mailbox = talk->mailbox;
	struct work work = { .what = SESSION,
		.server = &mailbox->source.server };
	char base[JMAP_URL_SIZE];
	struct reply reply;
	enum status status;

	if (mailbox->session == NULL)
		mailbox->session = calloc(1, sizeof(*mailbox->session));
	if (mailbox->session == NULL)
		return STATUS_MEMORY;
	status = find_session(talk, base, &reply, note);
	if (status != STATUS_OK)
		return status;
	work.body = reply.body;
	work.base = base;
	return parse_into(
	    &work, mailbox->session, sizeof(*mailbox->session), note);
}

/* A request with one method call (RFC 8620 section 3.3). */
bool
jmap_asks_smime(const struct jmap_talk *talk)
{
	return talk->look->taker != NULL && talk->look->taker->hear != NULL &&
	    talk->mailbox->session->smime == 1;
}

static enum status
call(struct jmap_talk *talk, const char *method, struct span arguments,
    struct reply *out, struct note *note)
{
	const struct jmap_session *session = talk->mailbox->session;
	struct buf body;
	enum status status;

	buf_init(&body, arguments.len + ROOM);
	buf_addf(&body,
	    "{\"using\":[\"urn:ietf:params:jmap:core\","
	    "\"urn:ietf:params:jmap:mail\"%s],\"methodCalls\":[[\"%s\","
	    "{\"accountId\":\"%s\",",
	    jmap_asks_smime(talk) ? ",\"" JMAP_SMIME "\"" : "", method,
	    session->account);
	buf_add(&body, arguments);
	buf_add_text(&body, "},\"0\"]]}");
	status = buf_status(&body);
	if (status == STATUS_OK)
		status = fetch(talk, session->api, buf_span(&body),
		    JMAP_BODY_MAX, out, note);
	if (status == STATUS_OK && out->code != 200)
		status = refuse(talk, out, note);
	buf_clear(&body);
	return status;
}

static enum status
judge(const struct jmap_result *result, const char *method, struct note *note)
{
	switch (result->outcome) {
	case JMAP_DONE:
		return STATUS_OK;
	case JMAP_LATER:
		return note_set(note, STATUS_AGAIN, "it answers %s with %s",
		    method, result->type);
	default:
		return note_set(note, STATUS_NET, "it answers %s with %s",
		    method, result->type);
	}
}

enum status
jmap_ask_ids(struct jmap_talk *talk, enum jmap_list list, struct span arguments,
    struct jmap_ids *out, struct note *note)
{
	static const char *const methods[] = { "Email/query", "Email/changes",
		"Email/get" };
	struct work work = { .what = IDS, .list = list };
	struct reply reply;
	enum status status;

	status = call(talk, methods[list], arguments, &reply, note);
	if (status != STATUS_OK)
		return status;
	work.body = reply.body;
	status = parse_into(&work, out, sizeof(*out), note);
	if (status != STATUS_OK ||
	    (list == JMAP_CHANGES &&
		out->result.outcome == JMAP_CANNOT_CALCULATE))
		return status;
	return judge(&out->result, methods[list], note);
}

enum status
jmap_ask_emails(struct jmap_talk *talk, struct span arguments,
    struct jmap_emails *out, struct note *note)
{
	/* Only what was asked for is there. */
	struct watch_wanted wanted = *talk->look->wanted;
	struct work work = { .what = EMAILS, .wanted = &wanted };
	struct reply reply;
	enum status status;

	wanted.smime = jmap_asks_smime(talk);

	status = call(talk, "Email/get", arguments, &reply, note);
	if (status != STATUS_OK)
		return status;
	work.body = reply.body;
	status = parse_into(&work, out, sizeof(*out), note);
	return status == STATUS_OK ? judge(&out->result, "Email/get", note)
				   : status;
}

enum status
jmap_ask_blob(struct jmap_talk *talk, const char *blob, struct span *out,
    struct note *note)
{
	const int64_t most = talk->look->watcher->config->max_message;
	char target[2 * JMAP_URL_SIZE];
	struct reply reply;
	enum status status;

	if (!jmap_expand(talk->mailbox->session, blob, target, sizeof(target)))
		return note_set(
		    note, STATUS_NET, "its downloadUrl is too long");
	status = fetch(talk, target, SPAN(""),
	    most < VERB_FETCH_MOST ? most : VERB_FETCH_MOST, &reply, note);
	if (status != STATUS_OK)
		return status;
	if (reply.code == 404 || reply.code == 410)
		return STATUS_MISSING;
	if (reply.code != 200)
		return refuse(talk, &reply, note);
	*out = reply.body;
	return STATUS_OK;
}
