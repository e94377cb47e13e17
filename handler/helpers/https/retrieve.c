/* retrieve.c - ask a CA about revocation: see retrieve.h.  Input: hostile. */
#include "helpers/https/retrieve.h"

#include "base/verb.h"
#include "helpers/https/http.h"

/* What is asked, with the NULs that curl needs. */
struct question {
	char url[HTTP_TEXT_SIZE];
	char proxy[1024];
	int64_t most;
};

static bool
take_question(struct span frames, struct question *out)
{
	return span_copy(
		   frame_get(frames, "url"), out->url, sizeof(out->url)) &&
	    span_starts_nocase(span_of(out->url), SPAN("http://")) &&
	    span_copy(
		frame_get(frames, "proxy"), out->proxy, sizeof(out->proxy)) &&
	    frame_number(frame_get(frames, "most"), &out->most) &&
	    out->most > 0 && out->most <= VERB_FETCH_MOST;
}

enum status
retrieve_answer(struct span frames, struct buf *out, struct note *note)
{
	static struct http_response response;
	static struct question question;
	const struct span request = frame_get(frames, "request");
	struct http_request http = { .method = request.len > 0 ? "POST" : "GET",
		.url = question.url,
		.accept = "",
		.ca_file = "",
		.ca_setting = "",
		.proxy = question.proxy,
		.no_proxy = "",
		.type = "application/ocsp-request",
		.body = request,
		.harmless = true,
		.plain = true,
		.public_only = frame_get(frames, "private").len == 0 };
	enum status status;

	if (!take_question(frames, &question))
		return STATUS_USAGE;
	http.most = (size_t)question.most;
	response = (struct http_response){ .code = 0 };
	status = http_send(&http, &response, note);
	/* The server chose its length. */
	if (status == STATUS_BAD_SIZE)
		status = STATUS_NET;
	if (status == STATUS_OK) {
		frame_add_number(out, "code", response.code);
		frame_add(out, "body", buf_span(&response.body));
		status = buf_status(out);
	}
	buf_clear(&response.body);
	return status;
}
