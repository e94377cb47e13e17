/*
 * show.c - mailcert show: print a challenge, for copiousoutput and auto_view
 *
 * It never asks, sends or changes anything and uses no network: it runs when a
 * message is merely displayed.
 */
#include <stdlib.h>
#include <time.h>

#include "answer/answer.h"
#include "answer/confirm.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/verify_p.h"
#include "input/find.h"
#include "input/input.h"

struct options {
	const char *type;
	bool json;
};

#define AT(field) .offset = offsetof(struct options, field)

static const struct cmd_option rows[] = {
	{ "type", "TYPE", AT(type),
	    .help = "media type of FILE, mailcap's %t" },
	{ "json", NULL, AT(json), .help = "print JSON" }, { 0 }
};

static const struct cmd_line command_line = {
	.name = "show",
	.operands = "[FILE]",
	.most = 1,
	.options = rows,
	.about =
	    "Say what a message is: who asks for what, whether it is expected, and\n"
	    "what to press.  Never asks, sends or changes anything.  Exit 0 if it is\n"
	    "a challenge, 1 if it is not.\n",
};

/* What is known about a message before anything is proved. */
struct look {
	struct expectation expectation;
	uint32_t warnings;
};

/* Parse it by the rules of the CA that it is expected from, as handle does. */
static enum status
read_again(const struct config *config, const struct home *home,
    struct span message, struct look *look, struct note *note)
{
	struct answer_claims *claims = calloc(1, sizeof(*claims));
	struct rules rules;
	enum status status = STATUS_MEMORY;

	if (claims != NULL)
		status =
		    rules_of(config, home, &look->expectation, &rules, note);
	if (status == STATUS_OK)
		status = answer_parse(
		    message, &rules, (int64_t)time(NULL), claims, note);
	if (status == STATUS_OK)
		look->warnings |= claims->challenge.warnings;
	free(claims);
	return status;
}

/* Find the expectation that it matches.  STATUS_OK: there is one. */
static enum status
look_up(const struct config *config, struct span message,
    const struct challenge *challenge, struct look *look, struct note *note)
{
	struct home home = { .dir = -1 };
	struct expectation *expectations = NULL;
	enum status status;
	size_t count = 0, near = 0;
	const struct match_interest interest = { challenge, &near };
	struct record_search search = { .ids = 0 };

	match_search(challenge, &search);
	status = home_open(config->home, false, &home, note);
	if (status == STATUS_OK)
		status = expectations_find(&home, &search, match_concerns,
		    &interest, &expectations, &count, note);
	/* Without proof of the sender: good enough to show, not to answer. */
	if (status == STATUS_OK)
		status = match_expects(challenge, expectations, count,
		    (int64_t)time(NULL), &look->expectation, &look->warnings,
		    note);
	if (status == STATUS_OK && config_has_own(config))
		status = read_again(config, &home, message, look, note);
	free(expectations);
	cmd_home_close(&home);
	return status;
}

static void
add_line(struct buf *out, const char *label, const char *text)
{
	buf_addf(out, "%-10s ", label);
	text_show(out, span_of(text), 200, text_locale_is_utf8());
	buf_add_byte(out, '\n');
}

static int
show_challenge(const struct config *config, struct span message,
    const struct challenge *challenge)
{
	struct look *look = calloc(1, sizeof(*look));
	struct note note = { "" };
	const int64_t now = (int64_t)time(NULL);
	enum status status;
	struct buf out, line;
	unsigned bit;
	int code;

	if (look == NULL)
		return cmd_fail(STATUS_MEMORY, &note);
	status = look_up(config, message, challenge, look, &note);
	buf_init(&out, 64 * 1024);
	buf_init(&line, 1024);
	buf_add_text(&out,
	    "ACME challenge: somebody asked for a certificate for an address\n\n");
	add_line(&out, "Address", challenge->claimed_to);
	add_line(&out, "From", challenge->claimed_from_written);
	if (challenge->from_shown[0] != '\0') {
		buf_addf(&line, "calls itself \"%s\"", challenge->from_shown);
		add_line(&out, "", line.at);
	}
	add_line(&out, "Reply to", challenge->reply_to_written[0]);
	add_line(&out, "Token", challenge->part1);
	if (status == STATUS_OK) {
		buf_clear(&line);
		buf_addf(&line, "yes, as challenge %s, ordered ",
		    expectation_shown_id(&look->expectation));
		confirm_add_time(&line, look->expectation.created, now);
		add_line(&out, "Expected", line.at);
		for (bit = 0; bit < WARNING_COUNT; bit++)
			if ((look->warnings & 1U << bit) != 0)
				add_line(&out, "Warning",
				    warning_sentence(1U << bit));
		if (note.text[0] != '\0')
			add_line(&out, "Note", note.text);
		buf_add_text(&out,
		    "\nTo answer: Esc-a in mutt and neomutt (with our mutt.rc), "
		    "or view this part\nin the attachment menu (v).\n");
	} else {
		buf_clear(&line);
		buf_addf(&line, "no: %s (%s)", note_text(&note, status),
		    status_name(status));
		add_line(&out, "Expected", line.at);
		buf_add_text(
		    &out, "\nIf you did not ask for this, do nothing.\n");
	}
	code = cmd_print(buf_span(&out));
	buf_clear(&line);
	buf_clear(&out);
	free(look);
	return code;
}

