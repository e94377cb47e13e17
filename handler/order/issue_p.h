/* issue_p.h - what issue.c, issue_begin.c and issue_order.c share */
#ifndef ORDER_ISSUE_P_H
#define ORDER_ISSUE_P_H
#include "order/issue.h"

enum { BODY_MAX = 2 * 1024 * 1024 };

/* From ISSUANCE_NEW to ISSUANCE_ORDERED; its lock is held.  again: it was
 * tried before, and the CA may have heard of it. */
enum status issue_order(struct issuer *issuer, struct issuance *issuance,
    bool again, struct note *note) MUST_CHECK;
struct issue_start {
	bool again;  /* as for issue_order() */
	bool beside; /* even if another challenge is open for an address */
};
/*
 * issue_order(), unless a challenge for one of the addresses is open at the CA:
 * then *issuance stays as it is, and *out says what comes first.
 */
enum status issue_start(struct issuer *issuer, struct issuance *issuance,
    const struct issue_start *how, int64_t now, struct issue_step *out,
    struct note *note) MUST_CHECK;
/* Expect the mail of every challenge that is not expected yet. */
enum status issue_expect_challenges(struct issuer *issuer,
    const struct issuance *issuance, const struct acme_order *acme,
    struct note *note) MUST_CHECK;
/* It is over: save that, and why.  STATUS_CA with a note. */
enum status issue_fail(struct issuer *issuer, struct issuance *issuance,
    const char *what, const struct acme_problem *problem,
    struct note *note) MUST_CHECK;
/* The address that the CA's identifier means, or NULL. */
const char *issue_find_address(
    const struct issuance *issuance, const char *identifier);
/* An RFC 3339 time; 0: it is none. */
int64_t issue_time_of(const char *text);
#endif
