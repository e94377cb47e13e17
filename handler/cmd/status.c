/* status.c - mailcert status: list pending work, and say what to do next */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "answer/advice.h"
#include "answer/confirm.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/decisions.h"
#include "cmd/list_accounts.h"
#include "cmd/lookup.h"
#include "order/renew.h"
#include "store/expectation.h"
#include "store/order.h"

enum { PIECE = 64 * 1024 };

/* Everything to list. */
struct listing {
	const struct config *config;
	struct home home;
	int64_t now;
	bool named; /* only what the user named */
	bool over;  /* the challenges of orders that are over, too */
	struct order *orders;
	size_t order_count;
	struct expectation *expectations;
	size_t expectation_count;
	struct account *accounts;
	size_t account_count;
};

struct options {
	bool all;
	bool json;
};

#define AT(field) .offset = offsetof(struct options, field)

static const struct cmd_option rows[] = {
	{ "all", NULL, AT(all),
	    .help = "the challenges of orders that are over, too" },
	{ "json", NULL, AT(json), .help = "print JSON, with everything" }, { 0 }
};

static const struct cmd_line command_line = {
	.name = "status",
	.operands = "[ID]",
	.most = 1,
	.options = rows,
	.about =
	    "List every certificate, challenge and account: what it waits for, and what\n"
	    "to do next.  ID is one that it shows, or an address.\n",
};

static bool
is_expired(const struct expectation *expectation, int64_t now)
{
	return expectation->expires != 0 && expectation->expires <= now;
}

/* Does the listing show the values that respond asks for?  It does for our own
 * orders, since nothing else shows them.  Listings get pasted, so values that
 * another client told expect appear only if the challenge is named. */
static bool
shows_secrets(const struct expectation *expectation, bool named)
{
	return named ||
	    (expectation->order[0] != '\0' &&
		expectation->state != EXPECTATION_SENT);
}

/* Add a line, its text made safe. */
static void
add_line(struct buf *out, const char *before, struct span text)
{
	buf_add_text(out, before);
	text_show(out, text, TEXT_NO_LIMIT, text_locale_is_utf8());
	buf_add_byte(out, '\n');
}

/* Add a challenge: below its order, or alone with its id. */
static void
add_text(const struct expectation *expectation, bool named, int64_t now,
    struct buf *out)
{
	const bool below = expectation->order[0] != '\0';
	const char *indent = below ? "        " : "    ";
	struct buf line, before;

	buf_init(&line, 2048);
	buf_init(&before, 64);
	buf_addf(&line, "challenge for %s", expectation->address);
	if (expectation->note[0] != '\0') {
		buf_add_text(&line, "  \"");
		text_show(&line, span_of(expectation->note), 60,
		    text_locale_is_utf8());
		buf_add_byte(&line, '"');
	}
	buf_addf(&before, "%s%s", below ? "  " : expectation->id, "  ");
	add_line(out, before.at, buf_span(&line));
	buf_clear(&line);
	advice_add_state(expectation, now, &line);
	add_line(out, indent, buf_span(&line));
	buf_clear(&line);
	buf_add_text(&line, "next: ");
	advice_add_next(expectation, now, &line);
	add_line(out, indent, buf_span(&line));
	if (shows_secrets(expectation, named))
		buf_addf(out,
		    "%sby hand: token-part2 %s, thumbprint %s, token-join "
		    "%s\n",
		    indent, expectation->part2, expectation->thumbprint,
		    token_join_name(expectation->join));
	buf_clear(&before);
	buf_clear(&line);
}

static void
add_json(const struct expectation *expectation, bool named, int64_t now,
    struct json_writer *json)
{
	struct buf next;