static int
show_json(const struct config *config, struct span message, enum status status,
    const struct note *note, const struct challenge *challenge)
{
	struct look *look = calloc(1, sizeof(*look));
	struct note why = { "" };
	enum status expected = status;
	struct json_writer json;
	struct buf out;
	int code;

	if (look == NULL)
		return cmd_fail(STATUS_MEMORY, note);
	buf_init(&out, 64 * 1024);
	if (status == STATUS_OK)
		expected = look_up(config, message, challenge, look, &why);
	json = json_begin(&out);
	json_add_bool(&json, "challenge", status == STATUS_OK);
	json_add_bool(&json, "expected", expected == STATUS_OK);
	json_add_text(&json, "refusal",
	    expected == STATUS_OK ? NULL : status_name(expected));
	json_add_text(&json, "reason",
	    expected == STATUS_OK     ? ""
		: status == STATUS_OK ? note_text(&why, expected)
				      : note_text(note, status));
	if (status == STATUS_OK) {
		json_add_text(&json, "address", challenge->claimed_to);
		json_add_text(&json, "from", challenge->claimed_from_written);
		json_add_text(&json, "token_part1", challenge->part1);
		json_add_text(&json, "order",
		    expected == STATUS_OK
			? expectation_shown_id(&look->expectation)
			: NULL);
	}
	json_close(&json);
	code = cmd_print(buf_span(&out));
	buf_clear(&out);
	free(look);
	return code != 0 ? code : status == STATUS_OK ? 0 : 1;
}

/* Of a message that may be signed with S/MIME: its status, from the cache or
 * verified now; nothing is kept, and nobody on the network is asked. */
static void
add_smime(const struct config *config, struct span message, struct buf *out)
{
	struct judgement *judgement = calloc(1, sizeof(*judgement));
	struct judging judging = { .cache = NULL };
	struct home home = { .dir = -1 };
	struct note note = { "" };
	enum status status = STATUS_MEMORY;
	struct sender sender;

	if (judgement != NULL)
		status = sender_look(message, &sender, &note);
	if (status == STATUS_OK && sender.likely == 0) {
		free(judgement);
		return;
	}
	if (status == STATUS_OK)
		status = home_open(config->home, false, &home, &note);
	if (status == STATUS_OK)
		status = judging_begin(
		    &judging, config, &home, JUDGING_OFFLINE, &note);
	if (status == STATUS_OK)
		status = judging_judge(&judging, &message, 1, judgement, &note);
	if (status != STATUS_OK)
		buf_addf(out, "\n%s\n", note_text(&note, status));
	else if (judgement->verified.report.status != SMIME_STATUS_NULL) {
		buf_add_text(out, "\nS/MIME (RFC 9219):\n");
		verify_add_text(&judgement->verified, judging.prover.now, out);
	}
	judging_end(&judging);
	home_close(&home);
	free(judgement);
}

/* Show a text part that is not a challenge as it is; of anything else, say why
 * it is not one, and whether it is signed. */
static int
show_other(const struct config *config, const struct input *input,
    struct span message, enum status status, const struct note *note)
{
	struct span text = buf_span(&input->bytes);
	struct buf out;
	size_t end;
	int code;

	buf_init(&out, 16 * text.len + 4096);
	if (input->kind == INPUT_PART && status != STATUS_BAD_PART) {
		while (text.len > 0) {
			end = span_find_byte(text, '\n');
			text_show(&out, span_cut(text, 0, end), TEXT_NO_LIMIT,
			    text_locale_is_utf8());
			buf_add_byte(&out, '\n');
			text = span_cut(text, end + 1, text.len);
		}
	} else {
		buf_addf(&out, "Not an ACME challenge to answer: %s (%s)\n",
		    note_text(note, status), status_name(status));
		if (status == STATUS_BAD_PART)
			buf_add_text(&out,
			    "In mutt and neomutt Esc-a (with our mutt.rc) "
			    "hands over the whole message.\n");
	}
	if (input->kind != INPUT_PART && message.len > 0)
		add_smime(config, message, &out);
	code = cmd_print(buf_span(&out));
	buf_clear(&out);
	return code != 0 ? code : 1;
}

int
cmd_show(const struct invocation *invocation, int argc, char *argv[])
{
	struct answer_claims *claims = NULL;
	const struct challenge *challenge = NULL;
	struct note note = { "" };
	struct options options = { 0 };
	struct config config;
	struct rules rules;
	struct input input;
	struct buf message;
	struct mua mua;
	enum status status;
	int code = 0;

	if (!cmd_parse(&command_line, argc, argv, &options, &code) ||
	    !cmd_config(invocation, &config, &code))
		return code;
	status = input_read(argv[optind], options.type,
	    (size_t)config.max_message, &input, &note);
	if (status != STATUS_OK)
		return cmd_fail(status, &note);
	buf_init(&message, (size_t)config.max_message);
	if (input.kind == INPUT_PART || input.kind == INPUT_CMS) {
		mua_find(&mua);
		status = find_message(&input, &mua, &message, &note);
	} else {
		buf_add(&message, buf_span(&input.bytes));
		status = buf_status(&message);
	}
	if ((claims = calloc(1, sizeof(*claims))) == NULL)
		status = STATUS_MEMORY;
	else
		challenge = &claims->challenge;
	rules_before(&config, &rules);
	if (status == STATUS_OK)
		status = answer_parse(buf_span(&message), &rules,
		    (int64_t)time(NULL), claims, &note);
	if (options.json && challenge != NULL)
		code = show_json(
		    &config, buf_span(&message), status, &note, challenge);
	else if (status == STATUS_OK)
		code = show_challenge(&config, buf_span(&message), challenge);
	else if (status_is_refusal(status))
		code = show_other(
		    &config, &input, buf_span(&message), status, &note);
	else
		code = cmd_fail(status, &note);
	free(claims);
	buf_clear(&message);
	buf_clear(&input.bytes);
	return code;
}
