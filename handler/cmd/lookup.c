/* lookup.c - an id or an address from the command line: see lookup.h */
#include "cmd/lookup.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The ids of what fits, for the one sentence that asks which is meant. */
struct fitting {
	struct buf ids;
	size_t count;
};

static void
add_fitting(struct fitting *fitting, const char *id)
{
	buf_addf(&fitting->ids, "%s%s", fitting->count++ > 0 ? ", " : "", id);
}

static enum status
judge(const struct fitting *fitting, const char *text, struct note *note)
{
	if (fitting->count == 0)
		return note_set(note, STATUS_NO,
		    "there is no order %.100s; mailcert status lists them",
		    text);
	if (fitting->count > 1)
		return note_set(note, STATUS_USAGE,
		    "%zu orders fit %.100s; name one of them: %.150s",
		    fitting->count, text,
		    fitting->ids.at != NULL ? fitting->ids.at : "");
	return STATUS_OK;
}

/* An address in its normal form; false: the text is an id, or nonsense. */
static bool
take_address(const char *text, char normal[ADDRESS_SIZE])
{
	struct mailbox mailbox;

	return address_parse(span_of(text), &mailbox) == STATUS_OK &&
	    address_normal(&mailbox, normal) == STATUS_OK;
}

static bool
is_for(const struct issuance *issuance, const char *normal)
{
	size_t i;

	for (i = 0; i < issuance->addresses; i++)
		if (address_compare(span_of(issuance->address[i]),
			span_of(normal)) != ADDRESS_OTHER)
			return true;
	return false;
}

bool
lookup_names_issuance(const char *text, const struct issuance *issuance)
{
	char normal[ADDRESS_SIZE];

	return strcmp(issuance->id, text) == 0 ||
	    (take_address(text, normal) && is_for(issuance, normal));
}

static bool
order_is_for(const struct order *order, const char *normal)
{
	return address_compare(span_of(order->address_normal),
		   span_of(normal)) != ADDRESS_OTHER;
}

bool
lookup_names_order(const char *text, const struct order *order)
{
	char normal[ADDRESS_SIZE];

	return strcmp(order->id, text) == 0 ||
	    (strcmp(order->issuance, text) == 0 && order->met == 0) ||
	    (take_address(text, normal) && order_is_for(order, normal));
}

/* Is the CA, or another client, still waiting for its answer? */
static bool
is_open(const struct order *order, int64_t now)
{
	return order->met == 0 && (order->expires == 0 || order->expires > now);
}

/* An id: of a certificate order, or of a challenge.  STATUS_NO: of neither. */
static enum status
find_id(const struct home *home, const char *text, struct lookup *out,
    struct note *note)
{
	struct issuance *issuance = calloc(1, sizeof(*issuance));
	struct order order;
	enum status status = STATUS_MEMORY;

	if (issuance == NULL)
		return status;
	status = issuance_load(home, text, issuance, note);
	if (status == STATUS_OK) {
		(void)strcpy(out->issuance, issuance->id);
	} else if (status == STATUS_NO) {
		status = order_load(home, text, &order, note);
		if (status == STATUS_OK) {
			(void)strcpy(out->order, order.id);
			(void)strcpy(out->issuance, order.issuance);
		}
	}
	free(issuance);
	return status;
}

/* Certificate orders that are open for that address. */
static enum status
find_issuances(const struct home *home, const char *normal,
    struct fitting *fitting, struct lookup *out, struct note *note)
{
	struct issuance *all = NULL;
	enum status status;
	size_t count = 0, i;

	status = issuances_load(home, &all, &count, note);
	for (i = 0; i < count; i++) {
		if (!issuance_is_open(&all[i]) || !is_for(&all[i], normal))
			continue;
		(void)strcpy(out->issuance, all[i].id);
		add_fitting(fitting, all[i].id);
	}
	free(all);
	return status;
}

/* And challenges that another client ordered for it. */
static enum status
find_expected(const struct home *home, const char *normal,
    struct fitting *fitting, struct lookup *out, struct note *note)
{
	const int64_t now = (int64_t)time(NULL);
	struct order *orders = NULL;
	enum status status;
	size_t count = 0, i;

	status = orders_load(home, &orders, &count, note);
	for (i = 0; i < count; i++) {
		if (orders[i].issuance[0] != '\0' ||
		    !is_open(&orders[i], now) ||
		    !order_is_for(&orders[i], normal))
			continue;
		(void)strcpy(out->order, orders[i].id);
		add_fitting(fitting, orders[i].id);
	}
	free(orders);
	return status;
}

enum status
lookup(const struct home *home, const char *text, struct lookup *out,
    struct note *note)
{
	struct fitting fitting = { .count = 0 };
	char normal[ADDRESS_SIZE];
	enum status status;

	*out = (struct lookup){ .issuance = "" };
	status = find_id(home, text, out, note);
	if (status != STATUS_NO)
		return status;
	buf_init(&fitting.ids, 64 * 1024);
	status = STATUS_OK;
	if (take_address(text, normal)) {
		status = find_issuances(home, normal, &fitting, out, note);
		if (status == STATUS_OK)
			status =
			    find_expected(home, normal, &fitting, out, note);
	}
	if (status == STATUS_OK)
		status = judge(&fitting, text, note);
	buf_clear(&fitting.ids);
	return status;
}

/* Is that challenge named: by either id, or by its address? */
static bool
is_meant(const struct order *order, const struct lookup *found)
{
	return found->order[0] != '\0'
	    ? strcmp(order->id, found->order) == 0
	    : strcmp(order->issuance, found->issuance) == 0;
}

enum status
lookup_order(const struct home *home, const char *text, struct order *out,
    struct note *note)
{
	const int64_t now = (int64_t)time(NULL);
	struct fitting fitting = { .count = 0 };
	struct order *orders = NULL;
	bool by_address, pending = false;
	char normal[ADDRESS_SIZE];
	struct lookup found;
	enum status status;
	size_t count = 0, i;

	status = lookup(home, text, &found, note);
	if (status == STATUS_OK && found.order[0] != '\0')
		return order_load(home, found.order, out, note);
	if (status == STATUS_OK)
		status = orders_load(home, &orders, &count, note);
	if (status != STATUS_OK)
		return status;
	buf_init(&fitting.ids, 64 * 1024);
	by_address = take_address(text, normal);
	for (i = 0; i < count; i++) {
		if (!is_meant(&orders[i], &found) ||
		    !is_open(&orders[i], now) ||
		    (by_address && !order_is_for(&orders[i], normal)) ||
		    (pending && orders[i].state != ORDER_PENDING))
			continue;
		if (!pending && orders[i].state == ORDER_PENDING) {
			pending = true;
			buf_clear(&fitting.ids);
			fitting.count = 0;
		}
		*out = orders[i];
		add_fitting(&fitting, orders[i].id);
	}
	status = judge(&fitting, text, note);
	if (status == STATUS_NO)
		(void)note_set(note, status,
		    "no challenge of %.100s waits for an answer", text);
	buf_clear(&fitting.ids);
	free(orders);
	return status;
}
