/* test_confirm.c - what a person is shown before the question */
#include <stdio.h>
#include <time.h>

#include "facts.h"
#include "tap.h"

/* All that the row with that label says, or "". */
static const char *
row(const struct dialog *dialog, const char *label)
{
	static char text[4 * DIALOG_TEXT_MAX];
	const struct dialog_row *one;
	size_t i;

	text[0] = '\0';
	for (i = 0; i < dialog->rows && text[0] == '\0'; i++) {
		one = &dialog->row[i];
		if (strcmp(one->label, label) == 0)
			(void)snprintf(text, sizeof(text), "%s%s%s%s",
			    one->before, one->address, one->text, one->quoted);
	}
	return text;
}

/* What the rows say that have no label: they belong to the one above. */
static const char *
below(const struct dialog *dialog)
{
	static char text[DIALOG_ROWS_MAX * DIALOG_TEXT_MAX];
	size_t i, len = 0;

	text[0] = '\0';
	for (i = 0; i < dialog->rows; i++)
		if (dialog->row[i].label[0] == '\0')
			len += (size_t)snprintf(text + len, sizeof(text) - len,
			    "%s%s%s\n", dialog->row[i].address,
			    dialog->row[i].text, dialog->row[i].quoted);
	return text;
}

static size_t
count(const struct dialog *dialog, enum dialog_mark mark)
{
	size_t i, found = 0;

	for (i = 0; i < dialog->rows; i++)
		found += dialog->row[i].mark == mark;
	return found;
}

static void
test_facts(void)
{
	static struct dialog dialog;
	struct facts facts = facts_plain();

	facts_ask(&facts, "", &dialog);
	TEXT(span_of(row(&dialog, "You ordered")),
	    "a certificate for alice@example.org");
	TEXT(span_of(row(&dialog, "This message")),
	    "from acme@ca.example, 14:12 today");
	TEXT(span_of(row(&dialog, "Answer goes to")), "reply@ca.example");
	TEXT(span_of(below(&dialog)), "14:12 today, order one\n");
	TEXT(span_of(dialog.question),
	    "Send the answer that proves that alice@example.org is yours?");
	OK(count(&dialog, DIALOG_WARNING) == 0);
	OK(!dialog.ask_twice && !dialog.refused);
	/* What is not known is not shown, and neither is what is far. */
	facts.challenge.date = 0;
	facts_ask(&facts, "", &dialog);
	TEXT(span_of(row(&dialog, "This message")), "from acme@ca.example");
	TEXT(span_of(row(&dialog, "Expires")), "");
	facts.expectation.expires = 0;
	facts_ask(&facts, "", &dialog);
	TEXT(span_of(row(&dialog, "Expires")), "");
	facts.expectation.expires = NOW + 14 * 60 + 59;
	facts_ask(&facts, "", &dialog);
	TEXT(span_of(row(&dialog, "Expires")), "expires in 14 minutes");
	facts.expectation.expires = NOW + 61;
	facts_ask(&facts, "", &dialog);
	TEXT(span_of(row(&dialog, "Expires")), "expires in 1 minute");
	/* A challenge of our own order goes by the order's id. */
	(void)strcpy(facts.expectation.order, "two");
	facts_ask(&facts, "", &dialog);
	OK(strstr(below(&dialog), "order two\n") != NULL);
	/* A day that is not today, and a CA that the user named. */
	facts.expectation.created = NOW - 86400;
	(void)strcpy(facts.expectation.ca, "castle");
	facts_ask(&facts, "", &dialog);
	OK(strstr(below(&dialog),
	       "14:13 on 2026-09-20, order two, from castle\n") != NULL);
}

static void
test_proof(void)
{
	static struct dialog dialog;
	struct facts facts = facts_plain();

	facts_ask(&facts, "", &dialog);
	OK(strstr(row(&dialog, "Proof"), "ca.example (DKIM)") != NULL);
	OK(count(&dialog, DIALOG_OK) == 1 && count(&dialog, DIALOG_DUE) == 0);
	facts.proof.dns = DNS_UNVALIDATED;
	facts_ask(&facts, "", &dialog);
	OK(strstr(below(&dialog), "not secured by DNSSEC") != NULL);
	OK(count(&dialog, DIALOG_OK) == 1 && count(&dialog, DIALOG_DUE) == 1);
	facts.proof.method = AUTHRES_RESULTS;
	facts_ask(&facts, "", &dialog);
	OK(strstr(below(&dialog), "not checked here") != NULL);
	OK(count(&dialog, DIALOG_OK) == 1 && count(&dialog, DIALOG_DUE) == 1);
	facts.proof = (struct authres_proof){ .method = AUTHRES_SMIME,
		.dns = DNS_TROUBLE,
		.domain = "ca.example",
		.signer = "acme@ca.example",
		.issuer = "CN=Some CA" };
	facts_ask(&facts, "", &dialog);
	OK(strstr(row(&dialog, "Proof"), "CN=Some CA") != NULL);
	OK(strstr(row(&dialog, "Proof"), "DNS") == NULL);
	OK(count(&dialog, DIALOG_WARNING) == 0);
	/* Nothing proved it, and it says so where nobody overlooks it. */
	facts.proof.method = 0;
	facts_ask(&facts, "", &dialog);
	OK(count(&dialog, DIALOG_NONE) == 1 && count(&dialog, DIALOG_OK) == 0);
	OK(strstr(row(&dialog, "Proof"), "anybody") != NULL);
}

