/* expect.c - mailcert expect: expect a challenge that another client ordered */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/base64url.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/lookup.h"
#include "mail/date.h"
#include "process/helper.h"
#include "reply/challenge.h"
#include "store/expectation.h"

#define SYNOPSIS                                                                 \
	"mailcert expect ADDRESS --from CA_ADDRESS --token-part2 T\n"            \
	"                       (--thumbprint T | --account-key FILE)\n"         \
	"                       [--token-join string|octets] [--expires TIME]\n" \
	"                       [--ca NAME] [--note TEXT]\n"                     \
	"       mailcert expect --forget ORDER"

static const char help[] =
    "usage: " SYNOPSIS "\n\n"
    "Record a challenge that another ACME client ordered, so that handle\n"
    "answers it.  Telling the CA stays with that client.  Prints the order's "
    "id.\n\n"
    "  --from CA_ADDRESS   \"from\" of the challenge object\n"
    "  --token-part2 T     \"token\" of the challenge object\n"
    "  --thumbprint T      of the ACME account key (RFC 7638)\n"
    "  --account-key FILE  that key, PEM or JWK\n"
    "  --token-join HOW    string (default), or octets for CAs that decode\n"
    "  --expires TIME      as the CA says it (2026-11-23T04:00:00Z), or 24h\n"
    "  --ca NAME           whose rules count, of the configuration\n"
    "  --note TEXT         shown with the question\n"
    "  --forget ORDER      remove one\n";

struct options {
	const char *from;
	const char *part2;
	const char *thumbprint;
	const char *account_key;
	const char *expires;
	const char *note;
	const char *ca;
	const char *forget;
	enum token_join join;
	bool join_said;
};

/* One bare address, and its normal form. */
static enum status
take_address(const char *text, const char *what, char written[ADDRESS_SIZE],
    char normal[ADDRESS_SIZE], struct note *note)
{
	struct mailbox mailbox;

	if (address_parse(span_of(text), &mailbox) != STATUS_OK ||
	    address_normal(&mailbox, normal) != STATUS_OK ||
	    !span_copy(span_of(text), written, ADDRESS_SIZE) ||
	    text_has_hidden(span_of(text)))
		return note_set(note, STATUS_USAGE,
		    "%s is not one bare address (local@domain)", what);
	return STATUS_OK;
}

/* A time of the CA's, or a number of hours or days from now. */
static enum status
read_expires(const char *text, int64_t now, int64_t *out, struct note *note)
{
	struct span s = span_of(text);
	int64_t number = 0;
	size_t i;

	if (date_parse_iso(s, out) == STATUS_OK)
		return STATUS_OK;
	for (i = 0; i < s.len && i < 5 && ascii_is_digit(s.at[i]); i++)
		number = number * 10 + (s.at[i] - '0');
	if (i == 0 || i + 1 != s.len || !span_has_byte(SPAN("mhd"), s.at[i]))
		return note_set(note, STATUS_USAGE,
		    "--expires is a time like 2026-11-23T04:00:00Z, or 24h");
	*out = now +
	    number *
		(s.at[i] == 'm'          ? 60
			: s.at[i] == 'h' ? 3600
					 : 86400);
	return STATUS_OK;
}

/* What is over cannot be expected: mostly a wrong zone or year. */
static enum status
take_expires(const char *text, int64_t now, int64_t *out, struct note *note)
{
	struct buf when;
	enum status status = read_expires(text, now, out, note);

	if (status != STATUS_OK || *out > now)
		return status;
	buf_init(&when, 64);
	date_add_iso(&when, now);
	status = note_set(note, STATUS_USAGE,
	    "--expires %.40s has passed; it is now %s", text,
	    when.at != NULL ? when.at : "");
	buf_clear(&when);
	return status;
}

/* A CA of the configuration: its rules, and where nothing else was said, its
 * way to join tokens. */
static enum status
take_ca(const struct options *options, const struct config *config,
    struct expectation *out, struct note *note)
{
	const struct config_ca *ca = config_known_ca(config, options->ca);

	if (ca == NULL ||
	    !span_copy(span_of(ca->name), out->ca, sizeof(out->ca)))
		return note_set(note, STATUS_USAGE,
		    "there is no CA %.100s in the configuration", options->ca);
	if (!options->join_said)
		out->join = ca->join;
	return STATUS_OK;
}

static enum status
fill_expectation(const struct options *options, const struct config *config,
    const char *address, struct expectation *out, struct note *note)
{
	enum status status;

	*out = (struct expectation){ .join = options->join };
	out->created = (int64_t)time(NULL);
	status = take_address(
	    address, "ADDRESS", out->address, out->address_normal, note);
	if (status == STATUS_OK)
		status = take_address(
		    options->from, "--from", out->from, out->from_normal, note);
	if (status == STATUS_OK &&
	    !token_part2_take(span_of(options->part2), out->part2))
		status = note_set(
		    note, STATUS_USAGE, "--token-part2 is not base64url");
	if (status == STATUS_OK && options->ca != NULL)
		status = take_ca(options, config, out, note);
	if (status == STATUS_OK && options->expires != NULL)
		status = take_expires(
		    options->expires, out->created, &out->expires, note);
	if (status == STATUS_OK && options->note != NULL &&
	    (!utf8_is_text(span_of(options->note)) ||
		!span_copy(
		    span_of(options->note), out->note, sizeof(out->note))))
		status = note_set(note, STATUS_USAGE,
		    "--note is longer than 255 octets, or not UTF-8");
	if (status != STATUS_OK)
		return status;
	if (options->account_key != NULL)
		return helper_thumbprint(
		    options->account_key, out->thumbprint, note);
	return thumbprint_take(span_of(options->thumbprint), out->thumbprint)
	    ? STATUS_OK
	    : STATUS_BAD_THUMBPRINT;
}

