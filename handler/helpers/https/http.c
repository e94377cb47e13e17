/* http.c - the only file that includes libcurl: see http.h.  Input: hostile. */
#include "helpers/https/http.h"

#include <curl/curl.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/socket.h>

#include "acme/link.h"
#include "base/network.h"
#include "base/text.h"
#include "helpers/https/address.h"

#ifndef VERSION
#define VERSION "0"
#endif

/* All requests share it: it keeps certificates and TLS sessions, but no
 * connection. */
static CURL *handle;

struct sink {
	struct http_response *response;
	size_t header_octets;
	bool too_large;
	bool private_address; /* it was not connected to */
};

static size_t
on_body(char *data, size_t one, size_t len, void *arg)
{
	struct sink *sink = arg;

	(void)one;
	buf_add(&sink->response->body, (struct span){ data, len });
	if (buf_status(&sink->response->body) == STATUS_OK)
		return len;
	sink->too_large = true;
	return 0;
}

static void
take_text(struct span value, char *out, size_t size)
{
	if (!span_copy(value, out, size) || text_has_hidden(value))
		out[0] = '\0';
}

/* Copy an absolute URL as it is; resolve a reference against the requested URL
 * (RFC 9110 section 10.2.2, RFC 8288 section 3.1). */
static void
take_url(struct span value, const char *base, char *out, size_t size)
{
	char reference[HTTP_TEXT_SIZE], *whole = NULL;
	CURLU *url = NULL;

	take_text(value, reference, sizeof(reference));
	out[0] = '\0';
	if (span_starts_nocase(value, SPAN("https://"))) {
		(void)span_copy(span_of(reference), out, size);
	} else if (reference[0] != '\0' && (url = curl_url()) != NULL &&
	    curl_url_set(url, CURLUPART_URL, base, 0) == CURLUE_OK &&
	    curl_url_set(url, CURLUPART_URL, reference, 0) == CURLUE_OK &&
	    curl_url_get(url, CURLUPART_URL, &whole, 0) == CURLUE_OK &&
	    !span_copy(span_of(whole), out, size)) {
		out[0] = '\0';
	}
	curl_free(whole);
	curl_url_cleanup(url);
}

/* Return the n-th field of that name; empty: it is missing. */
static struct span
get_field(CURL *curl, const char *name, size_t n)
{
	struct curl_header *field;

	return curl_easy_header(curl, name, n, CURLH_HEADER, -1, &field) ==
		CURLHE_OK
	    ? span_trim(span_of(field->value))
	    : SPAN("");
}

static void
take_links(CURL *curl, const char *base, struct http_response *out)
{
	struct link link;
	struct span field;
	size_t n = 0;

	/* An empty field ends the loop; so does the limit of the header. */
	while ((field = get_field(curl, "Link", n++)).len > 0)
		while (link_take(&field, &link)) {
			if (link_has_rel(&link, SPAN("alternate")) &&
			    out->alternates < HTTP_ALTERNATES_MAX) {
				take_url(link.target, base,
				    out->alternate[out->alternates],
				    HTTP_TEXT_SIZE);
				if (out->alternate[out->alternates][0] != '\0')
					out->alternates++;
			}
			if (link_has_rel(&link, SPAN("next")) &&
			    out->next[0] == '\0')
				take_url(link.target, base, out->next,
				    HTTP_TEXT_SIZE);
		}
}

static void
take_fields(CURL *curl, const char *base, struct http_response *out)
{
	curl_off_t seconds = 0;

	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &out->code);
	take_text(
	    get_field(curl, "Replay-Nonce", 0), out->nonce, sizeof(out->nonce));
	take_url(get_field(curl, "Location", 0), base, out->location,
	    sizeof(out->location));
	take_links(curl, base, out);
	/* Seconds, or a date (RFC 9110 section 10.2.3).  The library returns 0
	 * if it cannot read the value, as if the field were missing. */
	if (get_field(curl, "Retry-After", 0).len > 0 &&
	    curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK)
		out->retry_after = seconds > 0 ? seconds : 0;
}

/* It goes to the host of the URL: there are no redirects. */
static bool
set_account(CURL *curl, const struct http_account *account)
{
	bool good = true;

#define SET(option, value) \
	good = good && curl_easy_setopt(curl, option, value) == CURLE_OK
	if (account != NULL && account->token[0] != '\0') {
		SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		SET(CURLOPT_XOAUTH2_BEARER, account->token);
	} else if (account != NULL) {
		SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		SET(CURLOPT_USERNAME, account->user);
		SET(CURLOPT_PASSWORD, account->secret);
	}
#undef SET
	return good;
}

