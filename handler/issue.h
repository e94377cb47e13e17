/*
 * issue.h - from addresses to a certificate on disk (RFC 8555, RFC 8823)
 *
 * Every step is durable before the next one, and every step can be taken
 * again: issue_advance() does what can be done now and says what is awaited,
 * from any shell, after any crash.
 */
#ifndef ISSUE_H
#define ISSUE_H
#include "ca.h"
#include "store/account.h"
#include "store/issuance.h"
#include "store/order.h"

struct issuer {
	const struct config *config;
	const struct home *home;
	struct config_ca settings;
	struct account account;
	struct ca ca;
};

struct issue_request {
	const char *const *addresses; /* as typed */
	size_t count;
	enum key_kind key;
	enum csr_usage usage;
	bool agree; /* to the CA's terms of service */
};

enum issue_wait {
	ISSUE_DONE,   /* the certificate is on disk */
	ISSUE_MAIL,   /* a challenge has not been answered yet */
	ISSUE_SENT,   /* a draft is there; only the user knows if it was sent */
	ISSUE_SETTLE, /* the answer needs a moment to arrive */
	ISSUE_CA      /* the CA is at it */
};

struct issue_step {
	enum issue_wait wait;
	int64_t seconds;    /* look again after that many */
	struct order order; /* the challenge that is awaited, where one is */
	int64_t expires;    /* ISSUE_DONE: of the certificate */
};

/* Could these be ordered?  Nothing is asked of anybody.  STATUS_USAGE. */
enum status issue_check(
    const struct issue_request *request, struct note *note) MUST_CHECK;
/* Find or make the account at the CA of that name or URL.  STATUS_CONFIG,
 * STATUS_NO_PERSON (terms nobody agreed to), STATUS_CA, STATUS_NET ... */
enum status issuer_open(struct issuer *issuer, const char *ca, bool agree,
    struct note *note) MUST_CHECK;
/* The same for an issuance that there is. */
enum status issuer_reopen(struct issuer *issuer,
    const struct issuance *issuance, struct note *note) MUST_CHECK;

/* newOrder, and the challenges of each address: they are expected from then
 * on.  *out is saved. */
enum status issue_begin(struct issuer *issuer,
    const struct issue_request *request, struct issuance *out,
    struct note *note) MUST_CHECK;
/* sent: the user says that every draft was sent.  STATUS_CA: it failed for
 * good, and *issuance says so. */
enum status issue_advance(struct issuer *issuer, struct issuance *issuance,
    bool sent, int64_t now, struct issue_step *out,
    struct note *note) MUST_CHECK;
#endif
