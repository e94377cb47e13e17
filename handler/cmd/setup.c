/*
 * setup.c - mailcert setup: from nothing to a signed test message
 *
 * It looks at what is the case, asks the next question, and runs the commands
 * that do it; they ask before they write.  Its own writes are the answers, in
 * the home, and lines of configuration, shown before.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "answer/advice.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"
#include "cmd/mail_guess.h"
#include "cmd/own_command.h"
#include "cmd/session.h"
#include "cmd/setup_front.h"
#include "cmd/timer.h"
#include "doctor/automation.h"
#include "install/program.h"
#include "install/settings.h"
#include "install/textfile.h"
#include "mail/address.h"
#include "overview/installed.h"
#include "setup/kept.h"
#include "store/order.h"

enum { LINES_MOST = 8192 };

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

/* All that the facts point into. */
struct conversation {
	struct session *session;
	struct invocation invocation; /* of the commands that it runs, too */
	int tty;
	bool plain;
	const char *named; /* ADDRESS, or NULL */
	struct setup setup;
	struct setup_facts facts;
	struct mail_guess guess, mail;
	struct settings settings;
	bool asked_settings;
	char why[1100];
	char config[CONFIG_VALUE_SIZE];
	struct buf lines, stands;
	struct timer_ways ways;
	struct automation timer;
	char certificate[RECORD_ID_SIZE];
	char message[512];
};

/* --- facts -----------------------------------------------------------------*/

static void
find_programs(struct conversation *talk)
{
	static const char *const names[] = { "neomutt", "mutt", "thunderbird",
		"s-nail", "alpine" };
	struct setup_facts *facts = &talk->facts;
	char path[1024];
	size_t i;

	facts->has_count = 0;
	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (program_find(names[i], path, sizeof(path)))
			facts->has[facts->has_count++] = names[i];
	mail_guess(&talk->guess);
	facts->program = talk->guess.name;
	facts->why = NULL;
	if (talk->guess.configured) {
		(void)snprintf(talk->why, sizeof(talk->why), "you have %s",
		    talk->guess.file);
		facts->why = talk->why;
	}
}

/* The one on the command line, of the mail program, or of the environment. */
static void
find_address(struct conversation *talk)
{
	const char *program = talk->setup.answer[SETUP_PROGRAM];
	const char *email = getenv("EMAIL");
	struct setup_facts *facts = &talk->facts;

	facts->address = facts->whence = NULL;
	if (talk->named != NULL) {
		facts->address = talk->named;
		return;
	}
	if (talk->setup.answer[SETUP_ADDRESS][0] == '\0' &&
	    mail_guess_of(program, &talk->mail) && talk->mail.configured &&
	    !talk->asked_settings) {
		talk->asked_settings = true;
		if (settings_ask(program, &talk->settings, NULL) != STATUS_OK)
			talk->settings.from[0] = '\0';
	}
	if (talk->settings.from[0] != '\0') {
		facts->address = talk->settings.from;
		facts->whence = "as your mail program says";
	} else if (email != NULL && email[0] != '\0') {
		facts->address = email;
		facts->whence = "from the variable EMAIL";
	}
}

static bool
can_run(const char *command)
{
	const struct span words = span_of(command);
	char path[1024];

	return path_expand(span_cut(words, 0, span_find_byte(words, ' ')), path,
		   sizeof(path)) &&
	    access(path, X_OK) == 0;
}

/* What the configuration lacks of what was answered. */
static void
find_lines(struct conversation *talk)
{
	const struct config *config = &talk->session->config;
	const char *ca = setup_ca(&talk->setup);
	const char *send = talk->setup.answer[SETUP_SEND];

	buf_clear(&talk->lines);
	if (ca != NULL && strcmp(config->ca, ca) != 0)
		setup_add_ca(&talk->setup, &talk->lines);
	if ((strcmp(send, "sendmail") == 0 || strcmp(send, "smtp") == 0) &&
	    (strcmp(config->draft, send) != 0 ||
		(send[1] == 'm' && config->smtp.kind == SERVER_NONE)))
		setup_add_send(&talk->setup, &talk->lines);
	talk->facts.lines = talk->lines.at != NULL ? talk->lines.at : "";
	talk->facts.config = talk->config;
}

static void
find_configured(struct conversation *talk)
{
	const struct config *config = &talk->session->config;
	struct setup_facts *facts = &talk->facts;
	size_t i;

	facts->ca_count = 0;
	for (i = 0; i < config->ca_count && facts->ca_count < SETUP_CHOICES_MAX;
	     i++)
		facts->ca[facts->ca_count++] = config->cas[i].name;
	facts->ca_now = config->ca;
	facts->sendmail = can_run(config->sendmail);
	find_lines(talk);
}

