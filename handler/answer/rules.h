/*
 * rules.h - choose the rules by which a challenge is judged
 *
 * A CA may have rules of its own (ca.NAME.authenticate, .dkim_headers,
 * .auto_submitted).  The expected challenge that a message matches, that is,
 * our own record of who would write, selects the CA: an unproven message only
 * picks one of these, and a forger gains the rules that the user chose for that
 * CA, for its challenge alone.  docs/threats.md.
 */
#ifndef ANSWER_RULES_H
#define ANSWER_RULES_H
#include "config/config.h"
#include "store/expectation.h"
#include "store/home.h"

struct rules {
	struct authres_policy policy;
	struct challenge_rules challenge;
	int64_t answers_per_day; /* to that CA, without a person */
};

/* Before anything is known of a message: the global rules, but what any CA may
 * leave out may be missing. */
void rules_before(const struct config *config, struct rules *out);
/* The rules of the CA that it is expected from; the global ones if the CA is
 * not known.  STATUS_CONFIG: its records cannot be read. */
enum status rules_of(const struct config *config, const struct home *home,
    const struct expectation *expectation, struct rules *out,
    struct note *note) MUST_CHECK;

/* If h= was at fault, add the setting that would accept it to the note. */
void rules_hint(const struct config *config, const struct home *home,
    const struct expectation *expectation, const struct authres_query *query,
    struct note *note);
#endif
