/*
 * certificate.h - check that a certificate is the one that was ordered
 *
 * Before it is stored: it must have our key, and no mail address but ours; for a
 * server, no host but ours.
 * Other limits, and names of other kinds, are reported, but the certificate is
 * kept: it must stay at hand, to be revoked if necessary.  The CA is not
 * trusted.  Lives in the verifier.
 */
#ifndef ACME_CERTIFICATE_H
#define ACME_CERTIFICATE_H
#include <stdint.h>

#include "acme/csr.h"
#include "acme/url.h"
#include "base/buf.h"

enum {
	CERTIFICATE_CHAIN_MAX = 32, /* all different */
	CERTIFICATE_SIZE_MAX = 512 * 1024,
	CERTIFICATE_LIMITS_SIZE = 256
};

/* The facts about it, besides the chain. */
struct certificate {
	int64_t starts;        /* notBefore */
	int64_t expires;       /* notAfter */
	char id[ACME_ID_SIZE]; /* RFC 9773 section 4.1; empty: it has none */
	char top[256]; /* commonName of the last one's issuer, or empty */
	/* What it cannot do, as what follows "the certificate"; or empty. */
	char limits[CERTIFICATE_LIMITS_SIZE];
};

/* What was ordered. */
struct certificate_wanted {
	struct span key;                        /* SubjectPublicKeyInfo, DER */
	struct span address[CSR_ADDRESSES_MAX]; /* normal forms, or hosts */
	size_t addresses;
	struct span srv[CSR_ADDRESSES_MAX]; /* of CSR_SERVER: SRV-IDs */
	size_t srvs;
	enum csr_usage usage; /* of "both" one is enough: some CAs give one */
	int64_t now;
};

/*
 * Check a chain, PEM as the CA sent it, in any order.  Appended to out: the
 * chain from the end entity upwards, each certificate once, in PEM and nothing
 * else.  STATUS_BAD_CA with a note: it is malformed, or is for another key or
 * for another mail address, or host.
 */
enum status certificate_check(struct span chain,
    const struct certificate_wanted *wanted, struct buf *out,
    struct certificate *facts, struct note *note) MUST_CHECK;
#endif
