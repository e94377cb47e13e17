/* import.c - certificates from elsewhere: see import.h */
#include "order/import.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "acme/foreign.h"
#include "base/base64url.h"
#include "base/frame.h"
#include "base/text.h"
#include "mail/address.h"
#include "order/candidate.h"
#include "process/helper.h"

enum { QUESTION_MAX = CANDIDATE_MAX + 64 * 1024, LOCK_SECONDS = 60 };

void
import_init(const struct home *home, struct import *import)
{
	size_t i;

	*import = (struct import){ .home = home };
	buf_init(&import->chain, CANDIDATE_MAX);
	for (i = 0; i < IMPORT_FILES_MAX; i++)
		buf_init(&import->file[i].passphrase, 1024);
}

void
import_clear(struct import *import)
{
	size_t i;

	buf_clear(&import->chain);
	for (i = 0; i < IMPORT_FILES_MAX; i++)
		buf_wipe(&import->file[i].passphrase);
}

static void
warn(struct import *import, struct span text)
{
	char shown[sizeof(import->warning[0].text)];

	text_show_in(shown, sizeof(shown), text, true);
	if (import->warnings < IMPORT_WARNINGS_MAX)
		note_say(&import->warning[import->warnings++], "%s", shown);
}

static bool
add_key(struct import *import, struct span public, size_t file, bool locked)
{
	struct import_key *key = &import->key[import->keys];

	if (import->keys == IMPORT_KEYS_MAX || !base64url_is_text(public) ||
	    !span_copy(public, key->public, sizeof(key->public)))
		return false;
	*key = (struct import_key){ .file = file, .locked = locked };
	(void)span_copy(public, key->public, sizeof(key->public));
	import->keys++;
	return true;
}

/* Take what mailcert-key says of a file.  Returns what is wrong with it, or
 * NULL. */
static const char *
take_file(struct import *import, size_t file, struct span answer)
{
	const struct span chain = frame_get(answer, "chain");
	struct span rest, value;

	for (rest = answer; frame_next(&rest, "public", &value);)
		if (!add_key(import, value, file, false))
			return "public is not a key, or there are too many";
	for (rest = answer; frame_next(&rest, "locked", &value);)
		if (!add_key(import, value, file, true))
			return "locked is not a key, or there are too many";
	for (rest = answer; frame_next(&rest, "warning", &value);)
		warn(import, value);
	rest = answer;
	if (frame_next(&rest, "home", &value))
		import->is_home = true;
	buf_add(&import->chain, chain);
	import->file[file].certificates = chain.len;
	return span_find(chain, SPAN("PRIVATE KEY")) == chain.len
	    ? NULL
	    : "chain holds a private key";
}

/* Begin a question about a file that is imported. */
static void
open_file(const struct import_file *file, const char *new, struct buf *question)
{
	helper_open(question, file->path, new);
	if (file->passphrase.len > 0)
		frame_add(question, "passphrase", buf_span(&file->passphrase));
}

enum status
import_inspect(struct import *import, size_t file, struct note *note)
{
	struct buf question, answer;
	const char *wrong;
	enum status status;

	buf_init(&question, 64 * 1024);
	buf_init(&answer, QUESTION_MAX);
	open_file(&import->file[file], NULL, &question);
	status = helper_ask(VERB_INSPECT, &question, &answer, note);
	if (status == STATUS_OK &&
	    (wrong = take_file(import, file, buf_span(&answer))) != NULL)
		status = helper_malformed(VERB_INSPECT, wrong, note);
	buf_clear(&answer);
	buf_wipe(&question);
	return status == STATUS_OK ? buf_status(&import->chain) : status;
}

