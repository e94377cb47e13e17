/* gpg_key.c - private keys for gpg-agent: see gpg_key.h */
#include "acme/gpg_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "acme/key_p.h"

enum { NUMBER_MAX = 2048, POINT_MAX = 256 }; /* octets */

/* "1:n" and the value: lengths are decimal. */
static void
add_string(struct buf *out, struct span value)
{
	buf_addf(out, "%zu:", value.len);
	buf_add(out, value);
}

static void
add_value(struct buf *out, const char *name, struct span value)
{
	buf_add_byte(out, '(');
	add_string(out, span_of(name));
	add_string(out, value);
	buf_add_byte(out, ')');
}

/* A number is signed there: one with the top bit set gets a zero before it. */
static enum status
add_number(struct buf *out, const char *name, const BIGNUM *number)
{
	unsigned char octets[NUMBER_MAX + 1] = { 0 };
	const int len = number != NULL ? BN_num_bytes(number) : 0;
	size_t from;

	if (len == 0 || len > NUMBER_MAX ||
	    BN_bn2bin(number, octets + 1) != len)
		return STATUS_CRYPTO;
	from = (octets[1] & 0x80) != 0 ? 0 : 1;
	add_value(out, name,
	    (struct span){
		(const char *)octets + from, (size_t)len + 1 - from });
	OPENSSL_cleanse(octets, sizeof(octets));
	return STATUS_OK;
}

/* NULL: the key does not have it. */
static BIGNUM *
get_number(const EVP_PKEY *key, const char *name)
{
	BIGNUM *out = NULL;

	return EVP_PKEY_get_bn_param(key, name, &out) == 1 ? out : NULL;
}

/* The factors in the order that libgcrypt wants, p < q, and u = 1/p mod q. */
static enum status
add_factors(const EVP_PKEY *key, struct buf *out)
{
	BIGNUM *p = get_number(key, OSSL_PKEY_PARAM_RSA_FACTOR1);
	BIGNUM *q = get_number(key, OSSL_PKEY_PARAM_RSA_FACTOR2);
	BIGNUM *u = BN_secure_new(), *other;
	BN_CTX *context = BN_CTX_secure_new();
	enum status status = STATUS_CRYPTO;

	if (p == NULL || q == NULL || u == NULL || context == NULL)
		goto out;
	if (BN_cmp(p, q) > 0) {
		other = p;
		p = q;
		q = other;
	}
	BN_set_flags(p, BN_FLG_CONSTTIME);
	if (BN_mod_inverse(u, p, q, context) == NULL)
		goto out;
	status = add_number(out, "p", p);
	if (status == STATUS_OK)
		status = add_number(out, "q", q);
	if (status == STATUS_OK)
		status = add_number(out, "u", u);
out:
	BN_CTX_free(context);
	BN_clear_free(u);
	BN_clear_free(q);
	BN_clear_free(p);
	return status;
}

static enum status
add_named(const EVP_PKEY *key, const char *parameter, const char *name,
    struct buf *out)
{
	BIGNUM *number = get_number(key, parameter);
	enum status status = add_number(out, name, number);

	BN_clear_free(number);
	return status;
}

static enum status
add_rsa(const EVP_PKEY *key, struct buf *out)
{
	enum status status;

	buf_add_text(out, "(3:rsa");
	status = add_named(key, OSSL_PKEY_PARAM_RSA_N, "n", out);
	if (status == STATUS_OK)
		status = add_named(key, OSSL_PKEY_PARAM_RSA_E, "e", out);
	if (status == STATUS_OK)
		status = add_named(key, OSSL_PKEY_PARAM_RSA_D, "d", out);
	return status == STATUS_OK ? add_factors(key, out) : status;
}

static enum status
add_ec(EVP_PKEY *key, const char *curve, struct buf *out)
{
	unsigned char *point = NULL;
	size_t len;

	/* Uncompressed, unless somebody asked OpenSSL for another form. */
	if (EVP_PKEY_set_utf8_string_param(key,
		OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
		"uncompressed") != 1 ||
	    (len = EVP_PKEY_get1_encoded_public_key(key, &point)) == 0 ||
	    len > POINT_MAX) {
		OPENSSL_free(point);
		return STATUS_CRYPTO;
	}
	buf_add_text(out, "(3:ecc");
	add_value(out, "curve", span_of(curve));
	add_value(out, "q", (struct span){ (const char *)point, len });
	OPENSSL_free(point);
	return add_named(key, OSSL_PKEY_PARAM_PRIV_KEY, "d", out);
}

/* libgcrypt's name of its curve; NULL: not one of those that gpgsm takes. */
static const char *
curve_of(const EVP_PKEY *key)
{
	char group[32] = "";

	if (EVP_PKEY_is_a(key, "EC") != 1 ||
	    EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) != 1)
		return NULL;
	return strcmp(group, "prime256v1") == 0 ? "NIST P-256"
	    : strcmp(group, "secp384r1") == 0   ? "NIST P-384"
						: NULL;
}

enum status
gpg_key_write(struct span pem, struct buf *out, struct note *note)
{
	EVP_PKEY *key = key_read(pem);
	enum status status;
	const char *curve;

	if (key == NULL)
		return note_set(note, STATUS_BAD_KEY,
		    "the file does not hold a private key in PEM");
	buf_add_text(out, "(11:private-key");
	if (EVP_PKEY_is_a(key, "RSA") == 1)
		status = add_rsa(key, out);
	else if ((curve = curve_of(key)) != NULL)
		status = add_ec(key, curve, out);
	else
		status = note_set(note, STATUS_BAD_KEY,
		    "gpgsm cannot use a key of this kind");
	buf_add_text(out, "))");
	EVP_PKEY_free(key);
	ERR_clear_error();
	return status == STATUS_OK ? buf_status(out) : status;
}
