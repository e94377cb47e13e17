/* respond.c - mailcert respond: compute an answer by hand */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/base64url.h"
#include "base/fd.h"
#include "cmd/cmd.h"
#include "cmd/lookup.h"
#include "cmd/paste.h"
#include "cmd/secrets.h"
#include "mail/date.h"
#include "process/helper.h"
#include "reply/draft.h"
#include "store/tidy.h"
#include "tui/prompt.h"

struct options {
	const char *expectation; /* NULL: the values are given */
	const char *part1;
	struct secrets secrets;
};

#define AT(field) .offset = offsetof(struct options, field)

static const struct cmd_option rows[] = {
	{ "token-part1", "T", AT(part1),
	    .help = "from the Subject of the challenge mail" },
	SECRETS_OPTIONS, { 0 }
};

static const struct cmd_line command_line = {
	.name = "respond",
	.operands = "[ID]",
	.most = 1,
	.options = rows,
	.forms = "[--token-part1] ID\n"
		 "[--token-part1] [--token-part2] [--thumbprint | "
		 "--account-key] [--token-join]",
	.about =
	    "Print the three lines of the response block, to be pasted into a reply.\n"
	    "Asks on the terminal for missing values.  ID is one that status shows,\n"
	    "or an address: it supplies token-part2 and thumbprint.  Send the reply,\n"
	    "then: mailcert finish --sent ID\n",
};

/* A value that the response needs. */
struct wanted {
	const char *label; /* for prompts and messages */
	const char *whence;
	const char *member; /* of a JSON object that may hold it */
	bool (*is_good)(struct span text);
	enum status bad; /* if it is not good */
	const char *should;
	bool secret; /* not for messages */
};

static bool
is_part1(struct span text)
{
	return token_part_ok(text, TOKEN_PART1_MIN);
}

static bool
is_part2(struct span text)
{
	return token_part_ok(text, 1);
}

static bool
is_thumbprint(struct span text)
{
	char bare[THUMBPRINT_SIZE];

	return thumbprint_take(text, bare);
}

static const struct wanted wanted_part1 = { "token-part1", "from the Subject",
	"token-part1", is_part1, STATUS_BAD_TOKEN,
	"base64url of 128 bits or more", false },
			   wanted_part2 = { "token-part2",
				   "from your ACME client", "token", is_part2,
				   STATUS_BAD_TOKEN, "base64url", true },
			   wanted_thumbprint = { "thumbprint",
				   "of the account key", "thumbprint",
				   is_thumbprint, STATUS_BAD_THUMBPRINT,
				   "43 characters of base64url", false };

/* Read the value from what was given or pasted. */
static enum status
take(const struct wanted *wanted, struct span text, char *out, size_t size,
    struct note *note)
{
	struct note reason = { "" };
	enum status status;
	char shown[64];

	status = paste_take(text, wanted->member, out, size, &reason);
	if (status != STATUS_OK)
		return note_set(note,
		    status == STATUS_BAD_TOKEN ? wanted->bad : status, "%s: %s",
		    wanted->label, note_text(&reason, status));
	if (wanted->is_good(span_of(out)))
		return STATUS_OK;
	if (wanted->secret)
		(void)snprintf(shown, sizeof(shown), ", %zu characters long,",
		    strlen(out));
	else
		(void)snprintf(shown, sizeof(shown), " %.40s%s", out,
		    strlen(out) > 40 ? "..." : "");
	return note_set(note, wanted->bad, "%s%s is not %s", wanted->label,
	    shown, wanted->should);
}

/* Ask until the value is valid: the next paste is meant for us, not for the
 * shell. */
static enum status
ask(const struct wanted *wanted, int tty, char *out, size_t size,
    struct note *note)
{
	struct buf line, text;
	enum status status;
	bool again;

