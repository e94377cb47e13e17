/* request.c - addresses, key and signing request of an order: see request.h */
#include "order/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/base64url.h"
#include "base/frame.h"
#include "base/text.h"
#include "mail/address.h"
#include "process/helper.h"

enum { LOCK_SECONDS = 60 };

/* Where does that service come in what was wished? */
static bool
is_in(const struct service_at *at, const struct service_at *all, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (service_at_is_same(at, &all[i]))
			return true;
	return false;
}

static enum status
take_service(const struct order_request *request, const struct service_at *at,
    struct order *out, struct note *note)
{
	const char *name = at->service->name;

	if (is_in(at, out->service, out->services))
		return note_set(note, STATUS_USAGE,
		    "%s on port %d is named twice", name, at->port);
	if (at->port == 0)
		return note_set(note, STATUS_USAGE,
		    "%s has no port of its own; add --port N", name);
	/* RFC 2033 section 5. */
	if (at->service->protocol == SERVICE_LMTP && at->port == 25)
		return note_set(note, STATUS_USAGE,
		    "%s must not use port 25 (RFC 2033); name another port",
		    name);
	if (request->srv_id && !at->service->registered)
		return note_set(note, STATUS_USAGE,
		    "%s is not a registered service name and cannot stand in an "
		    "SRV-ID; leave --srv-id out",
		    name);
	if (request->proof != NULL && !proof_fits(*request->proof, at->service))
		return note_set(note, STATUS_USAGE,
		    "%s cannot prove %s; use dns-email-00 or dns-01, or another "
		    "order for %s",
		    proof_name(*request->proof), name, name);
	out->service[out->services++] = *at;
	return STATUS_OK;
}

static enum status
take_server(
    const struct order_request *request, struct order *out, struct note *note)
{
	enum status status = STATUS_OK;
	char shown[100];
	size_t i;

	if (request->count != 1 ||
	    !host_normal(span_of(request->addresses[0]), out->address[0],
		ACME_VALUE_SIZE)) {
		text_show_in(
		    shown, sizeof(shown), span_of(request->addresses[0]), true);
		return note_set(note, STATUS_USAGE,
		    "%s is not the name of a host; use mail.example.org",
		    shown);
	}
	if (request->services == 0 || request->services > SERVICES_MAX)
		return note_set(note, STATUS_USAGE,
		    "an order takes 1 to %d services", SERVICES_MAX);
	if (request->look_at != NULL &&
	    !span_copy(
		span_of(request->look_at), out->look_at, sizeof(out->look_at)))
		return note_set(note, STATUS_USAGE,
		    "the addresses to look at are longer than %d characters",
		    ORDER_LOOK_AT_SIZE - 1);
	out->addresses = 1;
	out->srv_id = request->srv_id;
	out->proof.chosen = request->proof != NULL;
	if (request->proof != NULL)
		out->proof.kind = *request->proof;
	for (i = 0; status == STATUS_OK && i < request->services; i++)
		status = take_service(request, &request->service[i], out, note);
	return status;
}

enum status
request_addresses(
    const struct order_request *request, struct order *out, struct note *note)
{
	struct mailbox mailbox;
	char normal[ADDRESS_SIZE], shown[100];
	size_t i, j;

	if (request->usage == CSR_SERVER)
		return take_server(request, out, note);
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
		status = request_addresses(request, scratch, note);
	free(scratch);
	return status;
}

bool
request_is_same_server(const struct order *one, const struct order *other)
{
	size_t i;

	if (one->services != other->services || one->srv_id != other->srv_id)
		return false;
	for (i = 0; i < one->services; i++)
		if (!is_in(&one->service[i], other->service, other->services))
			return false;
	return true;
}

/* Two ports of one service have one name. */
static bool
is_first(const struct order *order, size_t i)
{
	size_t j;

	for (j = 0; j < i; j++)
		if (order->service[j].service == order->service[i].service)
			return false;
	return true;
}

void
request_add_srv_ids(const struct order *order, struct buf *out)
{
	char name[ACME_VALUE_SIZE + SERVICE_NAME_SIZE];
	size_t i;

	for (i = 0; order->srv_id && i < order->services; i++) {
		if (!is_first(order, i))
			continue;
		(void)snprintf(name, sizeof(name), "_%s.%s",
		    order->service[i].service->name, order->address[0]);
		frame_add(out, "srv", span_of(name));
	}
}