	json_open_object(json, NULL);
	json_add_text(json, "id", expectation_shown_id(expectation));
	json_add_filled(json, "address", expectation->address);
	json_add_filled(json, "from", expectation->from);
	json_add_text(json, "state",
	    expectation->state == EXPECTATION_PENDING &&
		    is_expired(expectation, now)
		? "expired"
		: expectation_state_name(expectation->state));
	json_add_text(json, "token_join", token_join_name(expectation->join));
	json_add_filled(json, "note", expectation->note);
	cmd_add_time(json, "created", expectation->created);
	cmd_add_time(json, "expires", expectation->expires);
	cmd_add_time(json, "answered", expectation->answered);
	json_add_filled(json, "token_part1", expectation->part1);
	json_add_filled(json, "message_id", expectation->message_id);
	json_add_filled(json, "draft", expectation->draft);
	if (shows_secrets(expectation, named)) {
		json_add_filled(json, "token_part2", expectation->part2);
		json_add_filled(json, "thumbprint", expectation->thumbprint);
	}
	buf_init(&next, 4096);
	advice_add_next(expectation, now, &next);
	json_add_filled(json, "next", next.at);
	buf_clear(&next);
	json_close(json);
}

/* The next step of a certificate order, and who takes it. */
static const char *
order_next(const struct order *order, int64_t now)
{
	switch (order->state) {
	case ORDER_REQUESTED:
		if (order->ca[0] != '\0')
			return "mailcert finish asks the CA's program again";
		return "paste its request into the CA's web page (mailcert csr "
		       "prints it again), then: mailcert import FILE";
	case ORDER_ISSUED:
		if (order_is_foreign(order) && order->ca[0] == '\0' &&
		    order->replaced[0] == '\0')
			return order->expires <= now
			    ? "it has expired; get another one: mailcert csr, "
			      "or order"
			    : "get another one in time (mailcert csr, or "
			      "order); mailcert cannot renew it";
		return order->replaced[0] != '\0'
		    ? "nothing; a newer one has taken its place"
		    : order->expires != 0 && order->expires <= now
		    ? "it has expired: mailcert renew"
		    : "mailcert renew, when it is due";
	case ORDER_FAILED:
		return "order again; finish --forget removes this one";
	case ORDER_REVOKED:
		return "nothing; keep its key to read old mail";
	case ORDER_NEW:
		return order->queued
		    ? "finish another order for the same address first: two "
		      "open challenges cannot be told apart"
		    : "the CA was not reached: mailcert finish";
	case ORDER_PLACED:
	case ORDER_FINALIZING:
		break;
	}
	return "answer its challenges below, then: mailcert finish";
}

static void
add_certificate_text(const struct config *config, const struct order *order,
    int64_t now, struct buf *out)
{
	struct buf line;
	size_t i;

	buf_init(&line, 8192);
	buf_addf(&line, "%s  certificate for", order->id);
	for (i = 0; i < order->addresses; i++)
		buf_addf(&line, " %s", order->address[i]);
	text_show(out, buf_span(&line), TEXT_NO_LIMIT, text_locale_is_utf8());
	buf_clear(&line);
	buf_addf(&line, "%s, %s ", order_state_name(order->state),
	    !order_is_foreign(order) || order->ca[0] != '\0' ? "ordered"
		: order->state == ORDER_REQUESTED            ? "made"
		: order->csr[0] != '\0'                      ? "requested"
							     : "imported");
	confirm_add_time(&line, order->created, now);
	if (order->expires != 0) {
		buf_add_text(&line,
		    order->starts != 0 ? ", valid until " : ", expires ");
		confirm_add_time(&line, order->expires, now);
	}
	if (renew_is_candidate(order)) {
		buf_add_text(&line,
		    order_is_foreign(order) && order->ca[0] == '\0'
			? ", to be replaced "
			: ", to be renewed ");
		confirm_add_time(&line, renew_known(config, order), now);
	}
	if (order->revoked != 0) {
		buf_add_text(&line, ", revoked ");
		confirm_add_time(&line, order->revoked, now);
	}
	if (order->why[0] != '\0')
		buf_addf(&line, ": %s", order->why);
	buf_add_text(out, "\n    ");
	text_show(out, buf_span(&line), TEXT_NO_LIMIT, text_locale_is_utf8());
	buf_addf(out, "\n    next: %s\n", order_next(order, now));
	buf_clear(&line);
}

