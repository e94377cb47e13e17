/*
 * http.h - send HTTPS requests through libcurl
 *
 * The server is hostile by assumption: https only, no redirects, TLS 1.2 and
 * up, an answer of a limited size within a limited time.  A proxy only where
 * the request names one.
 */
#ifndef HELPERS_HTTPS_HTTP_H
#define HELPERS_HTTPS_HTTP_H
#include <stdint.h>

#include "base/buf.h"

enum {
	HTTP_BODY_MAX = 1024 * 1024,
	HTTP_HEADER_MAX = 64 * 1024,
	HTTP_SECONDS = 25, /* less than mailcert waits for us */
	HTTP_CONNECT_SECONDS = 15,
	HTTP_TEXT_SIZE = 2049,
	HTTP_ALTERNATES_MAX = 4
};

/* Whose account it is; at most one of secret and token. */
struct http_account {
	const char *user;
	const char *secret; /* with the user: Basic (RFC 7617); or "" */
	const char *token;  /* Bearer (RFC 6750); or "" */
};

struct http_request {
	const char *method; /* "GET", "HEAD", "POST" */
	const char *url;
	const char *accept;   /* or "" */
	const char *ca_file;  /* certificates to trust; "": the system's */
	const char *proxy;    /* as curl(1) takes it; "": none */
	const char *no_proxy; /* hosts that are reached without it; or "" */
	const char *type;     /* of the body of a POST */
	struct span body;
	const struct http_account *account; /* or NULL */
	/* Where ca_file is set, for messages. */
	const char *ca_setting;
	size_t most; /* octets of the answer's body */
	/* It changes nothing: it may go out twice, on a connection that was
	 * open before. */
	bool harmless;
	bool plain;       /* http, not https: the answer is signed itself */
	bool public_only; /* connect to no private address */
};

struct http_response {
	long code;
	char nonce[HTTP_TEXT_SIZE];    /* Replay-Nonce, or empty */
	char location[HTTP_TEXT_SIZE]; /* Location, absolute; or empty */
	int64_t retry_after;           /* seconds; -1: not said */
	/* The targets of Link fields (RFC 8288), absolute: rel "alternate",
	 * and the first "next" or empty. */
	char alternate[HTTP_ALTERNATES_MAX][HTTP_TEXT_SIZE];
	size_t alternates;
	char next[HTTP_TEXT_SIZE];
	struct buf body; /* owned */
};

/*
 * Read and load once what the libraries need, before anything is received.
 * It calls network_choose_sources().  STATUS_MEMORY.
 */
enum status http_prepare(void) MUST_CHECK;

/*
 * Send a request, after http_prepare().  STATUS_OK: there is an answer,
 * whatever its code.  Otherwise the note says why not, to follow "the CA cannot
 * be reached:".  STATUS_NET; STATUS_BAD_SIZE: the answer exceeds the limits;
 * STATUS_CONFIG: ca_file or proxy is unusable.
 */
enum status http_send(const struct http_request *request,
    struct http_response *out, struct note *note) MUST_CHECK;

/* Clean up after the last request. */
void http_end(void);
#endif
