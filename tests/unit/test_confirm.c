/* test_confirm.c - what a person is shown before the question */
#include <time.h>

#include "answer/confirm.h"
#include "tap.h"

#define NOW INT64_C(1790000000)

/* What a match is made of: only a proof makes one. */
struct facts {
	struct challenge challenge;
	struct expectation expectation;
	struct authres_proof proof; /* method 0: the check is switched off */
};

static struct facts
plain(void)
{
	return (struct facts){
		.challenge = { .claimed_from = "acme@ca.example",
		    .claimed_from_written = "acme@ca.example",
		    .claimed_to = "alice@example.org",
		    .reply_to = { "reply@ca.example" },
		    .reply_to_written = { "reply@ca.example" },
		    .reply_to_count = 1,
		    .part1 = "LgYemJLy3F1LDkiJrdIGbEzyFJyOyf6vBdyZ1TG3sME",
		    .date = NOW - 30 },
		.expectation = { .id = "one",
		    .address = "alice@example.org",
		    .address_normal = "alice@example.org",
		    .from = "acme@ca.example",
		    .from_normal = "acme@ca.example",
		    .created = NOW - 60,
		    .expires = NOW + 7200 },
		.proof = { .method = AUTHRES_DKIM,
		    .dns = DNS_SECURE,
		    .domain = "ca.example" },
	};
}

/* Through the doors that a message takes. */
static void
build(const struct facts *facts, const char *note, struct dialog *out)
{
	const struct authres_methods by = { .none = facts->proof.method == 0,
		.method = { AUTHRES_DKIM, AUTHRES_SMIME, AUTHRES_RESULTS },
		.count = 3 };
	struct authres *authres = NULL;
	struct match *match = NULL;
	struct note why = { "" };

	if ((by.none ? authres_waive(&by, &authres)
		     : authres_admit(&facts->proof, SPAN("acme@ca.example"),
			   &by, &authres)) != STATUS_OK ||
	    match_find(&facts->challenge, authres, &facts->expectation, 1, NOW,
		&match, &why) != STATUS_OK)
		abort();
	confirm_build(match, NOW, note, out);
	match_free(match);
	authres_free(authres);
}

/* The row with that label, or "". */
static const char *
row(const struct dialog *dialog, const char *label)
{
	size_t i;

	for (i = 0; i < dialog->rows; i++)
		if (strcmp(dialog->row[i].label, label) == 0)
			return dialog->row[i].text;
	return "";
}

static size_t
count(const struct dialog *dialog, enum dialog_kind kind)
{
	size_t i, found = 0;

	for (i = 0; i < dialog->rows; i++)
		found += dialog->row[i].kind == kind;
	return found;
}

static void
test_facts(void)
{
	static struct dialog dialog;
	struct facts facts = plain();

	build(&facts, "", &dialog);
	TEXT(span_of(row(&dialog, "Address")), "alice@example.org");
	TEXT(span_of(row(&dialog, "From")), "acme@ca.example");
	TEXT(span_of(row(&dialog, "Reply to")), "reply@ca.example");
	TEXT(span_of(row(&dialog, "Token")), facts.challenge.part1);
	OK(strncmp(row(&dialog, "Order"), "one, ", 5) == 0);
	OK(strstr(row(&dialog, "Order"), "1 minute ago") != NULL);
	OK(strstr(row(&dialog, "Expires"), "in 2 hours") != NULL);
	OK(count(&dialog, DIALOG_WARNING) == 0);
	OK(!dialog.ask_twice);
	/* What is not known is not shown. */
	facts.expectation.expires = 0;
	facts.challenge.date = 0;
	build(&facts, "", &dialog);
	TEXT(span_of(row(&dialog, "Expires")), "");
	TEXT(span_of(row(&dialog, "Dated")), "");
	/* A challenge of our own order goes by the order's id. */
	(void)strcpy(facts.expectation.order, "two");
	build(&facts, "", &dialog);
	OK(strncmp(row(&dialog, "Order"), "two, ", 5) == 0);
}

static void
test_proof(void)
{
	static struct dialog dialog;
	struct facts facts = plain();

	build(&facts, "", &dialog);
	OK(strstr(row(&dialog, "Proof"), "ca.example (DKIM)") != NULL);
	OK(strstr(row(&dialog, "Proof"), "not secured") == NULL);
	facts.proof.dns = DNS_UNVALIDATED;
	build(&facts, "", &dialog);
	OK(strstr(row(&dialog, "Proof"), "not secured by DNSSEC") != NULL);
	facts.proof.method = AUTHRES_RESULTS;
	build(&facts, "", &dialog);
	OK(strstr(row(&dialog, "Proof"), "not checked here") != NULL);
	facts.proof = (struct authres_proof){ .method = AUTHRES_SMIME,
		.dns = DNS_TROUBLE,
		.domain = "ca.example",
		.signer = "acme@ca.example",
		.issuer = "CN=Some CA" };
	build(&facts, "", &dialog);
	OK(strstr(row(&dialog, "Proof"), "CN=Some CA") != NULL);
	OK(strstr(row(&dialog, "Proof"), "DNS") == NULL);
	OK(count(&dialog, DIALOG_WARNING) == 0);
	/* Nothing proved it, and it says so where nobody overlooks it. */
	facts.proof.method = 0;
	build(&facts, "", &dialog);
	OK(count(&dialog, DIALOG_WARNING) == 1);
	OK(strncmp(row(&dialog, "Proof"), "NONE", 4) == 0);
}

static void
test_warnings(void)
{
	static struct dialog dialog;
	struct facts facts = plain();
	unsigned bit;

	for (bit = 0; bit < WARNING_COUNT; bit++) {
		facts.challenge.warnings = 1U << bit;
		build(&facts, "", &dialog);
		OK(dialog.ask_twice);
		OK(strstr(row(&dialog, "Warning"), warning_name(1U << bit)) !=
		    NULL);
	}
	facts.challenge.warnings = 0;
	build(&facts, "an answer was begun", &dialog);
	TEXT(span_of(row(&dialog, "Note")), "an answer was begun");
	/* Everything at once still has a row of its own. */
	facts.challenge.warnings = (1U << WARNING_COUNT) - 1;
	facts.challenge.reply_to_count = REPLY_TO_MAX;
	(void)strcpy(facts.challenge.from_shown, "The CA");
	build(&facts, "note", &dialog);
	OK(count(&dialog, DIALOG_WARNING) == WARNING_COUNT + 1);
	OK(dialog.rows <= DIALOG_ROWS_MAX);
}

/* An address that is not ASCII stands beside what the DNS sees. */
static void
test_spelling(void)
{
	static struct dialog dialog;
	struct facts facts = plain();

	(void)strcpy(facts.expectation.address,
	    "alice@b\xc3\xbc"
	    "cher.example");
	(void)strcpy(
	    facts.expectation.address_normal, "alice@xn--bcher-kva.example");
	(void)strcpy(facts.challenge.claimed_to, "alice@xn--bcher-kva.example");
	(void)strcpy(facts.challenge.from_shown, "Your bank");
	(void)strcpy(facts.expectation.note, "evil\x1b[2J");
	build(&facts, "", &dialog);
	OK(strstr(row(&dialog, "Address"), "xn--bcher-kva.example") != NULL);
	TEXT(span_of(row(&dialog, "")), "calls itself \"Your bank\"");
	OK(strchr(row(&dialog, "Order"), '\x1b') == NULL);
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
	test_time();
	return tap_done();
}