static void
add_certificate_json(const struct listing *all, const struct order *order,
    struct json_writer *json)
{
	struct buf path;
	size_t i;

	json_open_object(json, NULL);
	json_add_text(json, "id", order->id);
	json_open_array(json, "addresses");
	for (i = 0; i < order->addresses; i++)
		json_add_text(json, NULL, order->address[i]);
	json_close(json);
	json_add_text(json, "state", order_state_name(order->state));
	json_add_text(json, "key", key_kind_name(order->key));
	json_add_text(json, "usage", csr_usage_name(order->usage));
	cmd_add_time(json, "created", order->created);
	cmd_add_time(json, "expires", order->expires);
	cmd_add_time(json, "renewal",
	    renew_is_candidate(order) ? renew_known(all->config, order) : 0);
	cmd_add_time(json, "revoked", order->revoked);
	json_add_filled(json, "replaces", order->replaces);
	json_add_filled(json, "replaced", order->replaced);
	json_add_filled(json, "why", order->why);
	buf_init(&path, 4096);
	if (order->starts != 0)
		buf_addf(
		    &path, "%s/certificates/%s.pem", all->home.path, order->id);
	json_add_text(json, "certificate", path.at);
	buf_clear(&path);
	json_add_text(json, "next", order_next(order, all->now));
	json_close(json);
}

static bool
names_order(const void *order, const void *text)
{
	return lookup_names_order(text, order);
}

static bool
names_expectation(const void *expectation, const void *text)
{
	return lookup_names_expectation(text, expectation);
}

/* What the user named.  every: read all records for it. */
static enum status
load_named(struct listing *out, const char *name, bool every, struct note *note)
{
	struct record_search expectations = { .all = every },
			     orders = { .all = every };
	enum status status;

	lookup_search_expectation(name, &expectations);
	lookup_search_order(name, &orders);
	status = expectations_find(&out->home, &expectations, names_expectation,
	    name, &out->expectations, &out->expectation_count, note);
	return status == STATUS_OK
	    ? orders_find(&out->home, &orders, names_order, name, &out->orders,
		  &out->order_count, note)
	    : status;
}

static enum status
load_all(struct listing *out, struct note *note)
{
	enum status status;

	status = expectations_load(
	    &out->home, &out->expectations, &out->expectation_count, note);
	if (status == STATUS_OK)
		status = orders_load(
		    &out->home, &out->orders, &out->order_count, note);
	return status == STATUS_OK ? accounts_load(&out->home, &out->accounts,
					 &out->account_count, note)
				   : status;
}

/* Load everything, or what the user named. */
static enum status
load(struct listing *out, const char *only, struct note *note)
{
	enum status status;

	status = home_open(out->config->home, false, &out->home, note);
	if (only == NULL)
		return status == STATUS_OK ? load_all(out, note) : status;
	if (status == STATUS_OK)
		status = load_named(out, only, false, note);
	/* A record may have been edited in place: see store/index.h. */
	if (status == STATUS_OK &&
	    out->expectation_count + out->order_count == 0)
		status = load_named(out, only, true, note);
	if (status == STATUS_OK &&
	    out->expectation_count + out->order_count == 0)
		status = note_set(note, STATUS_NO,
		    "there is no order %.100s; mailcert status lists them",
		    only);
	return status;
}

/* Print the output if it is long enough for a write: a long listing is never in
 * memory as a whole.  False: *code is the exit status. */
static bool
pass_on(struct buf *out, size_t least, int *code)
{
	*code = 0;
	if (buf_status(out) != STATUS_OK)
		*code = cmd_fail(STATUS_MEMORY, NULL);
	else if (out->len >= least)
		*code = cmd_print(buf_span(out));
	if (out->len >= least)
		buf_cut(out, 0);
	return *code == 0;
}

