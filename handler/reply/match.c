/*
 * match.c - challenge and expectation: see match.h
 *
 * Input: challenge hostile.
 */
#include "reply/match.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64url.h"
#include "base/text.h"
#include "mail/date.h"

enum { DAY = 24 * 3600, LONGEST_ORDER = 31 * DAY, NEAR_MOST = 16 };

static bool
from_fits(
    const struct expectation *expectation, const struct challenge *challenge)
{
	return strcmp(expectation->from_normal, challenge->claimed_from) == 0;
}

static enum address_match
to_fits(
    const struct expectation *expectation, const struct challenge *challenge)
{
	return address_compare(span_of(expectation->address_normal),
	    span_of(challenge->claimed_to));
}

bool
match_concerns(const void *expectation, const void *interest)
{
	const struct match_interest *in = interest;
	const struct expectation *one = expectation;
	const bool from = from_fits(one, in->challenge);
	const bool to = to_fits(one, in->challenge) != ADDRESS_OTHER;

	if (from && to)
		return true;
	return one->state == EXPECTATION_PENDING && (from || to) &&
	    (*in->near)++ < NEAR_MOST;
}

void
match_search(const struct challenge *challenge, struct record_search *search)
{
	expectation_search_match(search, challenge->claimed_from,
	    challenge->claimed_to, challenge->part1);
}

/* Why none fits: say what is nearest to the truth, for the person who waits
 * for this mail. */
static enum status
say_why_not(const struct challenge *challenge,
    const struct expectation *expectations, size_t count, struct note *note)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (expectations[i].state == EXPECTATION_PENDING &&
		    from_fits(&expectations[i], challenge))
			return note_set(note, STATUS_BAD_TO,
			    "challenge %s is expected for %s; this message is "
			    "not addressed to it",
			    expectation_shown_id(&expectations[i]),
			    expectations[i].address);
	for (i = 0; i < count; i++)
		if (expectations[i].state == EXPECTATION_PENDING &&
		    to_fits(&expectations[i], challenge) != ADDRESS_OTHER)
			return note_set(note, STATUS_NO_EXPECTATION,
			    "challenge %s is expected from %s; this message is "
			    "from somebody else",
			    expectation_shown_id(&expectations[i]),
			    expectations[i].from);
	return STATUS_NO_EXPECTATION;
}

/* The oldest that its challenge can be.  A creation that lies ahead was written
 * by a clock that was wrong: then all that is known is that it was made before
 * now. */
static int64_t
oldest(const struct expectation *expectation, int64_t now)
{
	return expectation->created > now ? now - LONGEST_ORDER
					  : expectation->created - DAY;
}

static enum status
check_clock(const struct expectation *expectation,
    const struct challenge *challenge, int64_t now, struct note *note)
{
	struct buf text;
	enum status status = STATUS_OK;

	buf_init(&text, sizeof(note->text));
	if (expectation->expires != 0 && expectation->expires <= now) {
		buf_addf(&text, "challenge %s expired at ",
		    expectation_shown_id(expectation));
		date_add_iso(&text, expectation->expires);
		buf_add_text(&text, "; check the clock, which says ");
		date_add_iso(&text, now);
		status = STATUS_BAD_CLOCK;
	} else if (challenge->date != 0 &&
	    challenge->date < oldest(expectation, now)) {
		buf_addf(&text, "the message is dated ");
		date_add_iso(&text, challenge->date);
		buf_addf(&text, ", before challenge %s was ordered (",
		    expectation_shown_id(expectation));
		date_add_iso(&text, expectation->created);
		buf_add_text(&text,
		    "): it is an old one, or the clock was ahead when you "
		    "ordered; if it was, order again");
		status = STATUS_BAD_CLOCK;
	} else if (challenge->date > now + DAY) {
		buf_addf(&text, "the message is dated ");
		date_add_iso(&text, challenge->date);
		buf_add_text(&text, "; check the clock, which says ");
		date_add_iso(&text, now);
		status = STATUS_BAD_CLOCK;
	}
	if (status != STATUS_OK && text.at != NULL)
		(void)note_set(note, status, "%s", text.at);
	buf_clear(&text);
	return status;
}

static bool
same_token(
    const struct expectation *expectation, const struct challenge *challenge)
{
	return span_eq(base64url_trim_pad(span_of(expectation->part1)),
	    base64url_trim_pad(span_of(challenge->part1)));
}

