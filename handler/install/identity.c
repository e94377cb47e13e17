/*
 * identity.c - the generations of a certificate: see identity.h
 *
 * What comes back from the verifier is checked: it has read what a CA sent.
 */
#include "install/identity.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/frame.h"
#include "base/text.h"
#include "process/helper.h"

enum { QUESTION_MAX = 16 * 1024 * 1024, ANSWER_MAX = 2 * 1024 * 1024 };

static bool
is_hex(const char *text, size_t len)
{
	return strlen(text) == len &&
	    strspn(text, "0123456789ABCDEFabcdef") == len;
}

static bool
is_known_key(const char *key)
{
	static const char *const known[] = { "rsa", "ec", "ed25519", "other" };

	return span_index(span_of(key), known, 4) < 4;
}

static bool
is_visible(const char *text)
{
	while (*text > 0x20 && *text < 0x7f)
		text++;
	return *text == '\0';
}

/* False: the frames are not what acme/chain.h says. */
static bool
take_link(struct span frames, struct link_facts *out)
{
	out->pem = frame_get(frames, "pem");
	out->serial = frame_get(frames, "serial");
	out->issuer = frame_get(frames, "issuer");
	out->root = span_eq(frame_get(frames, "root"), SPAN("yes"));
	text_show_in(out->subject, sizeof(out->subject),
	    frame_get(frames, "subject"), true);
	return span_starts(out->pem, SPAN("-----BEGIN CERTIFICATE-----\n")) &&
	    out->serial.len > 0 && out->issuer.len > 0 &&
	    span_copy(
		frame_get(frames, "sha1"), out->sha1, sizeof(out->sha1)) &&
	    is_hex(out->sha1, 40) &&
	    span_copy(
		frame_get(frames, "place"), out->place, sizeof(out->place)) &&
	    is_visible(out->place) &&
	    span_copy(frame_get(frames, "sha256"), out->sha256,
		sizeof(out->sha256)) &&
	    is_hex(out->sha256, 64) &&
	    span_copy(
		frame_get(frames, "hash"), out->hash, sizeof(out->hash)) &&
	    is_hex(out->hash, 8) &&
	    span_copy(frame_get(frames, "key-id"), out->key_id,
		sizeof(out->key_id)) &&
	    (out->key_id[0] == '\0' || is_hex(out->key_id, 40)) &&
	    span_copy(frame_get(frames, "key"), out->key, sizeof(out->key)) &&
	    is_known_key(out->key);
}

static bool
take_links(struct identity *identity)
{
	struct span rest = buf_span(&identity->facts), frames;

	while (frame_next(&rest, "certificate", &frames)) {
		if (identity->links == CHAIN_MOST ||
		    !take_link(frames, &identity->link[identity->links]))
			return false;
		identity->links++;
	}
	return identity->links > 0;
}

static enum status
describe(
    struct span chain, struct span anchors, struct buf *out, struct note *note)
{
	struct buf question;
	enum status status;

	buf_init(&question, QUESTION_MAX);
	frame_add(&question, "chain", chain);
	buf_add(&question, anchors);
	status = helper_ask(VERB_DESCRIBE, &question, out, note);
	buf_clear(&question);
	return status;
}

enum status
identity_describe(struct span chain, struct span anchors, struct identity *out,
    struct note *note)
{
	enum status status;

	buf_init(&out->facts, ANSWER_MAX);
	status = describe(chain, anchors, &out->facts, note);
	if (status == STATUS_OK && !take_links(out))
		status = note_set(note, STATUS_BUG,
		    "the verifier sent a malformed description");
	return status;
}

enum status
identity_load(const struct home *home, const struct order *order,
    struct span anchors, struct identity *out, struct note *note)
{
	char path[1200];
	enum status status;
	struct buf chain;

	*out = (struct identity){ .order = *order };
	buf_init(&chain, ANSWER_MAX);
	status = order_paths(
	    home, order->id, out->key, path, sizeof(out->key), note);
	if (status == STATUS_OK &&
	    (status = file_read(AT_FDCWD, path, &chain)) != STATUS_OK)
		status = note_set(note, status, "cannot read %.250s", path);
	if (status == STATUS_OK)
		status =
		    identity_describe(buf_span(&chain), anchors, out, note);
	buf_clear(&chain);
	return status;
}

/* Is it one for mail programs? */
static bool
is_certificate(const struct order *order)
{
	return !order_is_server(order) &&
	    (order->state == ORDER_ISSUED || order->state == ORDER_REVOKED);
}

static bool
is_wished(const void *record, const void *arg)
{
	const struct order *order = record;
	const char *text = arg;

	return is_certificate(order) &&
	    (strcmp(order->id, text) == 0 ||
		(span_has_byte(span_of(text), '@') &&
		    order_is_for(order, text)));
}

