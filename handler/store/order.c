/* order.c - orders in files: see order.h */
#include "store/order.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "acme/url.h"
#include "base/base64url.h"
#include "base/json.h"

enum { FORMAT = 1 };

static const char *const states[] = { "pending", "answering", "drafted",
	"sent" };
enum { STATES = sizeof(states) / sizeof(*states) };

const char *
order_state_name(enum order_state state)
{
	return states[state];
}

enum status
order_new_id(char out[ORDER_ID_SIZE])
{
	static const char digits[] = "bcdfghjkmnpqrstvwxz23456789";
	unsigned char random[8];
	size_t i;

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return STATUS_IO;
	for (i = 0; i < sizeof(random); i++)
		out[i] = digits[random[i] % (sizeof(digits) - 1)];
	out[i] = '\0';
	return STATUS_OK;
}

bool
order_id_ok(const char *id)
{
	return jsonfile_id_ok(span_of(id));
}

static enum status
get_state(const struct json *json, enum order_state *out)
{
	char text[16];
	size_t i;

	if (json_get_text(json, "state", text, sizeof(text)) != STATUS_OK ||
	    (i = span_index(span_of(text), states, STATES)) == STATES)
		return STATUS_CONFIG;
	*out = (enum order_state)i;
	return STATUS_OK;
}

/* The file is ours, yet every value is checked again: it becomes header
 * lines, arguments and screen cells. */
static bool
order_ok(const struct order *order)
{
	struct mailbox mailbox;
	char normal[ADDRESS_SIZE];
	struct span id;

	return order_id_ok(order->id) &&
	    address_parse(span_of(order->address), &mailbox) == STATUS_OK &&
	    address_normal(&mailbox, normal) == STATUS_OK &&
	    strcmp(normal, order->address_normal) == 0 &&
	    address_parse(span_of(order->from), &mailbox) == STATUS_OK &&
	    address_normal(&mailbox, normal) == STATUS_OK &&
	    strcmp(normal, order->from_normal) == 0 &&
	    base64url_is_text(span_of(order->part2)) &&
	    order->part2[0] != '\0' && strlen(order->thumbprint) == 43 &&
	    base64url_is_text(span_of(order->thumbprint)) &&
	    base64url_is_text(span_of(order->part1)) &&
	    (order->issuance[0] == '\0' ||
		(order_id_ok(order->issuance) &&
		    acme_url_ok(span_of(order->authorization_url)) &&
		    acme_url_ok(span_of(order->challenge_url)))) &&
	    (order->message_id[0] == '\0' ||
		msgid_parse(span_of(order->message_id), &id));
}

/* Absent is fine for a member that may be. */
static bool
get_optional(const struct json *json, const char *name, char *out, size_t size)
{
	return json_get_text(json, name, out, size) != STATUS_CONFIG;
}

static enum status
order_read(const struct json *json, struct order *out)
{
	char join[16];
	int64_t format;

	*out = (struct order){ 0 };
	if (json_get_number(json, "format", &format) != STATUS_OK ||
	    format != FORMAT ||
	    json_get_text(json, "id", out->id, sizeof(out->id)) != STATUS_OK ||
	    json_get_text(json, "address", out->address, ADDRESS_SIZE) !=
		STATUS_OK ||
	    json_get_text(json, "address_normal", out->address_normal,
		ADDRESS_SIZE) != STATUS_OK ||
	    json_get_text(json, "from", out->from, ADDRESS_SIZE) != STATUS_OK ||
	    json_get_text(json, "from_normal", out->from_normal,
		ADDRESS_SIZE) != STATUS_OK ||
	    json_get_text(json, "token_part2", out->part2,
		sizeof(out->part2)) != STATUS_OK ||
	    json_get_text(json, "thumbprint", out->thumbprint,
		sizeof(out->thumbprint)) != STATUS_OK ||
	    json_get_text(json, "token_join", join, sizeof(join)) !=
		STATUS_OK ||
	    !token_join_parse(span_of(join), &out->join) ||
	    json_get_number(json, "created", &out->created) != STATUS_OK ||
	    json_get_number(json, "expires", &out->expires) == STATUS_CONFIG ||
	    get_state(json, &out->state) != STATUS_OK ||
	    !get_optional(json, "note", out->note, sizeof(out->note)) ||
	    !get_optional(
		json, "token_part1", out->part1, sizeof(out->part1)) ||
	    !get_optional(
		json, "message_id", out->message_id, sizeof(out->message_id)) ||
	    !get_optional(json, "draft", out->draft, sizeof(out->draft)) ||
	    json_get_number(json, "answered", &out->answered) ==
		STATUS_CONFIG ||
	    !get_optional(
		json, "issuance", out->issuance, sizeof(out->issuance)) ||
	    !get_optional(
		json, "authorization", out->authorization_url, ACME_URL_SIZE) ||
	    !get_optional(
		json, "challenge", out->challenge_url, ACME_URL_SIZE) ||
	    json_get_number(json, "told", &out->told) == STATUS_CONFIG ||
	    json_get_number(json, "met", &out->met) == STATUS_CONFIG)
		return STATUS_CONFIG;
	return order_ok(out) ? STATUS_OK : STATUS_CONFIG;
}

