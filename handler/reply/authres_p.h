/* authres_p.h - what authres.c and authres_dkim.c share */
#ifndef REPLY_AUTHRES_P_H
#define REPLY_AUTHRES_P_H
#include "mail/dkim.h"

/* Parse one DKIM-Signature and check domain and coverage against RFC 8823
 * section 3.1, item 6a: all that needs no key. */
enum status authres_signature(const struct header *header, size_t index,
    struct span from, bool relaxed, int64_t now, struct dkim_signature *out,
    struct note *note) MUST_CHECK;
/* Did that refusal come nearer to a proof than the other? */
bool authres_nearer(enum status status, enum status than);
#endif
