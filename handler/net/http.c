/* http.c - the door to libcurl: see http.h.  Input: hostile. */
#include "net/http.h"

#include <curl/curl.h>
#ifdef __GLIBC__
#include <nss.h>
#endif
#include <string.h>

#include "base/text.h"
#include "mail/date.h"

#ifndef VERSION
#define VERSION "0"
#endif

struct sink {
	struct http_response *response;
	int64_t now;
	size_t header_octets;
	bool too_large;
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

/* Seconds, or a date (RFC 9110 section 10.2.3). */
static int64_t
take_retry_after(struct span value, int64_t now)
{
	int64_t seconds = 0, when;
	size_t i;

	for (i = 0; i < value.len && i < 9 && ascii_is_digit(value.at[i]); i++)
		seconds = seconds * 10 + (value.at[i] - '0');
	if (i > 0 && i == value.len)
		return seconds;
	if (date_parse(value, &when) == STATUS_OK)
		return when > now ? when - now : 0;
	return -1;
}

static void
take_text(struct span value, char *out, size_t size)
{
	if (!span_copy(value, out, size) || text_has_hidden(value))
		out[0] = '\0';
}

/* <URL>;rel="alternate", one or several, as RFC 8555 section 7.4.2 has them. */
static void
take_links(struct span value, struct http_response *out)
{
	struct span one, url;
	size_t end;

	while (value.len > 0 && out->alternates < HTTP_ALTERNATES_MAX) {
		/* A comma in an URL is of no use to us here. */
		end = span_find_byte(value, ',');
		one = span_trim(span_cut(value, 0, end));
		value = span_cut(value, end + 1, value.len);
		end = span_find_byte(one, '>');
		if (one.len == 0 || one.at[0] != '<' || end == one.len)
			continue;
		url = span_cut(one, 1, end);
		one = span_cut(one, end + 1, one.len);
		if (span_find(one, SPAN("rel=\"alternate\"")) == one.len &&
		    span_find(one, SPAN("rel=alternate")) == one.len)
			continue;
		take_text(url, out->alternate[out->alternates], HTTP_TEXT_SIZE);
		if (out->alternate[out->alternates][0] != '\0')
			out->alternates++;
	}
}

static size_t
on_header(char *data, size_t one, size_t len, void *arg)
{
	struct sink *sink = arg;
	struct http_response *out = sink->response;
	const struct span line = { data, len };
	const size_t colon = span_find_byte(line, ':');
	const struct span name = span_cut(line, 0, colon);
	const struct span value = span_trim(span_cut(line, colon + 1, len));

	(void)one;
	sink->header_octets += len;
	if (sink->header_octets > HTTP_HEADER_MAX) {
		sink->too_large = true;
		return 0;
	}
	if (span_eq_nocase(name, SPAN("Replay-Nonce")))
		take_text(value, out->nonce, sizeof(out->nonce));
	else if (span_eq_nocase(name, SPAN("Location")))
		take_text(value, out->location, sizeof(out->location));
	else if (span_eq_nocase(name, SPAN("Retry-After")))
		out->retry_after = take_retry_after(value, sink->now);
	else if (span_eq_nocase(name, SPAN("Link")))
		take_links(value, out);
	return len;
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
	SET(CURLOPT_PROTOCOLS_STR, "https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_CAINFO, own ? request->ca_file : NULL);
	SET(CURLOPT_CAPATH, own ? NULL : HTTP_CERTIFICATES);
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
	return good;
}

static struct curl_slist *
make_fields(const struct http_request *request)
{
	struct curl_slist *fields = curl_slist_append(NULL, "Expect:");
	char line[300];

	fields = curl_slist_append(fields, "Accept-Language: en");
	if (strcmp(request->method, "POST") == 0)
		fields = curl_slist_append(
		    fields, "Content-Type: application/jose+json");
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
#ifdef __GLIBC__
	(void)__nss_configure_lookup("hosts", "files dns");
#endif
	return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK
	    ? STATUS_OK
	    : STATUS_MEMORY;
}

enum status
http_send(const struct http_request *request, int64_t now,
    struct http_response *out, struct note *note)
{
	struct sink sink = { .response = out, .now = now };
	char why[CURL_ERROR_SIZE] = "", shown[200];
	struct curl_slist *fields = NULL;
	enum status status = STATUS_MEMORY;
	CURL *curl = NULL;
	CURLcode code;

	out->retry_after = -1;
	if ((curl = curl_easy_init()) == NULL ||
	    (fields = make_fields(request)) == NULL ||
	    !set_up(curl, request, &sink, fields) ||
	    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why) != CURLE_OK)
		goto out;
	code = curl_easy_perform(curl);
	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &out->code);
	if (code == CURLE_OK) {
		status = STATUS_OK;
	} else if (sink.too_large) {
		status = note_set(note, STATUS_BAD_CA,
		    "the CA's answer exceeds %d KiB", HTTP_BODY_MAX / 1024);
	} else {
		text_show_in(shown, sizeof(shown),
		    span_of(why[0] != '\0' ? why : curl_easy_strerror(code)),
		    true);
		status = note_set(note, STATUS_NET, "%s%s", shown,
		    span_find(span_of(shown), SPAN("not yet valid")) <
				strlen(shown) ||
			    span_find(span_of(shown), SPAN("expired")) <
				strlen(shown)
			? "; is the clock right?"
			: "");
	}
out:
	curl_slist_free_all(fields);
	curl_easy_cleanup(curl);
	curl_global_cleanup();
	return status;
}