static enum status
load_file(int dir, const char *id, struct order *out, struct note *note)
{
	struct json *json = NULL;
	enum status status;

	status = jsonfile_read(dir, "orders", id, &json, NULL);
	if (status == STATUS_OK)
		status = order_read(json, out);
	if (status == STATUS_OK && strcmp(out->id, id) != 0)
		status = STATUS_CONFIG;
	if (status == STATUS_CONFIG)
		(void)note_set(note, status,
		    "orders/%s.json cannot be read as an order; it was left "
		    "alone",
		    id);
	json_free(json);
	return status;
}

static int
by_time(const void *a, const void *b)
{
	const struct order *left = a, *right = b;

	if (left->created != right->created)
		return left->created < right->created ? -1 : 1;
	return strcmp(left->id, right->id);
}

enum status
orders_load(const struct home *home, struct order **out, size_t *count,
    struct note *note)
{
	char id[ORDER_ID_SIZE];
	struct order *orders = NULL, *more;
	struct dirent *entry;
	size_t n = 0, room = 0;
	DIR *stream = NULL;
	int dir = -1;
	enum status status;

	*out = NULL;
	*count = 0;
	status = home_subdir(home, "orders", false, &dir, note);
	if (status != STATUS_OK || dir < 0)
		return status;
	if ((stream = fdopendir(dir)) == NULL) {
		(void)close(dir);
		return STATUS_IO;
	}
	while ((entry = readdir(stream)) != NULL && n < ORDERS_MAX) {
		if (!jsonfile_id_of(entry->d_name, id))
			continue;
		if (n == room) {
			room = room == 0 ? 8 : 2 * room;
			more = realloc(orders, room * sizeof(*orders));
			if (more == NULL) {
				status = STATUS_MEMORY;
				goto out;
			}
			orders = more;
		}
		status = load_file(dirfd(stream), id, &orders[n], note);
		if (status == STATUS_NO)
			continue; /* forgotten in this moment */
		if (status != STATUS_OK)
			goto out;
		n++;
	}
	status = STATUS_OK;
	if (n > 0)
		qsort(orders, n, sizeof(*orders), by_time);
	*out = orders;
	*count = n;
	orders = NULL;
out:
	free(orders);
	(void)closedir(stream);
	return status;
}

enum status
order_load(const struct home *home, const char *id, struct order *out,
    struct note *note)
{
	enum status status;
	int dir;

	if (!order_id_ok(id))
		return STATUS_NO;
	status = home_subdir(home, "orders", false, &dir, note);
	if (status != STATUS_OK || dir < 0)
		return status == STATUS_OK ? STATUS_NO : status;
	status = load_file(dir, id, out, note);
	(void)close(dir);
	return status;
}

static bool
order_write(const struct order *order, struct json *json)
{
	return json_set_number(json, "format", FORMAT) &&
	    json_set_text(json, "id", order->id) &&
	    json_set_text(json, "address", order->address) &&
	    json_set_text(json, "address_normal", order->address_normal) &&
	    json_set_text(json, "from", order->from) &&
	    json_set_text(json, "from_normal", order->from_normal) &&
	    json_set_text(json, "token_part2", order->part2) &&
	    json_set_text(json, "thumbprint", order->thumbprint) &&
	    json_set_text(json, "token_join", token_join_name(order->join)) &&
	    json_set_number(json, "created", order->created) &&
	    json_set_number(json, "expires", order->expires) &&
	    json_set_text(json, "note", order->note) &&
	    json_set_text(json, "state", states[order->state]) &&
	    json_set_text(json, "token_part1", order->part1) &&
	    json_set_text(json, "message_id", order->message_id) &&
	    json_set_text(json, "draft", order->draft) &&
	    json_set_number(json, "answered", order->answered) &&
	    (order->issuance[0] == '\0' ||
		(json_set_text(json, "issuance", order->issuance) &&
		    json_set_text(
			json, "authorization", order->authorization_url) &&
		    json_set_text(json, "challenge", order->challenge_url) &&
		    json_set_number(json, "told", order->told) &&
		    json_set_number(json, "met", order->met)));
}

enum status
order_save(
    const struct home *home, const struct order *order, struct note *note)
{
	struct json *json = json_new();
	enum status status = STATUS_MEMORY;

	if (json != NULL && order_write(order, json))
		status = jsonfile_save(home, "orders", order->id, json, note);
	json_free(json);
	return status;
}

enum status
order_forget(const struct home *home, const char *id, struct note *note)
{
	char name[ORDER_ID_SIZE + 8];
	enum status status;
	int dir = -1;

	status = home_subdir(home, "orders", false, &dir, note);
	if (status != STATUS_OK || dir < 0)
		return status == STATUS_OK ? STATUS_NO : status;
	(void)snprintf(name, sizeof(name), "%s.json", id);
	if (!order_id_ok(id))
		status = STATUS_NO;
	else if (unlinkat(dir, name, 0) != 0)
		status = errno == ENOENT ? STATUS_NO
					 : note_set(note, STATUS_IO, "%s: %s",
					       name, strerror(errno));
	else
		status = dir_sync(dir);
	(void)close(dir);
	return status;
}