	buf_init(&line, PASTE_MAX);
	buf_init(&text, 1024);
	do {
		buf_cut(&line, 0);
		buf_cut(&text, 0);
		*note = (struct note){ "" };
		buf_addf(&text, "%s (%s): ", wanted->label, wanted->whence);
		status = prompt_line(tty, text.at, &line);
		if (status == STATUS_OK)
			status = take(wanted, buf_span(&line), out, size, note);
		again = status == wanted->bad || status == STATUS_BAD_CHARSET;
		if (again) {
			buf_cut(&text, 0);
			buf_addf(&text, "%s; paste it again\n",
			    note_text(note, status));
			if (fd_write(tty, buf_span(&text)) != STATUS_OK)
				again = false;
		}
	} while (again);
	buf_clear(&text);
	buf_clear(&line);
	return status;
}

/* Take the value from the option, or ask for it on the terminal. */
static enum status
find(const struct wanted *wanted, const char *given, int *tty, char *out,
    size_t size, struct note *note)
{
	if (given != NULL)
		return take(wanted, span_of(given), out, size, note);
	if (*tty < 0)
		*tty = fd_terminal();
	if (*tty < 0)
		return note_set(note, STATUS_USAGE,
		    "%s is missing, and there is no terminal to ask on",
		    wanted->label);
	return ask(wanted, *tty, out, size, note);
}

/* Find token-part2 and the thumbprint of the account; neither is ever
 * padded. */
static enum status
find_secrets(const struct options *options, int *tty, struct expectation *out,
    struct note *note)
{
	char part2[TOKEN_TEXT_SIZE], thumbprint[TOKEN_TEXT_SIZE];
	enum status status;

	out->join = options->secrets.join;
	status = find(&wanted_part2, options->secrets.part2, tty, part2,
	    sizeof(part2), note);
	if (status == STATUS_OK &&
	    !token_part2_take(span_of(part2), out->part2))
		status = STATUS_BAD_TOKEN;
	if (status != STATUS_OK)
		return status;
	if (options->secrets.account_key != NULL)
		return helper_thumbprint(
		    options->secrets.account_key, out->thumbprint, note);
	status = find(&wanted_thumbprint, options->secrets.thumbprint, tty,
	    thumbprint, sizeof(thumbprint), note);
	if (status == STATUS_OK &&
	    !thumbprint_take(span_of(thumbprint), out->thumbprint))
		status = STATUS_BAD_THUMBPRINT;
	return status;
}

/* Print what the user should know before pasting the block. */
static void
warn_of(const struct expectation *expectation, const char *part1)
{
	const struct span given = base64url_trim_pad(span_of(part1));
	struct note note = { "" };
	struct buf when;

	if (token_part2_is_short(expectation->part2, &note))
		cmd_say(&note);
	buf_init(&when, 64);
	if (expectation->expires != 0 &&
	    expectation->expires <= (int64_t)time(NULL)) {
		date_add_iso(&when, expectation->expires);
		note_say(&note,
		    "warning: challenge %s expired at %s; is the clock right?",
		    expectation_shown_id(expectation),
		    when.at != NULL ? when.at : "");
		cmd_say(&note);
	}
	buf_clear(&when);
	if (expectation->state == EXPECTATION_SENT ||
	    expectation->state == EXPECTATION_ANSWERING ||
	    (expectation->state == EXPECTATION_DRAFTED &&
		!span_eq(
		    base64url_trim_pad(span_of(expectation->part1)), given))) {
		date_add_iso(&when, expectation->answered);
		note_say(&note,
		    "warning: challenge %s was answered at %s (%s)%s",
		    expectation_shown_id(expectation),
		    when.at != NULL ? when.at : "", expectation->draft,
		    expectation->state == EXPECTATION_SENT
			? ""
			: ", or may have been");
		cmd_say(&note);
	}
	buf_clear(&when);
}

/* From here on the answer may be out: nobody else may answer it unasked.  A
 * reply that was sent, or may have been, keeps its state. */
