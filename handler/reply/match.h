/*
 * match.h - match a challenge with the one expectation that it fits
 *
 * The sender, the addressee, the state and the dates must all fit.  A match
 * can only be made with an authres; a draft only from a match.
 */
#ifndef REPLY_MATCH_H
#define REPLY_MATCH_H
#include "reply/authres.h"
#include "reply/challenge.h"
#include "store/expectation.h"

/* Opaque: only match_find() makes one. */
struct match;
void match_free(struct match *match);
/* Of a match, borrowed from it. */
const struct challenge *match_challenge(const struct match *match);
const struct expectation *match_expectation(const struct match *match);
const struct authres *match_authres(const struct match *match);
/* The challenge's and our own. */
uint32_t match_warnings(const struct match *match);

/* For expectations_find(): those that a challenge may belong to, and a few
 * that come near it, so that a refusal can name the most likely reason. */
struct match_interest {
	const struct challenge *challenge; /* borrowed */
	size_t *near;                      /* how many of these were taken */
};
bool match_concerns(const void *expectation, const void *interest);
/* What to search for to find them. */
void match_search(
    const struct challenge *challenge, struct record_search *search);

/*
 * The cheap look before anything is verified: does any expectation fit?
 * *out is a copy of it: what a forger picked, until the sender is proved;
 * *warnings, where not NULL, as far as they are known without that.
 * STATUS_OK, STATUS_NO_EXPECTATION, _BAD_TO, _BAD_CLOCK or _BAD_REPEAT.
 */
enum status match_expects(const struct challenge *challenge,
    const struct expectation *expectations, size_t count, int64_t now,
    struct expectation *out, uint32_t *warnings, struct note *note) MUST_CHECK;

/* The same for a proven sender.  *out holds copies, and is owned by the caller:
 * match_free(). */
enum status match_find(const struct challenge *challenge,
    const struct authres *authres, const struct expectation *expectations,
    size_t count, int64_t now, struct match **out,
    struct note *note) MUST_CHECK;
#endif
