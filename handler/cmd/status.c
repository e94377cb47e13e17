/* status.c - mailcert status: list pending work, and say what to do next */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "answer/advice.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/list_accounts.h"
#include "cmd/lookup.h"
#include "doctor/automation.h"
#include "order/renew.h"
#include "overview/decisions.h"
#include "overview/gather.h"
#include "overview/listing.h"

enum { PIECE = 64 * 1024, WIDEST = 100 };

/* Everything to list. */
struct content {
	const struct config *config;
	struct home home;
	int64_t now;
	bool named; /* only what the user named */
	bool over;  /* what is over, too */
	bool begun; /* a heading was printed */
	struct gathering records;
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
	    .help = "what is over, too: old keys, challenges" },
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
	json_add_filled(json, "bounce", expectation->bounce);
	if (listing_shows_secrets(expectation, named)) {
		json_add_filled(json, "token_part2", expectation->part2);
		json_add_filled(json, "thumbprint", expectation->thumbprint);
	}
	buf_init(&next, 4096);
	advice_add_next(expectation, now, &next);
	json_add_filled(json, "next", next.at);
	buf_clear(&next);
	json_close(json);
}

static void
add_server_json(const struct order *order, struct json_writer *json)
{
	const struct order_proof *proof = &order->proof;
	struct buf text;
	size_t i;

	json_open_array(json, "services");
	for (i = 0; i < order->services; i++) {
		json_open_object(json, NULL);
		json_add_text(json, "service", order->service[i].service->name);
		json_add_number(json, "port", order->service[i].port);
		json_close(json);
	}
	json_close(json);
	json_add_text(
	    json, "challenge", proof->chosen ? proof_name(proof->kind) : NULL);
	json_open_array(json, "proofs");
	for (i = 0; proof->value[0][0] != '\0' && i < order->services &&
	     (i == 0 || proof->kind != PROOF_DNS);
	     i++) {
		json_open_object(json, NULL);
		buf_init(&text, SERVICE_RECORD_SIZE);
		if (proof_is_dns(proof->kind))
			proof_add_name(proof->kind, &order->service[i],
			    order->address[0], &text);
		json_add_text(json, "record", text.at);
		buf_clear(&text);
		json_add_text(json, "value", proof->value[i]);
		json_close(json);
	}
	json_close(json);
	cmd_add_time(json, "published", proof->published);
	cmd_add_time(json, "told", proof->told);
	cmd_add_time(json, "met", proof->met);
}

