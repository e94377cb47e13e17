/*
 * candidate.h - what mailcert-verify says of a certificate
 */
#ifndef ORDER_CANDIDATE_H
#define ORDER_CANDIDATE_H
#include "acme/certificate.h"
#include "base/verb.h"
#include "store/order.h"

enum { CANDIDATE_MAX = 2 * 1024 * 1024 }; /* of an answer, and of a chain */

struct candidate {
	struct buf chain; /* owned */
	struct certificate facts;
};

/* Take VERB_FACTS of that verb's answer; each is checked again, since the chain
 * is a stranger's.  STATUS_BUG with a note: one is malformed. */
enum status candidate_take(enum verb_id verb, struct span answer,
    struct candidate *out, struct note *note) MUST_CHECK;
/* Have the verifier check a chain, PEM as a CA sent it, against what was
 * ordered.  STATUS_BAD_CA with a note: it is malformed, or for another key or
 * address. */
enum status candidate_check(const struct order *order, struct span chain,
    int64_t now, struct candidate *out, struct note *note) MUST_CHECK;
/* Store it, and save *order as issued; the certificate that it replaces need
 * not be renewed.  hint: a warning of what it cannot do, before what hint
 * says. */
enum status candidate_accept(const struct home *home, struct order *order,
    const struct candidate *candidate, struct note *hint,
    struct note *note) MUST_CHECK;
/* Keep its chain beside the record of that id, durably. */
enum status candidate_store(const struct home *home, const char *id,
    const struct candidate *candidate, struct note *note) MUST_CHECK;
/* Put its dates and limits into an order that has the certificate now. */
void candidate_apply(const struct candidate *candidate, struct order *order);
#endif