/* Where the challenge of an open order stands. */
static enum status
find_challenge(struct conversation *talk, const char *order)
{
	struct expectation *all = NULL;
	enum status status;
	size_t count = 0, i;

	status = expectations_load_of(
	    &talk->session->home, order, &all, &count, &talk->session->note);
	for (i = 0; i < count; i++)
		if (all[i].met == 0) {
			advice_add_state(
			    &all[i], (int64_t)time(NULL), &talk->stands);
			break;
		}
	free(all);
	return status;
}

static bool
is_of(const void *record, const void *address)
{
	const struct order *order = record;

	return (order_is_open(order) || order_is_current(order) ||
		   order->state == ORDER_REQUESTED) &&
	    order_is_for(order, address);
}

/* What the home has for the address. */
static enum status
find_orders(struct conversation *talk)
{
	const char *address = talk->setup.answer[SETUP_ADDRESS];
	struct setup_facts *facts = &talk->facts;
	struct session *session = talk->session;
	struct record_search search = { .ids = 0 };
	struct order *all = NULL;
	enum status status;
	size_t count = 0, i;

	facts->has_certificate = facts->has_order = false;
	facts->has_request = false;
	buf_clear(&talk->stands);
	if (address[0] == '\0')
		return STATUS_OK;
	order_search_for(&search, address);
	status = orders_find(&session->home, &search, is_of, address, &all,
	    &count, &session->note);
	for (i = 0; i < count && status == STATUS_OK; i++) {
		if (order_is_current(&all[i])) {
			facts->has_certificate = true;
			(void)strcpy(talk->certificate, all[i].id);
		} else if (all[i].state == ORDER_REQUESTED) {
			facts->has_request = true;
		} else {
			facts->has_order = true;
			status = find_challenge(talk, all[i].id);
		}
	}
	free(all);
	return status;
}

static void
find_installed(struct conversation *talk)
{
	const char *program = talk->setup.answer[SETUP_PROGRAM];
	struct installed installed;
	size_t i;

	talk->facts.installed = false;
	installed_load(&talk->session->home, &installed);
	for (i = 0; i < installed.count; i++)
		if (strcmp(installed.journal[i].name, program) == 0 &&
		    journal_has(&installed.journal[i], "certificate",
			talk->certificate))
			talk->facts.installed = true;
	installed_clear(&installed);
}

/* Only once it matters: it asks other programs. */
static void
find_timer(struct conversation *talk)
{
	struct setup_facts *facts = &talk->facts;

	automation_find("renew", &talk->timer);
	facts->timer =
	    talk->timer.state == AUTOMATION_NONE ? NULL : talk->timer.by;
	timer_find_ways(talk->session->home.path, &talk->ways);
	facts->systemd = talk->ways.systemd;
	facts->cron = talk->ways.cron;
	facts->cron_line = talk->ways.cron_line;
}

static enum status
find_facts(struct conversation *talk)
{
	enum status status;

	find_configured(talk);
	find_address(talk);
	status = find_orders(talk);
	if (status == STATUS_OK && talk->facts.has_certificate) {
		find_installed(talk);
		find_timer(talk);
	}
	talk->facts.stands = talk->stands.at != NULL ? talk->stands.at : "";
	return status;
}

/* --- what is done ----------------------------------------------------------*/

/* Make the directories of a file of the user's; false: errno. */
static bool
make_directories(const char *path)
{
	char piece[CONFIG_VALUE_SIZE];
	char *slash = piece;

	(void)snprintf(piece, sizeof(piece), "%s", path);
	while ((slash = strchr(slash + 1, '/')) != NULL) {
		*slash = '\0';
		if (mkdir(piece, 0700) != 0 && errno != EEXIST)
			return false;
		*slash = '/';
	}
	return true;
}

/* Append the lines, and read the configuration again. */
static enum status
write_lines(struct conversation *talk)
{
	struct session *session = talk->session;
	mode_t mode = 0600;
	enum status status;
	struct buf text;
	int code = 0;

	buf_init(&text, TEXTFILE_MAX);
	status = make_directories(talk->config)
	    ? textfile_read(talk->config, &text, &mode, &session->note)
	    : note_set(&session->note, STATUS_CREATE, "%.200s: %s",
		  talk->config, strerror(errno));
	if (status == STATUS_MISSING)
		status = STATUS_OK;
	if (text.len > 0 && text.at[text.len - 1] != '\n')
		buf_add_byte(&text, '\n');
	buf_add_text(&text, "# from mailcert setup\n");
	buf_add(&text, buf_span(&talk->lines));
	if (status == STATUS_OK)
		status = buf_status(&text);
	if (status == STATUS_OK)
		status = textfile_replace(
		    talk->config, mode, buf_span(&text), &session->note);
	buf_clear(&text);
	if (status == STATUS_OK &&
	    !cmd_config(&talk->invocation, &session->config, &code))
		status = STATUS_CONFIG;
	return status;
}