/* Does it share an address with the one that was named? */
static bool
is_generation(const void *record, const void *arg)
{
	const struct order *order = record, *with = arg;
	size_t i;

	for (i = 0; is_certificate(order) && i < with->addresses; i++)
		if (order_is_for(order, with->address[i]))
			return true;
	return false;
}

/* The newest, by its own dates, that may be used so; count: no certificate
 * may. */
static size_t
newest(const struct identities *all, enum csr_usage other)
{
	size_t found = all->count, i;

	for (i = 0; i < all->count; i++)
		if (all->at[i].order.state == ORDER_ISSUED &&
		    all->at[i].order.usage != other &&
		    (found == all->count ||
			all->at[i].order.starts >= all->at[found].order.starts))
			found = i;
	return found;
}

/* text: an id, or not. */
static enum status
choose(struct identities *all, const char *text, struct note *note)
{
	size_t i;

	all->signs = newest(all, CSR_ENCRYPT);
	all->encrypts = newest(all, CSR_SIGN);
	for (i = 0; i < all->count; i++)
		if (strcmp(all->at[i].order.id, text) == 0) {
			if (all->at[i].order.usage != CSR_ENCRYPT)
				all->signs = i;
			if (all->at[i].order.usage != CSR_SIGN)
				all->encrypts = i;
		}
	if (all->signs == all->count && all->encrypts == all->count)
		return note_set(note, STATUS_NO,
		    "every certificate of %.100s is revoked; order a new one",
		    text);
	/* Whoever only signs, or only decrypts, does the other as well as
	 * it can: with the one that there is. */
	if (all->signs == all->count)
		all->signs = all->encrypts;
	if (all->encrypts == all->count)
		all->encrypts = all->signs;
	return STATUS_OK;
}

static enum status
load_generations(const struct home *home, const struct order *named,
    struct span anchors, struct identities *out, struct note *note)
{
	struct order *orders = NULL;
	enum status status;
	size_t count = 0;

	status =
	    orders_load_if(home, is_generation, named, &orders, &count, note);
	if (status == STATUS_OK &&
	    (out->at = calloc(count + 1, sizeof(*out->at))) == NULL)
		status = STATUS_MEMORY;
	while (status == STATUS_OK && out->count < count) {
		status = identity_load(home, &orders[out->count], anchors,
		    &out->at[out->count], note);
		out->count++;
	}
	free(orders);
	return status;
}

enum status
identities_load(const struct home *home, const char *wanted,
    struct span anchors, struct identities *out, struct note *note)
{
	struct order *named = NULL;
	enum status status;
	size_t count = 0;

	*out = (struct identities){ .count = 0 };
	status = orders_load_if(home, is_wished, wanted, &named, &count, note);
	if (status == STATUS_OK && count == 0)
		status = note_set(note, STATUS_NO,
		    "there is no certificate %.100s; mailcert status lists "
		    "them",
		    wanted);
	if (status == STATUS_OK)
		status = load_generations(
		    home, &named[count - 1], anchors, out, note);
	if (status == STATUS_OK)
		status = choose(out, wanted, note);
	free(named);
	return status;
}

void
identities_clear(struct identities *identities)
{
	size_t i;

	for (i = 0; i < identities->count; i++)
		buf_clear(&identities->at[i].facts);
	free(identities->at);
	*identities = (struct identities){ .count = 0 };
}

const struct link_facts *
identity_root(const struct identity *identity)
{
	const struct link_facts *top = &identity->link[identity->links - 1];

	return top->root ? top : NULL;
}

bool
identity_fits(const struct identity *identity)
{
	return strcmp(identity->link[0].key, "rsa") == 0 ||
	    strcmp(identity->link[0].key, "ec") == 0;
}

enum status
identities_fit(
    const struct identities *identities, const char *program, struct note *note)
{
	const struct identity *signs = &identities->at[identities->signs];

	return identity_fits(signs)
	    ? STATUS_OK
	    : note_set(note, STATUS_NO,
		  "%s cannot sign with a key of this kind (%s)", program,
		  key_kind_name(signs->order.key));
}

enum status
identity_is_rsa(
    const struct identity *identity, const char *program, struct note *note)
{
	return strcmp(identity->link[0].key, "rsa") == 0
	    ? STATUS_OK
	    : note_set(note, STATUS_NO,
		  "%s cannot encrypt to a key of this kind (%s)", program,
		  identity->link[0].key);
}

void
identity_add_pem(
    const struct identity *identity, size_t from, size_t to, struct buf *out)
{
	size_t i;

	for (i = from; i < to && i < identity->links; i++)
		buf_add(out, identity->link[i].pem);
}
