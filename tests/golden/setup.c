/* setup.c - the questions of setup, as files: see golden.h */
#include <stdlib.h>
#include <string.h>

#include "golden.h"
#include "tests/unit/setup_facts.h"

/* Ask; what would be run has run well. */
static void
ask_next(void)
{
	setup_ask(&setup, &facts, &question);
	while (question.kind == SETUP_RUNS) {
		if (question.write)
			facts.lines = "";
		facts.has_order = facts.has_order || question.step == SETUP_GET;
		facts.has_request =
		    facts.has_request || question.step == SETUP_GET;
		facts.installed =
		    facts.installed || question.step == SETUP_INSTALL;
		setup_ran(&setup, &question, 0);
		setup_ask(&setup, &facts, &question);
	}
}

/* The question after these answers, and what was wrong with the last one. */
static void
show(const char *const answers[], const char *wrong, struct page *out)
{
	size_t i;

	for (i = 0; answers[i] != NULL; i++) {
		ask_next();
		if (!answer(answers[i]))
			abort();
	}
	ask_next();
	form_begin(&form, &setup, &question, wrong);
	form_draw(&form, out);
}

#define SHOW(out, ...) show((const char *const[]){ __VA_ARGS__, NULL }, "", out)
#define MUTT_USER "neomutt", "alice@example.org"

static void
draw_program(struct page *out)
{
	begin();
	SHOW(out, NULL);
}

static void
draw_address(struct page *out)
{
	begin();
	SHOW(out, "neomutt");
}

static void
draw_address_wrong(struct page *out)
{
	begin();
	show((const char *const[]){ "neomutt", NULL },
	    "alice is not an address", out);
}

static void
draw_addresses(struct page *out)
{
	begin();
	addresses_add(&addresses, SPAN("alice@work.example"),
	    "alternates in your muttrc");
	SHOW(out, "neomutt");
}

static void
draw_source(struct page *out)
{
	begin();
	SHOW(out, MUTT_USER);
}

static void
draw_file(struct page *out)
{
	begin();
	SHOW(out, MUTT_USER, "file");
}

static void
draw_request(struct page *out)
{
	begin();
	SHOW(out, MUTT_USER, "page");
}

static void
draw_send(struct page *out)
{
	begin();
	SHOW(out, MUTT_USER, "ca:castle");
}

static void
draw_difference(struct page *out)
{
	begin();
	SHOW(out, MUTT_USER, "ca:castle", "sendmail");
}

static void
draw_challenge(struct page *out)
{
	begin();
	SHOW(out, MUTT_USER, "ca:castle", "sendmail", "yes");
}

static void
draw_install(struct page *out)
{
	begin();
	facts.has_certificate = true;
	SHOW(out, MUTT_USER, "ca:castle");
}

static void
draw_timer(struct page *out)
{
	begin();
	facts.has_certificate = facts.installed = true;
	SHOW(out, MUTT_USER, "ca:castle");
}

static void
draw_test(struct page *out)
{
	begin();
	facts.has_certificate = facts.installed = true;
	facts.timer = "mailcert-renew.timer";
	SHOW(out, MUTT_USER, "ca:castle");
}

static void
draw_sent(struct page *out)
{
	begin();
	facts.has_certificate = facts.installed = true;
	facts.timer = "mailcert-renew.timer";
	SHOW(out, "thunderbird", "alice@example.org", "ca:castle");
}

static void
draw_arrived(struct page *out)
{
	begin();
	facts.has_certificate = facts.installed = true;
	facts.timer = "mailcert-renew.timer";
	SHOW(out, MUTT_USER, "ca:castle", "yes");
}

static void
draw_hostile(struct page *out)
{
	begin();
	(void)strcpy(
	    addresses.found[0].address, "a\x1b]0;x\x07@b\xe2\x80\xae.example");
	(void)strcpy(addresses.found[0].whence, "from \x9b a \x1b[2J file");
	show((const char *const[]){ "neomutt", NULL }, "\x1b[2J wrong", out);
}

const struct golden golden_setup[] = { { "setup-program", draw_program },
	{ "setup-address", draw_address },
	{ "setup-address-wrong", draw_address_wrong },
	{ "setup-addresses", draw_addresses }, { "setup-source", draw_source },
	{ "setup-file", draw_file }, { "setup-request", draw_request },
	{ "setup-send", draw_send }, { "setup-difference", draw_difference },
	{ "setup-challenge", draw_challenge },
	{ "setup-install", draw_install }, { "setup-timer", draw_timer },
	{ "setup-test", draw_test }, { "setup-test-sent", draw_sent },
	{ "setup-arrived", draw_arrived }, { "setup-hostile", draw_hostile },
	{ NULL, NULL } };
