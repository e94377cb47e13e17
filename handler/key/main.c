/*
 * key/main.c - mailcert-key, the key holder
 *
 * The only program that opens private keys.  It parses no mail and knows no
 * network: after reading the key file it shuts itself in.
 *
 *	mailcert-key thumbprint FILE	prints the RFC 7638 thumbprint
 *	mailcert-key generate KIND FILE	makes a new private key; FILE must not
 *		be there
 *	mailcert-key jws FILE	reads frames (url, nonce, kid, payload), prints
 *		the signed request
 *	mailcert-key bind FILE	reads frames (url, kid, mac), prints the
 *		externalAccountBinding
 *	mailcert-key public FILE	prints the public key
 *		(SubjectPublicKeyInfo) in base64url
 *	mailcert-key csr FILE	reads frames (address..., usage), prints the
 *		signing request in base64url
 *
 * On failure it prints one sentence to standard output and exits with the
 * status's code; its caller tells the user.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acme/csr.h"
#include "acme/jwk.h"
#include "acme/jws.h"
#include "base/base64url.h"
#include "base/fd.h"
#include "base/frame.h"
#include "base/sandbox.h"
#include "store/home.h"

enum { KEY_FILE_MAX = 64 * 1024 };

/* As ssh does: a key that others can read is not used. */
static enum status
read_key(const char *path, struct buf *out, struct note *note)
{
	enum status status;
	struct stat st;
	int fd;

	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return note_set(note,
		    errno == EACCES || errno == ELOOP ? STATUS_PERMISSION
						      : STATUS_IO,
		    "%.200s: %s", path, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		status = note_set(
		    note, STATUS_IO, "%.200s is not a regular file", path);
	else if (st.st_uid != geteuid() || (st.st_mode & 077) != 0)
		status = note_set(note, STATUS_PERMISSION,
		    "%.200s can be read by others (chmod 600 it)", path);
	else if (st.st_nlink > 1)
		status = note_set(note, STATUS_PERMISSION,
		    "%.200s has more than one name (hard links)", path);
	else if ((status = fd_read(fd, out, 10)) == STATUS_BAD_SIZE)
		status = note_set(note, STATUS_BAD_KEY,
		    "%.200s is too large for a key", path);
	(void)close(fd);
	return status;
}

/* What the frames on standard input say. */
struct request {
	struct jws jws;
	struct span mac;
	struct span address[CSR_ADDRESSES_MAX];
	size_t addresses;
	enum csr_usage usage;
};

static enum status
take_frame(struct request *request, const struct frame *frame)
{
	const struct span name = frame->name, value = frame->value;

	if (span_eq(name, SPAN("url")))
		request->jws.url = value;
	else if (span_eq(name, SPAN("nonce")))
		request->jws.nonce = value;
	else if (span_eq(name, SPAN("kid")))
		request->jws.kid = value;
	else if (span_eq(name, SPAN("payload")))
		request->jws.payload = value;
	else if (span_eq(name, SPAN("mac")))
		request->mac = value;
	else if (span_eq(name, SPAN("address")) &&
	    request->addresses < CSR_ADDRESSES_MAX)
		request->address[request->addresses++] = value;
	else if (!span_eq(name, SPAN("usage")) ||
	    !csr_usage_parse(value, &request->usage))
		return STATUS_USAGE;
	return STATUS_OK;
}

static enum status
take_request(struct span input, struct request *out)
{
	enum status status = STATUS_OK;
	struct frame frame;

	*out = (struct request){ .usage = CSR_BOTH };
	while (status == STATUS_OK &&
	    (status = frame_take(&input, &frame)) == STATUS_OK)
		status = take_frame(out, &frame);
	return status == STATUS_NO ? STATUS_OK : status;
}

/* Everything with an existing key: shut in before anything is computed. */
static enum status
use_key(const char *verb, const char *path, struct buf *out, struct note *note)
{
	struct buf key, input, der;
	struct request request;
	enum status status;

	buf_init(&key, KEY_FILE_MAX);
	buf_init(&input, JWS_SIZE_MAX);
	buf_init(&der, CSR_SIZE_MAX);
	status = read_key(path, &key, note);
	if (status == STATUS_OK) {
		(void)sandbox_enter();
		if (strcmp(verb, "thumbprint") != 0 &&
		    strcmp(verb, "public") != 0)
			status = fd_read(STDIN_FILENO, &input, 10);
	}
	if (status == STATUS_OK)
		status = take_request(buf_span(&input), &request);
	if (status != STATUS_OK)
		;
	else if (strcmp(verb, "thumbprint") == 0)
		status = jwk_thumbprint(buf_span(&key), out, note);
	else if (strcmp(verb, "jws") == 0)
		status = jws_sign(buf_span(&key), &request.jws, out, note);
	else if (strcmp(verb, "public") == 0)
		status = key_public(buf_span(&key), &der, note);
	else if (strcmp(verb, "bind") == 0)
		status = jws_bind(buf_span(&key), request.jws.url,
		    request.jws.kid, request.mac, out, note);
	else
		status = csr_build(buf_span(&key), request.address,
		    request.addresses, request.usage, &der, note);
	if (status == STATUS_OK && der.len > 0)
		base64url_encode(out, buf_span(&der));
	buf_clear(&der);
	buf_wipe(&input); /* may hold a MAC key */
	buf_wipe(&key);
	return status == STATUS_OK ? buf_status(out) : status;
}

/* A new key, durable before anybody hears of it. */
static enum status
make_key(const char *kind_name, const char *path, struct note *note)
{
	char copy[1024], other[1024];
	enum status status = STATUS_USAGE;
	enum key_kind kind;
	struct buf pem;
	int dir;

	if (!key_kind_parse(span_of(kind_name), &kind) ||
	    !span_copy(span_of(path), copy, sizeof(copy)) ||
	    !span_copy(span_of(path), other, sizeof(other)))
		return note_set(note, status, "there is no such kind of key");
	dir = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return note_set(
		    note, STATUS_CREATE, "%.200s: %s", copy, strerror(errno));
	buf_init(&pem, KEY_FILE_MAX);
	status = key_generate(kind, &pem);
	if (status == STATUS_OK)
		status =
		    file_create(dir, basename(other), buf_span(&pem), note);
	if (status == STATUS_OK)
		status = dir_sync(dir);
	buf_wipe(&pem);
	(void)close(dir);
	return status;
}

static bool
is_verb(const char *verb)
{
	static const char *const verbs[] = { "thumbprint", "jws", "bind",
		"public", "csr" };
	const size_t count = sizeof(verbs) / sizeof(*verbs);

	return span_index(span_of(verb), verbs, count) < count;
}

int
main(int argc, char *argv[])
{
	const bool make = argc == 4 && strcmp(argv[1], "generate") == 0;
	const struct rlimit no_core = { 0, 0 };
	struct note note = { "" };
	enum status status;
	struct buf out;

	(void)setrlimit(RLIMIT_CORE, &no_core);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (!make && (argc != 3 || !is_verb(argv[1])))
		return status_exit(STATUS_USAGE);
	/* The configuration of OpenSSL is a file of the system; what it loads
	 * must not depend on the environment. */
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return status_exit(STATUS_CRYPTO);
	buf_init(&out, 4 * JWS_SIZE_MAX);
	status = make ? make_key(argv[2], argv[3], &note)
		      : use_key(argv[1], argv[2], &out, &note);
	if (status != STATUS_OK) {
		buf_clear(&out);
		buf_add_text(&out, note_text(&note, status));
	}
	buf_add_byte(&out, '\n');
	if (fd_write(STDOUT_FILENO, buf_span(&out)) != STATUS_OK)
		status = STATUS_IO;
	buf_clear(&out);
	return status_exit(status);
}
