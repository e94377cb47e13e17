/*
 * main.c - mailcert-key: hold the private keys, and sign with them
 *
 * The only program that opens private keys.  It parses no mail and uses no
 * network.  It opens what the frame "open" names (a key, two, or the directory
 * of a new one) and enters its sandbox before it reads the rest or computes:
 * after that it can open nothing else, and write only in that directory.
 * base/verb.h has its verbs and their frames.
 *
 *	thumbprint	the RFC 7638 thumbprint of file
 *	jws		the request, signed by file
 *	rollover	the request that gives the account of file to new
 *	bind		the externalAccountBinding
 *	generate	makes new, which must not exist; with file, a copy of
 *		that key, whatever the kind says.  With addresses it
 *		also returns csr and public: the signing request and the
 *		SubjectPublicKeyInfo, in base64url
 *	unwrap		the key of a message's content, by file: acme/unwrap.h
 *	copy		writes file as new, unlocked: as PEM, or with form "gpg"
 *		as gpg-agent stores it
 *	inspect, take, clone, export: see portable.h
 *
 * passphrase unlocks the key that it reads, and locks the one that it makes.
 */
#include <openssl/crypto.h>
#include <unistd.h>

#include "acme/csr.h"
#include "acme/gpg_key.h"
#include "acme/jwk.h"
#include "acme/jws.h"
#include "acme/unwrap.h"
#include "base/base64url.h"
#include "base/sandbox.h"
#include "helpers/key/held.h"
#include "helpers/key/portable.h"

/* The certificates of a file are the largest part of what is said. */
enum { OUT_MAX = 3 * 1024 * 1024, QUESTION_MAX = 1024 * 1024 };

/* What was opened before the sandbox. */
struct held {
	struct buf key;   /* owned */
	struct buf other; /* owned: of a roll-over */
	struct place place;
};

static bool
reads_file(const struct serve *serve)
{
	return serve->verb != VERB_GENERATE ||
	    frame_get(serve->open, "file").len > 0;
}

static enum status
open_held(const struct serve *serve, struct held *out, struct note *note)
{
	enum status status = STATUS_OK;

	if (reads_file(serve))
		status = held_read(serve, "file", &out->key, note);
	if (status == STATUS_OK && serve->verb == VERB_ROLLOVER)
		status = held_read(serve, "new", &out->other, note);
	if (status == STATUS_OK &&
	    (serve->verb == VERB_GENERATE || serve->verb == VERB_COPY))
		status = held_place(serve, &out->place, note);
	return status;
}

static void
clear_held(struct held *held)
{
	if (held->place.dir >= 0)
		(void)close(held->place.dir);
	buf_wipe(&held->other);
	buf_wipe(&held->key);
}

/* Unlock the key in place. */
static enum status
unlock(struct buf *key, struct span passphrase, struct note *note)
{
	struct buf plain;
	enum status status;

	buf_init(&plain, KEY_FILE_MAX);
	status = key_unlock(buf_span(key), passphrase, &plain, note);
	buf_wipe(key);
	*key = plain;
	return status;
}

static void
add_result(struct buf *out, const char *name, const struct buf *value)
{
	frame_add(out, name, buf_span(value));
}

/* The services that the header of a request names. */
static enum status
take_services(
    struct span frames, struct service_at out[SERVICES_MAX], size_t *count)
{
	struct span value;

	for (*count = 0; frame_next(&frames, "at", &value); (*count)++)
		if (*count == SERVICES_MAX ||
		    !service_at_parse(value, &out[*count]))
			return STATUS_USAGE;
	return STATUS_OK;
}

/* Do what needs a key but not its file. */
static enum status
use_key(const struct serve *serve, struct held *held, struct buf *out,
    struct note *note)
{
	const struct span frames = serve->frames;
	struct service_at service[SERVICES_MAX];
	struct jws jws = { .url = frame_get(frames, "url"),
		.nonce = frame_get(frames, "nonce"),
		.kid = frame_get(frames, "kid"),
		.payload = frame_get(frames, "payload"),
		.service = service };
	const bool thumbprint = serve->verb == VERB_THUMBPRINT;
	enum status status;
	struct buf text;
	struct span key;

