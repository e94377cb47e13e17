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

/* The same addresses, key and usage, at the same account, and not over. */
static bool
is_same(const void *record, const void *arg)
{
	const struct order *one = record, *other = arg;

	return order_is_open(one) && request_is_same(one, other) &&
	    strcmp(one->account, other->account) == 0 &&
	    (one->expires == 0 || one->expires > other->created);
}

/* Resume the open order, or make a new one; either is in the home
 * afterwards. */
static enum status
find_or_make(const struct client *client, const struct order_request *request,
    struct order *out, bool *resumed, struct note *note)
{
	const struct home *home = client->home;
	const struct request_form form = { .empty_subject =
					       client->settings.empty_subject,
		.eku = client->settings.csr_eku };
	enum status status = STATUS_MISSING;
	int lock = -1;

	status = home_lock_on(home, "order", 60, &lock, note);
	if (status != STATUS_OK)
		return status;
	status = request->another
	    ? STATUS_MISSING
	    : request_search(home, is_same, false, out, note);
	*resumed = status == STATUS_OK;
	if (status == STATUS_MISSING)
		status = request_make(home, request, &form, out, note);
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
	status = request_addresses(request, out, note);
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
