/* expect.c - mailcert expect: expect a challenge that another client ordered */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/base64url.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/lookup.h"
#include "cmd/secrets.h"
#include "mail/date.h"
#include "process/helper.h"
#include "reply/challenge.h"
#include "store/expectation.h"
#include "store/tidy.h"

struct options {
	const char *from;
	struct secrets secrets;
	const char *expires;
	const char *note;
	const char *ca;
	const char *forget;
};

#define AT(field) .offset = offsetof(struct options, field)

static const struct cmd_option rows[] = {
	{ "from", "CA_ADDRESS", AT(from),
	    .help = "\"from\" of the challenge object" },
	SECRETS_OPTIONS,
	{ "expires", "TIME", AT(expires),
	    .help = "as the CA gives it (2026-11-23T04:00:00Z), or 24h" },
	{ "ca", "NAME", AT(ca), .help = "apply the settings of this CA" },
	{ "note", "TEXT", AT(note), .help = "shown with the question" },
	{ "forget", "ID", AT(forget), .help = "remove that challenge" }, { 0 }
};

static const struct cmd_line command_line = {
	.name = "expect",
	.operands = "ADDRESS",
	.most = 1,
	.options = rows,
	.forms = "ADDRESS --from --token-part2 (--thumbprint | --account-key) "
		 "[--token-join] [--expires] [--ca] [--note]\n"
		 "--forget",
	.about =
	    "Record a challenge that another ACME client ordered, so that handle\n"
	    "answers it.  The other client still has to tell the CA.  Prints the\n"
	    "order's id.\n",
};

/* Read a bare address, as written and in its normal form. */
static enum status
take_address(const char *text, const char *before, char written[ADDRESS_SIZE],
    char normal[ADDRESS_SIZE], struct note *note)
{
	struct mailbox mailbox;
	char shown[100];

	text_show_in(
	    shown, sizeof(shown), span_of(text), text_locale_is_utf8());
	if (address_parse(span_of(text), &mailbox) != STATUS_OK ||
	    address_normal(&mailbox, normal) != STATUS_OK ||
	    !span_copy(span_of(text), written, ADDRESS_SIZE) ||
	    text_has_hidden(span_of(text)))
		return note_set(note, STATUS_USAGE,
		    "%s%s is not a bare address; use local@domain", before,
		    shown);
	return STATUS_OK;
}

/* Read a time as CAs write it, or a number of hours or days from now. */
static enum status
read_expires(const char *text, int64_t now, int64_t *out, struct note *note)
{
	struct span s = span_of(text);
	int64_t number = 0;
	char shown[64];
	size_t i;

	if (date_parse_iso(s, out) == STATUS_OK)
		return STATUS_OK;
	for (i = 0; i < s.len && i < 5 && ascii_is_digit(s.at[i]); i++)
		number = number * 10 + (s.at[i] - '0');
	if (i == 0 || i + 1 != s.len || !span_has_byte(SPAN("mhd"), s.at[i])) {
		text_show_in(shown, sizeof(shown), s, text_locale_is_utf8());
		return note_set(note, STATUS_USAGE,
		    "--expires %s is not valid; use a time as the CA gives it "
		    "(2026-11-23T04:00:00Z), or 90m, 24h or 7d from now",
		    shown);
	}
	*out = now +
	    number *
		(s.at[i] == 'm'          ? 60
			: s.at[i] == 'h' ? 3600
					 : 86400);
	return STATUS_OK;
}

/* Refuse a time in the past: usually a wrong time zone or year. */
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
	    "--expires %.40s is not in the future; it is now %s", text,
	    when.at != NULL ? when.at : "");
	buf_clear(&when);
	return status;
}

/* Use a CA of the configuration: its rules and, without --token-join, its way
 * to join tokens. */
static enum status
take_ca(const struct options *options, const struct config *config,
    struct expectation *out, struct note *note)
{
	const struct config_ca *ca = config_known_ca(config, options->ca);

	if (ca == NULL ||
	    !span_copy(span_of(ca->name), out->ca, sizeof(out->ca)))
		return note_set(note, STATUS_USAGE,
		    "--ca %.100s is not a known CA; mailcert ca lists them",
		    options->ca);
	if (!options->secrets.has_join)
		out->join = ca->join;
	return STATUS_OK;
}

/* token-part2 is a secret, and messages go into logs: name its length only. */
static enum status
take_part2(const char *text, struct expectation *out, struct note *note)
{
	return token_part2_take(span_of(text), out->part2)
	    ? STATUS_OK
	    : note_set(note, STATUS_USAGE,
		  "--token-part2, %zu bytes long, is not base64url; use "
		  "\"token\" of the challenge object",
		  strlen(text));
}