static void
take_leaves(struct import *import, struct span answer)
{
	struct span public;
	size_t i;

	/* Skip one that does not fit: add_key() refused it, too. */
	while (frame_next(&answer, "public", &public)) {
		if (import->leaves == IMPORT_KEYS_MAX ||
		    !base64url_is_text(public) ||
		    !span_copy(public, import->leaf[import->leaves],
			IMPORT_PUBLIC_SIZE))
			continue;
		for (i = 0; i < import->leaves; i++)
			if (strcmp(import->leaf[i],
				import->leaf[import->leaves]) == 0)
				break;
		import->leaves += i == import->leaves;
	}
}

enum status
import_list(struct import *import, struct note *note)
{
	struct buf question, answer;
	enum status status;

	import->leaves = 0;
	buf_init(&question, QUESTION_MAX);
	buf_init(&answer, 256 * 1024);
	frame_add(&question, "chain", buf_span(&import->chain));
	status = helper_ask(VERB_LEAVES, &question, &answer, note);
	if (status == STATUS_OK)
		take_leaves(import, buf_span(&answer));
	buf_clear(&answer);
	buf_clear(&question);
	return status;
}

const struct import_key *
import_find_key(const struct import *import, const char *public)
{
	size_t i;

	for (i = 0; i < import->keys; i++)
		if (strcmp(import->key[i].public, public) == 0)
			return &import->key[i];
	return NULL;
}

/* Normal forms, each once.  False: one cannot be used in mail. */
static bool
take_addresses(struct span answer, struct order *out)
{
	struct mailbox mailbox;
	char normal[ADDRESS_SIZE];
	struct span text;
	size_t i;

	while (frame_next(&answer, "address", &text)) {
		if (out->addresses == ACME_IDENTIFIERS_MAX ||
		    address_parse(text, &mailbox) != STATUS_OK ||
		    address_normal(&mailbox, normal) != STATUS_OK ||
		    strlen(normal) >= ACME_VALUE_SIZE)
			return false;
		for (i = 0; i < out->addresses; i++)
			if (strcmp(out->address[i], normal) == 0)
				break;
		if (i == out->addresses)
			(void)strcpy(out->address[out->addresses++], normal);
	}
	return out->addresses > 0;
}

/* The same certificate gets the same id, so that an import that was killed is
 * completed by the next one. */
