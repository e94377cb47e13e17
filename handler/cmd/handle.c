/* handle.c - mailcert handle: answer a message, from mailcap or a pipe */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "answer/confirm.h"
#include "base/fd.h"
#include "base/text.h"
#include "cmd/answering.h"
#include "cmd/background.h"
#include "cmd/cmd.h"
#include "cmd/confinement.h"
#include "cmd/mail_access.h"
#include "cmd/on_screen.h"
#include "deliver/stage.h"
#include "input/find.h"
#include "input/input.h"
#include "process/pager.h"
#include "store/tidy.h"
#include "tui/prompt.h"
#include "tui/question.h"

struct options {
	const char *type;
	const char *draft;
	const char *file;
	bool auto_approve;
	bool mda;
	bool plain;
	bool json;
};

#define AT(field) .offset = offsetof(struct options, field)

static const struct cmd_option rows[] = {
	{ "type", "TYPE", AT(type),
	    .help = "media type of FILE, mailcap's %t" },
	{ "draft", "DEST", AT(draft),
	    .help = "where the reply goes: mua, stage, stdout, smtp,\n"
		    "sendmail, imap, file:PATH, maildir:DIR, mbox:FILE" },
	{ "auto-approve", NULL, AT(auto_approve), .help = "do not ask" },
	{ "mda", NULL, AT(mda),
	    .help = "called by a delivery agent: exit 0 if the message is\n"
		    "refused or ignored, 75 on temporary failure; never ask" },
	{ "plain", NULL, AT(plain),
	    .help = "ask with a line prompt instead of the screen" },
	{ "json", NULL, AT(json),
	    .help = "print the result as one JSON object" },
	{ 0 }
};

static const struct cmd_line command_line = {
	.name = "handle",
	.operands = "[FILE]",
	.most = 1,
	.options = rows,
	.about =
	    "Read a challenge message (or a part of one, from mailcap), check it, ask,\n"
	    "and hand back the reply.\n",
};

/* The context of struct world's functions. */
struct asking {
	struct answering answering;
	const struct options *options;
	struct mua mua;
	bool mua_known;
};

static enum status
ask_on_screen(const struct dialog *dialog, const struct config *config, int tty)
{
	struct question question;
	struct screen screen;
	enum status status;
	int number;

	question_init(&question, dialog);
	screen = question_screen(&question);
	status = on_screen(&screen, config, tty, &number);
	/* A signal is a No: what it was told ends with it. */
	if (status == STATUS_IO ||
	    (status == STATUS_OK && question.result != QUESTION_YES))
		status = STATUS_DECLINED;
	question_clear(&question);
	return status;
}

/* A person who would have been asked is told why there is nothing to ask.
 * False: the message is for standard error. */
static bool
show_refusal(const struct asking *asking, enum status status,
    const struct note *note, const struct answer_report *report)
{
	const struct options *options = asking->options;
	struct dialog *dialog;
	enum status shown;
	int tty;

	if (options->mda || options->auto_approve || options->json ||
	    options->plain || report->intent || !report->has_challenge ||
	    (!status_is_refusal(status) &&
		status_exit(status) != status_exit(STATUS_AGAIN)) ||
	    (tty = fd_terminal()) < 0)
		return false;
	shown = STATUS_MEMORY;
	if ((dialog = malloc(sizeof(*dialog))) != NULL) {
		confirm_refuse(&report->challenge, status, note, dialog);
		shown = ask_on_screen(dialog, asking->answering.config, tty);
	}
	free(dialog);
	(void)close(tty);
	return shown == STATUS_DECLINED;
}

static enum status
ask(void *context, const struct dialog *dialog, struct note *note)
{
	const struct asking *asking = context;
	enum status status = STATUS_UNABLE;
	int tty;

	if (asking->options->mda || (tty = fd_terminal()) < 0)
		return note_set(note, STATUS_NO_PERSON,
		    "there is no terminal to ask on, and no --auto-approve");
	if (!asking->options->plain)
		status = ask_on_screen(dialog, asking->answering.config, tty);
	if (status == STATUS_UNABLE)
		status = prompt_ask(dialog, tty, text_locale_is_utf8());
	(void)close(tty);
	return status;
}

/* Look up who started us in /proc, once, and only if it matters. */
static const struct mua *
mua_of(struct asking *asking)
{
	if (!asking->mua_known)
		mua_find(&asking->mua);
	asking->mua_known = true;
	return &asking->mua;
}

