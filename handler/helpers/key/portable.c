/*
 * portable.c - keys from elsewhere, and for elsewhere: see portable.h
 *
 * A stranger may have made a file that is imported.  It is read before the
 * sandbox and parsed in it; its keys go from there into the directory of the
 * new file, or nowhere.
 */
#include "helpers/key/portable.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "acme/bundle.h"
#include "acme/csr.h"
#include "acme/pkcs12.h"
#include "acme/sealed.h"
#include "base/base64url.h"
#include "base/fd.h"
#include "helpers/key/held.h"
#include "helpers/key/pack.h"
#include "store/file.h"

enum {
	EXPORT_MAX = 1024 * 1024,
	READ_SECONDS = 10,
	NAME_MAX_LEN = 200 /* of a friendly name */
};

/* What is open from before the sandbox. */
struct opened {
	struct bundle_library *library; /* owned; what is imported, or NULL */
	struct buf file;                /* likewise, its content */
	int output;                     /* what is exported to, or -1 */
	struct buf key;                 /* of the home */
	struct buf home;                /* all of it */
	struct place place;
	struct pack_place made; /* the directories of a new home */
};

bool
portable_is(enum verb_id verb)
{
	return verb == VERB_INSPECT || verb == VERB_TAKE ||
	    verb == VERB_CLONE || verb == VERB_EXPORT || verb == VERB_PACK ||
	    verb == VERB_UNPACK;
}

static bool
imports(enum verb_id verb)
{
	return verb == VERB_INSPECT || verb == VERB_TAKE;
}

/* The name of a file in "open"; -1 and errno. */
static int
open_named(const struct serve *serve, const char *name, int flags)
{
	char path[PATH_SIZE];

	errno = ENAMETOOLONG;
	return span_copy(frame_get(serve->open, name), path, sizeof(path))
	    ? open(path, flags | O_CLOEXEC)
	    : -1;
}

static enum status
read_import(const struct serve *serve, struct opened *out, struct note *note)
{
	const int fd = open_named(serve, "file", O_RDONLY | O_NONBLOCK);
	enum status status;

	if (fd < 0)
		return note_set(note,
		    errno == EACCES ? STATUS_PERMISSION : STATUS_IO, "%s",
		    strerror(errno));
	status = fd_read(fd, &out->file, READ_SECONDS);
	(void)close(fd);
	/* An exported home may be larger, and its beginning says so. */
	if (status == STATUS_BAD_SIZE && serve->verb == VERB_INSPECT &&
	    sealed_is(buf_span(&out->file)))
		status = STATUS_OK;
	if (status == STATUS_BAD_SIZE)
		status = note_set(note, STATUS_BAD_FILE,
		    "it is larger than %zu bytes", out->file.ceiling);
	return status;
}

static enum status
open_import(const struct serve *serve, struct opened *out, struct note *note)
{
	enum status status = read_import(serve, out, note);

	/* This loads a library, and nothing can be loaded later. */
	if (status == STATUS_OK &&
	    (out->library = bundle_library_new()) == NULL)
		status = STATUS_MEMORY;
	return status;
}

static enum status
open_unpack(const struct serve *serve, struct opened *out, struct note *note)
{
	enum status status = read_import(serve, out, note);

	if (status != STATUS_OK)
		return status;
	out->place.dir = open_named(serve, "home", O_RDONLY | O_DIRECTORY);
	if (out->place.dir < 0)
		return note_set(note, STATUS_CREATE, "%s", strerror(errno));
	return pack_make(out->place.dir, &out->made, note);
}

static enum status
read_home(const struct serve *serve, struct opened *out, struct note *note)
{
	char path[PATH_SIZE];

	return span_copy(frame_get(serve->open, "home"), path, sizeof(path))
	    ? pack_read(path, &out->home, note)
	    : STATUS_USAGE;
}

static enum status
open_output(const struct serve *serve, struct opened *out, struct note *note)
{
	if (frame_get(serve->open, "output").len == 0)
		return held_place(serve, &out->place, note);
	out->output = open_named(serve, "output", O_WRONLY | O_APPEND);
	return out->output >= 0 ? STATUS_OK
				: note_set(note, STATUS_CREATE,
				      "standard output: %s", strerror(errno));
}

static enum status
open_all(const struct serve *serve, struct opened *out, struct note *note)
{
	enum status status;

	if (serve->verb == VERB_UNPACK)
		return open_unpack(serve, out, note);
	if (imports(serve->verb))
		status = open_import(serve, out, note);
	else if (serve->verb == VERB_PACK)
		status = read_home(serve, out, note);
	else
		status = held_read(serve, "file", &out->key, note);
	if (status == STATUS_OK &&
	    (serve->verb == VERB_EXPORT || serve->verb == VERB_PACK))
		status = open_output(serve, out, note);
	else if (status == STATUS_OK && serve->verb != VERB_INSPECT)
		status = held_place(serve, &out->place, note);
	return status;
}

