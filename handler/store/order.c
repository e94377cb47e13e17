/* order.c - the stored orders: see order.h */
#include "store/order.h"
#include "store/order_p.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mail/address.h"
#include "store/record.h"

static const char *const states[] = { "new", "ordered", "finalizing", "issued",
	"failed", "revoked", "requested" };
enum { STATES = sizeof(states) / sizeof(*states) };

const char *
order_state_name(enum order_state state)
{
	return states[state];
}

/* Read the addresses, one on each line. */
static bool
get_addresses(const struct json *json, struct order *out)
{
	char text[ACME_IDENTIFIERS_MAX * ACME_VALUE_SIZE];
	struct span rest;
	size_t end;

	if (json_get_text(json, "addresses", text, sizeof(text)) != STATUS_OK)
		return false;
	for (rest = span_of(text); rest.len > 0;) {
		end = span_find_byte(rest, '\n');
		if (out->addresses == ACME_IDENTIFIERS_MAX || end == 0 ||
		    !span_copy(span_cut(rest, 0, end),
			out->address[out->addresses++], ACME_VALUE_SIZE))
			return false;
		rest = span_cut(rest, end + 1, rest.len);
	}
	return out->addresses > 0;
}

/* Read the members that are not in the table; return the name of a bad one. */
static const char *
read_rest(const struct json *json, void *record)
{
	struct order *order = record;
	char text[32];
	size_t state;

	if (!get_addresses(json, order))
		return "addresses";
	if (json_get_text(json, "key", text, sizeof(text)) != STATUS_OK ||
	    !key_kind_parse(span_of(text), &order->key))
		return "key";
	if (json_get_text(json, "usage", text, sizeof(text)) != STATUS_OK ||
	    !csr_usage_parse(span_of(text), &order->usage))
		return "usage";
	if (json_get_text(json, "state", text, sizeof(text)) != STATUS_OK ||
	    (state = span_index(span_of(text), states, STATES)) == STATES)
		return "state";
	order->state = (enum order_state)state;
	/* Nobody can go on with it then, or wants to. */
	if (order_is_foreign(order) &&
	    (order_is_open(order) || order->state == ORDER_FAILED))
		return "account";
	if (order->url[0] == '\0' && !order_is_foreign(order) &&
	    order->state != ORDER_NEW && order->state != ORDER_FAILED)
		return "url";
	if (order->cert_id[0] != '\0' && !acme_id_ok(span_of(order->cert_id)))
		return "cert_id";
	return order_is_server(order) ? order_server_read(json, order) : NULL;
}

static bool
write_rest(const void *record, struct json *json)
{
	const struct order *order = record;
	struct buf addresses;
	bool good;
	size_t i;

	buf_init(&addresses, ACME_IDENTIFIERS_MAX * ACME_VALUE_SIZE);
	for (i = 0; i < order->addresses; i++)
		buf_addf(&addresses, "%s\n", order->address[i]);
	good = buf_status(&addresses) == STATUS_OK && addresses.len > 0 &&
	    json_set_text(json, "addresses", addresses.at) &&
	    json_set_text(json, "key", key_kind_name(order->key)) &&
	    json_set_text(json, "usage", csr_usage_name(order->usage)) &&
	    json_set_text(json, "state", states[order->state]) &&
	    (!order_is_server(order) || order_server_write(order, json));
	buf_clear(&addresses);
	return good;
}

#define ORDER(member, name, type, required) \
	MEMBER(struct order, member, name, type, required)

static const struct member members[] = {
	ORDER(id, "id", MEMBER_ID, true),
	ORDER(account, "account", MEMBER_ID, true),
	RENAMED_MEMBER(struct order, url, "url", "order", MEMBER_URL, true),
	ORDER(locked, "locked", MEMBER_FLAG, false),
	ORDER(queued, "queued", MEMBER_FLAG, false),
	ORDER(undeployed, "undeployed", MEMBER_FLAG, false),
	ORDER(csr, "csr", MEMBER_BASE64, true),
	ORDER(public, "public", MEMBER_BASE64, true),
	ORDER(why, "why", MEMBER_TEXT, false),
	ORDER(refused, "refused", MEMBER_TIME, false),
	ORDER(created, "created", MEMBER_TIME, true),
	ORDER(expires, "expires", MEMBER_TIME, false),
	ORDER(ca, "ca", MEMBER_TEXT, false),
	ORDER(replaces, "replaces", MEMBER_ID, false),
	ORDER(replaced, "replaced", MEMBER_ID, false),
	ORDER(starts, "starts", MEMBER_TIME, false),
	ORDER(revoked, "revoked", MEMBER_TIME, false),
	ORDER(cert_id, "cert_id", MEMBER_TEXT, false),
	ORDER(window.start, "window_start", MEMBER_TIME, false),
	ORDER(window.end, "window_end", MEMBER_TIME, false),
	ORDER(window.chosen, "window_chosen", MEMBER_TIME, false),
	ORDER(window.ask_again, "window_ask_again", MEMBER_TIME, false),
};