	status = take_services(frames, service, &jws.services);
	if (status == STATUS_OK && key_is_locked(buf_span(&held->key)))
		status =
		    unlock(&held->key, frame_get(frames, "passphrase"), note);
	key = buf_span(&held->key);
	buf_init(&text, 4 * JWS_SIZE_MAX);
	if (status != STATUS_OK)
		;
	else if (thumbprint)
		status = jwk_thumbprint(key, &text, note);
	else if (serve->verb == VERB_JWS)
		status = jws_sign(key, &jws, &text, note);
	else if (serve->verb == VERB_ROLLOVER)
		status = jws_roll_over(
		    key, buf_span(&held->other), &jws, &text, note);
	else
		status = jws_bind(key, jws.url, jws.kid,
		    frame_get(frames, "mac"), &text, note);
	if (status == STATUS_OK)
		status = buf_status(&text);
	add_result(out, thumbprint ? "thumbprint" : "jws", &text);
	buf_clear(&text);
	return status;
}

/* What is unwrapped comes from strangers. */
static enum status
recover(const struct serve *serve, struct held *held, struct buf *out,
    struct note *note)
{
	const struct span frames = serve->frames;
	struct unwrap sealed = { .scheme = frame_get(frames, "scheme"),
		.digest = frame_get(frames, "digest"),
		.mask = frame_get(frames, "mask"),
		.wrap = frame_get(frames, "wrap"),
		.point = frame_get(frames, "point"),
		.info = frame_get(frames, "info"),
		.wrapped = frame_get(frames, "wrapped") };
	enum status status = STATUS_OK;
	struct buf key;

	if (!frame_number(frame_get(frames, "length"), &sealed.length))
		return STATUS_USAGE;
	if (key_is_locked(buf_span(&held->key)))
		status =
		    unlock(&held->key, frame_get(frames, "passphrase"), note);
	buf_init(&key, UNWRAP_KEY_MAX);
	if (status == STATUS_OK)
		status = unwrap_key(buf_span(&held->key), &sealed, &key);
	if (status == STATUS_OK)
		add_result(out, "key", &key);
	buf_wipe(&key);
	return status;
}

/* The certificate that a signing request asks for. */
struct wanted {
	struct span address[CSR_ADDRESSES_MAX];
	size_t addresses;
	struct span srv[CSR_ADDRESSES_MAX];
	struct csr_form form;
};

static enum status
take_wanted(struct span frames, struct wanted *out)
{
	const struct span usage = frame_get(frames, "usage");
	struct span rest = frames, address;

	*out = (struct wanted){ .form.usage = CSR_BOTH, .form.srv = out->srv };
	out->form.address_subject =
	    span_eq(frame_get(frames, "subject"), SPAN("address"));
	out->form.eku = span_eq(frame_get(frames, "eku"), SPAN("yes"));
	while (frame_next(&rest, "address", &address)) {
		if (out->addresses == CSR_ADDRESSES_MAX)
			return STATUS_USAGE;
		out->address[out->addresses++] = address;
	}
	rest = frames;
	while (frame_next(&rest, "srv", &address)) {
		if (out->form.srvs == CSR_ADDRESSES_MAX)
			return STATUS_USAGE;
		out->srv[out->form.srvs++] = address;
	}
	return usage.len == 0 || csr_usage_parse(usage, &out->form.usage)
	    ? STATUS_OK
	    : STATUS_USAGE;
}

/* Add everything that a certificate order needs of its key, so that nobody has
 * to open it again. */
static enum status
add_signing_request(struct span key, const struct wanted *wanted,
    struct buf *out, struct note *note)
{
	struct buf der, text;
	enum status status;

	buf_init(&der, CSR_SIZE_MAX);
	buf_init(&text, 2 * CSR_SIZE_MAX);
	status = csr_build(
	    key, wanted->address, wanted->addresses, &wanted->form, &der, note);
	base64url_encode(&text, buf_span(&der));
	add_result(out, "csr", &text);
	buf_clear(&der);
	buf_clear(&text);
	if (status == STATUS_OK)
		status = key_public(key, &der, note);
	base64url_encode(&text, buf_span(&der));
	add_result(out, "public", &text);
	buf_clear(&text);
	buf_clear(&der);
	return status;
}

/* Append the key that is held, unlocked, or a new one. */
static enum status
take_key(const struct serve *serve, const struct held *held,
    struct span passphrase, struct buf *out, struct note *note)
{
	enum key_kind kind;

