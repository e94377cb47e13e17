/* jwk.c - JSON Web Keys: see jwk.h.  Input: the user's own key file. */
#include "acme/jwk.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#include "base/base64url.h"
#include "base/json.h"

enum { RSA_BITS_MIN = 2048, RSA_BITS_MAX = 8192, JWK_MEMBER_MAX = 1400 };

static const struct curve {
	const char *group; /* OpenSSL's name */
	const char *crv;   /* RFC 7518 section 6.2.1.1, RFC 8037 section 2 */
	size_t octets;
} curves[] = {
	{ "prime256v1", "P-256", 32 },
	{ "secp384r1", "P-384", 48 },
	{ "secp521r1", "P-521", 66 },
	{ "ED25519", "Ed25519", 32 },
	{ "ED448", "Ed448", 57 },
};
enum { CURVES = 5, FIRST_OKP = 3 };

/* RFC 7638 section 3: the required members, sorted, no white space. */
static enum status
write_ec(
    const struct curve *curve, struct span x, struct span y, struct buf *out)
{
	buf_addf(out, "{\"crv\":\"%s\",\"kty\":\"%s\",\"x\":\"", curve->crv,
	    y.len > 0 ? "EC" : "OKP");
	buf_add(out, x);
	if (y.len > 0) {
		buf_add_text(out, "\",\"y\":\"");
		buf_add(out, y);
	}
	buf_add_text(out, "\"}");
	return buf_status(out);
}

static enum status
write_rsa(struct span n, struct span e, struct buf *out)
{
	buf_add_text(out, "{\"e\":\"");
	buf_add(out, e);
	buf_add_text(out, "\",\"kty\":\"RSA\",\"n\":\"");
	buf_add(out, n);
	buf_add_text(out, "\"}");
	return buf_status(out);
}

/* Append a number of the key as base64url; `octets` 0: no leading zeros, else
 * padded to that size (RFC 7518 sections 6.2.1.2 and 6.3.1.1). */
static enum status
add_number(EVP_PKEY *key, const char *name, size_t octets, struct buf *out)
{
	unsigned char raw[RSA_BITS_MAX / 8];
	BIGNUM *number = NULL;
	enum status status = STATUS_CRYPTO;
	int len;

	if (EVP_PKEY_get_bn_param(key, name, &number) != 1)
		return STATUS_CRYPTO;
	len = octets > 0 ? (int)octets : BN_num_bytes(number);
	if (len <= (int)sizeof(raw) && BN_bn2binpad(number, raw, len) == len) {
		base64url_encode(
		    out, (struct span){ (const char *)raw, (size_t)len });
		status = buf_status(out);
	}
	BN_free(number);
	return status;
}

static enum status
public_of_ec(EVP_PKEY *key, struct buf *out, struct note *note)
{
	struct buf x, y;
	char group[64];
	enum status status = STATUS_BAD_KEY;
	size_t i;

	buf_init(&x, JWK_MEMBER_MAX);
	buf_init(&y, JWK_MEMBER_MAX);
	if (EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) != 1)
		group[0] = '\0';
	for (i = 0; i < FIRST_OKP; i++)
		if (strcmp(group, curves[i].group) == 0)
			break;
	if (i == FIRST_OKP)
		(void)note_set(note, status,
		    "the account key's curve has no ACME signature algorithm");
	else if ((status = add_number(key, OSSL_PKEY_PARAM_EC_PUB_X,
		      curves[i].octets, &x)) == STATUS_OK &&
	    (status = add_number(key, OSSL_PKEY_PARAM_EC_PUB_Y,
		 curves[i].octets, &y)) == STATUS_OK)
		status = write_ec(&curves[i], buf_span(&x), buf_span(&y), out);
	buf_clear(&x);
	buf_clear(&y);
	return status;
}

static enum status
public_of_okp(EVP_PKEY *key, const struct curve *curve, struct buf *out)
{
	unsigned char raw[64];
	size_t len = sizeof(raw);
	struct buf x;
	enum status status = STATUS_CRYPTO;

	buf_init(&x, JWK_MEMBER_MAX);
	if (EVP_PKEY_get_raw_public_key(key, raw, &len) == 1 &&
	    len == curve->octets) {
		base64url_encode(&x, (struct span){ (const char *)raw, len });
		status = write_ec(curve, buf_span(&x), SPAN(""), out);
	}
	buf_clear(&x);
	return status;
}

static enum status
public_of_rsa(EVP_PKEY *key, struct buf *out, struct note *note)
{
	const int bits = EVP_PKEY_get_bits(key);
	struct buf n, e;
	enum status status;

	if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX)
		return note_set(note, STATUS_BAD_KEY,
		    "an RSA account key must have %d to %d bits; this one has "
		    "%d",
		    RSA_BITS_MIN, RSA_BITS_MAX, bits);
	buf_init(&n, JWK_MEMBER_MAX);
	buf_init(&e, JWK_MEMBER_MAX);
	status = add_number(key, OSSL_PKEY_PARAM_RSA_N, 0, &n);
	if (status == STATUS_OK)
		status = add_number(key, OSSL_PKEY_PARAM_RSA_E, 0, &e);
	if (status == STATUS_OK)
		status = write_rsa(buf_span(&n), buf_span(&e), out);
	buf_clear(&n);
	buf_clear(&e);
	return status;
}

/* An encrypted key is for the key holder with its passphrase; the thumbprint
 * alone does not need the private half. */