static void
add_certificate_json(const struct content *all, const struct order *order,
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
	if (order_is_server(order))
		add_server_json(order, json);
	json_add_text(json, "next", listing_next(order, all->now));
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
load_named(struct content *out, const char *name, bool every, struct note *note)
{
	struct record_search expectations = { .all = every },
			     orders = { .all = every };
	enum status status;

	lookup_search_expectation(name, &expectations);
	lookup_search_order(name, &orders);
	status = expectations_find(&out->home, &expectations, names_expectation,
	    name, &out->records.expectations, &out->records.expectation_count,
	    note);
	return status == STATUS_OK
	    ? orders_find(&out->home, &orders, names_order, name,
		  &out->records.orders, &out->records.order_count, note)
	    : status;
}

static enum status
load_all(struct content *out, struct note *note)
{
	enum status status;

	status = expectations_load(&out->home, &out->records.expectations,
	    &out->records.expectation_count, note);
	if (status == STATUS_OK)
		status = orders_load(&out->home, &out->records.orders,
		    &out->records.order_count, note);
	return status == STATUS_OK ? accounts_load(&out->home, &out->accounts,
					 &out->account_count, note)
				   : status;
}

/* Load everything, or what the user named. */
static enum status
load(struct content *out, const char *only, struct note *note)
{
	enum status status;

	status = home_open(out->config->home, false, &out->home, note);
	if (only == NULL)
		return status == STATUS_OK ? load_all(out, note) : status;
	if (status == STATUS_OK)
		status = load_named(out, only, false, note);
	/* A record may have been edited in place: see store/index.h. */
	if (status == STATUS_OK &&
	    out->records.expectation_count + out->records.order_count == 0)
		status = load_named(out, only, true, note);
	if (status == STATUS_OK &&
	    out->records.expectation_count + out->records.order_count == 0)
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
print_json(const struct content *all, struct buf *out)
{
	struct json_writer json = json_begin(out);
	static struct decisions decisions;
	size_t i;
	int code = 0;

	json_open_array(&json, "certificates");
	for (i = 0; i < all->records.order_count && pass_on(out, PIECE, &code);
	     i++)
		add_certificate_json(all, &all->records.orders[i], &json);
	json_close(&json);
	json_open_array(&json, "expectations");
	for (i = 0; i < all->records.expectation_count && code == 0 &&
	     pass_on(out, PIECE, &code);
	     i++)
		add_json(
		    &all->records.expectations[i], all->named, all->now, &json);
	json_close(&json);
	list_accounts_json(all->accounts, all->account_count, &json);
	if (!all->named) {
		decisions_load(&all->home, &decisions);
		decisions_add_json(&decisions, &json);
	}
	json_close(&json);
	return code;
}

/* The columns of the terminal, or of COLUMNS; 0: do not fill lines. */
static size_t
columns(void)
{
	const char *text = getenv("COLUMNS");
	unsigned long count = text != NULL ? strtoul(text, NULL, 10) : 0;
	struct winsize size;

	if (count == 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		count = size.ws_col;
	return count > WIDEST ? WIDEST : count;
}

static void
add_heading(struct content *all, const char *heading, struct buf *out)
{
	buf_addf(out, "%s%s\n", all->begun ? "\n" : "", heading);
	all->begun = true;
}

static int
print_items(struct content *all, const struct listing *listing, struct buf *out)
{
	const struct overview *overview = &all->records.overview;
	const struct overview_item *item, *before = NULL;
	int code = 0;
	size_t i;

	for (i = 0; i < overview->count && pass_on(out, PIECE, &code); i++) {
		item = &overview->item[i];
		if (!listing_has(listing, item))
			continue;
		if (!all->named &&
		    (before == NULL || before->section != item->section))
			add_heading(all, overview_heading(item->section), out);
		listing_add(listing, item, out);
		before = item;
	}
	return code;
}

static void
add_decisions(
    struct content *all, const struct listing *listing, struct buf *out)
{
	static struct decisions decisions;
	struct buf line;
	size_t i;

	decisions_load(&all->home, &decisions);
	if (decisions.count > 0)
		add_heading(all, "Lately", out);
	for (i = 0; i < decisions.count; i++) {
		buf_init(&line, DECISIONS_TAIL);
		text_show(&line, decisions.decision[i].at, TEXT_NO_LIMIT,
		    listing->utf8);
		buf_add_byte(&line, ' ');
		text_show(&line, decisions.decision[i].text, TEXT_NO_LIMIT,
		    listing->utf8);
		if (line.at != NULL)
			listing_add_text(listing, 0, line.at, out);
		buf_clear(&line);
	}
}

static void
add_accounts(
    struct content *all, const struct listing *listing, struct buf *out)
{
	struct buf list;
	size_t indent;
	char *line, *end;

	buf_init(&list, SIZE_MAX / 4);
	list_accounts(all->accounts, all->account_count, &list);
	if (list.len > 0)
		add_heading(all, "Accounts", out);
	for (line = list.at; line != NULL && *line != '\0'; line = end + 1) {
		end = strchrnul(line, '\n');
		if (*end == '\0')
			break;
		*end = '\0';
		indent = strspn(line, " ");
		listing_add_text(listing, indent, line + indent, out);
	}
	buf_clear(&list);
}

/* A person is told that nothing renews the certificates.  The programs that
 * know are asked for a second at most; a script does not wait for them. */
static void
find_timer(struct content *all)
{
	enum { PATIENCE_MS = 1000 };
	struct overview *overview = &all->records.overview;
	struct automation_search search = { .pid = 0 };
	struct pollfd ready = { .events = POLLIN };
	struct automation found;

	if (all->named || isatty(STDOUT_FILENO) != 1 ||
	    !overview_renews(overview) || !automation_begin("renew", &search))
		return;
	ready.fd = search.fd;
	if (poll(&ready, 1, PATIENCE_MS) > 0) {
		if (automation_take(&search, &found) &&
		    found.state != AUTOMATION_RUNS) {
			overview_add_timer(overview,
			    found.state == AUTOMATION_NONE ? NULL : found.by);
			overview_settle(overview);
		}
	} else {
		automation_drop(&search);
	}
}

static int
print_text(struct content *all, struct buf *out)
{
	const struct listing listing = { .config = all->config,
		.now = all->now,
		.width = columns(),
		.utf8 = text_locale_is_utf8(),
		.named = all->named,
		.over = all->over };
	int code;

	if (gather_judge(&all->records, all->config, &all->home, all->now) !=
	    STATUS_OK)
		return cmd_fail(STATUS_MEMORY, NULL);
	find_timer(all);
	code = print_items(all, &listing, out);
	if (code != 0 || all->named)
		return code;
	add_accounts(all, &listing, out);
	add_decisions(all, &listing, out);
	if (all->records.overview.count + all->account_count == 0) {
		listing_add_text(&listing, 0,
		    "nothing is pending; see mailcert order --help, or expect "
		    "--help",
		    out);
	} else if (all->records.order_count > 0) {
		buf_add_byte(out, '\n');
		listing_add_summary(&listing, &all->records.overview, out);
	}
	return 0;
}

static int
print(struct content *all, bool json)
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
	struct content all = { .config = &config,
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
	gather_clear(&all.records);
	return code;
}
