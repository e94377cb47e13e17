/* lookup.c - ids and addresses on the command line: see lookup.h */
#include "cmd/lookup.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The ids that match, for the message that asks which one is meant. */
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
		    "no order or challenge fits %.100s; mailcert status lists them",
		    text);
	if (fitting->count > 1)
		return note_set(note, STATUS_USAGE,
		    "%zu orders or challenges fit %.100s; name one: %.150s",
		    fitting->count, text,
		    fitting->ids.at != NULL ? fitting->ids.at : "");
	return STATUS_OK;
}

/* Normalize an address, or the name of a host; false: it is neither. */
static bool
take_address(const char *text, char normal[ADDRESS_SIZE])
{
	struct mailbox mailbox;

	if (!span_has_byte(span_of(text), '@'))
		return host_normal(span_of(text), normal, ADDRESS_SIZE);
	return address_parse(span_of(text), &mailbox) == STATUS_OK &&
	    address_normal(&mailbox, normal) == STATUS_OK;
}

void
lookup_search_order(const char *text, struct record_search *search)
{
	char normal[ADDRESS_SIZE];

	record_search_id(search, text);
	if (take_address(text, normal))
		order_search_for(search, normal);
}

void
lookup_search_expectation(const char *text, struct record_search *search)
{
	char normal[ADDRESS_SIZE];

	record_search_id(search, text);
	expectation_search_of(search, text);
	if (take_address(text, normal))
		expectation_search_for(search, normal);
}

bool
lookup_names_order(const char *text, const struct order *order)
{
	char normal[ADDRESS_SIZE];

	return strcmp(order->id, text) == 0 ||
	    (take_address(text, normal) && order_is_for(order, normal));
}

static bool
expectation_is_for(const struct expectation *expectation, const char *normal)
{
	return address_compare(span_of(expectation->address_normal),
		   span_of(normal)) != ADDRESS_OTHER;
}

bool
lookup_names_expectation(
    const char *text, const struct expectation *expectation)
{
	char normal[ADDRESS_SIZE];

	return strcmp(expectation->id, text) == 0 ||
	    (text[0] != '\0' && strcmp(expectation->order, text) == 0 &&
		expectation->met == 0) ||
	    (take_address(text, normal) &&
		expectation_is_for(expectation, normal));
}

/* Does the CA or another client still wait for its answer? */
static bool
is_open(const struct expectation *expectation, int64_t now)
{
	return expectation->met == 0 &&
	    (expectation->expires == 0 || expectation->expires > now);
}

/* Find the certificate order or challenge with that id.  STATUS_MISSING:
 * neither exists. */
static enum status
find_id(const struct home *home, const char *text, struct lookup *out,
    struct note *note)
{
	struct order *order = calloc(1, sizeof(*order));
	struct expectation expectation;
	enum status status = STATUS_MEMORY;

	if (order == NULL)
		return status;
	status = order_load(home, text, order, note);
	if (status == STATUS_OK) {
		(void)strcpy(out->order, order->id);
	} else if (status == STATUS_MISSING) {
		status = expectation_load(home, text, &expectation, note);
		if (status == STATUS_OK) {
			(void)strcpy(out->expectation, expectation.id);
			(void)strcpy(out->order, expectation.order);
		}
	}
	free(order);
	return status;
}

/* Find the open certificate orders for that address. */
static enum status
find_orders(const struct home *home, const char *normal, bool every,
    struct fitting *fitting, struct lookup *out, struct note *note)
{
	struct record_search search = { .all = every };
	struct order *all = NULL;
	enum status status;
	size_t count = 0, i;

	order_search_for(&search, normal);
	status = orders_find(home, &search, NULL, NULL, &all, &count, note);
	for (i = 0; i < count; i++) {
		if (!order_is_open(&all[i]) || !order_is_for(&all[i], normal))
			continue;
		(void)strcpy(out->order, all[i].id);
		add_fitting(fitting, all[i].id);
	}
	free(all);
	return status;
}

