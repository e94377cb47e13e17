/*
 * crl.h - read one certificate revocation list (RFC 5280 section 5)
 *
 * Structure only, no cryptography: a caller checks `signature` over `tbs`
 * before it trusts the list.  The list itself is never copied or built up in
 * memory: lists of 100 MB exist, and one entry of them matters.
 */
#ifndef MAIL_CRL_H
#define MAIL_CRL_H
#include <stdint.h>

#include "base/status.h"
#include "mail/der.h"

enum {
	/* RFC 5280 section 5.2.5: the bits of ReasonFlags that mean a reason */
	CRL_REASONS_ALL = 0x1fe,
	CRL_REASON_REMOVE = 8 /* removeFromCRL, in delta lists only */
};

/* Every span is borrowed from what crl_parse() was given. */
struct crl {
	struct span tbs; /* what is signed */
	struct span algorithm;
	struct span signature;
	struct span issuer; /* a whole Name */
	int64_t starts;
	int64_t ends;       /* 0: it does not say */
	struct span number; /* cRLNumber; empty: none */
	bool delta;         /* tells only what changed since `base` */
	struct span base;   /* BaseCRLNumber */
	struct span key_id; /* of the issuer's key; empty: none */
	struct span point;  /* DistributionPointName; empty: of all points */
	bool only_users;    /* not of CAs */
	bool only_cas;
	bool only_attributes; /* of no certificate of a key */
	bool indirect;        /* other issuers' certificates too */
	unsigned reasons;     /* a bit each; CRL_REASONS_ALL: of all */
	bool critical;        /* has an unknown critical extension */
	struct span entries;  /* revokedCertificates */
};

/* STATUS_BAD_SYNTAX: it is not one list and nothing else. */
enum status crl_parse(struct span der, struct crl *out) MUST_CHECK;

struct crl_entry {
	int64_t revoked; /* revocationDate */
	int64_t invalid; /* invalidityDate; that of `revoked` without one */
	int reason;      /* CRLReason; 0 without one */
};

/*
 * Look for a serial number (the content of its INTEGER).  STATUS_MISSING: not
 * in the list.  STATUS_BAD_SYNTAX: the list is damaged, or any entry of it has
 * an unknown critical extension (section 5.3: such a list must not be used).
 */
enum status crl_find(const struct crl *crl, struct span serial,
    struct crl_entry *out) MUST_CHECK;

/* Compare two numbers (contents of INTEGERs that are not negative), as memcmp
 * does; an empty one is below all. */
int crl_number_compare(struct span a, struct span b);
/*
 * Does a certificate with these CRLDistributionPoints (a whole extension
 * value; empty: none) belong to the list's distribution point (section 6.3.3
 * (b)(2)(i))?
 */
bool crl_has_point(const struct crl *crl, struct span points);
/* Do both tell of the same certificates and reasons? */
bool crl_same_scope(const struct crl *a, const struct crl *b);
#endif