/* The DEST of the option or of the configuration, or NULL. */
static const char *
named_destination(const struct options *options, const struct config *config)
{
	if (options->draft != NULL)
		return options->draft;
	if (config->draft[0] != '\0')
		return config->draft;
	if (!options->mda)
		return NULL;
	return config->smtp.kind == SERVER_SMTP ? "smtp" : "sendmail";
}

/* Without a DEST, the draft goes back to the mail program. */
static enum status
choose(void *context, struct answer_options *options, struct note *note)
{
	struct asking *asking = context;

	if (named_destination(asking->options, asking->answering.config) ==
	    NULL)
		options->destination.kind = mua_of(asking)->pid > 0
		    ? DESTINATION_MUA
		    : DESTINATION_STDOUT;
	if (options->destination.kind == DESTINATION_MUA)
		options->mua = mua_of(asking);
	(void)note;
	return STATUS_OK;
}

static void
add_authentication(struct json_writer *json, const struct answer_report *report)
{
	const struct authres_proof *proof = answering_proof(report);
	const bool proved = proof != NULL;
	const bool smime = proved && proof->method == AUTHRES_SMIME;

	json_open_object(json, "authentication");
	json_add_text(json, "method",
	    proved ? authres_method_name((enum authres_method)proof->method)
		   : "none");
	json_add_text(json, "result", proved ? "pass" : "none");
	json_add_text(json, "domain", proved ? proof->domain : NULL);
	json_add_text(json, "signer", smime ? proof->signer : NULL);
	json_add_text(json, "dnssec", proved ? authres_dns_name(proof) : "n/a");
	json_add_text(json, "smime_status", smime ? "signed/verified" : NULL);
	json_close(json);
}

static void
add_challenge(struct json_writer *json, const struct answer_report *report)
{
	const struct challenge *challenge = &report->challenge;
	const bool has = report->has_challenge;
	uint32_t i, warnings = has ? challenge->warnings : 0;
	const struct expectation *expectation = NULL;

	if (report->match != NULL) {
		warnings = match_warnings(report->match);
		expectation = match_expectation(report->match);
	}
	json_add_text(json, "address",
	    expectation != NULL ? expectation->address
		: has           ? challenge->claimed_to
				: NULL);
	json_add_text(
	    json, "from", has ? challenge->claimed_from_written : NULL);
	json_open_array(json, "reply_to");
	for (i = 0; has && i < challenge->reply_to_count; i++)
		json_add_text(json, NULL, challenge->reply_to_written[i]);
	json_close(json);
	json_add_text(json, "subject", has ? challenge->subject_shown : NULL);
	json_add_text(json, "token_part1", has ? challenge->part1 : NULL);
	json_add_text(json, "message_id",
	    has && challenge->message_id[0] != '\0' ? challenge->message_id
						    : NULL);
	json_add_text(json, "order",
	    expectation != NULL ? expectation_shown_id(expectation) : NULL);
	json_open_array(json, "warnings");
	for (i = 0; i < WARNING_COUNT; i++)
		if ((warnings & 1U << i) != 0)
			json_add_text(json, NULL, warning_name(1U << i));
	json_close(json);
	add_authentication(json, report);
}

/* Print one object; mailcert(1) says which members scripts can rely on. */
static int
print_json(enum status status, const struct note *note,
    const struct answer_report *report, const struct destination *destination,
    int exit_code)
{
	const bool failed = status != STATUS_OK && status != STATUS_DECLINED &&
	    !status_is_refusal(status);
	char name[1100];
	struct json_writer json;
	struct buf out;
	int code;

	buf_init(&out, 256 * 1024);
	json = json_begin(&out);
	json_add_text(&json, "verdict",
	    status == STATUS_OK             ? "answered"
		: status == STATUS_DECLINED ? "declined"
		: status_is_refusal(status) ? "refused"
					    : "failed");
	if (failed)
		cmd_add_error(&json, status, note, exit_code);
	json_add_text(&json, "refusal",
	    status == STATUS_OK || status == STATUS_DECLINED
		? NULL
		: status_name(status));
	json_add_text(&json, "reason",
	    status == STATUS_OK ? NULL : note_text(note, status));
	add_challenge(&json, report);
	json_add_text(&json, "response",
	    report->response.digest[0] != '\0' ? report->response.digest
					       : NULL);
	destination_name(destination, name, sizeof(name));
	json_add_text(&json, "draft", status == STATUS_OK ? name : NULL);
	if (status == STATUS_OK && destination->kind == DESTINATION_STDOUT)
		json_add(&json, "message", buf_span(&report->message));
	json_close(&json);
	if (buf_status(&out) == STATUS_OK)
		code = cmd_print(buf_span(&out));
	else
		code = cmd_fail(buf_status(&out), note);
	buf_clear(&out);
	return code;
}

