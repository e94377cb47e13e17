/* setup_do.c - what setup does itself, and the programs that it runs: see setup_p.h */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/own_command.h"
#include "cmd/setup_p.h"
#include "install/textfile.h"

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

bool
setup_is_quiet(const struct setup_question *question)
{
	return question->kind == SETUP_RUNS &&
	    (question->write || question->timer);
}

enum status
setup_do(
    struct conversation *talk, const struct setup_question *question, int *code)
{
	struct session *session = talk->session;
	struct note line;

	session->note.text[0] = '\0';
	if (question->write)
		return write_lines(talk);
	if (question->timer)
		return turn_timer_on(talk, code);
	if (question->said[0] != '\0') {
		note_say(&line, "%.300s", question->said);
		cmd_say(&line);
	}
	if (question->look)
		return setup_look(talk, code);
	if (question->open_mail || question->mail != NULL)
		return mail_guess_of(
			   talk->setup.answer[SETUP_PROGRAM], &talk->mail)
		    ? mail_guess_run(&talk->mail, question->mail, talk->subject,
			  talk->tty, code)
		    : STATUS_NO;
	return own_command_on(talk->tty, &talk->invocation, &session->config,
	    question->word, code);
}
