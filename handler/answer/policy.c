/* policy.c - answers without a person: see policy.h */
#include "answer/policy.h"

#include <stdlib.h>
#include <string.h>

#include "answer/consent.h"

enum { DAY = 24 * 3600 };

/* How many answers went out in the last 24 hours. */
struct tally {
	int64_t to_address; /* for the same address */
	int64_t to_ca;      /* to the same domain, which is the CA's */
	int64_t in_all;
};

static struct span
domain_of(const char *address)
{
	const char *at = strrchr(address, '@');

	return span_of(at != NULL ? at + 1 : address);
}

static bool
is_recent(const void *record, const void *arg)
{
	const struct expectation *one = record;
	const int64_t *since = arg;

	return one->state != EXPECTATION_PENDING && one->answered > *since;
}

static enum status
count_answers(const struct home *home, const struct expectation *expectation,
    int64_t now, struct tally *out, struct note *note)
{
	const int64_t since = now - DAY;
	struct record_search search = { .ids = 0 };
	struct expectation *all = NULL;
	enum status status;
	size_t count = 0, i;

	*out = (struct tally){ 0 };
	expectation_search_answered(&search, since);
	status = expectations_find(
	    home, &search, is_recent, &since, &all, &count, note);
	for (i = 0; i < count; i++) {
		out->in_all++;
		if (address_compare(span_of(all[i].address_normal),
			span_of(expectation->address_normal)) != ADDRESS_OTHER)
			out->to_address++;
		if (span_eq(domain_of(all[i].from_normal),
			domain_of(expectation->from_normal)))
			out->to_ca++;
	}
	free(all);
	return status;
}

/* Of its warnings, those that a person must see. */
static uint32_t
odd(const struct config *config, const struct match *match)
{
	const struct expectation *expectation = match_expectation(match);
	const uint32_t warnings = match_warnings(match);

	/* More answers to one authorization, if the user allows them. */
	if (expectation->answers > 0 &&
	    expectation->answers < config->answers_per_order)
		return warnings & ~(uint32_t)WARNING_OTHER_TOKEN;
	return warnings;
}

static enum status
is_plain(uint32_t warnings, struct note *note)
{
	unsigned bit = 0;

	if (warnings == 0)
		return STATUS_OK;
	if ((warnings & WARNING_IN_DOUBT) != 0)
		return note_set(note, STATUS_BAD_REPEAT,
		    "an earlier answer to this challenge may have been sent");
	while ((warnings & 1U << bit) == 0)
		bit++;
	return note_set(note, STATUS_NO_PERSON, "%s (%s)",
	    warning_sentence(1U << bit), warning_name(1U << bit));
}

static enum status
is_below(int64_t count, int64_t limit, const char *name, const char *whose,
    struct note *note)
{
	if (count < limit)
		return STATUS_OK;
	return note_set(note, STATUS_AGAIN,
	    "%lld answers in 24 hours%s%.150s are the limit (%s); this "
	    "challenge waits",
	    (long long)limit, whose[0] != '\0' ? " for " : "", whose, name);
}

enum status
policy_within_limits(const struct config *config, const struct home *home,
    const struct rules *rules, const struct expectation *expectation,
    int64_t now, struct note *note)
{
	struct tally tally;
	enum status status;

	if (config->answers_per_order == 0)
		return note_set(note, STATUS_NO_PERSON,
		    "answers_per_order = 0: a person must answer");
	status = count_answers(home, expectation, now, &tally, note);
	if (status == STATUS_OK)
		status = is_below(tally.to_address, config->answers_per_day,
		    "answers_per_day", expectation->address, note);
	if (status == STATUS_OK)
		status = is_below(tally.in_all, config->answers_per_day_in_all,
		    "answers_per_day_in_all", "", note);
	/* Unless it is set for the CA, it is the same limit. */
	if (status == STATUS_OK)
		status = is_below(tally.to_ca, rules->answers_per_day,
		    "ca.NAME.answers_per_day", expectation->from, note);
	return status;
}

enum status
policy_allows(const struct config *config, const struct home *home,
    const struct rules *rules, const struct match *match, int64_t now,
    struct note *note)
{
	const struct expectation *expectation = match_expectation(match);
	enum status status;

	status = is_plain(odd(config, match), note);
	if (status == STATUS_OK)
		status =
		    consent_given(config, expectation->address_normal, note);
	return status == STATUS_OK
	    ? policy_within_limits(config, home, rules, expectation, now, note)
	    : status;
}