/* Warn at every use of authenticate = none, unless the screen does so. */
static void
warn_unproved(const struct options *options, const struct answer_report *report)
{
	const struct note note = { "warning: nothing proves who sent this "
				   "challenge (authenticate = none)" };

	if (report->intent && options->auto_approve &&
	    answering_proof(report) == NULL)
		cmd_say(&note);
}

/* The exit status for a delivery agent.  A refusal is final.  After trouble
 * that passes, or that somebody will fix, the agent tries again, so that the
 * challenge is not lost; but never once an answer may have been sent. */
static int
mda_exit(enum status status, const struct answer_report *report)
{
	if (report->intent)
		return 0;
	switch (status) {
	case STATUS_IO:
	case STATUS_CREATE:
	case STATUS_MEMORY:
	case STATUS_AGAIN:
	case STATUS_DNS:
	case STATUS_NET:
	case STATUS_LOGIN:
	case STATUS_CRYPTO:
	case STATUS_USAGE:
	case STATUS_CONFIG:
	case STATUS_DAMAGED:
	case STATUS_PERMISSION:
		return status_exit(STATUS_AGAIN);
	default:
		return 0;
	}
}

/* The home is unusable.  A message that is not a challenge does not need it;
 * for one that may be, report the trouble with the home. */
static enum status
refuse_without_home(const struct config *config, struct span message,
    enum status why, const struct note *home_note, struct note *note)
{
	struct answer_claims *claims = calloc(1, sizeof(*claims));
	enum status status = STATUS_MEMORY;
	struct rules rules;

	rules_before(config, &rules);
	if (claims != NULL)
		status = answer_parse(
		    message, &rules, (int64_t)time(NULL), claims, note);
	free(claims);
	if (status != STATUS_OK)
		return status;
	*note = *home_note;
	return why;
}

/* Show a text/plain part that is not a challenge after all, or that several
 * messages contain (in an mbox, test= cannot know which message is meant): the
 * user wanted to read it. */
static bool
show_instead(const struct options *options, const struct input *input,
    enum status status, const struct note *note)
{
	char head[512] = "";

	if (options->file == NULL || options->type == NULL || options->mda ||
	    options->json || strcasecmp(options->type, "text/plain") != 0)
		return false;
	if (status == STATUS_BAD_PART)
		(void)snprintf(head, sizeof(head), "[mailcert: %s]\n\n",
		    note_text(note, status));
	else if (status != STATUS_NO_CHALLENGE && status != STATUS_BAD_REPLY &&
	    status != STATUS_BAD_AUTO)
		return false;
	return pager_show(head, buf_span(&input->bytes)) == STATUS_OK;
}

/* Stage 1; for a part, find its message. */
static enum status
take_message(struct asking *asking, struct input *input, struct buf *message,
    struct note *note)
{
	const struct options *options = asking->options;
	const struct config *config = asking->answering.config;
	enum status status;

	status = input_read(options->file, options->type,
	    (size_t)config->max_message, input, note);
	if (status != STATUS_OK)
		return status;
	switch (input->kind) {
	case INPUT_MESSAGE:
		*message = input->bytes;
		buf_init(&input->bytes, 0);
		return STATUS_OK;
	case INPUT_PART:
	case INPUT_CMS:
		return find_message(input, mua_of(asking), message, note);
	case INPUT_OTHER:
		break;
	}
	if (input->bytes.len == 0)
		return note_set(
		    note, STATUS_NO_CHALLENGE, "the input is empty");
	return note_set(note, STATUS_NO_CHALLENGE,
	    "the input is not a mail message%s%s",
	    input->shown[0] != '\0' ? "; it looks like " : "", input->shown);
}

/* A message that is not a challenge may tell that an answer was not
 * delivered. */
static void
explain_bounce(const struct config *config, const struct home *home,
    struct span message, struct note *note)
{
	struct note bounce = { "" };