static void
test_warnings(void)
{
	static struct dialog dialog;
	struct facts facts = facts_plain();
	unsigned bit;

	for (bit = 0; bit < WARNING_COUNT; bit++) {
		facts.challenge.warnings = 1U << bit;
		facts_ask(&facts, "", &dialog);
		OK(dialog.ask_twice);
		OK(strstr(row(&dialog, "Warning"), warning_name(1U << bit)) !=
		    NULL);
	}
	facts.challenge.warnings = 0;
	facts_ask(&facts, "an answer was begun", &dialog);
	TEXT(span_of(row(&dialog, "Note")), "an answer was begun");
	/* Everything at once still has a row of its own. */
	facts.challenge.warnings = (1U << WARNING_COUNT) - 1;
	facts.challenge.reply_to_count = REPLY_TO_MAX;
	facts.proof.dns = DNS_UNVALIDATED;
	facts.expectation.expires = NOW + 60;
	(void)strcpy(facts.challenge.from_shown, "The CA");
	facts_ask(&facts, "note", &dialog);
	OK(count(&dialog, DIALOG_WARNING) == WARNING_COUNT + 1);
	OK(dialog.rows <= DIALOG_ROWS_MAX);
}

/* An address that is not ASCII stands beside what the DNS sees. */
static void
test_spelling(void)
{
	static struct dialog dialog;
	struct facts facts = facts_plain();

	(void)strcpy(facts.expectation.address,
	    "alice@b\xc3\xbc"
	    "cher.example");
	(void)strcpy(
	    facts.expectation.address_normal, "alice@xn--bcher-kva.example");
	(void)strcpy(facts.challenge.claimed_to, "alice@xn--bcher-kva.example");
	(void)strcpy(facts.challenge.from_shown, "Your bank");
	facts_ask(&facts, "", &dialog);
	OK(strstr(row(&dialog, "You ordered"), "xn--bcher-kva.example") !=
	    NULL);
	OK(strstr(below(&dialog), "calls itself Your bank\n") != NULL);
}

/* Every refusal has a reason and says what to do, and asks nothing. */
static void
test_refused(void)
{
	static struct dialog dialog;
	const struct facts facts = facts_plain();
	const struct note none = { "" }, note = { "h= lacks Reply-To" };
	int status;

	for (status = 0; status < STATUS_COUNT; status++) {
		if (!status_is_refusal((enum status)status))
			continue;
		confirm_refuse(
		    &facts.challenge, (enum status)status, &none, &dialog);
		OK(dialog.refused && dialog.question[0] == '\0');
		OK(dialog.row[0].mark == DIALOG_WARNING &&
		    strstr(row(&dialog, "Reason"),
			status_name((enum status)status)) != NULL);
		OK(strlen(row(&dialog, "What to do")) > 20);
	}
	confirm_refuse(
	    &facts.challenge, STATUS_BAD_DKIM_COVERAGE, &note, &dialog);
	TEXT(span_of(row(&dialog, "Reason")),
	    "h= lacks Reply-To (dkim-coverage)");
	TEXT(span_of(row(&dialog, "The message")),
	    "says that it is from acme@ca.example");
}

static void
test_time(void)
{
	static const struct {
		int64_t away;
		const char *words;
	} table[] = {
		{ 0, "(now)" },
		{ 29, "(now)" },
		{ 31, "(in 1 minute)" },
		{ -60, "(1 minute ago)" },
		{ 119 * 60, "(in 2 hours)" },
		{ 90 * 60, "(in 90 minutes)" },
		{ 47 * 3600, "(in 47 hours)" },
		{ 48 * 3600, "(in 2 days)" },
		{ -90 * 86400, "(90 days ago)" },
	};
	struct buf text;
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(*table); i++) {
		buf_init(&text, 256);
		confirm_add_time(&text, NOW + table[i].away, NOW);
		OK(span_find(buf_span(&text), span_of(table[i].words)) <
		    text.len);
		buf_clear(&text);
	}
	/* A time that no calendar has is not made up. */
	buf_init(&text, 256);
	confirm_add_time(&text, INT64_MAX / 2, NOW);
	OK(text.len > 0);
	OK(text.at[0] == ' ');
	buf_clear(&text);
}

int
main(void)
{
	if (setenv("TZ", "UTC0", 1) != 0)
		return 1;
	tzset();
	test_facts();
	test_proof();
	test_warnings();
	test_spelling();
	test_refused();
	test_time();
	return tap_done();
}
