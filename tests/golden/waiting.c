/* waiting.c - the states of an order that is followed: see golden.h */
#include "tui/waiting.h"

#include <stdio.h>
#include <string.h>

#include "golden.h"

/* With so many steps done, in so many seconds. */
static struct waiting
plain(size_t current, int64_t elapsed)
{
	static const char *const steps[] = { "order placed",
		"the challenge is answered", "the CA checks the reply",
		"certificate" };
	struct waiting waiting = { .title = "Order bt8sxws2 for "
					    "alice@example.org",
		.steps = 4,
		.current = current,
		.whom = "waiting for the CA",
		.leave = "q leaves and loses nothing; mailcert finish goes on.",
		.elapsed = elapsed };
	size_t i;

	for (i = 0; i < 4; i++) {
		waiting.step[i].text = steps[i];
		if (i < current)
			(void)snprintf(waiting.step[i].done,
			    sizeof(waiting.step[i].done), "18:52:0%zu", i);
	}
	return waiting;
}

static void
draw_mail(struct page *out)
{
	struct waiting waiting = plain(1, 42);

	waiting.whom = "waiting for you";
	(void)strcpy(waiting.about[0],
	    "Open the message and press Esc-a in mutt, or hand it to mailcert "
	    "handle.");
	(void)strcpy(waiting.about[1],
	    "It is from acme-challenge+eb5d@ca.example to alice@example.org");
	(void)strcpy(
	    waiting.about[2], "Valid until 2026-11-26 18:52 (in 24 hours)");
	waiting_draw(&waiting, out);
}

static void
draw_late(struct page *out)
{
	struct waiting waiting = plain(1, 3725);

	waiting.whom = "waiting for you";
	(void)strcpy(waiting.about[0],
	    "Open the message and press Esc-a in mutt, or hand it to mailcert "
	    "handle.");
	(void)strcpy(
	    waiting.about[3], "If it has not come, look in the spam folder.");
	waiting_draw(&waiting, out);
}

static void
draw_ca(struct page *out)
{
	struct waiting waiting = plain(2, 65);

	(void)strcpy(waiting.about[0], "waiting for the CA");
	waiting_draw(&waiting, out);
}

static void
draw_certificate(struct page *out)
{
	const struct waiting waiting = plain(3, 70);

	waiting_draw(&waiting, out);
}

/* What a CA says in its problem documents comes from a stranger. */
static void
draw_hostile(struct page *out)
{
	struct waiting waiting = plain(2, 5);
	size_t i;

	(void)strcpy(waiting.title,
	    "Order bt8sxws2 for \x1b]0;x\x07\xe2\x80\xae@example.org and so "
	    "many more that no screen has room for all of it: "
	    "alice@example.org, bob@example.org, carol@example.org");
	for (i = 0; i < WAITING_ABOUT_MAX; i++) {
		(void)memset(waiting.about[i], 'x', 300);
		(void)memcpy(waiting.about[i], "\n\x1b[2Jok \xc2\x9b", 10);
		waiting.about[i][300] = '\0';
	}
	waiting_draw(&waiting, out);
}

const struct golden golden_waiting[] = { { "waiting-mail", draw_mail },
	{ "waiting-late", draw_late }, { "waiting-ca", draw_ca },
	{ "waiting-certificate", draw_certificate },
	{ "waiting-hostile", draw_hostile }, { NULL, NULL } };
