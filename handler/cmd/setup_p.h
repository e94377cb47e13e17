/*
 * setup_p.h - what the files of setup share: the conversation and its facts
 */
#ifndef CMD_SETUP_P_H
#define CMD_SETUP_P_H
#include "cmd/mail_guess.h"
#include "cmd/session.h"
#include "cmd/timer.h"
#include "config/source.h"
#include "doctor/automation.h"
#include "install/settings.h"
#include "setup/setup.h"

enum { LINES_MOST = 8192 };

/* All that the facts point into. */
struct conversation {
	struct session *session;
	struct invocation invocation; /* of the commands that it runs, too */
	int tty;
	bool plain;
	const char *named; /* ADDRESS, or NULL */
	struct setup setup;
	struct setup_facts facts;
	struct mail_guess mail;
	struct settings settings;
	struct addresses addresses;
	char asked[SETUP_ANSWER_SIZE]; /* the program that was asked for them */
	char why[1100];
	char config[CONFIG_VALUE_SIZE];
	struct buf lines, stands;
	struct timer_ways ways;
	struct automation timer;
	char certificate[RECORD_ID_SIZE];
	int64_t since; /* it was not there before */
	char subject[64];
	struct buf mailboxes;
	char paths[2][CONFIG_VALUE_SIZE + RECORD_ID_SIZE + 20];
	char message[512];
	struct setup_question question; /* the one that is due */
	enum status status;             /* why it cannot go on */
	bool left;
};

/* Which mail programs there are; once. */
void setup_find_programs(struct conversation *talk);
/* The programs that mailcert knows, and which of them that is; SETUP_PROGRAMS:
 * none. */
enum { SETUP_PROGRAMS = 5 };
extern const char *const setup_programs[SETUP_PROGRAMS];
size_t setup_program_index(const char *program);
/* Is there a configuration of it?  Then its path into out. */
bool setup_is_configured(const char *program, char *out, size_t size);
/* The user's own addresses, once for each program that is chosen. */
void setup_find_addresses(struct conversation *talk);
/* What is the case now, into talk->facts. */
enum status setup_find_facts(struct conversation *talk) MUST_CHECK;
/* What the home has for the address: part of the facts. */
enum status setup_find_orders(struct conversation *talk) MUST_CHECK;

/* Where the test message is looked for; gives their number. */
size_t setup_mailboxes(
    const struct conversation *talk, struct source out[SOURCES_MAX]);
/* Find it there, or take the file that was named, and say on the terminal what
 * verify and doctor make of it.  *code: of verify.  STATUS_NO: it is not there. */
enum status setup_look(struct conversation *talk, int *code) MUST_CHECK;

/* Can it be done without the terminal, at once? */
bool setup_is_quiet(const struct setup_question *question);
/* Do what the question says; *code is how it ended.  What goes wrong is in the
 * note of the session, or was said on the terminal. */
enum status setup_do(struct conversation *talk,
    const struct setup_question *question, int *code) MUST_CHECK;
#endif