	if (home->dir >= 0 &&
	    answering_bounce(config, home, message, &bounce) == STATUS_OK &&
	    bounce.text[0] != '\0')
		*note = bounce;
}

static int
finish(struct asking *asking, const struct destination *destination,
    enum status status, const struct note *note,
    const struct answer_report *report)
{
	const struct options *options = asking->options;
	int code = status_exit(status);

	/* To a mail program, a No is not a failure, and neither is a refusal
	 * that its user has read: there is nothing more to say. */
	if (status == STATUS_DECLINED && mua_of(asking)->pid > 0)
		code = 0;
	if (status != STATUS_OK && status != STATUS_DECLINED &&
	    show_refusal(asking, status, note, report) &&
	    mua_of(asking)->pid > 0)
		return 0;
	if (options->mda)
		code = mda_exit(status, report);
	if (options->json) {
		if (print_json(status, note, report, destination, code) != 0 &&
		    !options->mda)
			code = status_exit(STATUS_IO);
	} else if (status != STATUS_OK && status != STATUS_DECLINED) {
		(void)cmd_fail(status, note);
	} else if (note->text[0] != '\0') {
		(void)cmd_fail(STATUS_OK, note);
	}
	return code;
}

int
cmd_handle(const struct invocation *invocation, int argc, char *argv[])
{
	struct home home = { .dir = -1 };
	struct answer_report *report = NULL;
	struct answer_options answer_options;
	struct config config;
	struct options options = { 0 };
	struct mail_access access;
	struct asking asking = { .answering = { &config, &home },
		.options = &options };
	const struct world world = { &asking, answering_now, ask,
		answering_prove, answering_compute, choose, answering_deliver };
	struct buf message;
	struct input input = { .kind = INPUT_OTHER };
	struct note note = { "" }, home_note = { "" };
	const char *draft;
	enum status status, opened;
	int code = 0;

	if (!cmd_parse(&command_line, argc, argv, &options, &code) ||
	    !cmd_config(invocation, &config, &code))
		return code;
	options.file = argv[optind];
	access = mail_access_of(&config, !options.mda && !options.auto_approve);
	answer_options = (struct answer_options){
		.access = &access,
		.auto_approve = options.auto_approve,
		.hold_stdout = options.json,
	};
	draft = named_destination(&options, &config);
	if (draft != NULL &&
	    destination_parse(draft, &answer_options.destination) != STATUS_OK)
		return cmd_misuse(&command_line,
		    "--draft %.100s is not valid; use mua, stage, stdout, "
		    "smtp, sendmail, imap, file:PATH, maildir:DIR or "
		    "mbox:FILE",
		    draft);
	if ((report = calloc(1, sizeof(*report))) == NULL)
		return cmd_fail(STATUS_MEMORY, &note);
	buf_init(&report->message, 64 * 1024);
	buf_init(&message, (size_t)config.max_message);
	opened = home_open(config.home, false, &home, &home_note);
	if (opened == STATUS_OK && draft != NULL &&
	    answer_options.destination.kind == DESTINATION_STAGE) {
		answer_options.mua = mua_of(&asking);
		stage_clear(&home, answer_options.mua);
	}
	status = confinement_check(
	    &config, &home, options.auto_approve || options.mda, &note);
	if (status == STATUS_OK)
		status = take_message(&asking, &input, &message, &note);
	if (status == STATUS_OK && opened != STATUS_OK)
		status = refuse_without_home(
		    &config, buf_span(&message), opened, &home_note, &note);
	else if (status == STATUS_OK)
		status = answer(&world, &config, &home, buf_span(&message),
		    &answer_options, report, &note);
	if (status_is_refusal(status) && !report->has_challenge)
		explain_bounce(&config, &home, buf_span(&message), &note);
	warn_unproved(&options, report);
	if (status != STATUS_DECLINED) {
		answering_log(&home, "", status, &note, report);
		answering_log_trouble(&home);
	}
	background_finish(invocation, &config, report);
	if (show_instead(&options, &input, status, &note))
		code = 0;
	else
		code = finish(&asking, &answer_options.destination, status,
		    &note, report);
	buf_clear(&report->message);
	match_free(report->match);
	free(report);
	buf_clear(&message);
	buf_clear(&input.bytes);
	home_tidy(&home);
	cmd_home_close(&home);
	return code;
}
