/*
 * pkcs12.h - read and build PKCS #12 (RFC 7292)
 *
 * Browsers, the web pages of CAs and other mail programs write it: keys and
 * certificates in one encrypted file with a MAC.  A stranger may have made the
 * file, so its size, its nesting and its iterations are limited before anything
 * is computed.  Lives in the key holder.
 */
#ifndef ACME_PKCS12_H
#define ACME_PKCS12_H
#include "acme/bundle.h"

enum {
	PKCS12_ITERATIONS_MAX = 10 * 1000 * 1000, /* of a file, in all */
	PKCS12_DEPTH_MAX = 4,                     /* bags within bags */
	PKCS12_BAGS_MAX = 256
};

/*
 * Add every key and every certificate of the file to *out: all safe bags, not
 * only the first pair.  An empty passphrase is tried in both of its forms, and
 * one beyond ASCII as it was typed, in UTF-8 and in Latin-1.  Octets after the
 * end are a warning.
 *
 * STATUS_BAD_PASSPHRASE: it does not open the file; nothing can tell a wrong
 * one from damage.  STATUS_BAD_FILE with a note: the file ends too early, has
 * no MAC, wants too much work, or uses what libcrypto does not know.
 */
enum status pkcs12_read(const struct bundle_library *library, struct span file,
    struct span passphrase, struct bundle *out, struct note *note) MUST_CHECK;

/* modern: PBES2 with AES-256, HMAC with SHA-256.  compatible: Triple DES and
 * SHA-1, for programs that know nothing newer (gpgsm 2.2).  passing: as modern,
 * with few iterations, which is right only where the passphrase is random and
 * cannot be guessed. */
enum pkcs12_form { PKCS12_MODERN, PKCS12_COMPATIBLE, PKCS12_PASSING };

/*
 * Append a file with this key, its certificate and the rest of its chain.
 *
 * key		private, in PEM, not encrypted
 * chain	in PEM, the certificate of that key first
 * name		the friendly name, in UTF-8
 *
 * STATUS_USAGE: the passphrase is empty.  STATUS_BAD_KEY with a note: key or
 * chain cannot be read, or they do not belong together.  STATUS_CRYPTO.
 */
enum status pkcs12_build(struct span key, struct span chain, struct span name,
    struct span passphrase, enum pkcs12_form form, struct buf *out,
    struct note *note) MUST_CHECK;
/* Is it a chain in PEM, and whole?  STATUS_BAD_KEY with a note. */
enum status pkcs12_check_chain(struct span chain, struct note *note) MUST_CHECK;
#endif