static uint64_t
plain_key(const char *what)
{
	return index_key(what, span_of(""), span_of(""));
}

static uint64_t
address_key(const char *address)
{
	char text[ADDRESS_SIZE];

	return index_key(
	    "address", address_fold(span_of(address), text), span_of(""));
}

static uint64_t
public_key(const char *public)
{
	return index_key("public", span_of(public), span_of(""));
}

/* When it may have to be renewed, and when its CA may be asked. */
static void
add_times(const struct order *order, struct index_entries *out)
{
	const int64_t chosen = order->window.chosen;

	if (order->cert_id[0] != '\0')
		index_add(out, plain_key("ask"), order->window.ask_again);
	if (chosen != 0 && chosen < order->expires) {
		index_add(out, plain_key("chosen"), chosen);
		return;
	}
	index_add(out, plain_key("third"),
	    order->expires - (order->expires - order->starts) / 3);
	index_add(out, plain_key("end"), order->expires);
}

static void
add_keys(const void *record, struct index_entries *out)
{
	const struct order *order = record;
	size_t i;

	for (i = 0; i < order->addresses; i++)
		index_add(out, address_key(order->address[i]), order->created);
	index_add(out, public_key(order->public), order->created);
	if (order_is_open(order) || order->state == ORDER_REQUESTED) {
		index_add(out, plain_key("open"), order->created);
		index_add(out, index_key_live(), INT64_MAX);
	} else if (order_is_current(order)) {
		index_add(out, index_key_live(), order->expires);
	}
	/* Something is to be taken out of the DNS. */
	if (!order_is_open(order) && order->proof.published != 0)
		index_add(out, plain_key("open"), order->created);
	if (order_is_current(order))
		add_times(order, out);
	if (order_is_current(order) && order->undeployed)
		index_add(out, plain_key("undeployed"), order->expires);
}

void
order_search_for(struct record_search *search, const char *address)
{
	record_search_key(search, address_key(address));
}

void
order_search_for_since(
    struct record_search *search, const char *address, int64_t since)
{
	record_search_range(search, address_key(address), since, INT64_MAX, 0);
}

void
order_search_public(struct record_search *search, const char *public)
{
	record_search_key(search, public_key(public));
}

void
order_search_undeployed(struct record_search *search)
{
	record_search_key(search, plain_key("undeployed"));
}

void
order_search_open(struct record_search *search)
{
	record_search_key(search, plain_key("open"));
}

void
order_search_due(
    struct record_search *search, int64_t now, int64_t renew_before)
{
	record_search_range(search, plain_key("ask"), INT64_MIN, now, 0);
	/* So far off: another clock wrote it. */
	record_search_range(
	    search, plain_key("ask"), now + ORDER_ASK_MOST, INT64_MAX, 0);
	record_search_range(search, plain_key("chosen"), INT64_MIN, now, 0);
	record_search_range(search, plain_key("third"), INT64_MIN, now, 0);
	if (renew_before > 0)
		record_search_range(
		    search, plain_key("end"), INT64_MIN, now + renew_before, 0);
}

static const struct record_kind kind = {
	.directory = "certificates",
	.old_directory = "issuances",
	.format = 2,
	.size = sizeof(struct order),
	.created = offsetof(struct order, created),
	.own_lock = true,
	.members = members,
	.count = sizeof(members) / sizeof(*members),
	.read = read_rest,
	.write = write_rest,
	.keys = add_keys,
};

static_assert(offsetof(struct order, id) == 0, "a record begins with its id");

bool
order_is_open(const struct order *order)
{
	return order->state == ORDER_NEW || order->state == ORDER_PLACED ||
	    order->state == ORDER_FINALIZING;
}

bool
order_is_foreign(const struct order *order)
{
	return order->account[0] == '\0';
}

bool
order_is_server(const struct order *order)
{
	return order->usage == CSR_SERVER;
}

bool
order_is_current(const struct order *order)
{
	return order->state == ORDER_ISSUED && order->replaced[0] == '\0';
}

bool
order_is_for(const struct order *order, const char *address)
{
	size_t i;

	if (order_is_server(order))
		return strcmp(order->address[0], address) == 0;
	for (i = 0; i < order->addresses; i++)
		if (address_compare(span_of(order->address[i]),
			span_of(address)) != ADDRESS_OTHER)
			return true;
	return false;
}

