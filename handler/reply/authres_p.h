/* authres_p.h - what proves the sender, shared by the authres files */
#ifndef REPLY_AUTHRES_P_H
#define REPLY_AUTHRES_P_H
#include "mail/dkim.h"
#include "reply/authres.h"

/* Parse one DKIM-Signature and check domain and coverage against RFC 8823
 * section 3.1, item 6a: all that needs no key.  *out is written as far as it
 * could be read. */
enum status authres_signature(const struct header *header, size_t index,
    struct span from, enum dkim_coverage coverage, int64_t now,
    struct dkim_signature *out, struct note *note) MUST_CHECK;
/* The strictest coverage that it meets; COVERAGE_COUNT: none. */
uint32_t authres_coverage(
    const struct header *header, const struct dkim_signature *signature);

/*
 * Authentication-Results of the policy's authserv-id (RFC 8601), above the
 * topmost Received or as many as the policy says; h= and d= of the signature
 * that they speak of are checked here.  *would: as in struct authres_query.
 * STATUS_BAD_RESULTS, _BAD_RESULTS_TWO, STATUS_DNS, or what
 * authres_signature() gives.
 */
enum status authres_results(const struct header *header,
    const struct authres_policy *policy, struct span from, int64_t now,
    struct authres_proof *out, uint32_t *would, struct note *note) MUST_CHECK;
/* Does anybody say above the topmost Received that a DKIM signature of that
 * domain passed?  Proves nothing: it may explain one that fails here. */
bool authres_passed_before(const struct header *header, struct span domain);
#endif
