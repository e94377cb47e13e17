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

#include "base/buf.h"

enum { CERTIFICATE_CHAIN_MAX = 10, CERTIFICATE_SIZE_MAX = 512 * 1024 };

/*
 * chain: PEM, as the CA gave it.  key: the SubjectPublicKeyInfo in DER that
 * the certificate must hold.  addresses: normal forms.  Appended to out: the
 * chain from the end entity upwards, in PEM and nothing else; *expires is
 * notAfter.  STATUS_BAD_CA with a note.
 */
enum status certificate_check(struct span chain, struct span key,
    const struct span *addresses, size_t count, int64_t now, struct buf *out,
    int64_t *expires, struct note *note) MUST_CHECK;
#endif