enum status
order_load(const struct home *home, const char *id, struct order *out,
    struct note *note)
{
	return record_load(home, &kind, id, out, note);
}

enum status
orders_find(const struct home *home, const struct record_search *search,
    record_filter *wanted, const void *arg, struct order **out, size_t *count,
    struct note *note)
{
	void *records = NULL;
	enum status status;

	status = records_load(
	    home, &kind, search, wanted, arg, &records, count, note);
	*out = records;
	return status;
}

enum status
orders_load_if(const struct home *home, record_filter *wanted, const void *arg,
    struct order **out, size_t *count, struct note *note)
{
	return orders_find(home, NULL, wanted, arg, out, count, note);
}

enum status
orders_load(const struct home *home, struct order **out, size_t *count,
    struct note *note)
{
	return orders_find(home, NULL, NULL, NULL, out, count, note);
}

enum status
order_save(
    const struct home *home, const struct order *order, struct note *note)
{
	return record_save(home, &kind, order, note);
}

enum status
order_change(const struct home *home, const char *id, record_changer *change,
    const void *arg, struct order *out, struct note *note)
{
	return record_change(home, &kind, id, change, arg, out, note);
}

enum status
order_save_chain(const struct home *home, const char *id, struct span chain,
    struct note *note)
{
	char name[RECORD_ID_SIZE + 8];

	(void)snprintf(name, sizeof(name), "%s.pem", id);
	return record_save_beside(home, &kind, name, chain, note);
}

enum status
order_load_chain(
    const struct home *home, const char *id, struct buf *out, struct note *note)
{
	char name[RECORD_ID_SIZE + 8];
	enum status status;
	int dir = -1;

	(void)snprintf(name, sizeof(name), "%s.pem", id);
	status = home_subdir(home, kind.directory, false, &dir, note);
	if (status != STATUS_OK || dir < 0)
		return status == STATUS_OK ? STATUS_MISSING : status;
	status = file_read(dir, name, out);
	(void)close(dir);
	return status == STATUS_OK
	    ? status
	    : note_set(
		  note, status, "%s/%s cannot be read", kind.directory, name);
}

enum status
orders_skipped(const struct home *home, struct note *warning)
{
	return home_skipped(home, kind.directory, warning);
}

void
orders_migrate(const struct home *home)
{
	records_migrate(home, &kind);
}

static enum status
path_in(const struct home *home, const char *directory, const char *id,
    char *out, size_t size, struct note *note)
{
	enum status status;
	int dir = -1;

	status = home_subdir(home, directory, true, &dir, note);
	if (status != STATUS_OK)
		return status;
	(void)close(dir);
	return snprintf(out, size, "%s/%s/%s.pem", home->path, directory, id) <
		(int)size
	    ? STATUS_OK
	    : STATUS_CONFIG;
}

enum status
order_paths(const struct home *home, const char *id, char *key,
    char *certificate, size_t size, struct note *note)
{
	enum status status = path_in(home, "keys", id, key, size, note);

	return status == STATUS_OK
	    ? path_in(home, "certificates", id, certificate, size, note)
	    : status;
}

/* Remove the key of an order, if it exists. */
static enum status
remove_key(const struct home *home, const char *id, struct note *note)
{
	char name[RECORD_ID_SIZE + 8];
	enum status status;
	int dir = -1;

	status = home_subdir(home, "keys", false, &dir, note);
	if (status != STATUS_OK || dir < 0)
		return status;
	(void)snprintf(name, sizeof(name), "%s.pem", id);
	if (unlinkat(dir, name, 0) != 0 && errno != ENOENT)
		status = note_set(
		    note, STATUS_IO, "keys/%s: %s", name, strerror(errno));
	if (status == STATUS_OK)
		status = dir_sync(dir);
	(void)close(dir);
	return status;
}

enum status
order_forget(const struct home *home, const char *id, struct note *note)
{
	char key[1200], certificate[1200];
	enum status status;

	if (!jsonfile_id_ok(span_of(id)))
		return STATUS_MISSING;
	status = order_paths(home, id, key, certificate, sizeof(key), note);
	if (status == STATUS_OK && access(certificate, F_OK) == 0)
		return note_set(note, STATUS_USAGE,
		    "order %s has a certificate and cannot be forgotten", id);
	/* Remove the record last, so that an interrupted run can be
	 * repeated. */
	if (status == STATUS_OK)
		status = remove_key(home, id, note);
	if (status == STATUS_OK)
		status = record_forget(home, &kind, id, note);
	if (status != STATUS_OK && status != STATUS_MISSING)
		return status;
	home_lock_forget(home, id);
	return STATUS_OK;
}
