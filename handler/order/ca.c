/* ca.c - a conversation with a CA: see ca.h.  Input: hostile. */
#include "order/ca.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "acme/jws.h"
#include "acme/jws_form.h"
#include "acme/url.h"
#include "base/frame.h"
#include "base/json.h"
#include "order/ca_object.h"
#include "order/problem.h"
#include "process/helper.h"

enum { ANSWER_MAX = 2 * 1024 * 1024 };

bool
ca_is_own(const struct ca *ca, const char *url)
{
	return acme_same_origin(span_of(url), span_of(ca->directory_url));
}

static void
take_text(struct span value, bool good, char *out, size_t size)
{
	if (!good || !span_copy(value, out, size))
		out[0] = '\0';
}

/* A malformed nonce or URL is ignored (RFC 8555 section 6.5). */
static enum status
take_answer(
    struct span frames, struct ca *ca, struct ca_answer *out, struct note *note)
{
	struct span value = frame_get(frames, "nonce"), rest = frames;

	if (!frame_number(frame_get(frames, "code"), &out->code) ||
	    out->code <= 0)
		return helper_malformed(
		    VERB_REQUEST, "code is not a positive number", note);
	if (!frame_number(frame_get(frames, "retry-after"), &out->retry_after))
		return helper_malformed(
		    VERB_REQUEST, "retry-after is not a number", note);
	take_text(value, acme_nonce_ok(value), ca->nonce, sizeof(ca->nonce));
	take_text(frame_get(frames, "location"), true, out->location,
	    sizeof(out->location));
	value = frame_get(frames, "next");
	take_text(value, acme_url_ok(value), out->next, sizeof(out->next));
	while (out->alternates < CA_ALTERNATES_MAX &&
	    frame_next(&rest, "alternate", &value))
		if (acme_url_ok(value) &&
		    span_copy(
			value, out->alternate[out->alternates], ACME_URL_SIZE))
			out->alternates++;
	buf_add(&out->body, frame_get(frames, "body"));
	return buf_status(&out->body);
}

/* The network program keeps running for the next request to the same CA.  A
 * server that takes it over can forge no answers but its own. */
static enum status
ask(const struct ca *ca, struct buf *question, struct buf *answer,
    struct note *note)
{
	char subject[4096];

	(void)snprintf(
	    subject, sizeof(subject), "%s %s", ca->directory_url, ca->file);
	return helper_ask_resident(
	    VERB_REQUEST, subject, question, answer, note);
}

static void
add_request(const struct ca *ca, const char *method, const char *url,
    const char *accept, struct span body, struct buf *out)
{
	struct buf open;

	buf_init(&open, 2048);
	frame_add(&open, "ca-file", span_of(ca->file));
	frame_add(out, FRAME_OPEN, buf_span(&open));
	buf_clear(&open);
	frame_add(out, "method", span_of(method));
	frame_add(out, "url", span_of(url));
	frame_add(out, "accept", span_of(accept));
	frame_add(out, "proxy", span_of(ca->proxy));
	frame_add(out, "no-proxy", span_of(ca->no_proxy));
	frame_add(out, "body", body);
}

/* It says why by its status: whether waiting would help. */
static enum status
say_unreached(enum status status, const char *who, struct note *note)
{
	struct note why = *note;

	if (status == STATUS_AGAIN)
		status = STATUS_NET;
	if (status != STATUS_NET && status != STATUS_BAD_CA &&
	    status != STATUS_CONFIG)
		return status;
	return note_set(
	    note, status, "%.180s cannot be reached: %.200s", who, why.text);
}

/* One request through the network program. */
static enum status
exchange(struct ca *ca, const char *method, const char *url, const char *accept,
    struct span body, struct ca_answer *out, struct note *note)
{
	struct buf question, answer;
	struct note said = { "" };
	enum status status;
	char who[200];

	(void)snprintf(who, sizeof(who), "the CA%s%s at %.130s",
	    ca->name[0] != '\0' ? " " : "", ca->name, url);
	if (!ca_is_own(ca, url))
		return note_set(note, STATUS_BAD_CA,
		    "the CA sent a URL of another server, %.100s", url);
	buf_init(&question, JWS_SIZE_MAX + 8192);
	buf_init(&answer, ANSWER_MAX);
	add_request(ca, method, url, accept, body, &question);
	out->code = 0;
	out->retry_after = -1;
	out->alternates = 0;
	out->location[0] = out->next[0] = '\0';
	out->problem = (struct acme_problem){ .type = "" };
	buf_clear(&out->body);
	status = ask(ca, &question, &answer, &said);
	if (status == STATUS_OK)
		status = take_answer(buf_span(&answer), ca, out, &said);
	else
		status = say_unreached(status, who, &said);
	if (status != STATUS_OK && note != NULL)
		*note = said;
	ca->pause = out->retry_after;
	buf_clear(&answer);
	buf_clear(&question);
	return status;
}

