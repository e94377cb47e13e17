/*
 * main.c - mailcert-https: send requests to CAs and to JMAP servers
 *
 * It keeps running and answers all requests to one server, since loading
 * libcurl costs more than a request.  For the same reason it is a program of
 * its own, apart from mailcert-net.  base/verb.h has the frames of its verbs.
 */
#include <openssl/crypto.h>
#include <string.h>

#include "base/network.h"
#include "base/sandbox.h"
#include "base/serve.h"
#include "helpers/https/fetch.h"
#include "helpers/https/http.h"
#include "helpers/https/retrieve.h"

enum { FETCH_CPU_SECONDS = 60 }; /* large messages */

/* The texts of the request: curl needs them with a NUL at the end. */
struct request {
	char method[8];
	char url[HTTP_TEXT_SIZE];
	char accept[128];
	char ca_file[1024];
	char proxy[1024];
	char no_proxy[1024];
};

static bool
take(struct span frames, const char *name, char *out, size_t size)
{
	return span_copy(frame_get(frames, name), out, size);
}

static enum status
take_open(const struct serve *serve, struct request *out)
{
	return take(serve->open, "ca-file", out->ca_file, sizeof(out->ca_file))
	    ? STATUS_OK
	    : STATUS_USAGE;
}

static enum status
take_request(const struct serve *serve, struct request *out)
{
	const struct span frames = serve->frames;

	return take(frames, "method", out->method, sizeof(out->method)) &&
		take(frames, "url", out->url, sizeof(out->url)) &&
		take(frames, "accept", out->accept, sizeof(out->accept)) &&
		take(frames, "proxy", out->proxy, sizeof(out->proxy)) &&
		take(frames, "no-proxy", out->no_proxy, sizeof(out->no_proxy))
	    ? STATUS_OK
	    : STATUS_USAGE;
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

/* Only certificates and the resolver's files stay readable. */
static void
confine(const struct request *request, int cpu_seconds)
{
	const char *const readable[] = { NETWORK_RESOLVER,
		request->ca_file[0] != '\0' ? request->ca_file
					    : NETWORK_CERTIFICATES,
		/* A proxy needs these, too. */
		NETWORK_CERTIFICATES, NETWORK_CERTIFICATES_MORE };
	const struct sandbox_rules rules = { .readable = readable,
		.readables = sizeof(readable) / sizeof(*readable),
		.network = true,
		.cpu_seconds = cpu_seconds };

	(void)sandbox_enter_with(&rules);
}

/* Prepare before anything is received.  Later requests can read no ca-file but
 * that of the first one. */
static enum status
prepare(const struct request *request, int cpu_seconds)
{
	enum status status = http_prepare();

	if (status == STATUS_OK)
		confine(request, cpu_seconds);
	return status;
}

static enum status
send_request(const struct serve *serve, const struct request *request,
    struct buf *out, struct note *note)
{
	static struct http_response response;
	const struct http_request http = { .method = request->method,
		.url = request->url,
		.accept = request->accept,
		.ca_file = request->ca_file,
		.ca_setting = "ca.NAME.ca_file",
		.proxy = request->proxy,
		.no_proxy = request->no_proxy,
		.type = "application/jose+json",
		.body = frame_get(serve->frames, "body"),
		.most = HTTP_BODY_MAX };
	enum status status;

	response = (struct http_response){ .code = 0 };
	status = http_send(&http, &response, note);
	if (status == STATUS_OK)
		add_response(out, &response);
	buf_clear(&response.body);
	/* A CA has no reason to say that much. */
	if (status == STATUS_BAD_SIZE)
		status = STATUS_BAD_CA;
	return status == STATUS_OK ? buf_status(out) : status;
}

/* Read and answer the rest in the sandbox, which the first request enters. */
static enum status
answer(struct serve *serve, bool *prepared, struct buf *out, struct note *note)
{
	static struct request request;
	const bool fetches = serve->verb != VERB_REQUEST;
	enum status status;

	status = take_open(serve, &request);
	if (status == STATUS_OK && !*prepared)
		status = prepare(&request, fetches ? FETCH_CPU_SECONDS : 0);
	*prepared = *prepared || status == STATUS_OK;
	if (status != STATUS_OK)
		return status;
	status = serve_read(serve);
	if (status == STATUS_OK && serve->verb == VERB_FETCH)
		return fetch_answer(serve->frames, request.ca_file, out, note);
	if (status == STATUS_OK && fetches)
		return retrieve_answer(serve->frames, out, note);
	if (status == STATUS_OK)
		status = take_request(serve, &request);
	return status == STATUS_OK ? send_request(serve, &request, out, note)
				   : status;
}

int
main(int argc, char *argv[])
{
	enum status status;
	struct serve serve;

	sandbox_early();
	status = serve_begin(
	    &serve, "mailcert-https", argc, argv, 2 * HTTP_BODY_MAX);
	/* For libcurl's TLS: if memory runs out here, the library crashes
	 * later. */
	if (status == STATUS_OK && OSSL_LIB_CTX_get0_global_default() == NULL)
		status = STATUS_MEMORY;
	if (status != STATUS_OK)
		return serve_refuse(status);
	serve_all(&serve,
	    serve.verb != VERB_REQUEST ? VERB_FETCH_MOST + FETCH_ROOM
				       : 2 * HTTP_BODY_MAX,
	    answer);
	http_end();
	return status_exit(STATUS_OK);
}