static int
print_json(const struct listing *all, struct buf *out)
{
	struct json_writer json = json_begin(out);
	size_t i;
	int code = 0;

	json_open_array(&json, "certificates");
	for (i = 0; i < all->order_count && pass_on(out, PIECE, &code); i++)
		add_certificate_json(all, &all->orders[i], &json);
	json_close(&json);
	json_open_array(&json, "expectations");
	for (i = 0; i < all->expectation_count && code == 0 &&
	     pass_on(out, PIECE, &code);
	     i++)
		add_json(&all->expectations[i], all->named, all->now, &json);
	json_close(&json);
	list_accounts_json(all->accounts, all->account_count, &json);
	if (!all->named)
		decisions_add_json(&all->home, &json);
	json_close(&json);
	return code;
}

/* Sort the challenges by order. */
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

/* Find the first challenge of an order in the sorted list. */
static size_t
first_of(const struct listing *all, const char *order)
{
	size_t low = 0, high = all->expectation_count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (strcmp(all->expectations[middle].order, order) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Add an order and, while it is open, its challenges. */
static void
add_order(const struct listing *all, const struct order *order, bool *listed,
    struct buf *out)
{
	const struct expectation *one;
	size_t i;

	add_certificate_text(all->config, order, all->now, out);
	for (i = first_of(all, order->id); i < all->expectation_count; i++) {
		one = &all->expectations[i];
		if (strcmp(one->order, order->id) != 0)
			break;
		listed[i] = true;
		if (order_is_open(order) || all->over)
			add_text(one, all->named, all->now, out);
	}
}

static int
print_text(struct listing *all, struct buf *out)
{
	bool *listed = calloc(all->expectation_count + 1, sizeof(*listed));
	size_t i;
	int code = 0;

	if (listed == NULL)
		return cmd_fail(STATUS_MEMORY, NULL);
	if (all->expectation_count > 1)
		qsort(all->expectations, all->expectation_count,
		    sizeof(*all->expectations), by_order);
	for (i = 0; i < all->order_count && pass_on(out, PIECE, &code); i++)
		add_order(all, &all->orders[i], listed, out);
	/* Add the challenges of other clients, and of damaged orders. */
	for (i = 0; i < all->expectation_count && code == 0 &&
	     pass_on(out, PIECE, &code);
	     i++)
		if (!listed[i])
			add_text(
			    &all->expectations[i], all->named, all->now, out);
	free(listed);
	list_accounts(all->accounts, all->account_count, out);
	if (all->order_count + all->expectation_count + all->account_count == 0)
		buf_add_text(out,
		    "nothing is pending; see mailcert order --help, or expect "
		    "--help\n");
	if (!all->named)
		decisions_add(&all->home, out);
	return code;
}

static int
print(struct listing *all, bool json)
{
	struct buf out;
	int code;

	buf_init(&out, SIZE_MAX / 4);
	code = json ? print_json(all, &out) : print_text(all, &out);
	if (code == 0)
		(void)pass_on(&out, 0, &code);
	buf_clear(&out);
	return code;
}

int
cmd_status(const struct invocation *invocation, int argc, char *argv[])
{
	struct config config;
	struct listing all = { .config = &config,
		.home = { .dir = -1 },
		.now = (int64_t)time(NULL) };
	struct options options = { .all = false };
	struct note note = { "" };
	enum status status;
	int code;

	if (!cmd_parse(&command_line, argc, argv, &options, &code) ||
	    !cmd_config(invocation, &config, &code))
		return code;
	all.named = argv[optind] != NULL;
	all.over = options.all;
	status = load(&all, argv[optind], &note);
	code = status == STATUS_OK ? print(&all, options.json)
				   : cmd_fail(status, &note);
	cmd_home_close(&all.home);
	free(all.accounts);
	free(all.orders);
	free(all.expectations);
	return code;
}