enum status
ca_open(struct ca *ca, struct note *note)
{
	struct ca_answer answer = { .code = 0 };
	enum status status;

	/* Report what waiting does not fix before the CA is asked. */
	if (ca->file[0] != '\0' && access(ca->file, R_OK) != 0)
		return note_set(note, STATUS_CONFIG,
		    "ca.%s.ca_file: %.150s: %s",
		    ca->name[0] != '\0' ? ca->name : "NAME", ca->file,
		    strerror(errno));
	json_prepare(); /* for all the children of this conversation */
	buf_init(&answer.body, ANSWER_MAX);
	status = exchange(ca, "GET", ca->directory_url, "application/json",
	    SPAN(""), &answer, note);
	if (status == STATUS_OK && answer.code != 200)
		status = note_set(note,
		    answer.code >= 500 || answer.code == 429 ? STATUS_NET
							     : STATUS_BAD_CA,
		    "the CA%s%s has no directory at %.150s: HTTP %lld",
		    ca->name[0] != '\0' ? " " : "", ca->name, ca->directory_url,
		    (long long)answer.code);
	if (status == STATUS_OK)
		status = ca_parse_directory(
		    buf_span(&answer.body), &ca->directory, note);
	buf_clear(&answer.body);
	return status;
}

static enum status
fresh_nonce(struct ca *ca, struct note *note)
{
	struct ca_answer answer = { .code = 0 };
	enum status status;

	if (ca->nonce[0] != '\0')
		return STATUS_OK;
	buf_init(&answer.body, ANSWER_MAX);
	status = exchange(
	    ca, "HEAD", ca->directory.new_nonce, "", SPAN(""), &answer, note);
	buf_clear(&answer.body);
	if (status == STATUS_OK && ca->nonce[0] == '\0')
		status = note_set(
		    note, STATUS_BAD_CA, "the CA gives no usable nonce");
	return status;
}

/* Have the key holder sign; a nonce is used once. */
static enum status
sign(struct ca *ca, const char *url, struct span payload, struct buf *out,
    struct note *note)
{
	const enum verb_id verb =
	    ca->new_key[0] != '\0' ? VERB_ROLLOVER : VERB_JWS;
	struct buf question, answer, at;
	enum status status;
	struct span jws;
	size_t i;

	buf_init(&question, JWS_SIZE_MAX);
	buf_init(&answer, out->ceiling + 4096);
	helper_open(
	    &question, ca->key, verb == VERB_ROLLOVER ? ca->new_key : NULL);
	frame_add(&question, "url", span_of(url));
	frame_add(&question, "nonce", span_of(ca->nonce));
	frame_add(&question, "kid", span_of(ca->account));
	frame_add(&question, "payload", payload);
	for (i = 0; i < ca->services; i++) {
		buf_init(&at, SERVICE_RECORD_SIZE);
		service_at_add(&ca->service[i], &at);
		frame_add(&question, "at", buf_span(&at));
		buf_clear(&at);
	}
	frame_add(&question, "passphrase", ca->passphrase);
	ca->nonce[0] = '\0';
	status = helper_ask(verb, &question, &answer, note);
	jws = frame_get(buf_span(&answer), "jws");
	if (status == STATUS_OK && !jws_form_ok(jws))
		status =
		    helper_malformed(verb, "jws is not a signed request", note);
	buf_add(out, jws);
	if (status == STATUS_OK)
		status = buf_status(out);
	buf_clear(&answer);
	buf_wipe(&question);
	if (status == STATUS_IO && access(ca->key, F_OK) != 0 &&
	    errno == ENOENT)
		status = note_set(note, STATUS_IO,
		    "the key file %.150s is missing; restore it, or register "
		    "another account: mailcert account register",
		    ca->key);
	return status;
}

/* The account signed the request: it may be closed. */
static const char *
advice_of(const struct ca *ca, const struct ca_answer *answer)
{
	if (ca->account[0] != '\0' && answer->code == 401 &&
	    strcmp(answer->problem.type, "unauthorized") == 0)
		return "if the account is closed, register another: mailcert "
		       "account register";
	return problem_advice(answer->problem.type);
}

/* May the same request succeed later? */
static bool
passes(const struct ca_answer *answer)
{
	return answer->code >= 500 || answer->code == 408 ||
	    answer->code == 425 || answer->code == 429 ||
	    strcmp(answer->problem.type, "rateLimited") == 0;
}

static enum status
read_problem(struct ca *ca, struct ca_answer *answer, struct note *note)
{
	enum status status;

	status =
	    ca_parse_problem(buf_span(&answer->body), &answer->problem, note);
	if (status != STATUS_OK)
		return status;
	if (note != NULL)
		problem_tell(&answer->problem, answer->code,
		    answer->retry_after, advice_of(ca, answer), note);
	return passes(answer) ? STATUS_NET : STATUS_CA;
}

/* Below 300 all is well; the rest is a redirect, or a problem. */
static enum status
judge(struct ca *ca, struct ca_answer *answer, struct note *note)
{
	if (answer->code < 300)
		return STATUS_OK;
	if (answer->code < 400)
		return note_set(note, STATUS_BAD_CA,
		    "the CA redirects to another URL (HTTP %lld), which ACME "
		    "does not allow",
		    (long long)answer->code);
	return read_problem(ca, answer, note);
}

