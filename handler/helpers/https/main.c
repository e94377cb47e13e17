/*
 * main.c - mailcert-https: send requests to CAs
 *
 * It answers one request after the other, all to one CA: loading libcurl costs
 * more than a request does.  For that reason it is also a program of its own
 * beside mailcert-net.
 *
 * It reads frames (method, url, accept, ca-file, proxy, no-proxy, body, end) and
 * prints frames (code, nonce, location, retry-after, alternate..., next, body),
 * or one frame "error"; then "end" with an exit status.  Where the request ends
 * without "end", so does the answer, and the program exits with that status.
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/frame.h"
#include "base/sandbox.h"
#include "helpers/https/http.h"

enum { PIECE = 64 * 1024 };

/* The request's texts; frames hold no NUL, curl wants one at the end. */
struct request {
	char method[8];
	char url[HTTP_TEXT_SIZE];
	char accept[128];
	char ca_file[1024];
	char proxy[1024];
	char no_proxy[1024];
	struct span body;
	bool more; /* ended with "end": another may follow */
};

static bool
take_frame(const struct frame *frame, struct request *out)
{
	const struct span name = frame->name, value = frame->value;

	if (span_eq(name, SPAN("method")))
		return span_copy(value, out->method, sizeof(out->method));
	if (span_eq(name, SPAN("url")))
		return span_copy(value, out->url, sizeof(out->url));
	if (span_eq(name, SPAN("accept")))
		return span_copy(value, out->accept, sizeof(out->accept));
	if (span_eq(name, SPAN("ca-file")))
		return span_copy(value, out->ca_file, sizeof(out->ca_file));
	if (span_eq(name, SPAN("proxy")))
		return span_copy(value, out->proxy, sizeof(out->proxy));
	if (span_eq(name, SPAN("no-proxy")))
		return span_copy(value, out->no_proxy, sizeof(out->no_proxy));
	if (span_eq(name, SPAN("body"))) {
		out->body = value;
		return true;
	}
	out->more = span_eq(name, SPAN(FRAME_END));
	return out->more;
}

static enum status
take_request(struct span input, struct request *out)
{
	enum status status;
	struct frame frame;

	*out = (struct request){ .method = "GET" };
	while (!out->more && (status = frame_take(&input, &frame)) == STATUS_OK)
		if (!take_frame(&frame, out))
			return STATUS_USAGE;
	return status == STATUS_NO ? STATUS_OK : status;
}

/* Up to a frame "end" or the end of the input; false: the latter. */
static bool
read_request(struct buf *out, enum status *status)
{
	struct pollfd ready = { .fd = STDIN_FILENO, .events = POLLIN };
	ssize_t n = 1;
	int polled;

	*status = STATUS_OK;
	while (n > 0 && *status == STATUS_OK && !frame_ended(buf_span(out))) {
		/* The next request may take its time; its rest may not. */
		polled = poll(&ready, 1, out->len > 0 ? 10000 : -1);
		if (polled < 0 && errno == EINTR)
			continue;
		if (polled <= 0)
			*status = STATUS_IO;
		else if (!buf_reserve(out, PIECE))
			*status = buf_status(out);
		else if ((n = read(STDIN_FILENO, out->at + out->len, PIECE)) <
		    0)
			*status = STATUS_IO;
		else
			out->len += (size_t)n;
	}
	return n > 0;
}

static void
add_response(struct buf *out, const struct http_response *response)
{
	size_t i;

	frame_add_number(out, "code", response->code);
	frame_add(out, "nonce", span_of(response->nonce));
	frame_add(out, "location", span_of(response->location));
	frame_add_number(out, "retry-after", response->retry_after);
	for (i = 0; i < response->alternates; i++)
		frame_add(out, "alternate", span_of(response->alternate[i]));
	frame_add(out, "next", span_of(response->next));
	frame_add(out, "body", buf_span(&response->body));
}

/* Certificates and the resolver's files may be read; nothing else. */
static void
confine(const struct request *request)
{
	const char *const readable[] = { "/etc/resolv.conf", "/etc/hosts",
		"/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf",
		request->ca_file[0] != '\0' ? request->ca_file
					    : HTTP_CERTIFICATES,
		/* A proxy's, too. */
		HTTP_CERTIFICATES, HTTP_CERTIFICATES_MORE };
	const struct sandbox_rules rules = { .readable = readable,
		.readables = sizeof(readable) / sizeof(*readable),
		.network = true };

	(void)sandbox_enter_with(&rules);
}

/* Before anything is received.  Later requests can read no other ca-file than
 * the first one names. */
static enum status
prepare(const struct request *request)
{
	enum status status = http_prepare();

	if (status == STATUS_OK)
		confine(request);
	return status;
}

static enum status
send_request(const struct request *request, struct buf *out)
{
	static struct http_response response;
	const struct http_request http = { request->method, request->url,
		request->accept, request->ca_file, request->proxy,
		request->no_proxy, request->body };
	struct note note = { "" };
	enum status status;

	response = (struct http_response){ .code = 0 };
	buf_init(&response.body, HTTP_BODY_MAX);
	status = http_send(&http, &response, &note);
	if (status == STATUS_OK)
		add_response(out, &response);
	else
		frame_add(out, "error", span_of(note.text));
	buf_clear(&response.body);
	return status;
}

/* Answer one request, or none at the end; *more: another may follow. */
static enum status
serve(bool *prepared, bool *more)
{
	static struct request request;
	struct buf input, out;
	enum status status;

	buf_init(&input, 2 * HTTP_BODY_MAX);
	buf_init(&out, 2 * HTTP_BODY_MAX);
	*more = read_request(&input, &status);
	if (*prepared && input.len == 0) {
		buf_clear(&input);
		return status;
	}
	if (status == STATUS_OK)
		status = take_request(buf_span(&input), &request);
	if (status == STATUS_OK && !*prepared)
		status = prepare(&request);
	*prepared = *prepared || status == STATUS_OK;
	if (status == STATUS_OK)
		status = send_request(&request, &out);
	*more = *more && request.more;
	if (*more)
		frame_add_number(&out, FRAME_END, status_exit(status));
	if (out.len > 0 && fd_write(STDOUT_FILENO, buf_span(&out)) != STATUS_OK)
		status = STATUS_IO;
	buf_clear(&out);
	buf_clear(&input);
	return status;
}

int
main(void)
{
	enum status status;
	bool prepared = false, more = true;

	sandbox_early();
	/* libcurl's TLS: without memory for it the library crashes later on. */
	if (OSSL_LIB_CTX_get0_global_default() == NULL)
		return status_exit(STATUS_MEMORY);
	do
		status = serve(&prepared, &more);
	while (more && status != STATUS_IO);
	http_end();
	return status_exit(status);
}