/* Find the open challenges for it that another client ordered. */
static enum status
find_expected(const struct home *home, const char *normal, bool every,
    struct fitting *fitting, struct lookup *out, struct note *note)
{
	const int64_t now = (int64_t)time(NULL);
	struct record_search search = { .all = every };
	struct expectation *expectations = NULL;
	enum status status;
	size_t count = 0, i;

	expectation_search_for(&search, normal);
	status = expectations_find(
	    home, &search, NULL, NULL, &expectations, &count, note);
	for (i = 0; i < count; i++) {
		if (expectations[i].order[0] != '\0' ||
		    !is_open(&expectations[i], now) ||
		    !expectation_is_for(&expectations[i], normal))
			continue;
		(void)strcpy(out->expectation, expectations[i].id);
		add_fitting(fitting, expectations[i].id);
	}
	free(expectations);
	return status;
}

static enum status
find_address(const struct home *home, const char *normal, bool every,
    struct fitting *fitting, struct lookup *out, struct note *note)
{
	enum status status;

	status = find_orders(home, normal, every, fitting, out, note);
	return status == STATUS_OK
	    ? find_expected(home, normal, every, fitting, out, note)
	    : status;
}

enum status
lookup(const struct home *home, const char *text, struct lookup *out,
    struct note *note)
{
	struct fitting fitting = { .count = 0 };
	char normal[ADDRESS_SIZE];
	enum status status;

	*out = (struct lookup){ .order = "" };
	status = find_id(home, text, out, note);
	if (status != STATUS_MISSING)
		return status;
	buf_init(&fitting.ids, 64 * 1024);
	status = STATUS_OK;
	if (take_address(text, normal)) {
		status = find_address(home, normal, false, &fitting, out, note);
		/* A record may have been edited in place: see store/index.h. */
		if (status == STATUS_OK && fitting.count == 0)
			status = find_address(
			    home, normal, true, &fitting, out, note);
	}
	if (status == STATUS_OK)
		status = judge(&fitting, text, note);
	buf_clear(&fitting.ids);
	return status;
}

/* Is it the challenge that was found, or one of the order that was found? */
static bool
is_meant(const struct expectation *expectation, const struct lookup *found)
{
	return found->expectation[0] != '\0'
	    ? strcmp(expectation->id, found->expectation) == 0
	    : strcmp(expectation->order, found->order) == 0;
}

enum status
lookup_expectation(const struct home *home, const char *text,
    struct expectation *out, struct note *note)
{
	const int64_t now = (int64_t)time(NULL);
	struct record_search search = { .ids = 0 };
	struct fitting fitting = { .count = 0 };
	struct expectation *expectations = NULL;
	bool by_address, pending = false;
	char normal[ADDRESS_SIZE];
	struct lookup found;
	enum status status;
	size_t count = 0, i;

	status = lookup(home, text, &found, note);
	if (status == STATUS_OK && found.expectation[0] != '\0')
		return expectation_load(home, found.expectation, out, note);
	expectation_search_of(&search, found.order);
	if (status == STATUS_OK)
		status = expectations_find(
		    home, &search, NULL, NULL, &expectations, &count, note);
	if (status != STATUS_OK)
		return status;
	buf_init(&fitting.ids, 64 * 1024);
	by_address = take_address(text, normal);
	for (i = 0; i < count; i++) {
		if (!is_meant(&expectations[i], &found) ||
		    !is_open(&expectations[i], now) ||
		    (by_address &&
			!expectation_is_for(&expectations[i], normal)) ||
		    (pending && expectations[i].state != EXPECTATION_PENDING))
			continue;
		if (!pending && expectations[i].state == EXPECTATION_PENDING) {
			pending = true;
			buf_clear(&fitting.ids);
			fitting.count = 0;
		}
		*out = expectations[i];
		/* The challenges of one order differ in their addresses. */
		add_fitting(&fitting,
		    by_address ? expectation_shown_id(&expectations[i])
			       : expectations[i].address);
	}
	status = judge(&fitting, text, note);
	if (status == STATUS_NO)
		(void)note_set(note, status,
		    "no challenge of %.100s waits for an answer", text);
	buf_clear(&fitting.ids);
	free(expectations);
	return status;
}
