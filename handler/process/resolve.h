/*
 * resolve.h - fetch DNS answers, from the cache or the network program
 *
 * Gives lines of mail/dns_answer.h; who reads them checks them.
 */
#ifndef PROCESS_RESOLVE_H
#define PROCESS_RESOLVE_H
#include "base/verb.h"
#include "reply/authres.h"
#include "store/home.h"

/* Begin a question to the network program: which resolvers and anchors it uses.
 * plain: no query asks for DNSSEC. */
void resolve_begin(
    const struct authres_policy *policy, bool plain, struct buf *question);
/*
 * Append the answer for one name (VERB_TXT, VERB_CAA) or mail address
 * (VERB_SMIMEA) as a frame "dns".  Cache it, and what it says about the
 * resolver, unless home has dir -1.  STATUS_DNS: the network program gave up;
 * STATUS_BUG: its answer is malformed; STATUS_CREATE: it is not installed.
 */
enum status resolve(const struct authres_policy *policy,
    const struct home *home, enum verb_id verb, const char *name, int64_t now,
    struct buf *out, struct note *note) MUST_CHECK;
/* For how long a failure to find certificates is remembered. */
enum { RESOLVE_FAILED_SECONDS = 3600, RESOLVE_TROUBLE_SECONDS = 300 };
/*
 * The SMIMEA records of an address; owner: the name that they have.  *out, which
 * the caller clears, is set up in any case.  If none exist, or DNSSEC does not
 * secure the answer, that is remembered, as RFC 8162 section 6 asks: for an
 * hour, or five minutes if nobody answered.  *remembered: nobody was asked now.
 * again: ask, whatever is remembered or cached.  Statuses of resolve().
 */
enum status resolve_smimea(const struct authres_policy *policy,
    const struct home *home, const char *address, const char *owner,
    int64_t now, bool again, struct dns_answer *out, bool *remembered,
    struct note *note) MUST_CHECK;
/* Ask the network program about resolver and DNSSEC, for doctor; reason: why,
 * if there is a reason. */
enum status resolve_check(const struct authres_policy *policy,
    enum dns_state *out, struct note *reason, struct note *note) MUST_CHECK;
#endif
