/* place.c - prepare an order and its certificate key: see place.h */
#include "order/place.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/base64url.h"
#include "base/frame.h"
#include "base/text.h"
#include "order/advance.h"
#include "order/queue.h"
#include "process/helper.h"

/* Normal forms, each once. */
static enum status
take_addresses(
    const struct order_request *request, struct order *out, struct note *note)
{
	struct mailbox mailbox;
	char normal[ADDRESS_SIZE], shown[100];
	size_t i, j;

	if (request->count == 0 || request->count > ACME_IDENTIFIERS_MAX)
		return note_set(note, STATUS_USAGE,
		    "an order takes 1 to %d addresses", ACME_IDENTIFIERS_MAX);
	for (i = 0; i < request->count; i++) {
		if (address_parse(span_of(request->addresses[i]), &mailbox) !=
			STATUS_OK ||
		    address_normal(&mailbox, normal) != STATUS_OK ||
		    span_has_byte(span_of(normal), '*')) {
			text_show_in(shown, sizeof(shown),
			    span_of(request->addresses[i]), true);
			return note_set(note, STATUS_USAGE,
			    "%s is not a mail address; use local@domain",
			    shown);
		}
		for (j = 0; j < out->addresses; j++)
			if (strcmp(out->address[j], normal) == 0)
				return note_set(note, STATUS_USAGE,
				    "%.100s is named twice", normal);
		(void)strcpy(out->address[out->addresses++], normal);
	}
	return STATUS_OK;
}

enum status
order_check(const struct order_request *request, struct note *note)
{
	struct order *scratch = calloc(1, sizeof(*scratch));
	enum status status = STATUS_MEMORY;

	if (scratch != NULL)
		status = take_addresses(request, scratch, note);
	free(scratch);
	return status;
}

/* The same addresses, key and usage, at the same account, and not over. */
static bool
is_same(const void *record, const void *arg)
{
	const struct order *one = record, *other = arg;
	const int64_t now = other->created;
	size_t i;

	if (!order_is_open(one) || strcmp(one->account, other->account) != 0 ||
	    one->key != other->key || one->usage != other->usage ||
	    one->addresses != other->addresses ||
	    (one->expires != 0 && one->expires <= now))
		return false;
	for (i = 0; i < one->addresses; i++)
		if (strcmp(one->address[i], other->address[i]) != 0)
			return false;
	return true;
}

/* Find an open order for the same; STATUS_MISSING. */
static enum status
find_same(const struct home *home, struct order *out, struct note *note)
{
	struct order *all = NULL;
	enum status status;
	size_t count = 0;

	status = orders_load_if(home, is_same, out, &all, &count, note);
	if (status == STATUS_OK && count == 0)
		status = STATUS_MISSING;
	else if (status == STATUS_OK)
		*out = all[0];
	free(all);
	return status;
}

static enum status
take_frame(struct span answer, const char *name, char *out, size_t size,
    struct note *note)
{
	const struct span value = frame_get(answer, name);
	struct note what;

	if (value.len > 0 && base64url_is_text(value) &&
	    span_copy(value, out, size))
		return STATUS_OK;
	note_say(&what,
	    "%s, %zu bytes long, is not 1 to %zu characters of base64url", name,
	    value.len, size - 1);
	return helper_malformed(VERB_GENERATE, what.text, note);
}

/* Take the signing request and the public key. */
static enum status
take_key(struct span answer, struct order *out, struct note *note)
{
	enum status status =
	    take_frame(answer, "csr", out->csr, sizeof(out->csr), note);

	return status == STATUS_OK ? take_frame(answer, "public", out->public,
					 sizeof(out->public), note)
				   : status;
}

/* Have the key made, and its signing request. */
static enum status
make_key(const struct client *client, const struct order_request *request,
    const char *path, struct order *out, struct note *note)
{
	struct buf question, answer;
	enum status status;
	size_t i;

	buf_init(&question, 64 * 1024);
	buf_init(&answer, 256 * 1024);
	helper_open(&question, NULL, path);
	frame_add(&question, "kind", span_of(key_kind_name(out->key)));
	for (i = 0; i < out->addresses; i++)
		frame_add(&question, "address", span_of(out->address[i]));
	frame_add(&question, "usage", span_of(csr_usage_name(out->usage)));
	frame_add(&question, "subject",
	    client->settings.empty_subject ? SPAN("empty") : SPAN("address"));
	frame_add(&question, "eku",
	    client->settings.csr_eku ? SPAN("yes") : SPAN("no"));
	frame_add(&question, "passphrase", request->passphrase);
	status = helper_ask(VERB_GENERATE, &question, &answer, note);
	if (status == STATUS_OK)
		status = take_key(buf_span(&answer), out, note);
	buf_clear(&answer);
	buf_wipe(&question);
	return status;
}

/* Make the order and its key, durable before the CA is asked. */
static enum status
make_order(const struct client *client, const struct order_request *request,
    struct order *out, struct note *note)
{
	const struct home *home = client->home;
	char key[1200], certificate[1200];
	enum status status;

	out->locked = request->passphrase.len > 0;
	status = record_new_id(out->id);
	if (status == STATUS_OK)
		status = order_paths(
		    home, out->id, key, certificate, sizeof(key), note);
	if (status == STATUS_OK)
		status = make_key(client, request, key, out, note);
	if (status == STATUS_OK)
		status = order_save(home, out, note);
	return status;
}

/* Resume the open order, or make a new one; either is in the home
 * afterwards. */
static enum status
find_or_make(const struct client *client, const struct order_request *request,
    struct order *out, bool *resumed, struct note *note)
{
	const struct home *home = client->home;
	enum status status = STATUS_MISSING;
	int lock = -1;

	status = home_lock_on(home, "order", 60, &lock, note);
	if (status != STATUS_OK)
		return status;
	status = request->another ? STATUS_MISSING : find_same(home, out, note);
	*resumed = status == STATUS_OK;
	if (status == STATUS_MISSING)
		status = make_order(client, request, out, note);
	(void)close(lock);
	return status;
}

enum status
order_place(struct client *client, const struct order_request *request,
    struct order *out, bool *resumed, struct note *note)
{
	struct order_start how = { .beside = request->another };
	struct order_step step;
	enum status status;
	int lock = -1;

	*out = (struct order){ .key = request->key,
		.usage = request->usage,
		.created = (int64_t)time(NULL) };
	(void)strcpy(out->account, client->account.id);
	if (request->replaces != NULL)
		(void)strcpy(out->replaces, request->replaces->id);
	status = take_addresses(request, out, note);
	if (status == STATUS_OK)
		status = find_or_make(client, request, out, resumed, note);
	if (status != STATUS_OK)
		return status;
	status = home_lock_on(client->home, out->id, 60, &lock, note);
	if (status == STATUS_OK)
		status = order_load(client->home, out->id, out, note);
	how.again = *resumed;
	if (status == STATUS_OK && out->state == ORDER_NEW)
		status =
		    order_start(client, out, &how, out->created, &step, note);
	if (lock >= 0)
		(void)close(lock);
	/* Such a CA sends no mail before it is told; and a resumed order may
	 * have challenges that are not expected yet. */
	if (status == STATUS_OK && (client->settings.before_mail || *resumed))
		status = order_advance(
		    client, out, (int64_t)time(NULL), &step, note);
	return status;
}