static void
close_all(struct opened *opened)
{
	if (opened->output >= 0)
		(void)close(opened->output);
	if (opened->place.dir >= 0)
		(void)close(opened->place.dir);
	buf_wipe(&opened->key);
	buf_wipe(&opened->file);
	buf_wipe(&opened->home);
	pack_close(&opened->made);
	bundle_library_free(opened->library);
}

static void
add_base64(struct buf *out, const char *name, struct span der)
{
	struct buf text;

	buf_init(&text, 2 * der.len + 4);
	base64url_encode(&text, der);
	frame_add(out, name, buf_span(&text));
	buf_clear(&text);
}

/* Add what mailcert may know: nothing secret. */
static void
tell(const struct bundle *bundle, struct buf *out)
{
	size_t i;

	for (i = 0; i < bundle->keys; i++)
		add_base64(out, bundle->key[i].locked ? "locked" : "public",
		    buf_span(&bundle->key[i].public));
	frame_add(out, "chain", buf_span(&bundle->chain));
	for (i = 0; i < bundle->warnings; i++)
		frame_add(out, "warning", span_of(bundle->warning[i].text));
}

/* Replace the file: an import that was killed may have left one. */
static enum status
put(const struct place *place, struct span pem, struct note *note)
{
	return file_replace(place->dir, place->name, pem, note);
}

static enum status
take(const struct serve *serve, const struct opened *opened,
    const struct bundle *bundle, struct note *note)
{
	const struct span wanted = frame_get(serve->frames, "public");
	enum status status = STATUS_BAD_FILE;
	struct buf public, locked;
	size_t i;

	buf_init(&public, CSR_SIZE_MAX);
	buf_init(&locked, KEY_FILE_MAX);
	if (base64url_decode(&public, wanted) != STATUS_OK)
		status = STATUS_USAGE;
	for (i = 0; status == STATUS_BAD_FILE && i < bundle->keys; i++)
		if (span_eq(
			buf_span(&bundle->key[i].public), buf_span(&public)))
			status = key_lock(buf_span(&bundle->key[i].pem),
			    frame_get(serve->frames, "lock"), &locked);
	if (status == STATUS_BAD_FILE)
		(void)note_set(note, status, "it has changed meanwhile");
	if (status == STATUS_OK)
		status = put(&opened->place, buf_span(&locked), note);
	buf_wipe(&locked);
	buf_clear(&public);
	return status;
}

static enum status
import(const struct serve *serve, const struct opened *opened, struct buf *out,
    struct note *note)
{
	struct bundle bundle;
	enum status status;

	if (sealed_is(buf_span(&opened->file))) {
		frame_add(out, "chain", SPAN(""));
		frame_add(out, "home", SPAN("yes"));
		return serve->verb == VERB_INSPECT ? STATUS_OK
						   : STATUS_BAD_FILE;
	}
	bundle_init(&bundle);
	status = bundle_read(opened->library, buf_span(&opened->file),
	    frame_get(serve->frames, "passphrase"), &bundle, note);
	if (status == STATUS_OK && serve->verb == VERB_INSPECT)
		tell(&bundle, out);
	else if (status == STATUS_OK)
		status = take(serve, opened, &bundle, note);
	bundle_clear(&bundle);
	return status;
}

/* A key, and the chain below it. */
static enum status
build_pem(struct span key, struct span chain, struct buf *out)
{
	buf_add(out, key);
	if (key.len > 0 && key.at[key.len - 1] != '\n')
		buf_add_byte(out, '\n');
	buf_add(out, chain);
	return buf_status(out);
}

/* The same without the key's passphrase. */
static enum status
build_pair(const struct serve *serve, const struct opened *opened,
    struct buf *out, struct note *note)
{
	struct buf plain;
	enum status status;

	buf_init(&plain, KEY_FILE_MAX);
	status = key_unlock(buf_span(&opened->key),
	    frame_get(serve->frames, "passphrase"), &plain, note);
	if (status == STATUS_OK)
		status = build_pem(
		    buf_span(&plain), frame_get(serve->frames, "chain"), out);
	buf_wipe(&plain);
	return status;
}

static enum status
build_pkcs12(const struct serve *serve, const struct opened *opened,
    enum pkcs12_form form, struct buf *out, struct note *note)
{
	const struct span frames = serve->frames;
	struct span key = buf_span(&opened->key);
	struct buf plain;
	enum status status;

	buf_init(&plain, KEY_FILE_MAX);
	status = key_unlock(key, frame_get(frames, "passphrase"), &plain, note);
	if (status == STATUS_OK)
		status =
		    pkcs12_build(buf_span(&plain), frame_get(frames, "chain"),
			span_cut(frame_get(frames, "name"), 0, NAME_MAX_LEN),
			frame_get(frames, "lock"), form, out, note);
	buf_wipe(&plain);
	return status;
}

