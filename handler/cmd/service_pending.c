/* service_pending.c - find the order to publish: see service_pending.h */
#include "cmd/service_pending.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/lookup.h"

static bool
is_meant(const void *record, const void *arg)
{
	const struct service_pending *what = arg;
	const struct order *order = record;

	return order_is_server(order) && order->proof.value[0][0] != '\0' &&
	    what->wanted(order) &&
	    (what->named == NULL || lookup_names_order(what->named, order));
}

enum status
service_pending(struct session *session, const struct service_pending *what,
    struct order *out)
{
	struct record_search search = { .ids = 0 };
	struct order *all = NULL;
	enum status status = STATUS_OK;
	size_t count = 0;

	order_search_open(&search);
	if (session->home.dir >= 0)
		status = orders_find(&session->home, &search, is_meant, what,
		    &all, &count, &session->note);
	if (status == STATUS_OK && count == 0)
		status = note_set(&session->note, STATUS_NO,
		    "no pending order needs it; mailcert service order "
		    "--challenge %s places one",
		    what->challenges);
	else if (status == STATUS_OK && count > 1)
		status = note_set(&session->note, STATUS_USAGE,
		    "%zu pending orders need it; name one: %s, %s", count,
		    all[0].id, all[1].id);
	else if (status == STATUS_OK)
		*out = all[0];
	free(all);
	return status;
}
