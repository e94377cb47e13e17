/*
 * wire.c - connect to a mail server, whatever its certificate: see wire.h
 *
 * STARTTLS of connect.c is libcurl's, which ends where a certificate is not
 * trusted, and does not say what was announced before TLS.  Input: hostile.
 */
#include "helpers/mail/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/frame.h"
#include "base/network.h"
#include "base/text.h"

struct wire {
	int fd;
	SSL *ssl;     /* NULL: plain text */
	SSL_CTX *ctx; /* owned, as is ssl */
};

int64_t
wire_now(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static int64_t
now(void *of)
{
	(void)of;
	return wire_now();
}

static bool
wait_for(int fd, short what, int64_t until)
{
	struct pollfd ready = { .fd = fd, .events = what };
	int64_t left;
	int polled;

	do {
		left = until - wire_now();
		if (left <= 0)
			return false;
		polled = poll(&ready, 1, left < 600000 ? (int)left : 600000);
	} while (polled == 0 || (polled < 0 && errno == EINTR));
	return polled > 0;
}

/* --- octets ---------------------------------------------------------------- */

/* What TLS waits for; 0: it broke. */
static short
wants(const struct wire *wire, int result)
{
	switch (SSL_get_error(wire->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return POLLIN;
	case SSL_ERROR_WANT_WRITE:
		return POLLOUT;
	default:
		return 0;
	}
}

/* Write or read some: how many, 0 at the end, or -1 and *wait, which is 0 where
 * it broke. */
static ssize_t
write_some(struct wire *wire, struct span bytes, short *wait)
{
	ssize_t n;

	if (wire->ssl != NULL) {
		n = SSL_write(wire->ssl, bytes.at,
		    bytes.len < STREAM_PIECE ? (int)bytes.len : STREAM_PIECE);
		*wait = n > 0 ? 0 : wants(wire, (int)n);
		return n > 0 ? n : -1;
	}
	n = write(wire->fd, bytes.at, bytes.len);
	*wait = n < 0 && (errno == EAGAIN || errno == EINTR) ? POLLOUT : 0;
	return n > 0 ? n : -1;
}

static ssize_t
read_piece(struct wire *wire, char *into, size_t most, short *wait)
{
	ssize_t n;

	*wait = 0;
	if (wire->ssl != NULL) {
		n = SSL_read(wire->ssl, into, (int)most);
		if (n > 0)
			return n;
		if (SSL_get_error(wire->ssl, (int)n) == SSL_ERROR_ZERO_RETURN)
			return 0;
		*wait = wants(wire, (int)n);
		return -1;
	}
	n = read(wire->fd, into, most);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		*wait = POLLIN;
	return n;
}

static enum status
write_all(void *of, struct span bytes, int64_t until, struct note *note)
{
	struct wire *wire = of;
	short wait = 0;
	ssize_t n;

	while (bytes.len > 0) {
		ERR_clear_error();
		n = write_some(wire, bytes, &wait);
		if (n > 0)
			bytes = span_cut(bytes, (size_t)n, bytes.len);
		else if (wait == 0)
			return note_set(
			    note, STATUS_NET, "it closed the connection");
		else if (!wait_for(wire->fd, wait, until))
			return note_set(
			    note, STATUS_NET, "it does not read what we send");
	}
	return STATUS_OK;
}

static enum status
read_some(void *of, struct buf *into, int64_t until, struct note *note)
{
	const size_t room = into->ceiling - into->len;
	const size_t most = room < STREAM_PIECE ? room : STREAM_PIECE;
	struct wire *wire = of;
	short wait = 0;
	ssize_t n;

	if (most == 0)
		return STATUS_BAD_SIZE;
	if (!buf_reserve(into, most))
		return buf_status(into);
	for (;;) {
		ERR_clear_error();
		n = read_piece(wire, into->at + into->len, most, &wait);
		if (n > 0) {
			into->len += (size_t)n;
			into->at[into->len] = '\0';
			return STATUS_OK;
		}
		if (n == 0)
			return note_set(
			    note, STATUS_END, "it closed the connection");
		if (wait == 0)
			return note_set(
			    note, STATUS_NET, "the connection broke");
		if (!wait_for(wire->fd, wait, until))
			return note_set(
			    note, STATUS_AGAIN, "it does not answer in time");
	}
}

static void
free_wire(void *of)
{
	struct wire *wire = of;

	SSL_free(wire->ssl);
	SSL_CTX_free(wire->ctx);
	(void)close(wire->fd);
	free(wire);
}

static const struct stream_kind on_wire = { now, write_all, read_some,
	free_wire };

/* --- addresses and connections --------------------------------------------- */

/* Without the brackets of an address. */
static bool
bare_host(const char *host, char *out, size_t size)
{
	const struct span text = span_of(host);
	const bool brackets = span_starts(text, SPAN("[")) && text.len > 2 &&
	    text.at[text.len - 1] == ']';

	return span_copy(
	    brackets ? span_cut(text, 1, text.len - 1) : text, out, size);
}

static bool
is_address(const char *host)
{
	const struct addrinfo numeric = { .ai_flags = AI_NUMERICHOST };
	struct addrinfo *found = NULL;

	if (getaddrinfo(host, NULL, &numeric, &found) != 0)
		return false;
	freeaddrinfo(found);
	return true;
}

enum status
wire_resolve(const char *host, struct wire_addresses *out, struct note *note)
{
	const struct addrinfo wanted = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL, *one;
	enum status status = STATUS_OK;
	char bare[256];
	int error;

	out->count = 0;
	if (!bare_host(host, bare, sizeof(bare)))
		return note_set(note, STATUS_NET, "its name is too long");
	error = getaddrinfo(bare, NULL, &wanted, &found);
	if (error == EAI_MEMORY)
		return STATUS_MEMORY;
	if (error != 0)
		return note_set(note, STATUS_NET,
		    "its name does not resolve (%s)", gai_strerror(error));
	for (one = found; one != NULL && status == STATUS_OK;
	     one = one->ai_next)
		if (out->count == WIRE_ADDRESSES_MAX)
			status = note_set(note, STATUS_NET,
			    "it has more than %d addresses",
			    WIRE_ADDRESSES_MAX);
		else if (getnameinfo(one->ai_addr, one->ai_addrlen,
			     out->text[out->count], WIRE_ADDRESS_SIZE, NULL, 0,
			     NI_NUMERICHOST) == 0)
			out->count++;
	freeaddrinfo(found);
	if (status == STATUS_OK && out->count == 0)
		status = note_set(note, STATUS_NET, "it has no address");
	return status;
}

static enum status
connect_to(int fd, const struct addrinfo *to, int64_t until, struct note *note)
{
	socklen_t size = sizeof(int);
	int error = 0;

	if (connect(fd, to->ai_addr, to->ai_addrlen) == 0)
		return STATUS_OK;
	if (errno != EINPROGRESS)
		error = errno;
	else if (!wait_for(fd, POLLOUT, until))
		error = ETIMEDOUT;
	else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
		error = errno;
	return error == 0 ? STATUS_OK
			  : note_set(note, STATUS_NET, "cannot connect (%s)",
				strerror(error));
}

enum status
wire_open(const char *address, uint16_t port, int64_t until, struct stream *out,
    struct note *note)
{
	const struct addrinfo wanted = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	struct wire *wire = calloc(1, sizeof(*wire));
	struct addrinfo *to = NULL;
	enum status status;
	char service[8];

	(void)snprintf(service, sizeof(service), "%u", (unsigned)port);
	if (wire == NULL)
		return STATUS_MEMORY;
	wire->fd = -1;
	if (getaddrinfo(address, service, &wanted, &to) != 0) {
		free(wire);
		return note_set(note, STATUS_NET, "its address is malformed");
	}
	wire->fd = socket(
	    to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (wire->fd < 0)
		status = note_set(
		    note, STATUS_NET, "cannot connect (%s)", strerror(errno));
	else
		status = connect_to(wire->fd, to, until, note);
	freeaddrinfo(to);
	if (status == STATUS_OK) {
		out->kind = &on_wire;
		out->of = wire;
		return STATUS_OK;
	}
	if (wire->fd >= 0)
		(void)close(wire->fd);
	free(wire);
	return status;
}

/* --- TLS -------------------------------------------------------------------- */

static bool
set_up(struct wire *wire, const char *host, const char *ca_file)
{
	const bool own = ca_file[0] != '\0';
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	char bare[256];

	wire->ctx = ctx;
	if (ctx == NULL ||
	    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1)
		return false;
	/* The chain is judged, and the connection goes on in any case. */
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_mode(ctx, SSL_MODE_AUTO_RETRY);
	/* Without them, it is not trusted, and the result says so. */
	(void)SSL_CTX_load_verify_locations(
	    ctx, own ? ca_file : NULL, own ? NULL : NETWORK_CERTIFICATES);
	if ((wire->ssl = SSL_new(ctx)) == NULL ||
	    SSL_set_fd(wire->ssl, wire->fd) != 1)
		return false;
	return !bare_host(host, bare, sizeof(bare)) || is_address(bare) ||
	    SSL_set_tlsext_host_name(wire->ssl, bare) == 1;
}

/* Plain text where TLS should be: the wrong port. */
static enum status
say_failure(struct note *note)
{
	const unsigned long error = ERR_peek_error();
	const int reason = ERR_GET_REASON(error);

	if (error == 0)
		return note_set(
		    note, STATUS_NET, "it closes the connection in TLS");
	if (reason == SSL_R_WRONG_VERSION_NUMBER ||
	    reason == SSL_R_PACKET_LENGTH_TOO_LONG)
		return note_set(note, STATUS_NET,
		    "it does not begin with TLS on this port");
	return note_set(note, STATUS_NET, "TLS fails: %.100s",
	    ERR_reason_error_string(error) != NULL
		? ERR_reason_error_string(error)
		: "no reason");
}

enum status
wire_start_tls(struct stream *stream, const char *host, const char *ca_file,
    int64_t until, struct note *note)
{
	struct wire *wire = stream->of;
	short wait;
	int done;

	ERR_clear_error();
	if (!set_up(wire, host, ca_file))
		return note_set(note, STATUS_NET, "TLS cannot begin");
	for (;;) {
		ERR_clear_error();
		done = SSL_connect(wire->ssl);
		if (done == 1)
			return STATUS_OK;
		if ((wait = wants(wire, done)) == 0)
			return say_failure(note);
		if (!wait_for(wire->fd, wait, until))
			return note_set(note, STATUS_NET,
			    "it does not answer in TLS in time");
	}
}

/* --- its certificate --------------------------------------------------------- */

static void
add_digest(struct buf *out, const char *name, const unsigned char *digest,
    unsigned int len)
{
	char hex[2 * EVP_MAX_MD_SIZE + 1] = "";
	unsigned int i;

	for (i = 0; i < len; i++)
		(void)snprintf(hex + (size_t)2 * i, 3, "%02x", digest[i]);
	frame_add(out, name, span_of(hex));
}

static enum status
add_digests(X509 *leaf, struct buf *out)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned char *public = NULL;
	unsigned int len = 0;
	int size;
	bool done;

	if (X509_digest(leaf, EVP_sha256(), digest, &len) != 1)
		return STATUS_CRYPTO;
	add_digest(out, "leaf", digest, len);
	size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &public);
	done = size > 0 &&
	    EVP_Digest(
		public, (size_t)size, digest, &len, EVP_sha256(), NULL) == 1;
	OPENSSL_free(public);
	if (done)
		add_digest(out, "public", digest, len);
	return done ? STATUS_OK : STATUS_CRYPTO;
}

static void
add_names(X509 *leaf, struct buf *out)
{
	GENERAL_NAMES *names =
	    X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
	const GENERAL_NAME *name;
	char shown[300];
	int i;

	for (i = 0; i < sk_GENERAL_NAME_num(names) && i < WIRE_NAMES_MAX; i++) {
		name = sk_GENERAL_NAME_value(names, i);
		if (name->type != GEN_DNS)
			continue;
		text_show_in(shown, sizeof(shown),
		    (struct span){
			(const char *)ASN1_STRING_get0_data(name->d.dNSName),
			(size_t)ASN1_STRING_length(name->d.dNSName) },
		    true);
		frame_add(out, "name", span_of(shown));
	}
	GENERAL_NAMES_free(names);
}

/* As it was sent, in PEM, as far as it is not huge. */
static void
add_chain(const SSL *ssl, struct buf *out)
{
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
	BIO *bio = BIO_new(BIO_s_mem());
	const char *text = NULL;
	bool good = bio != NULL;
	long len;
	int i;

	for (i = 0; good && i < sk_X509_num(chain) && i < WIRE_LINKS_MAX; i++)
		good = PEM_write_bio_X509(bio, sk_X509_value(chain, i)) == 1;
	len = good ? BIO_get_mem_data(bio, &text) : 0;
	if (len > 0 && len <= WIRE_CHAIN_MAX)
		frame_add(out, "chain", (struct span){ text, (size_t)len });
	BIO_free(bio);
}

static bool
fits(X509 *leaf, const char *host)
{
	char bare[256];

	if (!bare_host(host, bare, sizeof(bare)))
		return false;
	return is_address(bare) ? X509_check_ip_asc(leaf, bare, 0) == 1
				: X509_check_host(leaf, bare, 0, 0, NULL) == 1;
}

enum status
wire_add_certificate(const struct stream *stream, const char *host,
    struct buf *out, struct note *note)
{
	const struct wire *wire = stream->of;
	X509 *leaf = SSL_get0_peer_certificate(wire->ssl);
	const long result = SSL_get_verify_result(wire->ssl);
	struct tm expires = { 0 };
	enum status status;

	if (leaf == NULL)
		return note_set(note, STATUS_NET, "it has no certificate");
	if (ASN1_TIME_to_tm(X509_get0_notAfter(leaf), &expires) != 1)
		return note_set(
		    note, STATUS_NET, "its certificate has no readable date");
	if ((status = add_digests(leaf, out)) != STATUS_OK)
		return status;
	add_names(leaf, out);
	frame_add_number(out, "expires", (int64_t)timegm(&expires));
	frame_add(out, "distrust",
	    result == X509_V_OK
		? SPAN("")
		: span_of(X509_verify_cert_error_string(result)));
	frame_add(out, "fits", fits(leaf, host) ? SPAN("yes") : SPAN(""));
	add_chain(wire->ssl, out);
	return buf_status(out);
}
