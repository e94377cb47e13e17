/*
 * main.c - mailcert-key: hold the private keys, and sign with them
 *
 * The only program that opens private keys.  It parses no mail and knows no
 * network.  It opens what its arguments name, a key or the directory of a new
 * one, and enters its sandbox before it reads its input or computes: nothing
 * else can be read then, and nothing written but files in that directory.
 *
 *	mailcert-key thumbprint FILE	prints the RFC 7638 thumbprint
 *	mailcert-key jws FILE	reads frames (url, nonce, kid, payload), prints
 *		the signed request
 *	mailcert-key rollover FILE NEW	reads frames (url, nonce, kid), prints
 *		the request that gives the account of FILE's key to NEW's
 *	mailcert-key bind FILE	reads frames (url, kid, mac), prints the
 *		externalAccountBinding
 *	mailcert-key generate KIND FILE	makes a new private key; FILE must not
 *		be there.  Reads frames (address..., usage, subject, eku): where
 *		there are addresses it prints frames (csr, public: the signing
 *		request and the SubjectPublicKeyInfo, in base64url)
 *	mailcert-key copy FILE NEW	writes the key again, as a new file
 *
 * A frame "passphrase" unlocks the key that is read, and locks the one that is
 * made.
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

enum {
	KEY_FILE_MAX = 64 * 1024,
	CPU_SECONDS = 120 /* a large RSA key, on a slow machine */
};

/* From here on only these: what is open, and new files in dir, or none. */
static void
confine(int dir)
{
	const struct sandbox_rules rules = { .writable = dir > 0 ? dir : 0,
		.cpu_seconds = CPU_SECONDS };

	(void)sandbox_enter_with(&rules);
}

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
	struct span passphrase;
	struct span address[CSR_ADDRESSES_MAX];
	size_t addresses;
	struct csr_form form;
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
	else if (span_eq(name, SPAN("passphrase")))
		request->passphrase = value;
	else if (span_eq(name, SPAN("address")) &&
	    request->addresses < CSR_ADDRESSES_MAX)
		request->address[request->addresses++] = value;
	else if (span_eq(name, SPAN("subject")))
		request->form.address_subject = span_eq(value, SPAN("address"));
	else if (span_eq(name, SPAN("eku")))
		request->form.eku = span_eq(value, SPAN("yes"));
	else if (!span_eq(name, SPAN("usage")) ||
	    !csr_usage_parse(value, &request->form.usage))
		return STATUS_USAGE;
	return STATUS_OK;
}

static enum status
take_request(struct buf *input, struct request *out)
{
	enum status status = fd_read(STDIN_FILENO, input, 10);
	struct span rest = buf_span(input);
	struct frame frame;

	*out = (struct request){ .form.usage = CSR_BOTH };
	while (status == STATUS_OK &&
	    (status = frame_take(&rest, &frame)) == STATUS_OK)
		status = take_frame(out, &frame);
	return status == STATUS_NO ? STATUS_OK : status;
}

/* Everything that knows a key but not its file. */
static enum status
compute(const char *verb, struct span key, struct span other,
    const struct request *request, struct buf *out, struct note *note)
{
	if (strcmp(verb, "thumbprint") == 0)
		return jwk_thumbprint(key, out, note);
	if (strcmp(verb, "jws") == 0)
		return jws_sign(key, &request->jws, out, note);
	if (strcmp(verb, "rollover") == 0)
		return jws_roll_over(key, other, &request->jws, out, note);
	return jws_bind(
	    key, request->jws.url, request->jws.kid, request->mac, out, note);
}

/* Read the key, or two; compute in the sandbox. */
static enum status
use_key(const char *verb, const char *path, const char *second, struct buf *out,
    struct note *note)
{
	struct buf key, other, input, plain;
	struct request request;
	enum status status;

	buf_init(&key, KEY_FILE_MAX);
	buf_init(&other, KEY_FILE_MAX);
	buf_init(&plain, KEY_FILE_MAX);
	buf_init(&input, JWS_SIZE_MAX);
	status = read_key(path, &key, note);
	if (status == STATUS_OK && second != NULL)
		status = read_key(second, &other, note);
	confine(-1);
	request = (struct request){ .form.usage = CSR_BOTH };
	if (status == STATUS_OK && strcmp(verb, "thumbprint") != 0)
		status = take_request(&input, &request);
	if (status == STATUS_OK && key_is_locked(buf_span(&key))) {
		status = key_unlock(
		    buf_span(&key), request.passphrase, &plain, note);
		buf_wipe(&key);
		key = plain;
		buf_init(&plain, 0);
	}
	if (status == STATUS_OK)
		status = compute(verb, buf_span(&key), buf_span(&other),
		    &request, out, note);
	buf_wipe(&input); /* may hold a MAC key or a passphrase */
	buf_wipe(&plain);
	buf_wipe(&other);
	buf_wipe(&key);
	return status == STATUS_OK ? buf_status(out) : status;
}

/* Where a new private file goes. */
struct place {
	char name[1024];
	int dir;
};

