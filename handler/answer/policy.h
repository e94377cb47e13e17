/*
 * policy.h - may this challenge be answered without a person?
 *
 * A challenge gets this far only if its sender is proved, it is expected and
 * fresh, and it is not a reply, a bounce or from a list: answer.h.  What is odd
 * needs a person, and so does an address for which nobody has agreed
 * (consent.h); what exceeds a limit waits.
 */
#ifndef ANSWER_POLICY_H
#define ANSWER_POLICY_H
#include "answer/rules.h"
#include "reply/match.h"

/*
 * STATUS_OK: it may.  STATUS_NO_PERSON, STATUS_BAD_REPEAT: it may not.
 * STATUS_AGAIN: a limit is reached; it may, later.  Others: the home cannot be
 * read.
 */
enum status policy_allows(const struct config *config, const struct home *home,
    const struct rules *rules, const struct match *match, int64_t now,
    struct note *note) MUST_CHECK;

/* The last part of it: do the limits allow one more answer?  STATUS_OK,
 * STATUS_AGAIN, STATUS_NO_PERSON (they allow none at all), or why the home
 * cannot be read. */
enum status policy_within_limits(const struct config *config,
    const struct home *home, const struct rules *rules,
    const struct expectation *expectation, int64_t now,
    struct note *note) MUST_CHECK;
#endif
