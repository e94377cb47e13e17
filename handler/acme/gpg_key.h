/*
 * gpg_key.h - write a private key as gpg-agent stores one
 *
 * The content of a file private-keys-v1.d/KEYGRIP.key: a canonical
 * S-expression, not encrypted ("Private Key Format" in GnuPG's
 * agent/keyformat.txt).  gpgsm takes RSA and EC keys this way; it cannot read
 * the PKCS #12 files of today, and fails with EC keys in any of them.  Lives in
 * the key holder.
 */
#ifndef ACME_GPG_KEY_H
#define ACME_GPG_KEY_H
#include "base/buf.h"

/*
 * Append it; the caller wipes out.  STATUS_BAD_KEY with a note: not a private
 * key in PEM, or of a kind that gpgsm cannot use (all but RSA, P-256 and
 * P-384).  STATUS_CRYPTO; STATUS_MEMORY.
 */
enum status gpg_key_write(
    struct span pem, struct buf *out, struct note *note) MUST_CHECK;
#endif