static enum status
open_place(const char *path, struct place *out, struct note *note)
{
	char copy[1024], other[1024];

	if (!span_copy(span_of(path), copy, sizeof(copy)) ||
	    !span_copy(span_of(path), other, sizeof(other)) ||
	    !span_copy(span_of(basename(other)), out->name, sizeof(out->name)))
		return STATUS_CREATE;
	out->dir = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return out->dir >= 0 ? STATUS_OK
			     : note_set(note, STATUS_CREATE, "%.200s: %s", copy,
				   strerror(errno));
}

/* Beside others, durable before anybody hears of it. */
static enum status
store_key(const struct place *place, struct span pem, struct note *note)
{
	enum status status = file_create(place->dir, place->name, pem, note);

	return status == STATUS_OK ? dir_sync(place->dir) : status;
}

/* What a certificate order wants of its key, so that nobody needs it again. */
static enum status
add_signing_request(struct span key, const struct request *request,
    struct buf *out, struct note *note)
{
	struct buf der, text;
	enum status status;

	buf_init(&der, CSR_SIZE_MAX);
	buf_init(&text, 2 * CSR_SIZE_MAX);
	status = csr_build(key, request->address, request->addresses,
	    &request->form, &der, note);
	base64url_encode(&text, buf_span(&der));
	frame_add(out, "csr", buf_span(&text));
	buf_clear(&der);
	buf_clear(&text);
	if (status == STATUS_OK)
		status = key_public(key, &der, note);
	base64url_encode(&text, buf_span(&der));
	frame_add(out, "public", buf_span(&text));
	buf_clear(&text);
	buf_clear(&der);
	return status == STATUS_OK ? buf_status(out) : status;
}

static enum status
make_key(
    const char *kind_name, const char *path, struct buf *out, struct note *note)
{
	struct place place = { .dir = -1 };
	struct buf key, locked, input;
	struct request request;
	enum status status;
	enum key_kind kind;

	if (!key_kind_parse(span_of(kind_name), &kind))
		return note_set(
		    note, STATUS_USAGE, "there is no such kind of key");
	if ((status = open_place(path, &place, note)) != STATUS_OK)
		return status;
	confine(place.dir);
	buf_init(&input, JWS_SIZE_MAX);
	buf_init(&key, KEY_FILE_MAX);
	buf_init(&locked, KEY_FILE_MAX);
	status = take_request(&input, &request);
	if (status == STATUS_OK)
		status = key_generate(kind, &key);
	if (status == STATUS_OK && request.addresses > 0)
		status =
		    add_signing_request(buf_span(&key), &request, out, note);
	if (status == STATUS_OK)
		status = key_lock(buf_span(&key), request.passphrase, &locked);
	if (status == STATUS_OK)
		status = store_key(&place, buf_span(&locked), note);
	(void)close(place.dir);
	buf_wipe(&locked);
	buf_wipe(&key);
	buf_wipe(&input);
	return status;
}

static enum status
copy_key(const char *from, const char *to, struct note *note)
{
	struct place place = { .dir = -1 };
	struct buf key, plain, input;
	struct request request;
	enum status status;

	buf_init(&input, JWS_SIZE_MAX);
	buf_init(&key, KEY_FILE_MAX);
	buf_init(&plain, KEY_FILE_MAX);
	status = read_key(from, &key, note);
	if (status == STATUS_OK)
		status = open_place(to, &place, note);
	confine(place.dir);
	if (status == STATUS_OK)
		status = take_request(&input, &request);
	if (status == STATUS_OK)
		status = key_unlock(
		    buf_span(&key), request.passphrase, &plain, note);
	if (status == STATUS_OK)
		status = store_key(&place, buf_span(&plain), note);
	if (place.dir >= 0)
		(void)close(place.dir);
	buf_wipe(&plain);
	buf_wipe(&key);
	buf_wipe(&input);
	return status;
}

static enum status
run(int argc, char *argv[], struct buf *out, struct note *note)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (argc == 3 &&
	    (strcmp(verb, "thumbprint") == 0 || strcmp(verb, "jws") == 0 ||
		strcmp(verb, "bind") == 0))
		return use_key(verb, argv[2], NULL, out, note);
	if (argc == 4 && strcmp(verb, "rollover") == 0)
		return use_key(verb, argv[2], argv[3], out, note);
	if (argc == 4 && strcmp(verb, "generate") == 0)
		return make_key(argv[2], argv[3], out, note);
	if (argc == 4 && strcmp(verb, "copy") == 0)
		return copy_key(argv[2], argv[3], note);
	return note_set(note, STATUS_USAGE, "mailcert-key does not do that");
}

int
main(int argc, char *argv[])
{
	struct note note = { "" };
	enum status status;
	struct buf out;

	sandbox_early();
	/* The configuration of OpenSSL is a file of the system; what it loads
	 * must not depend on the environment. */
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return status_exit(STATUS_CRYPTO);
	/* Without memory for it the library crashes later on. */
	if (OSSL_LIB_CTX_get0_global_default() == NULL)
		return status_exit(STATUS_MEMORY);
	buf_init(&out, 4 * JWS_SIZE_MAX);
	status = run(argc, argv, &out, &note);
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
