/* question.c - the states of the question, as files: see golden.h */
#include <string.h>

#include "golden.h"
#include "tests/unit/facts.h"
#include "tui/question.h"

enum { SHOWN_MS = 1000, READ_MS = 9000 };

static void
write_details(void *context, struct buf *out)
{
	int i;

	(void)context;
	buf_add_text(out, "The challenge:\n  address     alice@example.org\n");
	for (i = 1; i <= 30; i++)
		buf_addf(out,
		    "Received: from mx%d.ca.example by mx.example.org; Tue, 22 Sep 2026 04:13:20 +0000\n",
		    i);
}

/* Ask it on that page, after these keys: each is painted first. */
static void
ask(struct dialog *dialog, const char *keys, struct page *out)
{
	const size_t width = out->width, height = out->height;
	struct question question;
	struct stroke stroke = { .kind = STROKE_TYPED };

	dialog->details = dialog->refused ? NULL : write_details;
	question_init(&question, dialog);
	question.shown_at = SHOWN_MS;
	question_draw(&question, out);
	for (; *keys != '\0'; keys++) {
		stroke.byte = (unsigned char)*keys;
		(void)question_press(
		    &question, &stroke, *keys == 'Y' ? SHOWN_MS + 10 : READ_MS);
		(void)page_begin(out, width, height, out->utf8);
		question_draw(&question, out);
	}
	question_clear(&question);
}

static void
draw_facts(const struct facts *facts, const char *keys, struct page *out)
{
	static struct dialog dialog;

	facts_ask(facts, "", &dialog);
	ask(&dialog, keys, out);
}

static void
draw_asked(struct page *out)
{
	struct facts facts = facts_plain();

	facts.proof.dns = DNS_UNVALIDATED;
	draw_facts(&facts, "", out);
}

static void
draw_yes(struct page *out)
{
	const struct facts facts = facts_plain();

	draw_facts(&facts, "l", out);
}

static void
draw_too_soon(struct page *out)
{
	const struct facts facts = facts_plain();

	draw_facts(&facts, "Y", out);
}

static struct facts
facts_odd(void)
{
	struct facts facts = facts_plain();

	(void)strcpy(facts.challenge.reply_to[0], "other@mail.example");
	(void)strcpy(facts.challenge.reply_to_written[0], "other@mail.example");
	facts.challenge.warnings = WARNING_REPLY_TO_DOMAIN | WARNING_THREADED |
	    WARNING_NO_DATE | WARNING_RESENT;
	(void)strcpy(facts.challenge.from_shown, "Your CA");
	facts.proof.dns = DNS_UNVALIDATED;
	facts.expectation.expires = NOW + 14 * 60 + 5;
	return facts;
}

static void
draw_odd(struct page *out)
{
	const struct facts facts = facts_odd();

	draw_facts(&facts, "", out);
}

/* A yes where not all was seen: it reads on. */
static void
draw_read_on(struct page *out)
{
	const struct facts facts = facts_odd();

	draw_facts(&facts, "y", out);
}

static void
draw_twice(struct page *out)
{
	const struct facts facts = facts_odd();

	draw_facts(&facts, "Gy", out);
}

static void
draw_expires(struct page *out)
{
	struct facts facts = facts_plain();

	facts.expectation.expires = NOW + 14 * 60 + 5;
	draw_facts(&facts, "", out);
}

static void
draw_unproved(struct page *out)
{
	struct facts facts = facts_plain();

	facts.proof.method = 0;
	draw_facts(&facts, "", out);
}

static void
draw_smime(struct page *out)
{
	struct facts facts = facts_plain();

	facts.proof = (struct authres_proof){ .method = AUTHRES_SMIME,
		.dns = DNS_TROUBLE,
		.domain = "ca.example",
		.signer = "acme@ca.example",
		.issuer = "CN=Example Issuing CA, O=Example Trust Services" };
	draw_facts(&facts, "", out);
}

