/* renew.c - the time of renewal: see renew.h */
#include "order/renew.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "mail/date.h"
#include "order/ca_object.h"
#include "order/request.h"

enum { HOUR = 3600, DAY = 24 * HOUR, SHORTEST_LIFETIME = 6 * HOUR };

/* RFC 9773 section 4.3. */
enum {
	BODY_MAX = 1024 * 1024,
	ASK_LEAST = 60,
	ASK_MOST = ORDER_ASK_MOST,
	ASK_AFTER_NONSENSE = 6 * 3600,
	ASK_AFTER_TROUBLE = 3600
};

bool
renew_is_candidate(const struct order *order)
{
	return order_is_current(order);
}

static bool
has_address(const struct order *order, const char *address)
{
	size_t i;

	for (i = 0; i < order->addresses; i++)
		if (strcmp(order->address[i], address) == 0)
			return true;
	return false;
}

bool
renew_is_same(const struct order *a, const struct order *b)
{
	size_t i;

	if (a->addresses != b->addresses || a->usage != b->usage)
		return false;
	for (i = 0; i < a->addresses; i++)
		if (!has_address(b, a->address[i]))
			return false;
	return request_is_same_server(a, b);
}

int64_t
renew_pause(const struct order *order)
{
	const int64_t lifetime = order->expires - order->starts;

	return lifetime >= SHORTEST_LIFETIME && lifetime / 6 < DAY
	    ? lifetime / 6
	    : DAY;
}

bool
renew_is_recent(const struct order *order, const struct order *all,
    size_t count, int64_t now)
{
	const int64_t pause = renew_pause(order);
	size_t i;

	/* A time in the future means that the clock went back: not recent. */
	for (i = 0; i < count; i++)
		if (!order_is_foreign(&all[i]) &&
		    renew_is_same(order, &all[i]) && all[i].created <= now &&
		    now - all[i].created < pause)
			return true;
	return false;
}

static int64_t
by_lifetime(const struct config *config, const struct order *order)
{
	const int64_t lifetime = order->expires - order->starts;
	const int64_t before =
	    config->renew_before > 0 && config->renew_before < lifetime
	    ? config->renew_before
	    : lifetime / 3;

	return order->expires - before;
}

int64_t
renew_known(const struct config *config, const struct order *order)
{
	const int64_t chosen = order->window.chosen;

	/* The CA's word counts, but not beyond the end. */
	return chosen != 0 && chosen < order->expires
	    ? chosen
	    : by_lifetime(config, order);
}

/* Choose a random moment of the window. */
static int64_t
choose(int64_t start, int64_t end)
{
	uint64_t random = 0;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return start;
	return start + (int64_t)(random % (uint64_t)(end - start));
}

/* renewalInfo "/" identifier (section 4.1). */
static enum status
ask(struct client *client, const struct order *order, struct acme_renewal *out,
    int64_t *retry_after, struct note *note)
{
	struct ca_answer answer = { .code = 0 };
	char url[ACME_URL_SIZE + ACME_ID_SIZE];
	enum status status;

	(void)snprintf(url, sizeof(url), "%s/%s",
	    client->ca.directory.renewal_info, order->cert_id);
	buf_init(&answer.body, BODY_MAX);
	status = acme_url_ok(span_of(url)) ? STATUS_OK : STATUS_BAD_CA;
	if (status == STATUS_OK)
		status = ca_get(&client->ca, url, &answer, note);
	if (status == STATUS_OK)
		status = ca_parse_renewal(buf_span(&answer.body), out, note);
	*retry_after = answer.retry_after;
	buf_clear(&answer.body);
	return status;
}

static int64_t
next_asking(enum status status, int64_t retry_after, int64_t now)
{
	if (status == STATUS_NET)
		return now + ASK_AFTER_TROUBLE;
	if (status != STATUS_OK || retry_after < 0)
		return now + ASK_AFTER_NONSENSE;
	return now +
	    (retry_after < ASK_LEAST         ? ASK_LEAST
		    : retry_after > ASK_MOST ? ASK_MOST
					     : retry_after);
}

static void
update(struct order_window *window, enum status status,
    const struct acme_renewal *renewal, int64_t retry_after, int64_t now)
{
	int64_t start, end;

	if (status == STATUS_OK &&
	    (date_parse_iso(span_of(renewal->start), &start) != STATUS_OK ||
		date_parse_iso(span_of(renewal->end), &end) != STATUS_OK ||
		start <= 0 || start >= end))
		status = STATUS_BAD_CA;
	window->ask_again = next_asking(status, retry_after, now);
	if (status != STATUS_OK ||
	    (window->start == start && window->end == end &&
		window->chosen != 0))
		return;
	window->start = start;
	window->end = end;
	window->chosen = choose(start, end);
}

static bool
is_time_to_ask(const struct order *order, int64_t now)
{
	const struct order_window *window = &order->window;

	/* A time that is too far off was written by another clock. */
	return order->cert_id[0] != '\0' && now < order->expires &&
	    (now >= window->ask_again || window->ask_again > now + ASK_MOST);
}

static bool
may_ask(const struct client *client, const struct order *order, int64_t now)
{
	return client->ca.directory.renewal_info[0] != '\0' &&
	    is_time_to_ask(order, now);
}

bool
renew_is_quiet(
    const struct config *config, const struct order *order, int64_t now)
{
	return renew_known(config, order) > now && !is_time_to_ask(order, now);
}

static enum status
set_window(void *record, const void *window, struct note *note)
{
	(void)note;
	((struct order *)record)->window = *(const struct order_window *)window;
	return STATUS_OK;
}

static enum status
save_window(const struct home *home, struct order *order, struct note *note)
{
	const struct order_window window = order->window;

	return order_change(home, order->id, set_window, &window, order, note);
}

enum status
renew_time(struct client *client, struct order *order, int64_t now,
    int64_t *when, char *explanation, struct note *note)
{
	struct acme_renewal renewal = { .start = "" };
	enum status status, asked;
	int64_t retry_after = -1;

	explanation[0] = '\0';
	if (may_ask(client, order, now)) {
		asked = ask(client, order, &renewal, &retry_after, NULL);
		if (asked == STATUS_OK)
			(void)strcpy(explanation, renewal.explanation);
		update(&order->window, asked, &renewal, retry_after, now);
		status = save_window(client->home, order, note);
		if (status != STATUS_OK)
			return status;
	}
	*when = renew_known(client->config, order);
	return STATUS_OK;
}
