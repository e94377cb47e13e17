/*
 * setup.c - mailcert setup: from nothing to a signed test message
 *
 * It looks at what is the case, asks the next question, and runs the commands
 * that do it; they ask before they write.  Its own writes are the answers, in
 * the home, and lines of configuration, shown before.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"
#include "cmd/setup_front.h"
#include "cmd/setup_p.h"
#include "setup/kept.h"
#include "store/order.h"
#include "tui/prompt.h"

struct options {
	bool plain;
};

static const struct cmd_option rows[] = {
	{ "plain", NULL, .offset = offsetof(struct options, plain),
	    .help = "ask in lines, not on a screen" },
	{ 0 }
};

static const struct cmd_line command_line = {
	.name = "setup",
	.operands = "[ADDRESS]",
	.most = 1,
	.options = rows,
	.about =
	    "Go from nothing to a signed message, one question at a time: mail program,\n"
	    "address, where the certificate comes from, how answers are sent, where it\n"
	    "is installed, and what renews it.  Nothing is written before it is shown.\n"
	    "It can be left at any point; the same command resumes it.\n",
};

/* The file may be for another address than the one that was typed: then that
 * is meant. */
static enum status
take_imported_address(struct conversation *talk)
{
	struct session *session = talk->session;
	struct order *all = NULL;
	enum status status;
	size_t count = 0, i;

	status = setup_find_orders(talk);
	if (status != STATUS_OK || talk->facts.has_certificate)
		return status;
	status = orders_load(&session->home, &all, &count, &session->note);
	for (i = count; i-- > 0 && status == STATUS_OK;)
		if (order_is_current(&all[i])) {
			(void)snprintf(talk->setup.answer[SETUP_ADDRESS],
			    SETUP_ANSWER_SIZE, "%s", all[i].address[0]);
			break;
		}
	free(all);
	return status;
}

/* --- the conversation ------------------------------------------------------*/

/* Could it stand in the configuration?  A line that cannot be read would stop
 * every command. */
static bool
is_setting(const struct conversation *talk, enum setup_step step,
    const char *answer, struct note *note)
{
	static struct config scratch;
	char line[SETUP_ANSWER_SIZE + 16];
	const char *lines[] = { line };

	if (step != SETUP_SERVER && step != SETUP_URL)
		return true;
	if (strpbrk(answer, " \"'#\\") != NULL) {
		note_say(note, "there are blanks or quotes in it");
		return false;
	}
	(void)snprintf(line, sizeof(line), "%s=%s",
	    step == SETUP_URL ? "ca" : "smtp", answer);
	return config_load(talk->invocation.home, lines, 1, &scratch, note) ==
	    STATUS_OK;
}

static bool
take_answer(struct conversation *talk, const struct setup_question *question,
    const char *answer)
{
	char path[SETUP_ANSWER_SIZE];
	struct note note = { "" };

	/* As a shell would do. */
	if ((question->step == SETUP_FILE || question->step == SETUP_MESSAGE) &&
	    path_expand(span_of(answer), path, sizeof(path)))
		answer = path;

	if (is_setting(talk, question->step, answer, &note) &&
	    setup_answer(&talk->setup, question, answer, &note))
		return true;
	text_show_in(talk->message, sizeof(talk->message), span_of(note.text),
	    text_locale_is_utf8());
	return false;
}

/* --- what is done ----------------------------------------------------------*/

/* What was said on the terminal is read before a screen covers it. */
static void
pause_before_screen(const struct conversation *talk)
{
	struct buf ignored;

	if (talk->plain)
		return;
	buf_init(&ignored, SETUP_ANSWER_SIZE);
	(void)!prompt_line(talk->tty, "\nPress Enter to go on. ", &ignored);
	buf_clear(&ignored);
}

/* Do what is due.  False: setup stops here for now. */
static bool
act(struct conversation *talk)
{
	const struct setup_question *question = &talk->question;
	const bool quiet = setup_is_quiet(question);
	enum status status;
	int code = 0;

	talk->message[0] = '\0';
	status = setup_do(talk, question, &code);
	if (status == STATUS_OK && code == 0 && question->step == SETUP_FILE)
		status = take_imported_address(talk);
	setup_ran(&talk->setup, question, status == STATUS_OK ? code : -1);
	/* A note is shown with the next question. */
	if (!quiet && status == STATUS_OK && (code != 0 || question->show))
		pause_before_screen(talk);
	if (status == STATUS_OK && code == 0)
		return true;
	if (talk->session->note.text[0] != '\0' || status != STATUS_OK)
		text_show_in(talk->message, sizeof(talk->message),
		    span_of(note_text(&talk->session->note, status)),
		    text_locale_is_utf8());
	else
		(void)snprintf(talk->message, sizeof(talk->message),
		    "mailcert %s did not succeed (exit status %d).",
		    question->word[0] != NULL ? question->word[0] : "", code);
	/* An order that the CA refuses is not placed again by itself. */
	return question->step != SETUP_GET;
}

