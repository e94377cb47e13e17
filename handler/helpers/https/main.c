/*
 * net/https.c - mailcert-https, the network program for CAs
 *
 * One request, one answer.  A program of its own beside mailcert-net, because
 * libcurl costs as much to load as all the rest of a DNS look-up.
 *
 * It reads frames (method, url, accept, ca-file, proxy, no-proxy, body) and
 * prints frames (code, nonce, location, retry-after, alternate..., next, body),
 * or one frame "error".
 */
#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/frame.h"
#include "base/sandbox.h"
#include "helpers/https/http.h"

/* The request's texts; frames hold no NUL, curl wants one at the end. */
struct request {
	char method[8];
	char url[HTTP_TEXT_SIZE];
	char accept[128];
	char ca_file[1024];
	char proxy[1024];
	char no_proxy[1024];
	struct span body;
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
	out->body = value;
	return span_eq(name, SPAN("body"));
}

static enum status
take_request(struct span input, struct request *out)
{
	enum status status;
	struct frame frame;

	*out = (struct request){ .method = "GET" };
	while ((status = frame_take(&input, &frame)) == STATUS_OK)
		if (!take_frame(&frame, out))
			return STATUS_USAGE;
	return status == STATUS_NO ? STATUS_OK : status;
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

static enum status
send_request(struct buf *out)
{
	static struct http_response response;
	static struct request request;
	struct http_request http;
	struct note note = { "" };
	struct buf input;
	enum status status;

	buf_init(&input, 2 * HTTP_BODY_MAX);
	buf_init(&response.body, HTTP_BODY_MAX);
	status = fd_read(STDIN_FILENO, &input, 10);
	if (status == STATUS_OK)
		status = take_request(buf_span(&input), &request);
	if (status == STATUS_OK)
		status = http_prepare();
	if (status == STATUS_OK) {
		confine(&request);
		http = (struct http_request){ request.method, request.url,
			request.accept, request.ca_file, request.proxy,
			request.no_proxy, request.body };
		status = http_send(&http, &response, &note);
		if (status == STATUS_OK)
			add_response(out, &response);
		else
			frame_add(out, "error", span_of(note.text));
	}
	buf_clear(&response.body);
	buf_clear(&input);
	return status;
}

int
main(void)
{
	enum status status;
	struct buf out;

	sandbox_early();
	/* libcurl's TLS: without memory for it the library crashes later on. */
	if (OSSL_LIB_CTX_get0_global_default() == NULL)
		return status_exit(STATUS_MEMORY);
	buf_init(&out, 2 * HTTP_BODY_MAX);
	status = send_request(&out);
	if (out.len > 0 && fd_write(STDOUT_FILENO, buf_span(&out)) != STATUS_OK)
		status = STATUS_IO;
	buf_clear(&out);
	return status_exit(status);
}