static enum status
record(const struct home *home, const struct expectation *shown,
    const char *part1, struct note *note)
{
	struct expectation expectation;
	enum status status;
	int lock = -1;

	if ((status = home_lock(home, &lock, note)) != STATUS_OK)
		return status;
	status = expectation_load(home, shown->id, &expectation, note);
	if (status == STATUS_OK && strcmp(expectation.part2, shown->part2) != 0)
		status = note_set(note, STATUS_AGAIN,
		    "another mailcert process changed challenge %s; try again",
		    expectation_shown_id(shown));
	if (status == STATUS_OK &&
	    (expectation.state == EXPECTATION_PENDING ||
		expectation.state == EXPECTATION_DRAFTED ||
		expectation.state == EXPECTATION_BOUNCED)) {
		expectation.state = EXPECTATION_DRAFTED;
		expectation.reply_id[0] = expectation.bounce[0] = '\0';
		expectation.answered = (int64_t)time(NULL);
		(void)strcpy(expectation.part1, part1);
		expectation.message_id[0] = expectation.reply_to[0] = '\0';
		(void)strcpy(expectation.draft, "respond");
		status = expectation_save(home, &expectation, note);
	}
	(void)close(lock);
	return status;
}

static enum status
respond(const struct options *options, const struct home *home,
    struct response *out, struct note *note)
{
	struct expectation expectation = { .state = EXPECTATION_PENDING };
	char part1[TOKEN_TEXT_SIZE];
	enum status status = STATUS_OK;
	int tty = -1;

	if (options->expectation != NULL)
		status = lookup_expectation(
		    home, options->expectation, &expectation, note);
	if (status == STATUS_OK)
		status = find(&wanted_part1, options->part1, &tty, part1,
		    sizeof(part1), note);
	if (status == STATUS_OK && options->expectation == NULL)
		status = find_secrets(options, &tty, &expectation, note);
	if (status == STATUS_OK)
		status = helper_response(part1, expectation.part2,
		    expectation.thumbprint, expectation.join, out, note);
	if (status == STATUS_OK)
		warn_of(&expectation, part1);
	if (status == STATUS_OK && options->expectation != NULL)
		status = record(home, &expectation, part1, note);
	if (tty >= 0)
		(void)close(tty);
	return status;
}

/* Open the home only if an order or challenge is named. */
static enum status
respond_at(const struct options *options, const char *path,
    struct response *out, struct note *note)
{
	struct home home = { .dir = -1 };
	enum status status = STATUS_OK;

	if (options->expectation != NULL)
		status = home_open(path, false, &home, note);
	if (status == STATUS_OK)
		status = respond(options, &home, out, note);
	home_tidy(&home);
	cmd_home_close(&home);
	return status;
}

int
cmd_respond(const struct invocation *invocation, int argc, char *argv[])
{
	struct options options = { .secrets.join = TOKEN_JOIN_STRING };
	struct response response;
	struct config config = { .home = "" };
	struct note note = { "" };
	struct buf out;
	enum status status;
	int code;

	if (!cmd_parse(&command_line, argc, argv, &options, &code))
		return code;
	options.expectation = argv[optind];
	if (options.secrets.thumbprint != NULL &&
	    options.secrets.account_key != NULL)
		return cmd_misuse(&command_line,
		    "--thumbprint and --account-key exclude each other; give "
		    "one");
	if (options.expectation != NULL &&
	    (options.secrets.part2 != NULL ||
		options.secrets.thumbprint != NULL ||
		options.secrets.account_key != NULL ||
		options.secrets.has_join))
		return cmd_misuse(&command_line,
		    "an ID takes only --token-part1; it supplies the rest");
	if (options.expectation != NULL &&
	    !cmd_config(invocation, &config, &code))
		return code;
	status = respond_at(&options, config.home, &response, &note);
	if (status != STATUS_OK)
		return cmd_fail(status, &note);
	buf_init(&out, 256);
	draft_add_block(&out, response.digest);
	code = cmd_print(buf_span(&out));
	buf_clear(&out);
	return code;
}
