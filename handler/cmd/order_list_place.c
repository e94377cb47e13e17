/* order_list_place.c - place the orders of a list: see order_list_p.h */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/caa_warning.h"
#include "cmd/order_list_p.h"
#include "order/command.h"
#include "order/place.h"

/* Are these the addresses of the order that is wanted, in that sequence? */
static bool
is_for_same(const struct order *one, const struct order *wanted)
{
	size_t i;

	if (one->addresses != wanted->addresses || one->usage != wanted->usage)
		return false;
	for (i = 0; i < one->addresses; i++)
		if (strcmp(one->address[i], wanted->address[i]) != 0)
			return false;
	return true;
}

static bool
is_good(const void *record, const void *arg)
{
	const struct order *one = record, *wanted = arg;

	return order_is_current(one) && is_for_same(one, wanted) &&
	    one->expires > wanted->created;
}

static bool
is_known(const void *record, const void *arg)
{
	const struct order *one = record, *wanted = arg;

	return is_good(one, wanted) ||
	    ((order_is_open(one) || one->state == ORDER_REQUESTED) &&
		is_for_same(one, wanted));
}

/* Is it what record_refusal() left? */
static bool
is_refusal(const void *record, const void *arg)
{
	const struct order *one = record, *wanted = arg;

	return one->state == ORDER_FAILED && one->url[0] == '\0' &&
	    one->public[0] == '\0' && is_for_same(one, wanted);
}

/* Is it from the CA of this run? */
static bool
is_of_ca(const struct ordering *run, const struct order *one)
{
	const struct order_list *list = run->list;
	struct account account;

	if (list->command != NULL)
		return strcmp(one->ca, list->command->name) == 0;
	return one->account[0] != '\0' &&
	    account_load(&run->session->home, one->account, &account, NULL) ==
	    STATUS_OK &&
	    strcmp(account.directory, run->session->client.ca.directory_url) ==
	    0;
}

/* Find what exists for that line, the newest that the filter accepts, in
 * *run->order.  STATUS_MISSING: nothing. */
static enum status
find(struct ordering *run, struct job *job, record_filter *wanted,
    struct note *note)
{
	struct record_search search = { .ids = 0 };
	struct order *all = NULL;
	enum status status;
	size_t count = 0;

	run->list->request->addresses = job->line->address;
	run->list->request->count = job->line->count;
	run->list->request->usage = job->usage;
	*run->order = (struct order){ .usage = job->usage,
		.created = (int64_t)time(NULL) };
	status = request_addresses(run->list->request, run->order, note);
	if (status == STATUS_OK) {
		order_search_for(&search, run->order->address[0]);
		status = orders_find(&run->session->home, &search, wanted,
		    run->order, &all, &count, note);
	}
	while (count > 0 && !is_of_ca(run, &all[count - 1]))
		count--;
	if (status == STATUS_OK && count == 0)
		status = STATUS_MISSING;
	else if (status == STATUS_OK)
		*run->order = all[count - 1];
	free(all);
	return status;
}

enum status
job_find_known(struct ordering *run, struct job *job, struct note *note)
{
	return find(run, job, is_known, note);
}

enum status
job_place(struct ordering *run, struct job *job, struct note *note)
{
	const struct order_list *list = run->list;
	enum status status;
	bool found = false;

	status = find(run, job, is_good, note);
	if (status == STATUS_OK && !list->request->another) {
		job->state = JOB_HAS;
		(void)strcpy(job->id, run->order->id);
		return STATUS_OK;
	}
	if (status != STATUS_OK && status != STATUS_MISSING)
		return status;
	if (list->command != NULL) {
		status = command_place(&run->session->home, list->command,
		    list->request, run->order, &found, note);
	} else {
		status = !run->session->config.caa
		    ? STATUS_OK
		    : caa_warning(&run->session->client, list->request,
			  &run->caa, note);
		if (status == STATUS_OK)
			status = order_place(&run->session->client,
			    list->request, run->order, &found, note);
	}
	if (!found)
		run->placed[run->placings++ %
		    (size_t)run->session->config.orders_per_minute] =
		    order_list_ticks();
	if (status != STATUS_OK)
		return status;
	(void)strcpy(job->id, run->order->id);
	job->resumed = found;
	job->state = list->no_wait ? JOB_PLACED : JOB_OPEN;
	run->open += job->state == JOB_OPEN;
	return STATUS_OK;
}

void
job_record_refusal(
    struct ordering *run, struct job *job, const struct note *why)
{
	const struct home *home = &run->session->home;
	struct order *order = run->order;
	const enum status status = find(run, job, is_refusal, NULL);

	if (run->list->command != NULL ||
	    (status != STATUS_OK && status != STATUS_MISSING))
		return;
	if (status == STATUS_MISSING) {
		(void)strcpy(order->account, run->session->client.account.id);
		order->key = run->list->request->key;
		order->state = ORDER_FAILED;
		if (record_new_id(order->id) != STATUS_OK)
			return;
	}
	(void)snprintf(order->why, sizeof(order->why), "%s", why->text);
	(void)!order_save(home, order, NULL);
}

void
job_forget_refusal(struct ordering *run, struct job *job)
{
	if (find(run, job, is_refusal, NULL) == STATUS_OK)
		(void)!order_forget(&run->session->home, run->order->id, NULL);
}