	if (!key_kind_parse(frame_get(serve->frames, "kind"), &kind))
		return STATUS_USAGE;
	return reads_file(serve)
	    ? key_unlock(buf_span(&held->key), passphrase, out, note)
	    : key_generate(kind, out);
}

static enum status
make_key(const struct serve *serve, const struct held *held, struct buf *out,
    struct note *note)
{
	const struct span passphrase = frame_get(serve->frames, "passphrase");
	struct wanted wanted;
	struct buf key, locked;
	enum status status;

	if ((status = take_wanted(serve->frames, &wanted)) != STATUS_OK)
		return status;
	buf_init(&key, KEY_FILE_MAX);
	buf_init(&locked, KEY_FILE_MAX);
	status = take_key(serve, held, passphrase, &key, note);
	if (status == STATUS_OK && wanted.addresses > 0)
		status =
		    add_signing_request(buf_span(&key), &wanted, out, note);
	if (status == STATUS_OK)
		status = buf_status(out);
	if (status == STATUS_OK)
		status = key_lock(buf_span(&key), passphrase, &locked);
	if (status == STATUS_OK)
		status = held_store(&held->place, buf_span(&locked), note);
	buf_wipe(&locked);
	buf_wipe(&key);
	return status;
}

static enum status
copy_key(const struct serve *serve, struct held *held, struct note *note)
{
	const struct span form = frame_get(serve->frames, "form");
	const bool gpg = span_eq(form, SPAN("gpg"));
	enum status status;
	struct buf text;

	if (!gpg && form.len > 0)
		return STATUS_USAGE;
	status =
	    unlock(&held->key, frame_get(serve->frames, "passphrase"), note);
	buf_init(&text, KEY_FILE_MAX);
	if (status == STATUS_OK && gpg)
		status = gpg_key_write(buf_span(&held->key), &text, note);
	if (status == STATUS_OK)
		status = held_store(
		    &held->place, buf_span(gpg ? &text : &held->key), note);
	buf_wipe(&text);
	return status;
}

static enum status
answer(const struct serve *serve, struct held *held, struct buf *out,
    struct note *note)
{
	enum status status;

	if (serve->verb == VERB_GENERATE)
		status = make_key(serve, held, out, note);
	else if (serve->verb == VERB_COPY)
		status = copy_key(serve, held, note);
	else if (serve->verb == VERB_UNWRAP)
		status = recover(serve, held, out, note);
	else
		status = use_key(serve, held, out, note);
	return status == STATUS_OK ? buf_status(out) : status;
}

/* Read the whole question even if nothing could be opened, since the asking
 * program is writing it. */
static enum status
serve_one(struct serve *serve, struct buf *out, struct note *note)
{
	struct held held = { .place.dir = -1 };
	enum status status, opened;

	buf_init(&held.key, KEY_FILE_MAX);
	buf_init(&held.other, KEY_FILE_MAX);
	if ((status = serve_open(serve)) != STATUS_OK)
		return status;
	if (portable_is(serve->verb))
		return portable_serve(serve, out, note);
	opened = open_held(serve, &held, note);
	held_confine(held.place.dir, 0);
	status = serve_read(serve);
	if (status == STATUS_OK)
		status = opened;
	if (status == STATUS_OK)
		status = answer(serve, &held, out, note);
	clear_held(&held);
	return status;
}

/* Load no configuration of OpenSSL: what it loads must not depend on the
 * environment. */
static enum status
prepare(void)
{
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return STATUS_CRYPTO;
	/* If memory runs out here, the library crashes later. */
	return OSSL_LIB_CTX_get0_global_default() != NULL ? STATUS_OK
							  : STATUS_MEMORY;
}

int
main(int argc, char *argv[])
{
	struct note note = { "" };
	enum status status;
	struct serve serve;
	struct buf out;

	sandbox_early();
	status = serve_begin(&serve, "mailcert-key", argc, argv, QUESTION_MAX);
	if (status == STATUS_OK)
		status = prepare();
	if (status != STATUS_OK)
		return serve_refuse(status);
	buf_init(&out, OUT_MAX);
	status = serve_one(&serve, &out, &note);
	status = serve_answer(status, &note, buf_span(&out));
	buf_wipe(&out);
	/* The question may contain a MAC key or a passphrase. */
	buf_wipe(&serve.question);
	return status_exit(status);
}
