/*
 * certificate.h - is the certificate the one that was ordered?
 *
 * Before it is stored: our key, our addresses and no others, fit for signing
 * or encrypting mail, valid now.  The CA is not believed.  Lives in the
 * verifier.
 */
#ifndef ACME_CERTIFICATE_H
#define ACME_CERTIFICATE_H
#include <stdint.h>

#include "acme/key_kind.h"
#include "acme/url.h"
#include "base/buf.h"

enum { CERTIFICATE_CHAIN_MAX = 10, CERTIFICATE_SIZE_MAX = 512 * 1024 };

/* What there is to know of it, beside the chain. */
struct certificate {
	int64_t starts;        /* notBefore */
	int64_t expires;       /* notAfter */
	char id[ACME_ID_SIZE]; /* RFC 9773 section 4.1; empty: it has none */
	char top[256]; /* commonName of the last one's issuer, or empty */
};

/*
 * chain: PEM, as the CA gave it.  key: the SubjectPublicKeyInfo in DER that
 * the certificate must hold.  addresses: normal forms.  usage: what was asked
 * for; of "both" one will do, some CAs give no more.  Appended to out: the
 * chain from the end entity upwards, in PEM and nothing else.
 * STATUS_BAD_CA with a note.
 */
enum status certificate_check(struct span chain, struct span key,
    const struct span *addresses, size_t count, enum csr_usage usage,
    int64_t now, struct buf *out, struct certificate *facts,
    struct note *note) MUST_CHECK;
#endif