enum status
ca_get(struct ca *ca, const char *url, struct ca_answer *out, struct note *note)
{
	enum status status;

	status =
	    exchange(ca, "GET", url, "application/json", SPAN(""), out, note);
	return status == STATUS_OK ? judge(ca, out, note) : status;
}

enum status
ca_post(struct ca *ca, const char *url, struct span payload, const char *accept,
    struct ca_answer *out, struct note *note)
{
	enum status status = STATUS_OK;
	struct buf body;
	int tries;

	buf_init(&body, JWS_SIZE_MAX);
	for (tries = 0; tries < CA_TRIES_MAX; tries++) {
		buf_clear(&body);
		out->code = 0;
		status = fresh_nonce(ca, note);
		if (status == STATUS_OK)
			status = sign(ca, url, payload, &body, note);
		if (status == STATUS_OK)
			status = exchange(ca, "POST", url, accept,
			    buf_span(&body), out, note);
		if (status == STATUS_OK)
			status = judge(ca, out, note);
		if (status == STATUS_OK || out->code < 400 ||
		    strcmp(out->problem.type, "badNonce") != 0)
			break;
		status = note_set(note, STATUS_NET,
		    "the CA rejected every nonce it issued; try again later");
	}
	buf_clear(&body);
	return status;
}

enum status
ca_post_services(struct ca *ca, const char *url, struct span payload,
    const struct service_at *service, size_t services, struct ca_answer *out,
    struct note *note)
{
	enum status status;

	ca->service = service;
	ca->services = services;
	status = ca_post(ca, url, payload, "application/json", out, note);
	ca->services = 0;
	return status;
}

enum status
ca_roll_over(struct ca *ca, struct ca_answer *out, struct note *note)
{
	/* The key holder makes the payload. */
	return ca_post(ca, ca->directory.key_change, SPAN(""),
	    "application/json", out, note);
}

/* Fetch an object; the caller clears out->body. */
static enum status
fetch(struct ca *ca, const char *url, struct ca_answer *out,
    int64_t *retry_after, struct note *note)
{
	enum status status;

	*out = (struct ca_answer){ .retry_after = -1 };
	buf_init(&out->body, ANSWER_MAX);
	status = ca_post(ca, url, SPAN(""), "application/json", out, note);
	if (retry_after != NULL)
		*retry_after = out->retry_after;
	return status;
}

/* Call each with the URLs of one page. */
static enum status
each_of_page(struct span page, struct acme_orders *orders, ca_each *each,
    void *arg, bool *go_on, struct note *note)
{
	enum status status = STATUS_OK;
	size_t skip = 0, i;

	orders->more = 1;
	while (status == STATUS_OK && *go_on && orders->more != 0) {
		status = ca_parse_orders(page, skip, orders, note);
		if (status != STATUS_OK)
			break;
		skip += orders->orders;
		for (i = 0; *go_on && i < orders->orders; i++)
			if (orders->order[i][0] != '\0')
				*go_on = each(orders->order[i], arg);
	}
	return status;
}

enum status
ca_list_orders(
    struct ca *ca, const char *url, ca_each *each, void *arg, struct note *note)
{
	struct acme_orders *orders = calloc(1, sizeof(*orders));
	struct ca_answer answer = { .retry_after = -1 };
	enum status status = orders != NULL ? STATUS_OK : STATUS_MEMORY;
	char next[ACME_URL_SIZE];
	bool go_on = true;
	int page;

	buf_init(&answer.body, ANSWER_MAX);
	(void)snprintf(next, sizeof(next), "%s", url);
	for (page = 0; status == STATUS_OK && go_on && next[0] != '\0';
	     page++) {
		if (page == CA_PAGES_MAX) {
			status = note_set(note, STATUS_BAD_CA,
			    "the CA's list of orders has more than %d pages",
			    CA_PAGES_MAX);
			break;
		}
		status = ca_post(
		    ca, next, SPAN(""), "application/json", &answer, note);
		if (status == STATUS_OK)
			status = each_of_page(buf_span(&answer.body), orders,
			    each, arg, &go_on, note);
		(void)strcpy(next, answer.next);
	}
	buf_clear(&answer.body);
	free(orders);
	return status;
}

enum status
ca_fetch_order(struct ca *ca, const char *url, struct acme_order *out,
    int64_t *retry_after, struct note *note)
{
	struct ca_answer answer;
	enum status status = fetch(ca, url, &answer, retry_after, note);

	if (status == STATUS_OK)
		status = ca_parse_order(buf_span(&answer.body), out, note);
	buf_clear(&answer.body);
	return status;
}

enum status
ca_fetch_authorization(struct ca *ca, const char *url,
    struct acme_authorization *out, int64_t *retry_after, struct note *note)
{
	struct ca_answer answer;
	enum status status = fetch(ca, url, &answer, retry_after, note);

	if (status == STATUS_OK)
		status =
		    ca_parse_authorization(buf_span(&answer.body), out, note);
	buf_clear(&answer.body);
	return status;
}
