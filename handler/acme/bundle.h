/*
 * bundle.h - read the keys and certificates of a file, whatever its form
 *
 * PKCS #12, PEM with any number of blocks, or DER: a certificate, a private
 * key, or the certificates of a PKCS #7 file.  Lives in the key holder.
 */
#ifndef ACME_BUNDLE_H
#define ACME_BUNDLE_H
#include "base/buf.h"

enum {
	BUNDLE_SIZE_MAX = 1024 * 1024, /* octets of a file */
	BUNDLE_KEYS_MAX = 16,
	BUNDLE_CERTIFICATES_MAX = 32,
	BUNDLE_WARNINGS_MAX = 8,
	BUNDLE_RSA_LEAST = 1024, /* bits; below, it protects nothing */
	BUNDLE_RSA_MOST = 4096
};

struct bundle_key {
	struct buf pem;    /* PKCS #8, not encrypted */
	struct buf public; /* SubjectPublicKeyInfo, DER */
	bool locked;       /* a passphrase protected this key by itself */
};

struct bundle {
	struct bundle_key key[BUNDLE_KEYS_MAX]; /* all different */
	size_t keys;
	struct buf chain; /* the certificates in PEM, as they came */
	size_t certificates;
	struct note warning[BUNDLE_WARNINGS_MAX];
	size_t warnings;
};

/* libcrypto with the algorithms of old files (RC2, single DES), apart from
 * what everything else uses. */
struct bundle_library;

/* Loads a provider from a file, so before the sandbox.  Without that file it
 * still reads all but old files.  NULL: no memory. */
struct bundle_library *bundle_library_new(void);
void bundle_library_free(struct bundle_library *library);

void bundle_init(struct bundle *bundle);
void bundle_clear(struct bundle *bundle); /* and wipe the keys */

/*
 * Add what the file holds to *out.
 *
 * STATUS_BAD_PASSPHRASE with a note: it is encrypted, and the passphrase does
 * not open it.  STATUS_BAD_FILE with a note: it is too large, ends too early,
 * is damaged, or is of none of these forms.
 */
enum status bundle_read(const struct bundle_library *library, struct span file,
    struct span passphrase, struct bundle *out, struct note *note) MUST_CHECK;
#endif
