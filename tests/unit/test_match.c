/* test_match.c - which expectation a challenge fits, and why none does */
#include "reply/match.h"
#include "tap.h"

#define NOW INT64_C(1790000000)
#define DAY (24 * 3600)
#define PART1 "LgYemJLy3F1LDkiJrdIGbEzyFJyOyf6vBdyZ1TG3sME"
#define OTHER1 "AAAAmJLy3F1LDkiJrdIGbEzyFJyOyf6vBdyZ1TG3sME"

static struct expectation
expected(const char *id)
{
	struct expectation out = { .address = "alice@example.org",
		.address_normal = "alice@example.org",
		.from = "acme@ca.example",
		.from_normal = "acme@ca.example",
		.created = NOW - 60,
		.expires = NOW + 3600 };

	(void)span_copy(span_of(id), out.id, sizeof(out.id));
	return out;
}

static struct challenge
arrived(void)
{
	return (struct challenge){ .claimed_from = "acme@ca.example",
		.claimed_to = "alice@example.org",
		.part1 = PART1,
		.date = NOW - 30 };
}

/* What one challenge and some expectations come to. */
struct result {
	enum status status;
	char id[RECORD_ID_SIZE]; /* of what it fits, or empty */
	struct note note;
};

static struct result
look(const struct challenge *challenge, const struct expectation *all,
    size_t count)
{
	struct expectation found = { .id = "" };
	struct result out = { .note = { "" } };

	out.status =
	    match_expects(challenge, all, count, NOW, &found, NULL, &out.note);
	(void)strcpy(out.id, found.id);
	return out;
}

static uint32_t
warnings(const struct challenge *challenge, const struct expectation *all,
    size_t count, struct note *note)
{
	const struct authres_proof proof = { .method = AUTHRES_DKIM,
		.dns = DNS_SECURE,
		.domain = "ca.example" };
	const struct authres_methods by = { .method = { AUTHRES_DKIM },
		.count = 1 };
	struct authres *authres = NULL;
	struct match *match = NULL;
	uint32_t out = UINT32_MAX;

	if (authres_admit(&proof, SPAN("acme@ca.example"), &by, &authres) !=
	    STATUS_OK)
		return UINT32_MAX;
	if (match_find(challenge, authres, all, count, NOW, &match, note) ==
	    STATUS_OK)
		out = match_warnings(match);
	match_free(match);
	authres_free(authres);
	return out;
}

static void
test_fits(void)
{
	struct expectation all[2] = { expected("one"), expected("two") };
	struct challenge challenge = arrived();
	struct note note = { "" };

	OK(look(&challenge, all, 1).status == STATUS_OK);
	TEXT(span_of(look(&challenge, all, 1).id), "one");
	OK(warnings(&challenge, all, 1, &note) == 0);
	OK(look(&challenge, all, 0).status == STATUS_NO_EXPECTATION);
	/* Two that wait are a question for a person. */
	OK(warnings(&challenge, all, 2, &note) == WARNING_TWO_EXPECTATIONS);
	(void)strcpy(challenge.claimed_to, "Alice@example.org");
	OK(warnings(&challenge, all, 1, &note) == WARNING_SPELLING);
}

static void
test_addresses(void)
{
	struct expectation all[1] = { expected("one") };
	struct challenge challenge = arrived();
	struct result result;

	(void)strcpy(challenge.claimed_to, "bob@example.org");
	result = look(&challenge, all, 1);
	OK(result.status == STATUS_BAD_TO);
	OK(strstr(result.note.text, "alice@example.org") != NULL);
	challenge = arrived();
	(void)strcpy(challenge.claimed_from, "acme@evil.example");
	result = look(&challenge, all, 1);
	OK(result.status == STATUS_NO_EXPECTATION);
	OK(strstr(result.note.text, "acme@ca.example") != NULL);
	/* What was answered is near to nothing. */
	all[0].state = EXPECTATION_SENT;
	result = look(&challenge, all, 1);
	OK(result.status == STATUS_NO_EXPECTATION);
	TEXT(span_of(result.note.text), "");
	/* Part of an address is not the address. */
	challenge = arrived();
	(void)strcpy(challenge.claimed_to, "alice@example.or");
	OK(look(&challenge, all, 1).status == STATUS_NO_EXPECTATION);
	(void)strcpy(challenge.claimed_to, "alice@example.org.evil.example");
	OK(look(&challenge, all, 1).status == STATUS_NO_EXPECTATION);
}

