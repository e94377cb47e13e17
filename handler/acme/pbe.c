/*
 * pbe.c - limit and spell what password based encryption takes: see bundle_p.h
 *
 * Input: hostile.
 */
#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <stdint.h>

#include "acme/bundle_p.h"
#include "acme/pkcs12.h"
#include "base/text.h"

/* N * r * p; OpenSSL's usual choice is 2^17. */
enum { SCRYPT_WORK_MAX = 1 << 22 };

/* The ciphers, and whether they are broken. */
static const struct {
	int nid;
	bool weak;
} known[] = {
	{ NID_pbe_WithSHA1And3_Key_TripleDES_CBC, false },
	{ NID_pbe_WithSHA1And2_Key_TripleDES_CBC, false },
	{ NID_pbe_WithSHA1And128BitRC2_CBC, true },
	{ NID_pbe_WithSHA1And40BitRC2_CBC, true },
	{ NID_pbe_WithSHA1And128BitRC4, true },
	{ NID_pbe_WithSHA1And40BitRC4, true },
	{ NID_pbeWithSHA1AndDES_CBC, true },
	{ NID_pbeWithSHA1AndRC2_CBC, true },
	{ NID_pbeWithMD5AndDES_CBC, true },
	{ NID_pbeWithMD5AndRC2_CBC, true },
	{ NID_des_ede3_cbc, false },
	{ NID_aes_128_cbc, false },
	{ NID_aes_192_cbc, false },
	{ NID_aes_256_cbc, false },
	{ NID_camellia_128_cbc, false },
	{ NID_camellia_192_cbc, false },
	{ NID_camellia_256_cbc, false },
	{ NID_des_cbc, true },
	{ NID_rc2_cbc, true },
	{ NID_rc2_40_cbc, true },
};

static enum status
check_cipher(const struct bundle_library *library, int nid,
    struct bundle *bundle, struct note *note)
{
	const size_t count = sizeof(known) / sizeof(*known);
	size_t i;

	for (i = 0; i < count; i++)
		if (known[i].nid == nid)
			break;
	if (i == count)
		return note_set(note, STATUS_BAD_FILE,
		    "it is encrypted by a method that mailcert does not know");
	if (!known[i].weak)
		return STATUS_OK;
	if (library->legacy == NULL)
		return note_set(note, STATUS_BAD_FILE,
		    "it is encrypted with RC2, RC4 or DES, and OpenSSL cannot "
		    "load its legacy provider (legacy.so); install that, or "
		    "convert the file elsewhere");
	bundle_warn(bundle,
	    "its encryption is weak (RC2, RC4 or DES): anybody who has the "
	    "file can read it; delete it");
	return STATUS_OK;
}

static enum status
spend(int64_t amount, int64_t *iterations, struct note *note)
{
	if (amount < 0 || amount > *iterations)
		return note_set(note, STATUS_BAD_FILE,
		    "its key derivation asks for more than %d iterations",
		    PKCS12_ITERATIONS_MAX);
	*iterations -= amount;
	return STATUS_OK;
}

/* A number of iterations; -1: it is too large to be one. */
static int64_t
number_of(const ASN1_INTEGER *number)
{
	int64_t value = -1;

	return ASN1_INTEGER_get_int64(&value, number) == 1 && value >= 0 ? value
									 : -1;
}

static enum status
check_scrypt(const ASN1_TYPE *parameter, struct note *note)
{
	SCRYPT_PARAMS *scrypt =
	    ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(SCRYPT_PARAMS), parameter);
	int64_t n, r, p;
	bool good = false;

	if (scrypt != NULL) {
		n = number_of(scrypt->costParameter);
		r = number_of(scrypt->blockSize);
		p = number_of(scrypt->parallelizationParameter);
		good = n > 0 && r > 0 && p > 0 && n <= SCRYPT_WORK_MAX &&
		    r <= SCRYPT_WORK_MAX && p <= SCRYPT_WORK_MAX &&
		    n * r <= SCRYPT_WORK_MAX && n * r * p <= SCRYPT_WORK_MAX;
	}
	SCRYPT_PARAMS_free(scrypt);
	return good ? STATUS_OK
		    : note_set(note, STATUS_BAD_FILE,
			  "its key derivation (scrypt) asks for too much work");
}

