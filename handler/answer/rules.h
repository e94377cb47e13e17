/*
 * rules.h - choose the rules by which a challenge is judged
 *
 * A CA may have rules of its own (ca.NAME.authenticate, .dkim_headers,
 * .auto_submitted).  Whose count is decided by the expected challenge that a
 * message fits, that is, by our own record of who would write: an unproven
 * message only picks one of these, and whoever forges it gains the rules that
 * the user chose for that CA, for its challenge alone.  docs/threats.md.
 */
#ifndef ANSWER_RULES_H
#define ANSWER_RULES_H
#include "config/config.h"
#include "store/expectation.h"
#include "store/home.h"

struct rules {
	struct authres_policy policy;
	struct challenge_rules challenge;
};

/* Before anything is known of a message: the global rules, but what any CA may
 * leave out may be missing. */
void rules_before(const struct config *config, struct rules *out);
/* Of the CA that it is expected from; the global ones where nobody knows which
 * it is. STATUS_CONFIG: its records cannot be read. */
enum status rules_of(const struct config *config, const struct home *home,
    const struct expectation *expectation, struct rules *out,
    struct note *note) MUST_CHECK;

/* Where h= was at fault, add the setting that would take it to the note. */
void rules_hint(const struct config *config, const struct home *home,
    const struct expectation *expectation, const struct authres_query *query,
    struct note *note);
#endif