bool
request_is_same(const struct order *one, const struct order *other)
{
	size_t i;

	if (one->key != other->key || one->usage != other->usage ||
	    one->addresses != other->addresses ||
	    strcmp(one->ca, other->ca) != 0)
		return false;
	for (i = 0; i < one->addresses; i++)
		if (strcmp(one->address[i], other->address[i]) != 0)
			return false;
	return request_is_same_server(one, other) &&
	    (!other->proof.chosen ||
		(one->proof.chosen && one->proof.kind == other->proof.kind));
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

/* Have the key made, or the old one copied, and its signing request.  old: the
 * file of the old one, or NULL. */
static enum status
make_key(const struct order_request *request, const struct request_form *form,
    const char *old, const char *path, struct order *out, struct note *note)
{
	struct buf question, answer;
	enum status status;
	size_t i;

	buf_init(&question, 64 * 1024);
	buf_init(&answer, 256 * 1024);
	helper_open(&question, old, path);
	frame_add(&question, "kind", span_of(key_kind_name(out->key)));
	for (i = 0; i < out->addresses; i++)
		frame_add(&question, "address", span_of(out->address[i]));
	request_add_srv_ids(out, &question);
	frame_add(&question, "usage", span_of(csr_usage_name(out->usage)));
	frame_add(&question, "subject",
	    form->empty_subject ? SPAN("empty") : SPAN("address"));
	frame_add(&question, "eku", form->eku ? SPAN("yes") : SPAN("no"));
	frame_add(&question, "passphrase", request->passphrase);
	status = helper_ask(VERB_GENERATE, &question, &answer, note);
	if (status == STATUS_OK)
		status = take_key(buf_span(&answer), out, note);
	buf_clear(&answer);
	buf_wipe(&question);
	return status;
}

enum status
request_make(const struct home *home, const struct order_request *request,
    const struct request_form *form, struct order *out, struct note *note)
{
	const bool reuse = request->reuse_key && request->replaces != NULL;
	char key[1200], old[1200], certificate[1200];
	enum status status;

	out->locked = request->passphrase.len > 0;
	status = record_new_id(out->id);
	if (status == STATUS_OK)
		status = order_paths(
		    home, out->id, key, certificate, sizeof(key), note);
	if (status == STATUS_OK && reuse)
		status = order_paths(home, request->replaces->id, old,
		    certificate, sizeof(old), note);
	if (status == STATUS_OK)
		status =
		    make_key(request, form, reuse ? old : NULL, key, out, note);
	if (status == STATUS_OK)
		status = order_save(home, out, note);
	return status;
}

static bool
waits(const void *record, const void *arg)
{
	const struct order *one = record;

	return one->state == ORDER_REQUESTED && request_is_same(one, arg);
}

enum status
request_search(const struct home *home, record_filter *wanted, bool newest,
    struct order *out, struct note *note)
{
	struct record_search search = { .ids = 0 };
	struct order *all = NULL;
	enum status status;
	size_t count = 0;

	order_search_open(&search);
	status = orders_find(home, &search, wanted, out, &all, &count, note);
	if (status == STATUS_OK && count == 0)
		status = STATUS_MISSING;
	else if (status == STATUS_OK)
		*out = all[newest ? count - 1 : 0];
	free(all);
	return status;
}

static enum status
describe(
    const struct order_request *request, struct order *out, struct note *note)
{
	*out = (struct order){ .key = request->key,
		.usage = request->usage,
		.state = ORDER_REQUESTED,
		.created = (int64_t)time(NULL) };
	if (request->ca != NULL &&
	    !span_copy(span_of(request->ca), out->ca, sizeof(out->ca)))
		return STATUS_USAGE;
	if (request->replaces != NULL)
		(void)strcpy(out->replaces, request->replaces->id);
	return request_addresses(request, out, note);
}

enum status
request_find(const struct home *home, const struct order_request *request,
    struct order *out, struct note *note)
{
	enum status status = describe(request, out, note);

	return status == STATUS_OK
	    ? request_search(home, waits, true, out, note)
	    : status;
}

enum status
request_place(const struct home *home, const struct order_request *request,
    const struct request_form *form, struct order *out, bool *found,
    struct note *note)
{
	enum status status = describe(request, out, note);
	int lock = -1;

	*found = false;
	if (status == STATUS_OK)
		status = home_lock_on(home, "order", LOCK_SECONDS, &lock, note);
	if (status != STATUS_OK)
		return status;
	status = request->another
	    ? STATUS_MISSING
	    : request_search(home, waits, true, out, note);
	*found = status == STATUS_OK;
	if (status == STATUS_MISSING)
		status = request_make(home, request, form, out, note);
	(void)close(lock);
	return status;
}

void
request_add_pem(const struct order *order, struct buf *out)
{
	const char *text = order->csr;
	size_t i;

	buf_add_text(out, "-----BEGIN CERTIFICATE REQUEST-----\n");
	for (i = 0; text[i] != '\0'; i++) {
		if (i > 0 && i % 64 == 0)
			buf_add_byte(out, '\n');
		buf_add_byte(out,
		    text[i] == '-'       ? '+'
			: text[i] == '_' ? '/'
					 : text[i]);
	}
	for (; i % 4 != 0; i++)
		buf_add_byte(out, '=');
	buf_add_text(out, "\n-----END CERTIFICATE REQUEST-----\n");
}
