/*
 * match.h - a challenge and the one expectation it fits
 *
 * The sender, the addressee, the state and the dates must all fit.  A match
 * can only be made with an authres; a draft only from a match.
 */
#ifndef REPLY_MATCH_H
#define REPLY_MATCH_H
#include "reply/authres.h"
#include "reply/challenge.h"
#include "store/expectation.h"

struct match {
	struct challenge challenge;
	struct expectation expectation;
	struct authres authres;
	uint32_t warnings; /* challenge's and our own */
};

/* For expectations_load_if(): those that a challenge may belong to, and a few
 * that come near it, so that a refusal can say what is nearest to the truth. */
struct match_interest {
	const struct challenge *challenge; /* borrowed */
	size_t *near;                      /* how many of these were taken */
};
bool match_concerns(const void *expectation, const void *interest);

/*
 * The cheap look before anything is verified: does any expectation fit?
 * *out is a copy of it: what a forger picked, until the sender is proved.
 * STATUS_OK, STATUS_NO_EXPECTATION, _BAD_TO, _BAD_CLOCK or _BAD_REPEAT.
 */
enum status match_expects(const struct challenge *challenge,
    const struct expectation *expectations, size_t count, int64_t now,
    struct expectation *out, struct note *note) MUST_CHECK;

/* The same, and *out filled with copies. */
enum status match_find(const struct challenge *challenge,
    const struct authres *authres, const struct expectation *expectations,
    size_t count, int64_t now, struct match *out, struct note *note) MUST_CHECK;
#endif
