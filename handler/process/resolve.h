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

/*
 * Append the answer for one name (VERB_TXT, VERB_CAA) or mail address (VERB_SMIMEA) as a
 * frame "dns".  What was learnt of the resolver is kept with the answers; home
 * may have dir -1: nothing is kept then.  STATUS_DNS: the
 * network program gave up; STATUS_CREATE: it is not there.
 */
enum status resolve(const struct authres_policy *policy,
    const struct home *home, enum verb_id verb, const char *name, int64_t now,
    struct buf *out, struct note *note) MUST_CHECK;
/* What the network program says of resolver and DNSSEC, for doctor, and why,
 * where there is a reason. */
enum status resolve_check(const struct authres_policy *policy,
    enum dns_state *out, struct note *reason, struct note *note) MUST_CHECK;
#endif
