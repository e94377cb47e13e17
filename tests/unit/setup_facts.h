/*
 * setup_facts.h - a conversation of setup, for the tests of its screen
 */
#ifndef UNIT_SETUP_FACTS_H
#define UNIT_SETUP_FACTS_H
#include <stdio.h>

#include "setup/form.h"

static struct setup setup;
static struct setup_facts facts;
static struct setup_question question;
static struct form form;
static struct addresses addresses;

static inline void
begin(void)
{
	setup = (struct setup){ .answer = { "" } };
	addresses.count = 0;
	addresses_add(
	    &addresses, SPAN("alice@example.org"), "as your mail program says");
	facts = (struct setup_facts){ .program = "neomutt",
		.why = "you have /home/alice/.config/neomutt/neomuttrc",
		.has = { "neomutt", "mutt", "thunderbird" },
		.has_count = 3,
		.addresses = &addresses,
		.ca = { "castle", "local" },
		.ca_count = 2,
		.ca_now = "local",
		.sendmail = true,
		.lines = "set ca = castle\nset draft = sendmail\n",
		.config = "/home/alice/.config/mailcert/config",
		.stands = "waits for the challenge from ca@ca.example",
		.systemd = true,
		.cron = true,
		.cron_line = "17 */6 * * * '/usr/bin/mailcert' renew",
		.mailboxes = "maildir:/home/alice/Mail/INBOX",
		.subject = "Signed test message bt8sxws2" };
}

static inline bool
asks(enum setup_step step, enum setup_kind kind)
{
	setup_ask(&setup, &facts, &question);
	if (question.step == step && question.kind == kind)
		return true;
	printf("# it is step %d, kind %d\n", question.step, question.kind);
	return false;
}

static inline bool
answer(const char *text)
{
	struct note note = { "" };

	return setup_answer(&setup, &question, text, &note);
}
#endif