static bool
take_digest(struct span hex, char out[RECORD_ID_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char digest[8];
	size_t i, high, low;

	if (hex.len != FOREIGN_DIGEST_SIZE - 1)
		return false;
	for (i = 0; i < sizeof(digest); i++) {
		high = span_find_byte(SPAN(digits), hex.at[2 * i]);
		low = span_find_byte(SPAN(digits), hex.at[2 * i + 1]);
		if (high > 15 || low > 15)
			return false;
		digest[i] = (unsigned char)(high << 4 | low);
	}
	record_id_of(digest, out);
	return true;
}

static enum status
take_report(struct span answer, struct candidate *candidate, struct order *out,
    struct note *note)
{
	enum status status =
	    candidate_take(VERB_FOREIGN, answer, candidate, note);

	if (status != STATUS_OK)
		return status;
	if (!csr_usage_parse(frame_get(answer, "usage"), &out->usage) ||
	    out->usage == CSR_SERVER)
		return helper_malformed(
		    VERB_FOREIGN, "usage is not one of the three", note);
	if (!key_kind_parse(frame_get(answer, "kind"), &out->key))
		return helper_malformed(
		    VERB_FOREIGN, "kind is not a kind of key", note);
	if (!take_digest(frame_get(answer, "digest"), out->id))
		return helper_malformed(
		    VERB_FOREIGN, "digest is not one in hex", note);
	return STATUS_OK;
}

/* Have the certificate checked, and describe it in *out. */
static enum status
check(struct import *import, const char *public, int64_t now,
    struct candidate *candidate, struct order *out, struct note *note)
{
	struct buf question, answer;
	enum status status;

	buf_init(&question, QUESTION_MAX);
	buf_init(&answer, QUESTION_MAX);
	frame_add_number(&question, "now", now);
	frame_add(&question, "key", span_of(public));
	frame_add(&question, "chain", buf_span(&import->chain));
	status = helper_ask(VERB_FOREIGN, &question, &answer, note);
	if (status == STATUS_OK)
		status = take_report(buf_span(&answer), candidate, out, note);
	if (status == STATUS_OK && !take_addresses(buf_span(&answer), out))
		status = note_set(note, STATUS_BAD_FILE,
		    "the certificate names an invalid mail address");
	buf_clear(&answer);
	buf_clear(&question);
	if (status != STATUS_OK)
		return status;
	(void)strcpy(out->public, public);
	out->created = now;
	candidate_apply(candidate, out);
	return STATUS_OK;
}

/* The first certificate of a chain, as the verifier writes it. */
static struct span
first_of(struct span chain)
{
	const struct span end = SPAN("-----END CERTIFICATE-----");

	return span_cut(chain, 0, span_find(chain, end));
}

/* Has the home that very certificate, under that id? */
static bool
has_certificate(const struct home *home, const struct order *order,
    const struct candidate *candidate)
{
	char name[RECORD_ID_SIZE + 8];
	struct buf chain;
	bool same = false;
	int dir = -1;

	if (order->starts == 0)
		return false;
	(void)snprintf(name, sizeof(name), "%s.pem", order->id);
	buf_init(&chain, CANDIDATE_MAX);
	if (home_subdir(home, "certificates", false, &dir, NULL) == STATUS_OK &&
	    dir >= 0)
		same = file_read(dir, name, &chain) == STATUS_OK &&
		    span_eq(first_of(buf_span(&chain)),
			first_of(buf_span(&candidate->chain)));
	if (dir >= 0)
		(void)close(dir);
	buf_clear(&chain);
	return same;
}

static bool
has_public(const void *record, const void *public)
{
	return strcmp(((const struct order *)record)->public, public) == 0;
}

/* What the home knows of a key. */
struct known {
	struct order *all; /* owned */
	size_t count;
	const struct order *same;      /* has this certificate */
	bool is_whole;                 /* and its key */
	const struct order *requested; /* waits for it */
	const struct order *key;       /* has the key */
};

/* Is its key file there?  A disk that fails does not mean no. */
static enum status
find_key(const struct home *home, const struct order *order, bool *found,
    struct note *note)
{
	char key[1200], certificate[1200];
	enum status status;

	status =
	    order_paths(home, order->id, key, certificate, sizeof(key), note);
	if (status != STATUS_OK)
		return status;
	*found = access(key, F_OK) == 0;
	return *found || errno == ENOENT
	    ? STATUS_OK
	    : note_set(note, STATUS_IO, "%.200s: %s", key, strerror(errno));
}

static enum status
look_up(const struct home *home, const char *public,
    const struct candidate *candidate, struct known *out, struct note *note)
{
	struct record_search search = { .ids = 0 };
	const struct order *one;
	enum status status;
	bool has_key;
	size_t i;

	order_search_public(&search, public);
	status = orders_find(
	    home, &search, has_public, public, &out->all, &out->count, note);
	for (i = 0; status == STATUS_OK && i < out->count; i++) {
		one = &out->all[i];
		status = find_key(home, one, &has_key, note);
		if (status != STATUS_OK)
			break;
		if (has_certificate(home, one, candidate)) {
			out->same = one;
			out->is_whole = has_key;
		}
		if (has_key)
			out->key = one;
		if (has_key && one->state == ORDER_REQUESTED)
			out->requested = one;
	}
	return status;
}

static enum status
take_key(const struct import *import, const struct import_key *key,
    struct span lock, const char *path, struct note *note)
{
	struct buf question, answer;
	enum status status;

	buf_init(&question, 64 * 1024);
	buf_init(&answer, 4096);
	open_file(&import->file[key->file], path, &question);
	frame_add(&question, "public", span_of(key->public));
	frame_add(&question, "lock", lock);
	status = helper_ask(VERB_TAKE, &question, &answer, note);
	buf_clear(&answer);
	buf_wipe(&question);
	return status;
}

static enum status
clone_key(const struct home *home, const char *id, const char *path,
    struct note *note)
{
	char key[1200], certificate[1200];
	struct buf question, answer;
	enum status status;

	buf_init(&question, 8192);
	buf_init(&answer, 4096);
	status = order_paths(home, id, key, certificate, sizeof(key), note);
	if (status == STATUS_OK) {
		helper_open(&question, key, path);
		status = helper_ask(VERB_CLONE, &question, &answer, note);
	}
	buf_clear(&answer);
	buf_clear(&question);
	return status;
}

/* A certificate more: key, chain, record, each durable before the next. */
static enum status
add(struct import *import, const struct known *known, struct span lock,
    const struct candidate *candidate, struct order *order, struct note *note)
{
	const struct import_key *key = import_find_key(import, order->public);
	char path[1200], certificate[1200];
	const struct home *home = import->home;
	struct order *other = calloc(1, sizeof(*other));
	enum status status = STATUS_MEMORY;

	if (other != NULL) {
		/* Another certificate may have the id by chance. */
		status = order_load(home, order->id, other, note);
		if (status == STATUS_OK)
			status = record_new_id(order->id);
		else if (status == STATUS_MISSING)
			status = STATUS_OK;
	}
	free(other);
	if (status == STATUS_OK)
		status = order_paths(
		    home, order->id, path, certificate, sizeof(path), note);
	order->locked = key != NULL ? lock.len > 0
	    : known->key != NULL    ? known->key->locked
				    : false;
	/* A key that an import was writing when it was killed. */
	home_saw_litter(home);
	if (status == STATUS_OK && key != NULL)
		status = take_key(import, key, lock, path, note);
	else if (status == STATUS_OK)
		status = known->key != NULL
		    ? clone_key(home, known->key->id, path, note)
		    : STATUS_NO;
	if (status == STATUS_OK)
		status = candidate_store(home, order->id, candidate, note);
	return status == STATUS_OK ? order_save(home, order, note) : status;
}

/* The request keeps its id and its key. */
static enum status
set_issued(void *record, const void *arg, struct note *note)
{
	const struct order *found = arg;
	struct order *order = record;
	struct order whole = *found;

	if (order->state != ORDER_REQUESTED)
		return note_set(note, STATUS_AGAIN,
		    "order %s has changed meanwhile; try again", order->id);
	(void)strcpy(whole.id, order->id);
	(void)strcpy(whole.csr, order->csr);
	whole.key = order->key;
	whole.locked = order->locked;
	whole.created = order->created;
	*order = whole;
	return STATUS_OK;
}

static enum status
complete(struct import *import, const struct order *requested,
    const struct candidate *candidate, struct order *order, struct note *note)
{
	const struct order found = *order;
	enum status status;

	status = candidate_store(import->home, requested->id, candidate, note);
	return status == STATUS_OK ? order_change(import->home, requested->id,
					 set_issued, &found, order, note)
				   : status;
}

static enum status
set_locked(void *record, const void *locked, struct note *note)
{
	(void)note;
	((struct order *)record)->locked = *(const bool *)locked;
	return STATUS_OK;
}

/* The home has the certificate, but its key file is lost.  Says in the record
 * that it is locked before it is, so that a key is never taken for one that
 * needs no passphrase. */
static enum status
restore(struct import *import, const struct order *same, struct span lock,
    struct order *order, struct note *note)
{
	const struct import_key *key = import_find_key(import, same->public);
	char path[1200], certificate[1200];
	const bool locked = lock.len > 0;
	enum status status;

	status = order_paths(
	    import->home, same->id, path, certificate, sizeof(path), note);
	if (status == STATUS_OK)
		status = order_change(
		    import->home, same->id, set_locked, &locked, order, note);
	home_saw_litter(import->home);
	return status == STATUS_OK ? take_key(import, key, lock, path, note)
				   : status;
}

/* Certificates from elsewhere for the same addresses and usage. */
static bool
is_sibling(const void *record, const void *arg)
{
	const struct order *one = record, *other = arg;
	size_t i;

	if (!order_is_foreign(one) || one->state != ORDER_ISSUED ||
	    strcmp(one->id, other->id) == 0 || one->usage != other->usage ||
	    one->addresses != other->addresses)
		return false;
	for (i = 0; i < one->addresses; i++)
		if (!order_is_for(other, one->address[i]))
			return false;
	return true;
}

static enum status
set_replaced(void *record, const void *by, struct note *note)
{
	struct order *old = record;

	(void)note;
	if (old->replaced[0] != '\0')
		return STATUS_UNCHANGED;
	(void)strcpy(old->replaced, by);
	return STATUS_OK;
}

/* Whichever lasts longest takes the place of the others: old ones are imported
 * after new ones, too, to read old mail. */
static enum status
mark_replaced(const struct home *home, struct order *order, struct note *note)
{
	const struct order *newest = order;
	struct record_search search = { .ids = 0 };
	struct order *all = NULL;
	enum status status;
	size_t count = 0, i;

	for (i = 0; i < order->addresses; i++)
		order_search_for(&search, order->address[i]);
	status =
	    orders_find(home, &search, is_sibling, order, &all, &count, note);
	for (i = 0; i < count; i++)
		if (all[i].expires > newest->expires)
			newest = &all[i];
	for (i = 0; status == STATUS_OK && i < count; i++)
		if (&all[i] != newest && all[i].replaced[0] == '\0')
			status = order_change(home, all[i].id, set_replaced,
			    newest->id, NULL, note);
	if (status == STATUS_OK && newest != order)
		status = order_change(
		    home, order->id, set_replaced, newest->id, order, note);
	free(all);
	return status;
}

/* Under the lock. */
static enum status
import_checked(struct import *import, struct span lock,
    const struct candidate *candidate, enum import_outcome *outcome,
    struct order *order, struct note *note)
{
	struct known known = { .all = NULL };
	enum status status;

	status = look_up(import->home, order->public, candidate, &known, note);
	if (status == STATUS_OK && known.same != NULL && !known.is_whole &&
	    import_find_key(import, order->public) != NULL) {
		*outcome = IMPORT_RESTORED;
		status = restore(import, known.same, lock, order, note);
	} else if (status == STATUS_OK && known.same != NULL) {
		*outcome = IMPORT_KNOWN;
		*order = *known.same;
	} else if (status == STATUS_OK && known.requested != NULL) {
		*outcome = IMPORT_REQUESTED;
		status =
		    complete(import, known.requested, candidate, order, note);
	} else if (status == STATUS_OK) {
		*outcome = IMPORT_NEW;
		status = add(import, &known, lock, candidate, order, note);
	}
	if (status == STATUS_OK && order_is_foreign(order))
		status = mark_replaced(import->home, order, note);
	free(known.all);
	return status;
}

enum status
import_leaf(struct import *import, const char *public, struct span lock,
    int64_t now, enum import_outcome *outcome, struct order *out,
    struct note *note)
{
	struct candidate candidate;
	enum status status;
	int fd = -1;

	*out = (struct order){ .state = ORDER_ISSUED };
	buf_init(&candidate.chain, CANDIDATE_MAX);
	status = check(import, public, now, &candidate, out, note);
	if (status == STATUS_OK)
		status = home_lock_on(
		    import->home, "import", LOCK_SECONDS, &fd, note);
	if (status == STATUS_OK)
		status = import_checked(
		    import, lock, &candidate, outcome, out, note);
	if (fd >= 0)
		(void)close(fd);
	buf_clear(&candidate.chain);
	return status;
}
