/*
 * unwrap.c - recover a content-encryption key: see unwrap.h
 *
 * Input: hostile, but for the private key.
 */
#include "acme/unwrap.h"

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <string.h>

#include "acme/key_p.h"

struct named_digest {
	const char *name;
	const EVP_MD *(*digest)(void);
};
static const struct named_digest digests[] = { { "sha1", EVP_sha1 },
	{ "sha224", EVP_sha224 }, { "sha256", EVP_sha256 },
	{ "sha384", EVP_sha384 }, { "sha512", EVP_sha512 } };

struct named_wrap {
	const char *name;
	const EVP_CIPHER *(*cipher)(void);
	size_t key; /* octets */
};
static const struct named_wrap wraps[] = {
	{ "aes128", EVP_aes_128_wrap, 16 },
	{ "aes192", EVP_aes_192_wrap, 24 },
	{ "aes256", EVP_aes_256_wrap, 32 },
	{ "des3", EVP_des_ede3_wrap, 24 },
};

static const EVP_MD *
find_digest(struct span name)
{
	size_t i;

	for (i = 0; i < sizeof(digests) / sizeof(*digests); i++)
		if (span_eq(name, span_of(digests[i].name)))
			return digests[i].digest();
	return NULL;
}

static const struct named_wrap *
find_wrap(struct span name)
{
	size_t i;

	for (i = 0; i < sizeof(wraps) / sizeof(*wraps); i++)
		if (span_eq(name, span_of(wraps[i].name)))
			return &wraps[i];
	return NULL;
}

static bool
is_usable(const struct unwrap *sealed)
{
	if (sealed->wrapped.len > UNWRAP_WRAPPED_MAX ||
	    sealed->point.len > UNWRAP_POINT_MAX ||
	    sealed->info.len > UNWRAP_INFO_MAX ||
	    (sealed->length != 16 && sealed->length != 24 &&
		sealed->length != UNWRAP_KEY_MAX))
		return false;
	if (span_eq(sealed->scheme, SPAN("rsa")))
		return true;
	if (find_digest(sealed->digest) == NULL)
		return false;
	return span_eq(sealed->scheme, SPAN("oaep"))
	    ? find_digest(sealed->mask) != NULL
	    : span_eq(sealed->scheme, SPAN("ecdh")) &&
		find_wrap(sealed->wrap) != NULL;
}

/* What came out; room for all that RSA may give. */
struct opened {
	unsigned char at[UNWRAP_WRAPPED_MAX];
	size_t len; /* 0: nothing */
};

static void
open_transport(EVP_PKEY *key, const struct unwrap *sealed, struct opened *out)
{
	const bool oaep = span_eq(sealed->scheme, SPAN("oaep"));
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	size_t len = sizeof(out->at);

	if (ctx != NULL && EVP_PKEY_get_size(key) <= (int)sizeof(out->at) &&
	    EVP_PKEY_decrypt_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(
		ctx, oaep ? RSA_PKCS1_OAEP_PADDING : RSA_PKCS1_PADDING) == 1 &&
	    (!oaep ||
		(EVP_PKEY_CTX_set_rsa_oaep_md(
		     ctx, find_digest(sealed->digest)) == 1 &&
		    EVP_PKEY_CTX_set_rsa_mgf1_md(
			ctx, find_digest(sealed->mask)) == 1)) &&
	    EVP_PKEY_decrypt(ctx, out->at, &len,
		(const unsigned char *)sealed->wrapped.at,
		sealed->wrapped.len) == 1)
		out->len = len;
	EVP_PKEY_CTX_free(ctx);
}

/* The sender's point as a key on our curve; NULL: it is not on it. */
static EVP_PKEY *
read_point(EVP_PKEY *key, struct span point)
{
	EVP_PKEY *out = EVP_PKEY_new();

	if (out != NULL && EVP_PKEY_copy_parameters(out, key) == 1 &&
	    EVP_PKEY_set1_encoded_public_key(
		out, (const unsigned char *)point.at, point.len) == 1)
		return out;
	EVP_PKEY_free(out);
	return NULL;
}

