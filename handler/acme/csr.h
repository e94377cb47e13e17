/*
 * csr.h - make keys and certificate signing requests (RFC 8823 section 3.3)
 *
 * PKCS #10 with subjectAltName (rfc822Name, or SmtpUTF8Mailbox of RFC 9598
 * where the local part is beyond ASCII) and keyUsage; exactly the addresses
 * that were ordered.  The subject is the first address (gpgsm takes no
 * certificate without one), or empty.  Of CSR_SERVER the "addresses" are hosts:
 * dNSName, with SRV-IDs (RFC 4985) if they are wanted.  Lives in the key holder.
 */
#ifndef ACME_CSR_H
#define ACME_CSR_H
#include "acme/key_kind.h"
#include "base/buf.h"

enum {
	CSR_ADDRESSES_MAX = 32,
	CSR_SIZE_MAX = 64 * 1024,
	CSR_NAME_MAX = 64 /* characters: ub-common-name (RFC 5280) */
};

/* What is asked for. */
struct csr_form {
	enum csr_usage usage;
	bool address_subject; /* commonName is the first address, if it fits */
	bool eku; /* extendedKeyUsage emailProtection, or serverAuth */
	const struct span *srv; /* "_imaps.example.org": borrowed */
	size_t srvs;
};

/* Append a new private key as PKCS #8 in PEM.  STATUS_CRYPTO. */
enum status key_generate(enum key_kind kind, struct buf *out) MUST_CHECK;
/* Append a private key in PEM as PKCS #8, encrypted (RFC 8018: PBES2 with
 * PBKDF2 and AES-256-CBC) where there is a passphrase.  STATUS_BAD_KEY,
 * STATUS_CRYPTO. */
enum status key_lock(
    struct span pem, struct span passphrase, struct buf *out) MUST_CHECK;
/* Append it unencrypted.  STATUS_BAD_KEY with a note: not a private key, or
 * the wrong passphrase. */
enum status key_unlock(struct span pem, struct span passphrase, struct buf *out,
    struct note *note) MUST_CHECK;
bool key_is_locked(struct span pem);
/* Append the SubjectPublicKeyInfo of a private key in DER.  STATUS_BAD_KEY. */
enum status key_public(
    struct span key, struct buf *out, struct note *note) MUST_CHECK;
/*
 * Append the request in DER.  addresses are normal forms (address_normal()), or
 * hosts in lower case.
 * STATUS_BAD_KEY: not a private key in PEM, or not for that usage;
 * STATUS_USAGE; STATUS_CRYPTO.
 */
enum status csr_build(struct span key, const struct span *addresses,
    size_t count, const struct csr_form *form, struct buf *out,
    struct note *note) MUST_CHECK;
#endif