/* One that was answered: by this challenge, or by another? */
static enum status
check_state(const struct expectation *expectation,
    const struct challenge *challenge, uint32_t *warnings, struct note *note)
{
	struct buf when;
	enum status status = STATUS_OK;

	if (expectation->state == EXPECTATION_PENDING)
		return STATUS_OK;
	if (!same_token(expectation, challenge)) {
		*warnings |= WARNING_OTHER_TOKEN;
		return STATUS_OK;
	}
	buf_init(&when, 64);
	date_add_iso(&when, expectation->answered);
	if (expectation->state == EXPECTATION_SENT) {
		status = note_set(note, STATUS_BAD_REPEAT,
		    "this challenge was answered at %s (%s)", when.at,
		    expectation->draft);
	} else if (expectation->state == EXPECTATION_BOUNCED) {
		/* Anybody can write a bounce: only a person can judge it. */
		*warnings |= WARNING_IN_DOUBT;
		note_say(note, "the answer of %s was not delivered: %s",
		    when.at, expectation->bounce);
	} else {
		/* The answer may be out: only a person can know. */
		*warnings |= WARNING_IN_DOUBT;
		note_say(note, "an answer was started at %s (%s)", when.at,
		    expectation->draft);
	}
	buf_clear(&when);
	return status;
}

/* Pending ones first, then those where this token was answered, then the
 * others: what a challenge most likely belongs to. */
static int
rank(const struct expectation *expectation, const struct challenge *challenge)
{
	if (expectation->state != EXPECTATION_PENDING &&
	    same_token(expectation, challenge))
		return 3;
	return expectation->state == EXPECTATION_PENDING ? 2 : 1;
}

static enum status
find(const struct challenge *challenge, const struct expectation *expectations,
    size_t count, int64_t now, const struct expectation **found,
    uint32_t *warnings, struct note *note)
{
	const struct expectation *best = NULL;
	enum status status, late = STATUS_OK;
	struct note late_note = { "" };
	size_t i, equal = 0;
	int one_rank, best_rank = 0;

	*warnings = challenge->warnings;
	for (i = 0; i < count; i++) {
		if (!from_fits(&expectations[i], challenge) ||
		    to_fits(&expectations[i], challenge) == ADDRESS_OTHER)
			continue;
		one_rank = rank(&expectations[i], challenge);
		status =
		    check_clock(&expectations[i], challenge, now, &late_note);
		if (status != STATUS_OK && one_rank != 3) {
			late = status;
			continue;
		}
		if (one_rank > best_rank) {
			best = &expectations[i];
			best_rank = one_rank;
			equal = 1;
		} else if (one_rank == best_rank) {
			/* The newest of several that were answered long ago
			 * says most; two pending ones are a question. */
			best = &expectations[i];
			equal++;
		}
	}
	if (best == NULL && late != STATUS_OK)
		return note_set(note, late, "%s", late_note.text);
	if (best == NULL)
		return say_why_not(challenge, expectations, count, note);
	status = check_state(best, challenge, warnings, note);
	if (status != STATUS_OK)
		return status;
	if (best_rank == 3 &&
	    (status = check_clock(best, challenge, now, note)) != STATUS_OK)
		return status;
	if (equal > 1 && best_rank == 2)
		*warnings |= WARNING_TWO_EXPECTATIONS;
	if (to_fits(best, challenge) == ADDRESS_SPELLING)
		*warnings |= WARNING_SPELLING;
	*found = best;
	return STATUS_OK;
}

enum status
match_expects(const struct challenge *challenge,
    const struct expectation *expectations, size_t count, int64_t now,
    struct expectation *out, uint32_t *warnings, struct note *note)
{
	const struct expectation *expectation = NULL;
	uint32_t known = 0;
	enum status status;

	status = find(
	    challenge, expectations, count, now, &expectation, &known, note);
	if (status == STATUS_OK)
		*out = *expectation;
	if (status == STATUS_OK && warnings != NULL)
		*warnings = known;
	return status;
}

struct match {
	struct challenge challenge;
	struct expectation expectation;
	struct authres *authres; /* owned */
	uint32_t warnings;
};

enum status
match_find(const struct challenge *challenge, const struct authres *authres,
    const struct expectation *expectations, size_t count, int64_t now,
    struct match **out, struct note *note)
{
	const struct authres_proof *proof = authres_proof(authres);
	const struct expectation *expectation = NULL;
	struct match *match;
	uint32_t warnings = 0;
	enum status status;

	status = find(
	    challenge, expectations, count, now, &expectation, &warnings, note);
	if (status != STATUS_OK)
		return status;
	if ((match = malloc(sizeof(*match))) == NULL)
		return STATUS_MEMORY;
	match->challenge = *challenge;
	match->expectation = *expectation;
	match->warnings = warnings;
	if (proof != NULL && proof->weak != 0)
		match->warnings |= WARNING_WEAK_KEY;
	if ((match->authres = authres_copy(authres)) == NULL) {
		free(match);
		return STATUS_MEMORY;
	}
	*out = match;
	return STATUS_OK;
}

void
match_free(struct match *match)
{
	if (match != NULL)
		authres_free(match->authres);
	free(match);
}

const struct challenge *
match_challenge(const struct match *match)
{
	return &match->challenge;
}

const struct expectation *
match_expectation(const struct match *match)
{
	return &match->expectation;
}

const struct authres *
match_authres(const struct match *match)
{
	return match->authres;
}

uint32_t
match_warnings(const struct match *match)
{
	return match->warnings;
}
