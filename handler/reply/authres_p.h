/* authres_p.h - what the authres*.c share */
#ifndef REPLY_AUTHRES_P_H
#define REPLY_AUTHRES_P_H
#include "mail/dkim.h"
#include "reply/authres.h"

/* Parse one DKIM-Signature and check domain and coverage against RFC 8823
 * section 3.1, item 6a: all that needs no key. */
enum status authres_signature(const struct header *header, size_t index,
    struct span from, bool relaxed, int64_t now, struct dkim_signature *out,
    struct note *note) MUST_CHECK;

/*
 * Authentication-Results of that authserv-id (RFC 8601), above the topmost
 * Received; h= and d= of the signature they speak of are checked here.
 * STATUS_BAD_RESULTS, _BAD_RESULTS_TWO, STATUS_DNS, or what
 * authres_signature() gives.
 */
enum status authres_results(const struct header *header,
    struct span authserv_id, struct span from, bool relaxed, int64_t now,
    struct authres *out, struct note *note) MUST_CHECK;
#endif