static enum status
take_thumbprint(const char *text, struct expectation *out, struct note *note)
{
	char shown[80];

	if (thumbprint_take(span_of(text), out->thumbprint))
		return STATUS_OK;
	text_show_in(
	    shown, sizeof(shown), span_of(text), text_locale_is_utf8());
	return note_set(note, STATUS_BAD_THUMBPRINT,
	    "--thumbprint %s is not valid; use %d characters of base64url",
	    shown, THUMBPRINT_LEN);
}

static enum status
take_note(const char *text, struct expectation *out, struct note *note)
{
	char shown[64];

	text_show_in(
	    shown, sizeof(shown), span_of(text), text_locale_is_utf8());
	if (!utf8_is_text(span_of(text)))
		return note_set(note, STATUS_USAGE,
		    "--note %s is not valid; use UTF-8", shown);
	if (!span_copy(span_of(text), out->note, sizeof(out->note)))
		return note_set(note, STATUS_USAGE,
		    "--note %s is %zu bytes long; use at most %zu", shown,
		    strlen(text), sizeof(out->note) - 1);
	return STATUS_OK;
}

static enum status
fill_expectation(const struct options *options, const struct config *config,
    const char *address, struct expectation *out, struct note *note)
{
	enum status status;

	*out = (struct expectation){ .join = options->secrets.join };
	out->created = (int64_t)time(NULL);
	status =
	    take_address(address, "", out->address, out->address_normal, note);
	if (status == STATUS_OK)
		status = take_address(options->from, "--from ", out->from,
		    out->from_normal, note);
	if (status == STATUS_OK)
		status = take_part2(options->secrets.part2, out, note);
	if (status == STATUS_OK && options->ca != NULL)
		status = take_ca(options, config, out, note);
	if (status == STATUS_OK && options->expires != NULL)
		status = take_expires(
		    options->expires, out->created, &out->expires, note);
	if (status == STATUS_OK && options->note != NULL)
		status = take_note(options->note, out, note);
	if (status != STATUS_OK)
		return status;
	if (options->secrets.account_key != NULL)
		return helper_thumbprint(
		    options->secrets.account_key, out->thumbprint, note);
	return take_thumbprint(options->secrets.thumbprint, out, note);
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

/* Save it under a new id, or return the one that expects the same already. */
static enum status
add_expectation(
    const struct home *home, struct expectation *expectation, struct note *note)
{
	struct record_search search = { .ids = 0 };
	struct expectation *expectations = NULL;
	enum status status;
	size_t count;
	int lock = -1;

	if ((status = home_lock(home, &lock, note)) != STATUS_OK)
		return status;
	expectation_search_part2(&search, expectation->part2);
	status = expectations_find(home, &search, same_challenge, expectation,
	    &expectations, &count, note);
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
		    "%.20s is a certificate order; use mailcert finish "
		    "--forget %.20s",
		    found.order, found.order);
	if (status != STATUS_OK ||
	    (status = home_lock(home, &lock, note)) != STATUS_OK)
		return status;
	status = expectation_forget(home, found.expectation, note);
	if (status == STATUS_MISSING)
		(void)note_set(note, status,
		    "there is no challenge %.32s; mailcert status lists "
		    "them",
		    text);
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
	home_tidy(&home);
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
	home_tidy(&home);
	cmd_home_close(&home);
	return status;
}

/* Return 0 if the options are complete and consistent. */
static int
check(const struct options *options, const char *address)
{
	const char *missing = address == NULL ? "ADDRESS"
	    : options->from == NULL           ? "--from CA_ADDRESS"
	    : options->secrets.part2 == NULL  ? "--token-part2 T"
	    : options->secrets.thumbprint == NULL &&
		options->secrets.account_key == NULL
	    ? "--thumbprint T or --account-key FILE"
	    : NULL;

	if (options->forget != NULL)
		return address == NULL
		    ? 0
		    : cmd_misuse(&command_line, "--forget ID takes no ADDRESS");
	if (missing != NULL)
		return cmd_misuse(&command_line, "%s is missing", missing);
	if (options->secrets.thumbprint != NULL &&
	    options->secrets.account_key != NULL)
		return cmd_misuse(&command_line,
		    "--thumbprint and --account-key exclude each other; give "
		    "one");
	return 0;
}

int
cmd_expect(const struct invocation *invocation, int argc, char *argv[])
{
	struct options options = { .secrets.join = TOKEN_JOIN_STRING };
	struct note note = { "" };
	struct config config;
	struct expectation expectation;
	struct buf out;
	enum status status;
	int code;

	if (!cmd_parse(&command_line, argc, argv, &options, &code) ||
	    (code = check(&options, argv[optind])) != 0)
		return code;
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
