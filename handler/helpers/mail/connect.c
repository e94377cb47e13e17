/*
 * connect.c - the only file here that includes libcurl: see connect.h
 *
 * libcurl's own SMTP and IMAP are used up to STARTTLS and no further: they do
 * not say at which octet sending failed.  Input: hostile.
 */
#include "helpers/mail/connect.h"

#include <curl/curl.h>
#include <errno.h>
#include <openssl/x509.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/network.h"
#include "base/text.h"

enum {
	PLAIN_TEXT_MAX = 64 * 1024, /* of what is said before TLS */
	LINE_MAX_KEPT = 250
};

struct connection {
	CURL *curl;
	size_t heard;              /* octets before TLS */
	char line[LINE_MAX_KEPT];  /* the last line of them */
	char why[CURL_ERROR_SIZE]; /* in libcurl's words */
};

static int64_t
now(void *of)
{
	struct timespec time;

	(void)of;
	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* Wait until the socket is ready.  False: not until then. */
static bool
wait_for(const struct connection *of, short what, int64_t until)
{
	struct pollfd ready = { .events = what };
	curl_socket_t fd = CURL_SOCKET_BAD;
	int64_t left;
	int polled;

	if (curl_easy_getinfo(of->curl, CURLINFO_ACTIVESOCKET, &fd) !=
		CURLE_OK ||
	    fd == CURL_SOCKET_BAD)
		return false;
	ready.fd = fd;
	do {
		left = until - now(NULL);
		if (left <= 0)
			return false;
		polled = poll(&ready, 1, left < 600000 ? (int)left : 600000);
	} while (polled == 0 || (polled < 0 && errno == EINTR));
	return polled > 0;
}

static enum status
write_all(void *of, struct span bytes, int64_t until, struct note *note)
{
	struct connection *connection = of;
	CURLcode code = CURLE_OK;
	size_t n;

	while (bytes.len > 0) {
		n = 0;
		code =
		    curl_easy_send(connection->curl, bytes.at, bytes.len, &n);
		if (code != CURLE_OK && code != CURLE_AGAIN)
			return note_set(
			    note, STATUS_NET, "it closed the connection");
		bytes = span_cut(bytes, n, bytes.len);
		if (n == 0 && !wait_for(connection, POLLOUT, until))
			return note_set(
			    note, STATUS_NET, "it does not read what we send");
	}
	return STATUS_OK;
}

static enum status
read_some(void *of, struct buf *into, int64_t until, struct note *note)
{
	struct connection *connection = of;
	const size_t room = into->ceiling - into->len;
	const size_t most = room < STREAM_PIECE ? room : STREAM_PIECE;
	CURLcode code;
	size_t n;

	if (most == 0)
		return STATUS_BAD_SIZE;
	if (!buf_reserve(into, most))
		return buf_status(into);
	for (;;) {
		n = 0;
		/* First: TLS may hold octets that the socket has not. */
		code = curl_easy_recv(
		    connection->curl, into->at + into->len, most, &n);
		if (code == CURLE_OK && n > 0) {
			into->len += n;
			into->at[into->len] = '\0';
			return STATUS_OK;
		}
		if (code == CURLE_OK)
			return note_set(
			    note, STATUS_END, "it closed the connection");
		if (code != CURLE_AGAIN)
			return note_set(
			    note, STATUS_NET, "the connection broke");
		if (!wait_for(connection, POLLIN, until))
			return note_set(
			    note, STATUS_AGAIN, "it does not answer in time");
	}
}

static void
free_connection(void *of)
{
	struct connection *connection = of;

	if (connection == NULL)
		return;
	curl_easy_cleanup(connection->curl);
	free(connection);
}

static const struct stream_kind to_network = { now, write_all, read_some,
	free_connection };

/* What the server says before TLS, line by line. */
static size_t
on_line(char *data, size_t one, size_t len, void *arg)
{
	struct connection *connection = arg;
	struct span line = span_trim((struct span){ data, len });

	(void)one;
	connection->heard += len;
	text_show_in(connection->line, sizeof(connection->line), line, true);
	return connection->heard <= PLAIN_TEXT_MAX ? len : 0;
}

/* For EHLO, libcurl takes the path of the URL, with its brackets escaped. */
static void
make_url(const struct connect_to *to, char *out, size_t size)
{
	const char *scheme = to->implicit_tls ? "https"
	    : to->imap                        ? "imap"
					      : "smtp";

	(void)snprintf(out, size, "%s://%s:%u/%s", scheme, to->host,
	    (unsigned)to->port,
	    to->implicit_tls || to->imap ? "" : "%5B127.0.0.1%5D");
}

static bool
set_up(struct connection *connection, const struct connect_to *to)
{
	CURL *curl = connection->curl;
	const bool own = to->ca_file[0] != '\0';
	char url[CONNECT_HOST_SIZE + 64];
	bool good = true;

	make_url(to, url, sizeof(url));
#define SET(option, value) \
	good = good && curl_easy_setopt(curl, option, value) == CURLE_OK
	SET(CURLOPT_URL, url);
	SET(CURLOPT_PROTOCOLS_STR, "https,imap,smtp");
	SET(CURLOPT_CONNECT_ONLY, 1L);
	SET(CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	/* It is not HTTP: no "h2" in the handshake. */
	SET(CURLOPT_SSL_ENABLE_ALPN, 0L);
	SET(CURLOPT_CAINFO, own ? to->ca_file : NULL);
	SET(CURLOPT_CAPATH, own ? NULL : NETWORK_CERTIFICATES);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_FRESH_CONNECT, 1L);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
	SET(CURLOPT_TIMEOUT, (long)CONNECT_SECONDS);
	SET(CURLOPT_HEADERFUNCTION, on_line);
	SET(CURLOPT_HEADERDATA, connection);
	SET(CURLOPT_ERRORBUFFER, connection->why);
#undef SET
	return good;
}

/* Say why its certificate is not trusted, and what to do. */
static enum status
say_distrust(const struct connection *connection, struct note *note)
{
	long result = X509_V_OK;
	char shown[200];
	const char *hint;

	(void)curl_easy_getinfo(
	    connection->curl, CURLINFO_SSL_VERIFYRESULT, &result);
	/* Set only where the chain was looked at: that comes after the name. */
	if (result == X509_V_OK || result == X509_V_ERR_UNSPECIFIED) {
		text_show_in(
		    shown, sizeof(shown), span_of(connection->why), true);
		return note_set(note, STATUS_NET,
		    "its certificate is not for this host: %s", shown);
	}
	hint = result == X509_V_ERR_CERT_HAS_EXPIRED ||
		result == X509_V_ERR_CERT_NOT_YET_VALID
	    ? "is the clock right?"
	    : "set mail_ca_file to trust its issuer";
	return note_set(note, STATUS_NET,
	    "its certificate is not trusted (%.100s); %s",
	    X509_verify_cert_error_string(result), hint);
}

/* What it said instead of going on: SMTP's 4xx and IMAP's BYE are for now, 5xx
 * is for good. */
static enum status
say_refusal(const struct connection *connection, bool imap, struct note *note)
{
	const struct span line = span_of(connection->line);
	enum status status = STATUS_NET;

	if (imap ? span_starts_nocase(line, SPAN("* BYE"))
		 : span_starts(line, SPAN("4")))
		status = STATUS_AGAIN;
	else if (!imap && span_starts(line, SPAN("5")))
		status = STATUS_NO;
	if (status == STATUS_NET)
		return note_set(note, status,
		    "it does not speak %s as it should",
		    imap ? "IMAP" : "SMTP");
	return note_set(note, status, "it refuses the connection: %.200s",
	    connection->line);
}

/* Say in plain words what the library reports. */
static enum status
say(const struct connection *connection, CURLcode code,
    const struct connect_to *to, struct note *note)
{
	long error = 0;
	char shown[200];

	/* libcurl has a limit, too, and only words for it. */
	if (connection->heard > PLAIN_TEXT_MAX ||
	    strstr(connection->why, "Too large") != NULL)
		return note_set(
		    note, STATUS_NET, "it says too much before TLS");
	switch (code) {
	case CURLE_OUT_OF_MEMORY:
		return STATUS_MEMORY;
	case CURLE_COULDNT_RESOLVE_HOST:
		return note_set(note, STATUS_NET,
		    "its name does not resolve; is there a network?");
	case CURLE_COULDNT_CONNECT:
		(void)curl_easy_getinfo(
		    connection->curl, CURLINFO_OS_ERRNO, &error);
		return note_set(note, STATUS_NET, "cannot connect (%s)",
		    error != 0 ? strerror((int)error) : "no answer");
	case CURLE_OPERATION_TIMEDOUT:
		return note_set(note, STATUS_NET,
		    "it does not answer within %d seconds%s", CONNECT_SECONDS,
		    to->implicit_tls || connection->heard > 0
			? ""
			: "; does this port begin with TLS?");
	case CURLE_PEER_FAILED_VERIFICATION:
		return say_distrust(connection, note);
	case CURLE_SSL_CACERT_BADFILE:
		return note_set(note, STATUS_CONFIG,
		    "%.150s contains no readable certificates",
		    to->ca_file[0] != '\0' ? to->ca_file
					   : NETWORK_CERTIFICATES);
	case CURLE_USE_SSL_FAILED:
		return note_set(note, STATUS_NET,
		    "it offers no TLS on this port, and mailcert uses nothing "
		    "else");
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_REMOTE_ACCESS_DENIED:
		return say_refusal(connection, to->imap, note);
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		return note_set(note, STATUS_NET, "it closed the connection");
	default:
		text_show_in(shown, sizeof(shown),
		    span_of(connection->why[0] != '\0'
			    ? connection->why
			    : curl_easy_strerror(code)),
		    true);
		return note_set(note, STATUS_NET, "%s%s",
		    code == CURLE_SSL_CONNECT_ERROR ? "TLS fails: " : "",
		    shown);
	}
}

enum status
connect_prepare(void)
{
	enum status status = network_choose_sources();

	/* Writing into a connection that is closed is an error, not a signal. */
	(void)signal(SIGPIPE, SIG_IGN);
	if (status == STATUS_OK &&
	    curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		status = STATUS_MEMORY;
	return status;
}

enum status
connect_open(const struct connect_to *to, struct stream *out, bool *greeted,
    struct note *note)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	enum status status = STATUS_MEMORY;
	CURLcode code;

	if (connection == NULL)
		return STATUS_MEMORY;
	connection->curl = curl_easy_init();
	if (connection->curl == NULL || !set_up(connection, to))
		goto out;
	code = curl_easy_perform(connection->curl);
	if (code != CURLE_OK) {
		status = say(connection, code, to, note);
		goto out;
	}
	*out = (struct stream){ &to_network, connection };
	*greeted = !to->implicit_tls;
	return STATUS_OK;
out:
	free_connection(connection);
	return status;
}

void
connect_end(void)
{
	curl_global_cleanup();
}
