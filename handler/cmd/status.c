/* status.c - mailcert status: list pending work, and say what to do next */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "answer/advice.h"
#include "answer/confirm.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/list_accounts.h"
#include "cmd/lookup.h"
#include "mail/date.h"
#include "order/renew.h"
#include "store/expectation.h"
#include "store/order.h"

/* As much as there is memory for. */
#define LISTING_MAX (SIZE_MAX / 4)

struct options {
	bool json;
};

#define AT(field) .offset = offsetof(struct options, field)

static const struct cmd_option rows[] = {
	{ "json", NULL, AT(json), .help = "for programs" }, { 0 }
};

static const struct cmd_line command_line = {
	.name = "status",
	.operands = "[ID]",
	.most = 1,
	.options = rows,
	.about =
	    "List every certificate, every challenge and every account: what it waits\n"
	    "for, and what to do next.  ID is one that it shows, or an address.\n",
};

static bool
is_expired(const struct expectation *expectation, int64_t now)
{
	return expectation->expires != 0 && expectation->expires <= now;
}

/* What respond asks for: it stands nowhere else for an order of ours.  What
 * another client told expect is kept out of listings, which get pasted. */
static bool
shows_secrets(const struct expectation *expectation, bool named)
{
	return named ||
	    (expectation->order[0] != '\0' &&
		expectation->state != EXPECTATION_SENT);
}

static void
add_text(const struct expectation *expectation, bool named, int64_t now,
    struct buf *out)
{
	struct buf line;

	buf_init(&line, 2048);
	buf_addf(&line, "%s  %s", expectation_shown_id(expectation),
	    expectation->address);
	text_show(out, buf_span(&line), TEXT_NO_LIMIT, text_locale_is_utf8());
	buf_clear(&line);
	if (expectation->note[0] != '\0') {
		buf_add_text(out, "  \"");
		text_show(
		    out, span_of(expectation->note), 60, text_locale_is_utf8());
		buf_add_byte(out, '"');
	}
	buf_add_text(out, "\n    ");
	advice_add_state(expectation, now, &line);
	text_show(out, buf_span(&line), TEXT_NO_LIMIT, text_locale_is_utf8());
	buf_clear(&line);
	buf_add_text(out, "\n    next: ");
	advice_add_next(expectation, now, &line);
	text_show(out, buf_span(&line), TEXT_NO_LIMIT, text_locale_is_utf8());
	buf_clear(&line);
	if (shows_secrets(expectation, named))
		buf_addf(out,
		    "\n    by hand: token-part2 %s, thumbprint %s, token-join "
		    "%s",
		    expectation->part2, expectation->thumbprint,
		    token_join_name(expectation->join));
	buf_add_byte(out, '\n');
}

static void
add_member(struct buf *out, const char *name, const char *value)
{
	buf_addf(out, ",\n  \"%s\": ", name);
	if (value[0] != '\0')
		text_json(out, span_of(value));
	else
		buf_add_text(out, "null");
}

static void
add_time_member(struct buf *out, const char *name, int64_t when)
{
	struct buf text;

	buf_init(&text, 64);
	if (when != 0)
		date_add_iso(&text, when);
	add_member(out, name, text.at != NULL ? text.at : "");
	buf_clear(&text);
}

static void
add_json(const struct expectation *expectation, bool named, int64_t now,
    struct buf *out)
{
	struct buf next;

	buf_add_text(out, " {\"id\": ");
	text_json(out, span_of(expectation_shown_id(expectation)));
	add_member(out, "address", expectation->address);
	add_member(out, "from", expectation->from);
	add_member(out, "state",
	    expectation->state == EXPECTATION_PENDING &&
		    is_expired(expectation, now)
		? "expired"
		: expectation_state_name(expectation->state));
	add_member(out, "token_join", token_join_name(expectation->join));
	add_member(out, "note", expectation->note);
	add_time_member(out, "created", expectation->created);
	add_time_member(out, "expires", expectation->expires);
	add_time_member(out, "answered", expectation->answered);
	add_member(out, "token_part1", expectation->part1);
	add_member(out, "message_id", expectation->message_id);
	add_member(out, "draft", expectation->draft);
	if (shows_secrets(expectation, named)) {
		add_member(out, "token_part2", expectation->part2);
		add_member(out, "thumbprint", expectation->thumbprint);
	}
	buf_init(&next, 4096);
	advice_add_next(expectation, now, &next);
	add_member(out, "next", next.at != NULL ? next.at : "");
	buf_clear(&next);
	buf_add_text(out, "}");
}

