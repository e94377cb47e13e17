/* fetch.c - ask a mail server over HTTPS: see fetch.h.  Input: hostile. */
#include "helpers/https/fetch.h"

#include <stdio.h>
#include <string.h>

#include "base/verb.h"
#include "helpers/https/http.h"

enum { SECRET_SIZE = 16 * 1024 + 1, USER_SIZE = 257 };

/* What is asked, with the NULs that curl needs. */
struct question {
	char method[8];
	char url[HTTP_TEXT_SIZE];
	char user[USER_SIZE];
	char secret[SECRET_SIZE];
	char token[SECRET_SIZE];
	int64_t most;
};

static bool
take(struct span frames, const char *name, char *out, size_t size)
{
	return span_copy(frame_get(frames, name), out, size);
}

/* Nothing that ends the authority of a URL or a line of the request. */
static bool
host_ok(struct span host)
{
	size_t i;

	for (i = 0; i < host.len; i++)
		if (!ascii_is_alnum(host.at[i]) &&
		    !span_has_byte(SPAN("-.:[]"), host.at[i]))
			return false;
	return host.len > 0;
}

/* RFC 9112 section 3.2.1: the origin-form. */
static bool
target_ok(struct span target)
{
	size_t i;

	for (i = 0; i < target.len; i++)
		if (target.at[i] <= 0x20 || target.at[i] >= 0x7f ||
		    target.at[i] == '#')
			return false;
	return target.len > 0 && target.at[0] == '/';
}

static bool
take_url(struct span frames, char *out, size_t size)
{
	const struct span host = frame_get(frames, "host");
	const struct span target = frame_get(frames, "target");
	int64_t port;
	int len;

	if (!host_ok(host) || !target_ok(target) ||
	    !frame_number(frame_get(frames, "port"), &port) || port < 1 ||
	    port > 0xffff)
		return false;
	len = snprintf(out, size, "https://%.*s:%d%.*s", (int)host.len, host.at,
	    (int)port, (int)target.len, target.at);
	return len > 0 && (size_t)len < size;
}

static enum status
take_question(struct span frames, struct question *out)
{
	return take(frames, "method", out->method, sizeof(out->method)) &&
		take_url(frames, out->url, sizeof(out->url)) &&
		take(frames, "user", out->user, sizeof(out->user)) &&
		take(frames, "secret", out->secret, sizeof(out->secret)) &&
		take(frames, "token", out->token, sizeof(out->token)) &&
		span_eq(frame_get(frames, "tls"), SPAN("implicit")) &&
		frame_number(frame_get(frames, "most"), &out->most) &&
		out->most > 0 && out->most <= VERB_FETCH_MOST
	    ? STATUS_OK
	    : STATUS_USAGE;
}

/* What cannot be said in a field: RFC 7617 section 2, RFC 6750 section 2.1. */
static enum status
account_ok(const struct question *question, struct note *note)
{
	size_t i;

	for (i = 0; question->token[i] != '\0'; i++)
		if (question->token[i] <= 0x20 || question->token[i] >= 0x7f)
			return note_set(note, STATUS_CONFIG,
			    "the token holds a character that no token may "
			    "hold");
	if (question->token[0] == '\0' &&
	    span_has_byte(span_of(question->user), ':'))
		return note_set(note, STATUS_CONFIG,
		    "a user with \":\" in the name cannot log in over HTTP");
	return STATUS_OK;
}

static void
add_response(struct buf *out, const struct http_response *response)
{
	frame_add_number(out, "code", response->code);
	frame_add(out, "location", span_of(response->location));
	frame_add_number(out, "retry-after", response->retry_after);
	frame_add(out, "body", buf_span(&response->body));
}

static enum status
judge(const struct http_response *response, bool token, struct note *note)
{
	if (response->code != 401 && response->code != 403)
		return STATUS_OK;
	return note_set(note, STATUS_LOGIN,
	    "it does not accept the %s (HTTP "
	    "%ld)",
	    token ? "token" : "password", response->code);
}

static void
wipe(struct question *question)
{
	explicit_bzero(question, sizeof(*question));
}

enum status
fetch_answer(
    struct span frames, const char *ca_file, struct buf *out, struct note *note)
{
	static struct http_response response;
	static struct question question;
	const struct http_account account = { question.user, question.secret,
		question.token };
	struct http_request http = { .method = question.method,
		.url = question.url,
		.accept = "",
		.ca_file = ca_file,
		.ca_setting = "mail_ca_file",
		.proxy = "",
		.no_proxy = "",
		.type = "application/json",
		.body = frame_get(frames, "body"),
		.account = &account,
		.harmless = true };
	enum status status;

	status = take_question(frames, &question);
	if (status == STATUS_OK)
		status = account_ok(&question, note);
	if (status != STATUS_OK) {
		wipe(&question);
		return status;
	}
	http.most = (size_t)question.most;
	response = (struct http_response){ .code = 0 };
	status = http_send(&http, &response, note);
	if (status == STATUS_OK)
		status = judge(&response, question.token[0] != '\0', note);
	if (status == STATUS_OK)
		add_response(out, &response);
	buf_clear(&response.body);
	wipe(&question);
	return status == STATUS_OK ? buf_status(out) : status;
}