/* Enforce the limit of the header; the library keeps the fields. */
static size_t
on_header(char *data, size_t one, size_t len, void *arg)
{
	struct sink *sink = arg;

	(void)data;
	(void)one;
	sink->header_octets += len;
	if (sink->header_octets <= HTTP_HEADER_MAX)
		return len;
	sink->too_large = true;
	return 0;
}

/* Whatever address a name has, and however often it changes: this is the one
 * that is connected to. */
static curl_socket_t
open_public(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct sink *sink = arg;

	(void)purpose;
	if (address_is_public(&address->addr))
		return socket(
		    address->family, address->socktype, address->protocol);
	sink->private_address = true;
	return CURL_SOCKET_BAD;
}

static bool
set_up(CURL *curl, const struct http_request *request, struct sink *sink,
    struct curl_slist *fields)
{
	const bool own = request->ca_file[0] != '\0';
	bool good = true;

#define SET(option, value) \
	good = good && curl_easy_setopt(curl, option, value) == CURLE_OK
	SET(CURLOPT_URL, request->url);
	SET(CURLOPT_PROTOCOLS_STR, request->plain ? "http" : "https");
	if (request->public_only && request->proxy[0] == '\0') {
		SET(CURLOPT_OPENSOCKETFUNCTION, open_public);
		SET(CURLOPT_OPENSOCKETDATA, sink);
	}
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, request->proxy);
	SET(CURLOPT_NOPROXY, request->no_proxy);
	SET(CURLOPT_PROXY_CAPATH, NETWORK_CERTIFICATES);
	SET(CURLOPT_PROXYAUTH, (long)CURLAUTH_ANY);
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	/* libcurl would send a request twice if the server had closed the
	 * connection in the meantime. */
	SET(CURLOPT_FRESH_CONNECT, request->harmless ? 0L : 1L);
	SET(CURLOPT_FORBID_REUSE, request->harmless ? 0L : 1L);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_CAINFO, own ? request->ca_file : NULL);
	SET(CURLOPT_CAPATH, own ? NULL : NETWORK_CERTIFICATES);
	SET(CURLOPT_CONNECTTIMEOUT, (long)HTTP_CONNECT_SECONDS);
	SET(CURLOPT_TIMEOUT, (long)HTTP_SECONDS);
	SET(CURLOPT_HTTP09_ALLOWED, 0L);
	SET(CURLOPT_USERAGENT, "mailcert/" VERSION " libcurl/" LIBCURL_VERSION);
	SET(CURLOPT_HTTPHEADER, fields);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, sink);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, sink);
	if (strcmp(request->method, "HEAD") == 0)
		SET(CURLOPT_NOBODY, 1L);
	if (strcmp(request->method, "POST") == 0) {
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDSIZE, (long)request->body.len);
		SET(CURLOPT_POSTFIELDS, request->body.at);
	}
#undef SET
	return good && set_account(curl, request->account);
}

static struct curl_slist *
make_fields(const struct http_request *request)
{
	struct curl_slist *fields = curl_slist_append(NULL, "Expect:");
	char line[300];

	fields = curl_slist_append(fields, "Accept-Language: en");
	if (strcmp(request->method, "POST") == 0) {
		(void)snprintf(
		    line, sizeof(line), "Content-Type: %.200s", request->type);
		fields = curl_slist_append(fields, line);
	}
	if (request->accept[0] != '\0') {
		(void)snprintf(
		    line, sizeof(line), "Accept: %.200s", request->accept);
		fields = curl_slist_append(fields, line);
	}
	return fields;
}