static void
test_clock(void)
{
	static const struct {
		int64_t date, expires, created;
		enum status status;
	} table[] = {
		{ NOW, NOW + 1, NOW - 60, STATUS_OK },
		{ NOW, NOW, NOW - 60, STATUS_BAD_CLOCK },
		{ NOW, 0, NOW - 60, STATUS_OK },
		{ 0, NOW + 1, NOW - 60, STATUS_OK },
		{ NOW + DAY, NOW + 1, NOW - 60, STATUS_OK },
		{ NOW + DAY + 1, NOW + 1, NOW - 60, STATUS_BAD_CLOCK },
		{ NOW - 60 - DAY, NOW + 1, NOW - 60, STATUS_OK },
		{ NOW - 61 - DAY, NOW + 1, NOW - 60, STATUS_BAD_CLOCK },
		/* Ordered while the clock was ahead: as old as an order
		 * gets. */
		{ NOW - 31 * DAY, NOW + 1, NOW + DAY, STATUS_OK },
		{ NOW - 31 * DAY - 1, NOW + 1, NOW + DAY, STATUS_BAD_CLOCK },
	};
	struct expectation one;
	struct challenge challenge;
	struct result result;
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(*table); i++) {
		one = expected("one");
		one.expires = table[i].expires;
		one.created = table[i].created;
		challenge = arrived();
		challenge.date = table[i].date;
		result = look(&challenge, &one, 1);
		OK(result.status == table[i].status);
		OK((result.note.text[0] != '\0') ==
		    (table[i].status != STATUS_OK));
	}
}

static void
test_states(void)
{
	static const struct {
		enum expectation_state state;
		bool same; /* token */
		enum status status;
		uint32_t warnings;
	} table[] = {
		{ EXPECTATION_SENT, true, STATUS_BAD_REPEAT, 0 },
		{ EXPECTATION_SENT, false, STATUS_OK, WARNING_OTHER_TOKEN },
		{ EXPECTATION_DRAFTED, true, STATUS_OK, WARNING_IN_DOUBT },
		{ EXPECTATION_DRAFTED, false, STATUS_OK, WARNING_OTHER_TOKEN },
		{ EXPECTATION_ANSWERING, true, STATUS_OK, WARNING_IN_DOUBT },
		{ EXPECTATION_ANSWERING, false, STATUS_OK,
		    WARNING_OTHER_TOKEN },
	};
	const struct challenge challenge = arrived();
	struct expectation one;
	struct note note;
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(*table); i++) {
		one = expected("one");
		one.state = table[i].state;
		one.answered = NOW - 20;
		(void)strcpy(one.part1, table[i].same ? PART1 "=" : OTHER1);
		OK(look(&challenge, &one, 1).status == table[i].status);
		if (table[i].status == STATUS_OK)
			OK(warnings(&challenge, &one, 1, &note) ==
			    table[i].warnings);
	}
}

/* Of several the one that the challenge most likely belongs to. */
static void
test_ranks(void)
{
	const struct challenge challenge = arrived();
	struct expectation all[3] = { expected("old"), expected("now"),
		expected("sent") };
	struct note note = { "" };

	all[0].state = EXPECTATION_SENT;
	(void)strcpy(all[0].part1, OTHER1);
	TEXT(span_of(look(&challenge, all, 2).id), "now");
	OK(warnings(&challenge, all, 2, &note) == 0);
	/* This very token was answered: a second one never goes out, though
	 * another expectation waits. */
	all[2].state = EXPECTATION_SENT;
	(void)strcpy(all[2].part1, PART1);
	OK(look(&challenge, all, 3).status == STATUS_BAD_REPEAT);
	/* That holds after it has expired, too. */
	all[2].expires = NOW - 1;
	OK(look(&challenge, all, 3).status == STATUS_BAD_REPEAT);
	/* An expired one is passed over for one that is not. */
	all[0] = expected("old");
	all[0].expires = NOW - 1;
	TEXT(span_of(look(&challenge, all, 2).id), "now");
}

/* What is loaded at all: what fits, and a few that come near. */
static void
test_concerns(void)
{
	const struct challenge challenge = arrived();
	struct expectation one = expected("one");
	size_t near = 0, i;
	const struct match_interest interest = { &challenge, &near };

	OK(match_concerns(&one, &interest));
	OK(near == 0);
	(void)strcpy(one.address_normal, "bob@example.org");
	for (i = 0; i < 100 && match_concerns(&one, &interest); i++)
		;
	OK(i > 0);
	OK(i < 100);
	one.state = EXPECTATION_SENT;
	near = 0;
	OK(!match_concerns(&one, &interest));
	/* What fits is never left out, however many came near before. */
	near = 1000;
	one = expected("one");
	OK(match_concerns(&one, &interest));
}

int
main(void)
{
	test_fits();
	test_addresses();
	test_clock();
	test_states();
	test_ranks();
	test_concerns();
	return tap_done();
}