/* --- from question to question ---------------------------------------------*/

static enum status
keep(struct conversation *talk)
{
	return kept_save(
	    &talk->session->home, &talk->setup, &talk->session->note);
}

/* What is due now; what needs no terminal is done at once. */
static enum status
look(struct conversation *talk)
{
	enum status status;

	for (;;) {
		status = setup_find_facts(talk);
		if (status != STATUS_OK)
			return status;
		setup_ask(&talk->setup, &talk->facts, &talk->question);
		if (!setup_is_quiet(&talk->question))
			return STATUS_OK;
		(void)!act(talk);
		status = keep(talk);
		if (status != STATUS_OK)
			return status;
	}
}

static bool
is_asked(const struct setup_question *question)
{
	return question->kind == SETUP_CHOOSES || question->kind == SETUP_TYPES;
}

/* For struct setup_front. */
static bool
take(void *context, enum form_result result, const char *answer)
{
	struct conversation *talk = context;

	talk->message[0] = '\0';
	talk->left = result == FORM_LEAVE;
	if (talk->left)
		return false;
	if (result == FORM_BACK)
		setup_back(&talk->setup);
	else if (!take_answer(talk, &talk->question, answer))
		return true;
	talk->status = keep(talk);
	if (talk->status == STATUS_OK)
		talk->status = look(talk);
	return talk->status == STATUS_OK && is_asked(&talk->question);
}

static void
ask(struct conversation *talk)
{
	const struct setup_front front = { &talk->setup, &talk->question,
		talk->message, take, talk };
	char answer[SETUP_ANSWER_SIZE] = "";
	enum form_result result;
	enum status status = STATUS_UNABLE;

	if (!talk->plain)
		status = setup_front_screen(
		    talk->tty, &talk->session->config, &front);
	if (status == STATUS_UNABLE) {
		result = setup_front_plain(
		    talk->tty, &talk->question, talk->message, answer);
		(void)take(talk, result, answer);
	} else if (status != STATUS_OK) {
		talk->left = true;
	}
}

static enum status
say_left(struct conversation *talk)
{
	struct note line;

	if (talk->message[0] != '\0') {
		note_say(&line, "%.400s", talk->message);
		cmd_say(&line);
	}
	note_say(&line, "left; mailcert setup goes on here");
	cmd_say(&line);
	return STATUS_OK;
}

static enum status
end(struct conversation *talk)
{
	struct session *session = talk->session;
	struct buf text;

	buf_init(&text, LINES_MOST);
	setup_add_summary(&talk->setup, &talk->facts, &text);
	setup_front_lines(
	    talk->tty, 0, text.at != NULL ? text.at : "", &session->out);
	buf_clear(&text);
	kept_forget(&session->home);
	return STATUS_OK;
}

static enum status
converse(struct conversation *talk)
{
	bool goes_on;

	setup_find_programs(talk);
	talk->status = look(talk);
	while (talk->status == STATUS_OK && !talk->left) {
		if (talk->question.kind == SETUP_ENDS)
			return end(talk);
		if (is_asked(&talk->question)) {
			ask(talk);
			continue;
		}
		goes_on = act(talk);
		talk->status = keep(talk);
		if (!goes_on)
			break;
		if (talk->status == STATUS_OK)
			talk->status = look(talk);
	}
	return talk->status == STATUS_OK ? say_left(talk) : talk->status;
}

int
cmd_setup(const struct invocation *invocation, int argc, char *argv[])
{
	struct options options = { false };
	struct conversation *talk;
	struct session *session;
	enum status status;
	int code;

	if (!cmd_parse(&command_line, argc, argv, &options, &code))
		return code;
	if ((session = session_begin(invocation, true, &code)) == NULL)
		return code;
	talk = calloc(1, sizeof(*talk));
	status = talk != NULL ? STATUS_OK : STATUS_MEMORY;
	if (status == STATUS_OK && (talk->tty = fd_terminal()) < 0)
		status = note_set(&session->note, STATUS_USAGE,
		    "setup asks questions; run it on a terminal");
	if (status == STATUS_OK) {
		talk->session = session;
		talk->invocation = *invocation;
		if (options.plain && invocation->count < 64)
			talk->invocation.settings[talk->invocation.count++] =
			    "plain=yes";
		talk->plain = options.plain;
		talk->named = argv[optind];
		buf_init(&talk->lines, LINES_MOST);
		buf_init(&talk->stands, LINES_MOST);
		buf_init(&talk->mailboxes, LINES_MOST);
		if (!config_path(talk->config))
			status = note_set(
			    &session->note, STATUS_CONFIG, "HOME is not set");
		if (status == STATUS_OK)
			status = kept_load(
			    &session->home, &talk->setup, &session->note);
		if (status == STATUS_OK)
			status = converse(talk);
		buf_clear(&talk->lines);
		buf_clear(&talk->stands);
		buf_clear(&talk->mailboxes);
		(void)close(talk->tty);
	}
	free(talk);
	return session_end(session, status);
}