static void
draw_results(struct page *out)
{
	struct facts facts = facts_plain();

	facts.proof.method = AUTHRES_RESULTS;
	facts.proof.dns = DNS_TROUBLE;
	draw_facts(&facts, "", out);
}

/* 254 octets: RFC 5321 section 4.5.3.1.3 leaves room for no more. */
static void
draw_long(struct page *out)
{
	struct facts facts = facts_plain();
	char address[256];
	size_t at = 64;

	(void)memset(address, 'a', 64);
	address[at++] = '@';
	while (at + 60 < 254) {
		(void)memset(address + at, 'b', 59);
		address[at + 59] = '.';
		at += 60;
	}
	(void)memcpy(address + at, "example", 8);
	(void)strcpy(facts.expectation.address, address);
	(void)strcpy(facts.expectation.address_normal, address);
	(void)strcpy(facts.challenge.claimed_to, address);
	(void)strcpy(facts.challenge.reply_to[0], address);
	(void)strcpy(facts.challenge.reply_to_written[0], address);
	draw_facts(&facts, "", out);
}

/* Names from strangers, as confirm.c gets them: safe text, but long. */
static void
draw_hostile(struct page *out)
{
	static struct dialog dialog;
	struct facts facts = facts_plain();

	(void)strcpy(facts.challenge.from_shown,
	    "DKIM: PASS\\x0a  [ Yes ]  <U+202E>\xe6\x97\xa5\xe6\x9c\xac"
	    "Proof      ok  signed by your bank, press y");
	facts_ask(&facts, "", &dialog);
	/* Nothing of that kind should come here; if it does, it is seen. */
	(void)strcpy(dialog.row[1].text,
	    "\x1b[2J\xc2\x9b"
	    "31m\xe2\x80\xae\n\t");
	ask(&dialog, "", out);
}

static void
draw_details(struct page *out)
{
	const struct facts facts = facts_plain();

	draw_facts(&facts, "d", out);
}

static void
draw_search(struct page *out)
{
	const struct facts facts = facts_plain();

	draw_facts(&facts, "d/mx2", out);
}

static void
draw_found(struct page *out)
{
	const struct facts facts = facts_plain();

	draw_facts(&facts, "d/MX2\nnnnnnnnnnnn", out);
}

static void
draw_not_found(struct page *out)
{
	const struct facts facts = facts_plain();

	draw_facts(&facts, "d/nobody\n", out);
}

static void
draw_help(struct page *out)
{
	const struct facts facts = facts_plain();

	draw_facts(&facts, "?", out);
}

static void
draw_refusal(enum status status, const char *text, struct page *out)
{
	static struct dialog dialog;
	const struct facts facts = facts_plain();
	struct note note = { "" };

	note_say(&note, "%s", text);
	confirm_refuse(&facts.challenge, status, &note, &dialog);
	ask(&dialog, "", out);
}

static void
draw_refused(struct page *out)
{
	draw_refusal(STATUS_NO_EXPECTATION,
	    "no order of yours expects this challenge", out);
}

static void
draw_forged(struct page *out)
{
	draw_refusal(STATUS_BAD_DKIM_DOMAIN,
	    "signed by mail.evil.example, and From is acme@ca.example", out);
}

const struct golden golden_question[] = { { "question-asked", draw_asked },
	{ "question-yes", draw_yes }, { "question-too-soon", draw_too_soon },
	{ "question-odd", draw_odd }, { "question-read-on", draw_read_on },
	{ "question-twice", draw_twice }, { "question-expires", draw_expires },
	{ "question-unproved", draw_unproved },
	{ "question-smime", draw_smime }, { "question-results", draw_results },
	{ "question-long", draw_long }, { "question-hostile", draw_hostile },
	{ "question-details", draw_details },
	{ "question-search", draw_search }, { "question-found", draw_found },
	{ "question-not-found", draw_not_found },
	{ "question-help", draw_help }, { "question-refused", draw_refused },
	{ "question-forged", draw_forged }, { NULL, NULL } };