/* ECDH, and the key derivation of X9.63 (RFC 5753 section 7.2). */
static bool
agree(EVP_PKEY *key, EVP_PKEY *peer, const struct unwrap *sealed,
    const struct named_wrap *wrap, unsigned char *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	void *info = OPENSSL_memdup(sealed->info.at, sealed->info.len);
	size_t len = wrap->key;
	bool good = false;

	if (ctx == NULL || info == NULL || EVP_PKEY_derive_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_ecdh_kdf_type(ctx, EVP_PKEY_ECDH_KDF_X9_63) != 1 ||
	    EVP_PKEY_CTX_set_ecdh_kdf_md(ctx, find_digest(sealed->digest)) !=
		1 ||
	    EVP_PKEY_CTX_set_ecdh_kdf_outlen(ctx, (int)wrap->key) != 1 ||
	    EVP_PKEY_CTX_set0_ecdh_kdf_ukm(ctx, info, (int)sealed->info.len) !=
		1)
		goto out;
	info = NULL; /* it belongs to ctx */
	good = EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
	    EVP_PKEY_derive(ctx, out, &len) == 1 && len == wrap->key;
out:
	OPENSSL_free(info);
	EVP_PKEY_CTX_free(ctx);
	return good;
}

static void
open_agreement(EVP_PKEY *key, const struct unwrap *sealed, struct opened *out)
{
	const struct named_wrap *wrap = find_wrap(sealed->wrap);
	EVP_PKEY *peer = read_point(key, sealed->point);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	unsigned char with[UNWRAP_KEY_MAX];
	int len = 0;

	if (ctx != NULL)
		EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	if (peer != NULL && ctx != NULL && sealed->info.len > 0 &&
	    sealed->wrapped.len <= UNWRAP_KEY_MAX + 16 &&
	    agree(key, peer, sealed, wrap, with) &&
	    EVP_DecryptInit_ex(ctx, wrap->cipher(), NULL, with, NULL) == 1 &&
	    EVP_DecryptUpdate(ctx, out->at, &len,
		(const unsigned char *)sealed->wrapped.at,
		(int)sealed->wrapped.len) == 1 &&
	    len > 0)
		out->len = (size_t)len;
	OPENSSL_cleanse(with, sizeof(with));
	EVP_CIPHER_CTX_free(ctx);
	EVP_PKEY_free(peer);
}

/* Take what was opened, or the random key that is there, without a branch. */
static void
choose(const struct opened *opened, size_t length, unsigned char *key)
{
	const unsigned char mask =
	    (unsigned char)-(unsigned char)(opened->len == length);
	size_t i;

	for (i = 0; i < length; i++)
		key[i] = (unsigned char)((opened->at[i] & mask) |
		    (key[i] & (unsigned char)~mask));
}

enum status
unwrap_key(struct span pem, const struct unwrap *sealed, struct buf *out)
{
	struct opened opened = { .len = 0 };
	unsigned char key[UNWRAP_KEY_MAX];
	EVP_PKEY *private;
	int kind;

	if (!is_usable(sealed))
		return STATUS_USAGE;
	if (RAND_bytes(key, sizeof(key)) != 1)
		return STATUS_CRYPTO;
	if ((private = key_read(pem)) == NULL)
		return STATUS_BAD_KEY;
	kind = EVP_PKEY_get_base_id(private);
	if (kind == EVP_PKEY_EC && span_eq(sealed->scheme, SPAN("ecdh")))
		open_agreement(private, sealed, &opened);
	else if (kind == EVP_PKEY_RSA && !span_eq(sealed->scheme, SPAN("ecdh")))
		open_transport(private, sealed, &opened);
	choose(&opened, (size_t)sealed->length, key);
	buf_add(
	    out, (struct span){ (const char *)key, (size_t)sealed->length });
	EVP_PKEY_free(private);
	OPENSSL_cleanse(&opened, sizeof(opened));
	OPENSSL_cleanse(key, sizeof(key));
	ERR_clear_error();
	return buf_status(out);
}