enum status
http_prepare(void)
{
	enum status status = network_choose_sources();

	if (status == STATUS_OK &&
	    curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		status = STATUS_MEMORY;
	return status;
}

/* Use the library's own words if they say more than ours. */
static enum status
say_as_it_is(CURLcode code, const char *why, enum status status,
    const char *before, struct note *note)
{
	char shown[200];

	text_show_in(shown, sizeof(shown),
	    span_of(why[0] != '\0' ? why : curl_easy_strerror(code)), true);
	return note_set(note, status, "%s%s", before, shown);
}

/* Say why its certificate is not trusted, and what to do. */
static enum status
say_distrust(CURL *curl, const char *why, const struct http_request *request,
    struct note *note)
{
	long result = X509_V_OK;
	bool clock;

	(void)curl_easy_getinfo(curl, CURLINFO_SSL_VERIFYRESULT, &result);
	if (result == X509_V_OK)
		return say_as_it_is(CURLE_PEER_FAILED_VERIFICATION, why,
		    STATUS_NET, "its certificate is not valid: ", note);
	clock = result == X509_V_ERR_CERT_HAS_EXPIRED ||
	    result == X509_V_ERR_CERT_NOT_YET_VALID;
	return note_set(note, STATUS_NET,
	    "its certificate is not trusted (%.100s); %s%s%s",
	    X509_verify_cert_error_string(result),
	    clock ? "is the clock right?" : "set ",
	    clock ? "" : request->ca_setting,
	    clock ? "" : " to trust its issuer");
}

/* Say in plain words what the library reports. */
static enum status
say(CURL *curl, CURLcode code, const char *why,
    const struct http_request *request, struct note *note)
{
	long error = 0, connect = 0;

	(void)curl_easy_getinfo(curl, CURLINFO_HTTP_CONNECTCODE, &connect);
	if (connect >= 300)
		return note_set(note, STATUS_NET,
		    "the proxy refuses to connect (HTTP %ld%s)", connect,
		    connect == 407 ? ": it requires a user and a password"
				   : "");
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return note_set(note, STATUS_NET,
		    "its name does not resolve; is there a network?");
	case CURLE_COULDNT_RESOLVE_PROXY:
		return note_set(
		    note, STATUS_NET, "the name of the proxy does not resolve");
	case CURLE_COULDNT_CONNECT:
		(void)curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &error);
		return note_set(note, STATUS_NET, "cannot connect%s (%s)",
		    request->proxy[0] != '\0' ? " to it or to the proxy" : "",
		    error != 0 ? strerror((int)error) : "no answer");
	case CURLE_OPERATION_TIMEDOUT:
		return note_set(note, STATUS_NET,
		    "it does not answer within %d seconds", HTTP_SECONDS);
	case CURLE_PEER_FAILED_VERIFICATION:
		return say_distrust(curl, why, request, note);
	case CURLE_SSL_CACERT_BADFILE:
		return note_set(note, STATUS_CONFIG,
		    "%.150s contains no readable certificates",
		    request->ca_file[0] != '\0' ? request->ca_file
						: NETWORK_CERTIFICATES);
	case CURLE_URL_MALFORMAT:
		return say_as_it_is(code, why, STATUS_CONFIG, "", note);
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_PARTIAL_FILE:
		return note_set(note, STATUS_NET,
		    "it closed the connection before its answer was complete");
	case CURLE_SSL_CONNECT_ERROR:
		return say_as_it_is(code, why, STATUS_NET, "TLS fails: ", note);
	case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9; we ask by https only */
	case CURLE_WEIRD_SERVER_REPLY:
		return note_set(note, STATUS_NET, "it does not speak HTTP");
	case CURLE_PROXY:
		return say_as_it_is(
		    code, why, STATUS_NET, "the proxy refuses: ", note);
	default:
		return say_as_it_is(code, why, STATUS_NET, "", note);
	}
}

enum status
http_send(const struct http_request *request, struct http_response *out,
    struct note *note)
{
	struct sink sink = { .response = out };
	char why[CURL_ERROR_SIZE] = "";
	struct curl_slist *fields = NULL;
	enum status status = STATUS_MEMORY;
	CURL *curl;
	CURLcode code;

	out->retry_after = -1;
	buf_init(&out->body, request->most);
	if (handle == NULL)
		handle = curl_easy_init();
	else
		curl_easy_reset(handle);
	curl = handle;
	if (curl == NULL || (fields = make_fields(request)) == NULL ||
	    !set_up(curl, request, &sink, fields) ||
	    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why) != CURLE_OK)
		goto out;
	code = curl_easy_perform(curl);
	if (code == CURLE_OK) {
		take_fields(curl, request->url, out);
		status = STATUS_OK;
	} else if (sink.too_large) {
		status = note_set(note, STATUS_BAD_SIZE,
		    "its answer exceeds %zu KiB", request->most / 1024);
	} else if (sink.private_address) {
		status = note_set(note, STATUS_NET,
		    "its address is private; set retrieve_private to yes to "
		    "ask it");
	} else {
		status = say(curl, code, why, request, note);
	}
out:
	/* The handle outlives the fields. */
	if (curl != NULL)
		(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(fields);
	return status;
}

void
http_end(void)
{
	curl_easy_cleanup(handle);
	handle = NULL;
	curl_global_cleanup();
}