static enum status
turn_timer_on(struct conversation *talk, int *code)
{
	struct note *note = &talk->session->note;

	return strcmp(talk->setup.answer[SETUP_TIMER], "cron") == 0
	    ? timer_add_cron_line(&talk->ways, code, note)
	    : timer_turn_systemd_on(code, note);
}

/* Run what the question says; *code is how it ended. */
static enum status
run(struct conversation *talk, const struct setup_question *question, int *code)
{
	struct session *session = talk->session;
	struct note line;

	session->note.text[0] = '\0';
	if (question->said[0] != '\0') {
		note_say(&line, "%.300s", question->said);
		cmd_say(&line);
	}
	if (question->write)
		return write_lines(talk);
	if (question->timer)
		return turn_timer_on(talk, code);
	if (question->open_mail || question->mail != NULL)
		return mail_guess_of(
			   talk->setup.answer[SETUP_PROGRAM], &talk->mail)
		    ? mail_guess_run(
			  &talk->mail, question->mail, talk->tty, code)
		    : STATUS_NO;
	return own_command_on(talk->tty, &talk->invocation, &session->config,
	    question->word, code);
}

/* The file may be for another address than the one that was typed: then that
 * is meant. */
static enum status
take_imported_address(struct conversation *talk)
{
	struct session *session = talk->session;
	struct order *all = NULL;
	enum status status;
	size_t count = 0, i;

	status = find_orders(talk);
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
	struct mailbox mailbox;
	struct note note = { "" };

	/* As a shell would do. */
	if (question->step == SETUP_FILE &&
	    path_expand(span_of(answer), path, sizeof(path)))
		answer = path;

	if (question->step == SETUP_ADDRESS &&
	    address_parse(span_of(answer), &mailbox) != STATUS_OK)
		note_say(&note, "%.100s is not an address like a@example.org",
		    answer);
	else if (is_setting(talk, question->step, answer, &note) &&
	    setup_answer(&talk->setup, question, answer, &note))
		return true;
	text_show_in(talk->message, sizeof(talk->message), span_of(note.text),
	    text_locale_is_utf8());
	return false;
}

/* Run it, and say if it failed.  False: setup stops here for now. */
static bool
act(struct conversation *talk, const struct setup_question *question)
{
	enum status status;
	int code = 0;

	status = run(talk, question, &code);
	if (status == STATUS_OK && code == 0 && question->step == SETUP_FILE)
		status = take_imported_address(talk);
	setup_ran(&talk->setup, question, status == STATUS_OK ? code : 1);
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

static enum form_result
ask(struct conversation *talk, const struct setup_question *question,
    char *answer)
{
	enum form_result result = FORM_OPEN;

	if (!talk->plain)
		result = setup_front_screen(talk->tty, &talk->session->config,
		    &talk->setup, question, talk->message, answer);
	return result != FORM_OPEN
	    ? result
	    : setup_front_plain(talk->tty, question, talk->message, answer);
}

static enum status
converse(struct conversation *talk)
{
	struct session *session = talk->session;
	struct setup_question question;
	char answer[SETUP_ANSWER_SIZE];
	enum form_result result;
	enum status status;

	find_programs(talk);
	for (;;) {
		status = find_facts(talk);
		if (status != STATUS_OK)
			return status;
		setup_ask(&talk->setup, &talk->facts, &question);
		if (question.kind == SETUP_ENDS)
			return end(talk);
		if (question.kind == SETUP_RUNS) {
			talk->message[0] = '\0';
			if (!act(talk, &question))
				return say_left(talk);
		} else {
			answer[0] = '\0';
			result = ask(talk, &question, answer);
			talk->message[0] = '\0';
			if (result == FORM_LEAVE)
				return say_left(talk);
			if (result == FORM_BACK)
				setup_back(&talk->setup);
			else if (!take_answer(talk, &question, answer))
				continue;
		}
		status =
		    kept_save(&session->home, &talk->setup, &session->note);
		if (status != STATUS_OK)
			return status;
	}
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
		(void)close(talk->tty);
	}
	free(talk);
	return session_end(session, status);
}
