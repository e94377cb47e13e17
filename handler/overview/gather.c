/* gather.c - read the overview from the home: see gather.h */
#include "overview/gather.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "overview/installed.h"

static bool
is_unmet(const void *record, const void *unused)
{
	const struct expectation *expectation = record;

	(void)unused;
	return expectation->met == 0;
}

/* The challenges of these orders, and what another client waits for. */
static enum status
load_challenges(const struct home *home, int64_t now, struct gathering *out,
    struct note *note)
{
	struct record_search search = { .ids = 0 };
	size_t i;

	expectation_search_awaited(&search, now);
	expectation_search_doubt(&search, now);
	for (i = 0; i < out->order_count; i++)
		if (order_is_open(&out->orders[i]))
			expectation_search_of(&search, out->orders[i].id);
	return expectations_find(home, &search, is_unmet, NULL,
	    &out->expectations, &out->expectation_count, note);
}

enum status
gather_load(const struct config *config, const struct home *home, bool every,
    int64_t now, struct gathering *out, struct note *note)
{
	struct record_search search = { .all = every };
	enum status status;

	*out = (struct gathering){ .orders = NULL };
	order_search_open(&search);
	order_search_due(&search, now, config->renew_before);
	status = orders_find(
	    home, &search, NULL, NULL, &out->orders, &out->order_count, note);
	if (status != STATUS_OK)
		return status;
	return every ? expectations_load_if(home, is_unmet, NULL,
			   &out->expectations, &out->expectation_count, note)
		     : load_challenges(home, now, out, note);
}

static bool
has_id(const void *order, const void *id)
{
	return strcmp(((const struct order *)order)->id, id) == 0;
}

static bool
shows_id(const void *expectation, const void *id)
{
	return strcmp(expectation_shown_id(expectation), id) == 0;
}

enum status
gather_load_one(const struct home *home, const char *id, struct gathering *out,
    struct note *note)
{
	struct record_search orders = { .ids = 0 }, challenges = { .ids = 0 };
	enum status status;

	*out = (struct gathering){ .orders = NULL };
	record_search_id(&orders, id);
	record_search_id(&challenges, id);
	expectation_search_of(&challenges, id);
	status = orders_find(
	    home, &orders, has_id, id, &out->orders, &out->order_count, note);
	return status != STATUS_OK
	    ? status
	    : expectations_find(home, &challenges, shows_id, id,
		  &out->expectations, &out->expectation_count, note);
}

/* By order, so that each finds its own. */
static int
by_order(const void *left, const void *right)
{
	const struct expectation *a = left, *b = right;
	const int order = strcmp(a->order, b->order);

	if (order != 0)
		return order;
	if (a->created != b->created)
		return a->created < b->created ? -1 : 1;
	return strcmp(a->id, b->id);
}

/* The first challenge of an order in the sorted list. */
static size_t
first_of(const struct gathering *gathering, const char *order)
{
	size_t low = 0, high = gathering->expectation_count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (strcmp(gathering->expectations[middle].order, order) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
add_order(struct gathering *gathering, const struct overview_world *world,
    const struct order *order, bool *taken)
{
	const size_t first = first_of(gathering, order->id);
	size_t i;

	for (i = first; i < gathering->expectation_count &&
	     strcmp(gathering->expectations[i].order, order->id) == 0;
	     i++)
		taken[i] = true;
	overview_add_order(&gathering->overview, world, order,
	    gathering->expectations == NULL ? NULL
					    : &gathering->expectations[first],
	    i - first);
}

/* A path in the home, without that of the home. */
static const char *
inside(const struct home *home, const char *text)
{
	const size_t len = strlen(home->path);

	return len > 0 && strncmp(text, home->path, len) == 0 &&
		text[len] == '/'
	    ? text + len + 1
	    : text;
}

enum status
gather_judge(struct gathering *gathering, const struct config *config,
    const struct home *home, int64_t now)
{
	bool *taken = calloc(gathering->expectation_count + 1, sizeof(*taken));
	struct overview_world world = { .config = config,
		.now = now,
		.utf8 = text_locale_is_utf8(),
		.installed = installed_add };
	struct installed installed;
	const struct note *warning;
	size_t i;

	if (taken == NULL)
		return STATUS_MEMORY;
	installed_load(home, &installed);
	world.context = &installed;
	if (gathering->expectation_count > 1)
		qsort(gathering->expectations, gathering->expectation_count,
		    sizeof(*gathering->expectations), by_order);
	for (i = 0; i < gathering->order_count; i++)
		add_order(gathering, &world, &gathering->orders[i], taken);
	for (i = 0; i < gathering->expectation_count; i++)
		if (!taken[i])
			overview_add_challenge(&gathering->overview, &world,
			    &gathering->expectations[i]);
	for (i = 0; (warning = home_warning(home, i)) != NULL; i++)
		overview_add_damage(&gathering->overview,
		    inside(home, warning->text), world.utf8);
	overview_settle(&gathering->overview);
	installed_clear(&installed);
	free(taken);
	return gathering->overview.failed ? STATUS_MEMORY : STATUS_OK;
}

void
gather_clear(struct gathering *gathering)
{
	overview_clear(&gathering->overview);
	free(gathering->orders);
	free(gathering->expectations);
	*gathering = (struct gathering){ .orders = NULL };
}