static int
no_passphrase(char *out, int size, int writing, void *arg)
{
	(void)out;
	(void)size;
	(void)writing;
	*(bool *)arg = true;
	return -1;
}

/* The only key of a file; several: it has others, and nobody says which one
 * the account has. */
static EVP_PKEY *
read_pem(struct span text, bool *encrypted, bool *several)
{
	EVP_PKEY *key = NULL, *next = NULL;
	BIO *bio;

	if ((bio = BIO_new_mem_buf(text.at, (int)text.len)) == NULL)
		return NULL;
	key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, encrypted);
	if (key != NULL)
		next =
		    PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, several);
	else if (BIO_reset(bio) == 1)
		key = PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, encrypted);
	if (next != NULL && EVP_PKEY_eq(key, next) != 1)
		*several = true;
	EVP_PKEY_free(next);
	BIO_free(bio);
	return key;
}

static enum status
public_of_pem(struct span text, struct buf *out, struct note *note)
{
	bool encrypted = false, several = false;
	EVP_PKEY *key = read_pem(text, &encrypted, &several);
	enum status status;

	if (key == NULL)
		return note_set(note, STATUS_BAD_KEY,
		    encrypted
			? "the account key is encrypted; decrypt it, or "
			  "give its --thumbprint"
			: "the account key is neither a PEM key nor a JWK");
	if (several)
		status = note_set(note, STATUS_BAD_KEY,
		    "the file holds several keys; give one with the account "
		    "key alone");
	else if (EVP_PKEY_is_a(key, "RSA"))
		status = public_of_rsa(key, out, note);
	else if (EVP_PKEY_is_a(key, "EC"))
		status = public_of_ec(key, out, note);
	else if (EVP_PKEY_is_a(key, "ED25519"))
		status = public_of_okp(key, &curves[FIRST_OKP], out);
	else if (EVP_PKEY_is_a(key, "ED448"))
		status = public_of_okp(key, &curves[FIRST_OKP + 1], out);
	else
		status = note_set(note, STATUS_BAD_KEY,
		    "the account key is not EC, Ed25519, Ed448 or RSA");
	EVP_PKEY_free(key);
	return status;
}

/* A member that is base64url, unpadded (RFC 7515 section 2), of that many
 * octets (0: any). */
static bool
get_member(const struct json *json, const char *name, size_t octets, char *out)
{
	struct span text;

	if (json_get_text(json, name, out, JWK_MEMBER_MAX) != STATUS_OK)
		return false;
	text = span_of(out);
	return text.len > 0 && !span_has_byte(text, '=') &&
	    base64url_is_text(text) &&
	    (octets == 0 || base64url_octets(text) == octets);
}

static enum status
public_of_json(const struct json *json, struct buf *out, struct note *note)
{
	char kty[8], crv[16], first[JWK_MEMBER_MAX], second[JWK_MEMBER_MAX];
	bool ec;
	size_t i;

	if (json_get_text(json, "kty", kty, sizeof(kty)) != STATUS_OK)
		return note_set(note, STATUS_BAD_KEY, "the JWK has no kty");
	if (strcmp(kty, "RSA") == 0) {
		if (!get_member(json, "n", 0, first) ||
		    !get_member(json, "e", 0, second) || first[0] == 'A' ||
		    base64url_octets(span_of(first)) < RSA_BITS_MIN / 8)
			return note_set(note, STATUS_BAD_KEY,
			    "n or e of the JWK is missing or malformed");
		return write_rsa(span_of(first), span_of(second), out);
	}
	ec = strcmp(kty, "EC") == 0;
	if ((!ec && strcmp(kty, "OKP") != 0) ||
	    json_get_text(json, "crv", crv, sizeof(crv)) != STATUS_OK)
		return note_set(
		    note, STATUS_BAD_KEY, "the JWK is neither EC, OKP nor RSA");
	for (i = ec ? 0 : FIRST_OKP; i < (ec ? FIRST_OKP : CURVES); i++)
		if (strcmp(crv, curves[i].crv) == 0)
			break;
	second[0] = '\0';
	if (i == (ec ? FIRST_OKP : CURVES) ||
	    !get_member(json, "x", curves[i].octets, first) ||
	    (ec && !get_member(json, "y", curves[i].octets, second)))
		return note_set(note, STATUS_BAD_KEY,
		    "crv, x or y of the JWK is missing or malformed");
	return write_ec(&curves[i], span_of(first), span_of(second), out);
}

enum status
jwk_public(struct span key, struct buf *out, struct note *note)
{
	struct json *json = NULL;
	enum status status;

	if (json_parse(key, &json) != STATUS_OK)
		return public_of_pem(key, out, note);
	status = public_of_json(json, out, note);
	json_free(json);
	return status;
}

enum status
jwk_thumbprint(struct span key, struct buf *out, struct note *note)
{
	unsigned char digest[32];
	unsigned length = 0;
	enum status status;
	struct buf json;

	buf_init(&json, JWK_SIZE_MAX);
	status = jwk_public(key, &json, note);
	if (status == STATUS_OK &&
	    EVP_Digest(
		json.at, json.len, digest, &length, EVP_sha256(), NULL) != 1)
		status = STATUS_CRYPTO;
	buf_clear(&json);
	if (status != STATUS_OK)
		return status;
	base64url_encode(out, (struct span){ (const char *)digest, length });
	return buf_status(out);
}
