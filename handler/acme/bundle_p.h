/* bundle_p.h - what bundle.c and pkcs12.c share */
#ifndef ACME_BUNDLE_P_H
#define ACME_BUNDLE_P_H
#include <stdint.h>

#include "acme/bundle.h"

struct evp_pkey_st;
struct X509_algor_st;
struct ossl_lib_ctx_st;
struct ossl_provider_st;
struct x509_st;

struct bundle_library {
	struct ossl_lib_ctx_st *context; /* owned, as the providers are */
	struct ossl_provider_st *basic;
	struct ossl_provider_st *legacy; /* NULL: it cannot be loaded */
};

/* Add one, unless the bundle has it.  A key that mailcert cannot use is a
 * warning.  STATUS_BAD_FILE with a note: too many. */
enum status bundle_add_key(struct bundle *bundle, struct evp_pkey_st *key,
    bool locked, struct note *note) MUST_CHECK;
enum status bundle_add_certificate(struct bundle *bundle,
    struct x509_st *certificate, struct note *note) MUST_CHECK;
void bundle_warn(struct bundle *bundle, const char *what);

/* Read the length of the outermost sequence of a DER file, with its head.
 * False: the length is indefinite (BER), or there is no sequence. */
bool der_length(struct span file, size_t *out);
/* STATUS_BAD_FILE with a note: the file is shorter than that. */
enum status der_whole(struct span file, struct note *note) MUST_CHECK;

/*
 * Check that mailcert can decrypt this password based encryption, and with
 * bounded work: subtract its iterations from *iterations.  A weak cipher is a
 * warning.  STATUS_BAD_FILE with a note.
 */
enum status pbe_check(const struct bundle_library *library,
    const struct X509_algor_st *algorithm, int64_t *iterations,
    struct bundle *bundle, struct note *note) MUST_CHECK;

/*
 * The octets that a passphrase may stand for, since programs differ: as typed;
 * read as Latin-1 and written in UTF-8; read as UTF-8 and written in Latin-1.
 */
enum { SPELLINGS_MAX = 3 };
struct spellings {
	struct buf at[SPELLINGS_MAX]; /* owned; bundle_unspell() wipes them */
	size_t count;
};
enum status bundle_spell(
    struct span passphrase, struct spellings *out) MUST_CHECK;
void bundle_unspell(struct spellings *spellings);
#endif
