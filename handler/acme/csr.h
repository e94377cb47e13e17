/*
 * csr.h - keys, and certificate signing requests (RFC 8823 section 3, 3.3)
 *
 * PKCS #10 with an empty subject, subjectAltName (rfc822Name, or
 * SmtpUTF8Mailbox of RFC 9598 where the local part is beyond ASCII) and
 * keyUsage; exactly the addresses that were ordered.  Lives in the key holder.
 */
#ifndef ACME_CSR_H
#define ACME_CSR_H
#include "base/buf.h"

enum { CSR_ADDRESSES_MAX = 32, CSR_SIZE_MAX = 64 * 1024 };

enum key_kind {
	KEY_EC_P256,
	KEY_EC_P384,
	KEY_ED25519,
	KEY_RSA_2048,
	KEY_RSA_3072,
	KEY_RSA_4096
};

enum csr_usage { CSR_BOTH, CSR_SIGN, CSR_ENCRYPT };

const char *key_kind_name(enum key_kind kind); /* "ec:p256" */
bool key_kind_parse(struct span text, enum key_kind *out);
const char *csr_usage_name(enum csr_usage usage); /* "both" */
bool csr_usage_parse(struct span text, enum csr_usage *out);
/* May a certificate of such a key be used so?  Ed25519 only signs. */
bool csr_usage_fits(enum key_kind kind, enum csr_usage usage);

/* Append a new private key as PKCS #8 in PEM.  STATUS_CRYPTO. */
enum status key_generate(enum key_kind kind, struct buf *out) MUST_CHECK;
/*
 * Append the request in DER.  addresses are normal forms (address_normal()).
 * STATUS_BAD_KEY: not a private key in PEM, or it cannot be used so;
 * STATUS_USAGE; STATUS_CRYPTO.
 */
enum status csr_build(struct span key, const struct span *addresses,
    size_t count, enum csr_usage usage, struct buf *out,
    struct note *note) MUST_CHECK;
#endif