/* RFC 8018 appendix A.2. */
static enum status
check_derivation(
    const X509_ALGOR *derivation, int64_t *iterations, struct note *note)
{
	const int nid = OBJ_obj2nid(derivation->algorithm);
	PBKDF2PARAM *parameters;
	enum status status;

	if (nid == NID_id_scrypt)
		return check_scrypt(derivation->parameter, note);
	parameters = nid == NID_id_pbkdf2
	    ? ASN1_TYPE_unpack_sequence(
		  ASN1_ITEM_rptr(PBKDF2PARAM), derivation->parameter)
	    : NULL;
	status = parameters != NULL
	    ? spend(number_of(parameters->iter), iterations, note)
	    : note_set(note, STATUS_BAD_FILE,
		  "its key derivation is one that mailcert does not know");
	PBKDF2PARAM_free(parameters);
	return status;
}

/* RFC 8018 appendix A.4. */
static enum status
check_pbes2(const struct bundle_library *library, const ASN1_TYPE *parameter,
    int64_t *iterations, struct bundle *bundle, struct note *note)
{
	PBE2PARAM *scheme =
	    ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), parameter);
	enum status status = note_set(
	    note, STATUS_BAD_FILE, "its encryption has malformed parameters");

	if (scheme != NULL)
		status = check_derivation(scheme->keyfunc, iterations, note);
	if (status == STATUS_OK)
		status = check_cipher(library,
		    OBJ_obj2nid(scheme->encryption->algorithm), bundle, note);
	PBE2PARAM_free(scheme);
	return status;
}

enum status
pbe_check(const struct bundle_library *library, const X509_ALGOR *algorithm,
    int64_t *iterations, struct bundle *bundle, struct note *note)
{
	const ASN1_OBJECT *method = NULL;
	PBEPARAM *parameters;
	enum status status;
	int nid;

	if (algorithm != NULL)
		X509_ALGOR_get0(&method, NULL, NULL, algorithm);
	nid = method != NULL ? OBJ_obj2nid(method) : NID_undef;
	if (nid == NID_pbes2)
		return check_pbes2(
		    library, algorithm->parameter, iterations, bundle, note);
	if ((status = check_cipher(library, nid, bundle, note)) != STATUS_OK)
		return status;
	parameters = ASN1_TYPE_unpack_sequence(
	    ASN1_ITEM_rptr(PBEPARAM), algorithm->parameter);
	status = parameters != NULL
	    ? spend(number_of(parameters->iter), iterations, note)
	    : note_set(note, STATUS_BAD_FILE,
		  "its encryption has malformed parameters");
	PBEPARAM_free(parameters);
	ERR_clear_error();
	return status;
}

/* Each octet as a character. */
static void
from_latin1(struct span text, struct buf *out)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		utf8_add(out, (unsigned char)text.at[i]);
}

/* False: it is not UTF-8, or goes beyond Latin-1. */
static bool
to_latin1(struct span text, struct buf *out)
{
	uint32_t c;

	while (text.len > 0) {
		if (!utf8_take(&text, &c) || c > 0xff)
			return false;
		buf_add_byte(out, (char)c);
	}
	return true;
}

enum status
bundle_spell(struct span passphrase, struct spellings *out)
{
	enum status status = STATUS_OK;
	size_t i;

	for (i = 0; i < SPELLINGS_MAX; i++)
		buf_init(&out->at[i], 2 * passphrase.len + 1);
	buf_add(&out->at[0], passphrase);
	out->count = 1;
	if (!span_is_ascii(passphrase)) {
		from_latin1(passphrase, &out->at[out->count++]);
		if (to_latin1(passphrase, &out->at[out->count]))
			out->count++;
	}
	for (i = 0; i < out->count && status == STATUS_OK; i++)
		status = buf_status(&out->at[i]);
	if (status != STATUS_OK)
		bundle_unspell(out);
	return status;
}

void
bundle_unspell(struct spellings *spellings)
{
	size_t i;

	for (i = 0; i < SPELLINGS_MAX; i++)
		buf_wipe(&spellings->at[i]);
	spellings->count = 0;
}