static enum status
deliver(const struct serve *serve, const struct opened *opened,
    struct span file, struct note *note)
{
	if (opened->output >= 0)
		return fd_write(opened->output, file) == STATUS_OK
		    ? STATUS_OK
		    : note_set(note, STATUS_IO, "standard output: %s",
			  strerror(errno));
	return span_eq(frame_get(serve->frames, "replace"), SPAN("yes"))
	    ? put(&opened->place, file, note)
	    : held_store(&opened->place, file, note);
}

static enum status
build(const struct serve *serve, const struct opened *opened, struct buf *out,
    struct note *note)
{
	static const char *const forms[] = { "modern", "compatible", "pem",
		"pair", "passing" };
	struct span chain;
	enum status status;

	switch (span_index(frame_get(serve->frames, "form"), forms, 5)) {
	case 0:
		return build_pkcs12(serve, opened, PKCS12_MODERN, out, note);
	case 1:
		return build_pkcs12(
		    serve, opened, PKCS12_COMPATIBLE, out, note);
	case 2:
		chain = frame_get(serve->frames, "chain");
		status = pkcs12_check_chain(chain, note);
		return status == STATUS_OK
		    ? build_pem(buf_span(&opened->key), chain, out)
		    : status;
	case 3:
		return build_pair(serve, opened, out, note);
	case 4:
		return build_pkcs12(serve, opened, PKCS12_PASSING, out, note);
	default:
		return STATUS_USAGE;
	}
}

static enum status
hand_out(
    const struct serve *serve, const struct opened *opened, struct note *note)
{
	enum status status;
	struct buf file;

	buf_init(&file, EXPORT_MAX);
	status = build(serve, opened, &file, note);
	if (status == STATUS_OK)
		status = deliver(serve, opened, buf_span(&file), note);
	buf_wipe(&file);
	return status;
}

static enum status
pack(const struct serve *serve, const struct opened *opened, struct note *note)
{
	struct buf file;
	enum status status;

	buf_init(&file, SEALED_HEAD + SEALED_MAX + SEALED_TAG);
	status = sealed_build(buf_span(&opened->home),
	    frame_get(serve->frames, "passphrase"), &file);
	if (status == STATUS_OK)
		status = deliver(serve, opened, buf_span(&file), note);
	buf_clear(&file);
	return status;
}

static enum status
unpack(const struct serve *serve, const struct opened *opened, struct buf *out,
    struct note *note)
{
	struct buf frames;
	enum status status;
	size_t count = 0;

	buf_init(&frames, SEALED_MAX);
	status = sealed_is(buf_span(&opened->file))
	    ? sealed_open(buf_span(&opened->file),
		  frame_get(serve->frames, "passphrase"), &frames, note)
	    : note_set(note, STATUS_BAD_FILE, "it is not an exported home");
	if (status == STATUS_OK)
		status =
		    pack_write(buf_span(&frames), &opened->made, &count, note);
	frame_add_number(out, "count", (int64_t)count);
	buf_wipe(&frames);
	return status;
}

enum status
portable_serve(struct serve *serve, struct buf *out, struct note *note)
{
	struct opened opened = { .output = -1,
		.place.dir = -1,
		.made.dir = { -1, -1, -1, -1, -1, -1 } };
	enum status status, ready;

	buf_init(&opened.key, KEY_FILE_MAX);
	buf_init(&opened.home, SEALED_MAX);
	buf_init(&opened.file,
	    serve->verb == VERB_UNPACK ? SEALED_HEAD + SEALED_MAX + SEALED_TAG
				       : BUNDLE_SIZE_MAX);
	ready = open_all(serve, &opened, note);
	held_confine(opened.output >= 0 ? opened.output : opened.place.dir,
	    serve->verb == VERB_PACK ? SEALED_HEAD + SEALED_MAX + SEALED_TAG
				     : 0);
	status = serve_read(serve);
	if (status == STATUS_OK)
		status = ready;
	if (status == STATUS_OK && imports(serve->verb))
		status = import(serve, &opened, out, note);
	else if (status == STATUS_OK && serve->verb == VERB_CLONE)
		status = put(&opened.place, buf_span(&opened.key), note);
	else if (status == STATUS_OK && serve->verb == VERB_PACK)
		status = pack(serve, &opened, note);
	else if (status == STATUS_OK && serve->verb == VERB_UNPACK)
		status = unpack(serve, &opened, out, note);
	else if (status == STATUS_OK)
		status = hand_out(serve, &opened, note);
	close_all(&opened);
	return status == STATUS_OK ? buf_status(out) : status;
}