static bool
same_challenge(const void *record, const void *arg)
{
	const struct expectation *a = record, *b = arg;

	return strcmp(a->address, b->address) == 0 &&
	    strcmp(a->from_normal, b->from_normal) == 0 &&
	    span_eq(base64url_trim_pad(span_of(a->part2)),
		base64url_trim_pad(span_of(b->part2))) &&
	    strcmp(a->thumbprint, b->thumbprint) == 0 && a->join == b->join &&
	    strcmp(a->ca, b->ca) == 0;
}

/* Save it under a new id; asked twice for the same, the same id. */
static enum status
add_expectation(
    const struct home *home, struct expectation *expectation, struct note *note)
{
	struct expectation *expectations = NULL;
	enum status status;
	size_t count;
	int lock = -1;

	if ((status = home_lock(home, &lock, note)) != STATUS_OK)
		return status;
	status = expectations_load_if(
	    home, same_challenge, expectation, &expectations, &count, note);
	if (status == STATUS_OK && count > 0) {
		*expectation = expectations[0];
	} else if (status == STATUS_OK) {
		status = record_new_id(expectation->id);
		if (status == STATUS_OK)
			status = expectation_save(home, expectation, note);
	}
	free(expectations);
	(void)close(lock);
	return status;
}

static enum status
forget(const struct home *home, const char *text, struct note *note)
{
	struct lookup found;
	enum status status;
	int lock = -1;

	status = lookup(home, text, &found, note);
	if (status == STATUS_OK && found.expectation[0] == '\0')
		status = note_set(note, STATUS_USAGE,
		    "%.20s is a certificate order: mailcert finish --forget "
		    "%.20s",
		    found.order, found.order);
	if (status != STATUS_OK ||
	    (status = home_lock(home, &lock, note)) != STATUS_OK)
		return status;
	status = expectation_forget(home, found.expectation, note);
	if (status == STATUS_NO)
		(void)note_set(
		    note, status, "no challenge %.32s is expected", text);
	(void)close(lock);
	return status;
}

static enum status
expect(const struct options *options, const char *address,
    const struct config *config, struct expectation *expectation,
    struct note *note)
{
	struct home home = { .dir = -1 };
	enum status status;

	status = fill_expectation(options, config, address, expectation, note);
	if (status == STATUS_OK)
		status = home_open(config->home, true, &home, note);
	if (status == STATUS_OK)
		status = add_expectation(&home, expectation, note);
	home_sweep(&home);
	cmd_home_close(&home);
	return status;
}

static enum status
forget_one(const char *id, const struct config *config, struct note *note)
{
	struct home home = { .dir = -1 };
	enum status status;

	status = home_open(config->home, false, &home, note);
	if (status == STATUS_OK)
		status = forget(&home, id, note);
	cmd_home_close(&home);
	return status;
}

int
cmd_expect(const struct invocation *invocation, int argc, char *argv[])
{
	static const struct option longs[] = { { "from", required_argument,
						   NULL, 'f' },
		{ "token-part2", required_argument, NULL, '2' },
		{ "thumbprint", required_argument, NULL, 't' },
		{ "account-key", required_argument, NULL, 'k' },
		{ "token-join", required_argument, NULL, 'j' },
		{ "expires", required_argument, NULL, 'e' },
		{ "ca", required_argument, NULL, 'c' },
		{ "note", required_argument, NULL, 'n' },
		{ "forget", required_argument, NULL, 'F' },
		{ "help", no_argument, NULL, 'h' }, { 0 } };
	struct options options = { .join = TOKEN_JOIN_STRING };
	struct note note = { "" };
	struct config config;
	struct expectation expectation;
	struct buf out;
	enum status status;
	int c, code;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 'f')
			options.from = optarg;
		else if (c == '2')
			options.part2 = optarg;
		else if (c == 't')
			options.thumbprint = optarg;
		else if (c == 'k')
			options.account_key = optarg;
		else if (c == 'e')
			options.expires = optarg;
		else if (c == 'c')
			options.ca = optarg;
		else if (c == 'n')
			options.note = optarg;
		else if (c == 'F')
			options.forget = optarg;
		else if (c == 'j' &&
		    token_join_parse(span_of(optarg), &options.join))
			options.join_said = true;
		else
			return c == 'h' ? cmd_help(help) : cmd_usage(SYNOPSIS);
	}
	if (options.forget != NULL ? optind < argc
				   : optind + 1 != argc ||
		    options.from == NULL || options.part2 == NULL ||
		    (options.thumbprint == NULL) ==
			(options.account_key == NULL))
		return cmd_usage(SYNOPSIS);
	if (!cmd_config(invocation, &config, &code))
		return code;
	if (options.forget != NULL) {
		status = forget_one(options.forget, &config, &note);
		return status == STATUS_OK ? 0 : cmd_fail(status, &note);
	}
	status = expect(&options, argv[optind], &config, &expectation, &note);
	if (status != STATUS_OK)
		return cmd_fail(status, &note);
	if (token_part2_is_short(expectation.part2, &note))
		cmd_say(&note);
	buf_init(&out, 64);
	buf_addf(&out, "%s\n", expectation.id);
	code = cmd_print(buf_span(&out));
	buf_clear(&out);
	return code;
}