/* What a certificate order waits for. */
static const char *
order_next(const struct order *order, int64_t now)
{
	switch (order->state) {
	case ORDER_ISSUED:
		return order->replaced[0] != '\0'
		    ? "nothing; a newer one has taken its place"
		    : order->expires != 0 && order->expires <= now
		    ? "it has expired: mailcert renew"
		    : "mailcert renew, when it is time";
	case ORDER_FAILED:
		return "order anew; finish --forget removes this one";
	case ORDER_REVOKED:
		return "nothing; keep its key to read old mail";
	case ORDER_NEW:
		return order->queued
		    ? "finish another order for the same address first: its "
		      "challenge is open, and two cannot be told apart"
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
	buf_addf(&line, "%s, ordered ", order_state_name(order->state));
	confirm_add_time(&line, order->created, now);
	if (order->expires != 0) {
		buf_add_text(
		    &line, order->starts != 0 ? ", valid until " : ", dies ");
		confirm_add_time(&line, order->expires, now);
	}
	if (renew_is_candidate(order)) {
		buf_add_text(&line, ", to be renewed ");
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
add_certificate_json(const struct config *config, const struct home *home,
    const struct order *order, int64_t now, struct buf *out)
{
	struct buf path;
	size_t i;

	buf_add_text(out, " {\"id\": ");
	text_json(out, span_of(order->id));
	buf_add_text(out, ",\n  \"addresses\": [");
	for (i = 0; i < order->addresses; i++) {
		buf_add_text(out, i > 0 ? ", " : "");
		text_json(out, span_of(order->address[i]));
	}
	buf_add_text(out, "]");
	add_member(out, "state", order_state_name(order->state));
	add_member(out, "key", key_kind_name(order->key));
	add_member(out, "usage", csr_usage_name(order->usage));
	add_time_member(out, "created", order->created);
	add_time_member(out, "expires", order->expires);
	add_time_member(out, "renewal",
	    renew_is_candidate(order) ? renew_known(config, order) : 0);
	add_time_member(out, "revoked", order->revoked);
	add_member(out, "replaces", order->replaces);
	add_member(out, "replaced", order->replaced);
	add_member(out, "why", order->why);
	buf_init(&path, 4096);
	if (order->starts != 0)
		buf_addf(
		    &path, "%s/certificates/%s.pem", home->path, order->id);
	add_member(out, "certificate", path.at != NULL ? path.at : "");
	buf_clear(&path);
	add_member(out, "next", order_next(order, now));
	buf_add_text(out, "}");
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

/* Every certificate order, or what was named. */
static enum status
add_certificates(const struct config *config, const struct home *home,
    const char *only, bool json, size_t *found, struct buf *out,
    struct note *note)
{
	const int64_t now = (int64_t)time(NULL);
	struct order *all = NULL;
	enum status status;
	size_t count = 0, i;

	status = orders_load_if(
	    home, only != NULL ? names_order : NULL, only, &all, &count, note);
	for (i = 0; i < count; i++) {
		if (json) {
			buf_add_text(out, *found > 0 ? ",\n" : "\n");
			add_certificate_json(config, home, &all[i], now, out);
		} else {
			add_certificate_text(config, &all[i], now, out);
		}
		++*found;
	}
	free(all);
	return status == STATUS_OK ? buf_status(out) : status;
}

static int
print_expectations(struct span certificates, struct span accounts,
    const struct expectation *expectations, size_t count, bool named, bool json)
{
	const int64_t now = (int64_t)time(NULL);
	struct buf out;
	size_t i;
	int code;

	buf_init(&out, LISTING_MAX);
	if (json)
		buf_add_text(&out, "{\"certificates\": [");
	buf_add(&out, certificates);
	if (json)
		buf_add_text(&out, "],\n\"expectations\": [");
	for (i = 0; i < count; i++) {
		if (json) {
			buf_add_text(&out, i > 0 ? ",\n" : "\n");
			add_json(&expectations[i], named, now, &out);
		} else {
			add_text(&expectations[i], named, now, &out);
		}
	}
	if (json)
		buf_add_text(&out, "],\n\"accounts\": [");
	buf_add(&out, accounts);
	if (json)
		buf_add_text(&out, "]}\n");
	else if (count == 0 && certificates.len == 0)
		buf_add_text(&out,
		    "nothing is pending; see mailcert order --help, or expect "
		    "--help\n");
	/* Never a part that passes for the whole. */
	code = buf_status(&out) == STATUS_OK ? cmd_print(buf_span(&out))
					     : cmd_fail(STATUS_MEMORY, NULL);
	buf_clear(&out);
	return code;
}

int
cmd_status(const struct invocation *invocation, int argc, char *argv[])
{
	struct home home = { .dir = -1 };
	struct expectation *expectations = NULL;
	struct note note = { "" };
	struct config config;
	enum status status;
	size_t count = 0, found = 0, listed = 0;
	struct buf certificates, accounts;
	const char *only;
	struct options options = { 0 };
	int code;

	if (!cmd_parse(&command_line, argc, argv, &options, &code) ||
	    !cmd_config(invocation, &config, &code))
		return code;
	only = argv[optind];
	status = home_open(config.home, false, &home, &note);
	if (status == STATUS_OK)
		status = expectations_load_if(&home,
		    only != NULL ? names_expectation : NULL, only,
		    &expectations, &count, &note);
	buf_init(&certificates, LISTING_MAX);
	if (status == STATUS_OK)
		status = add_certificates(&config, &home, only, options.json,
		    &found, &certificates, &note);
	buf_init(&accounts, LISTING_MAX);
	if (status == STATUS_OK && only == NULL)
		status = list_accounts(
		    &home, options.json, &listed, &accounts, &note);
	cmd_home_close(&home);
	if (status == STATUS_OK && buf_status(&accounts) != STATUS_OK)
		status = STATUS_MEMORY;
	if (status == STATUS_OK && only != NULL && count + found == 0)
		status = note_set(
		    &note, STATUS_NO, "there is no order %.100s", only);
	if (status == STATUS_OK)
		code = print_expectations(buf_span(&certificates),
		    buf_span(&accounts), expectations, count, only != NULL,
		    options.json);
	else
		code = cmd_fail(status, &note);
	buf_clear(&accounts);
	buf_clear(&certificates);
	free(expectations);
	return code;
}
