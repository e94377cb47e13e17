/* jws.c - signed ACME requests: see jws.h */
#include "acme/jws.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <string.h>

#include "acme/jwk.h"
#include "acme/key_p.h"
#include "acme/url.h"
#include "base/base64url.h"
#include "base/text.h"

/* What RFC 7518 section 3.1 and RFC 8037 section 3.1 call it. */
struct algorithm {
	const char *name;
	const EVP_MD *(*digest)(void); /* NULL: none beforehand */
	size_t number;                 /* octets of r and s; 0: not ECDSA */
};

static bool
find_algorithm(EVP_PKEY *key, struct algorithm *out)
{
	static const struct {
		const char *group;
		struct algorithm algorithm;
	} curves[] = {
		{ "prime256v1", { "ES256", EVP_sha256, 32 } },
		{ "secp384r1", { "ES384", EVP_sha384, 48 } },
		{ "secp521r1", { "ES512", EVP_sha512, 66 } },
	};
	char group[64] = "";
	size_t i;

	if (EVP_PKEY_is_a(key, "RSA"))
		*out = (struct algorithm){ "RS256", EVP_sha256, 0 };
	else if (EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448"))
		*out = (struct algorithm){ "EdDSA", NULL, 0 };
	else {
		(void)EVP_PKEY_get_group_name(key, group, sizeof(group), NULL);
		for (i = 0; i < 3; i++)
			if (strcmp(group, curves[i].group) == 0)
				break;
		if (i == 3)
			return false;
		*out = curves[i].algorithm;
	}
	return true;
}

/* RFC 7518 section 3.4: r and s, each padded to the size of the field. */
static enum status
add_ecdsa(const unsigned char *der, size_t len, size_t number, struct buf *out)
{
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)len);
	unsigned char raw[2 * 66];
	enum status status = STATUS_CRYPTO;

	if (pair != NULL &&
	    BN_bn2binpad(ECDSA_SIG_get0_r(pair), raw, (int)number) ==
		(int)number &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(pair), raw + number, (int)number) ==
		(int)number) {
		base64url_encode(
		    out, (struct span){ (const char *)raw, 2 * number });
		status = STATUS_OK;
	}
	ECDSA_SIG_free(pair);
	return status;
}

/* Append the signature over the signing input, in base64url. */
static enum status
add_signature(EVP_PKEY *key, const struct algorithm *algorithm,
    struct span input, struct buf *out)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	enum status status = STATUS_CRYPTO;
	unsigned char raw[1024];
	size_t len = sizeof(raw);

	if (context != NULL &&
	    EVP_DigestSignInit(context, NULL,
		algorithm->digest != NULL ? algorithm->digest() : NULL, NULL,
		key) == 1 &&
	    EVP_DigestSign(context, raw, &len, (const unsigned char *)input.at,
		input.len) == 1) {
		if (algorithm->number > 0) {
			status = add_ecdsa(raw, len, algorithm->number, out);
		} else {
			base64url_encode(
			    out, (struct span){ (const char *)raw, len });
			status = STATUS_OK;
		}
	}
	EVP_MD_CTX_free(context);
	ERR_clear_error();
	return status == STATUS_OK ? buf_status(out) : status;
}

/* {"alg":..., "kid" or "jwk":..., "nonce":..., "url":...}: exactly these
 * (RFC 8555 section 6.2), but for the services of a proof. */
static enum status
add_protected(struct span key, const char *algorithm, const struct jws *jws,
    struct buf *out, struct note *note)
{
	enum status status = STATUS_OK;

	buf_addf(out, "{\"alg\":\"%s\",", algorithm);
	if (jws->kid.len > 0) {
		buf_add_text(out, "\"kid\":");
		text_json(out, jws->kid);
	} else {
		buf_add_text(out, "\"jwk\":");
		status = jwk_public(key, out, note);
	}
	if (jws->nonce.len > 0) {
		buf_add_text(out, ",\"nonce\":");
		text_json(out, jws->nonce);
	}
	buf_add_text(out, ",\"url\":");
	text_json(out, jws->url);
	if (jws->services > 0) {
		buf_add_byte(out, ',');
		services_add_json(jws->service, jws->services, out);
	}
	buf_add_byte(out, '}');
	return status == STATUS_OK ? buf_status(out) : status;
}

/* Append {"protected":...,"payload":...,"signature":...} for a signing input
 * "protected.payload" and a signature in base64url. */
static void
add_flattened(struct buf *out, struct span input, struct span signature)
{
	const size_t dot = span_find_byte(input, '.');

	buf_add_text(out, "{\"protected\":\"");
	buf_add(out, span_cut(input, 0, dot));
	buf_add_text(out, "\",\"payload\":\"");
	buf_add(out, span_cut(input, dot + 1, input.len));
	buf_add_text(out, "\",\"signature\":\"");
	buf_add(out, signature);
	buf_add_text(out, "\"}");
}

static void
build_input(struct buf *out, struct span head, struct span payload)
{
	base64url_encode(out, head);
	buf_add_byte(out, '.');
	base64url_encode(out, payload);
}

enum status
jws_sign(
    struct span key, const struct jws *jws, struct buf *out, struct note *note)
{
	struct algorithm algorithm = { "", NULL, 0 };
	struct buf head, input, signature;
	EVP_PKEY *private_key;
	enum status status;

	if (!acme_url_ok(jws->url) ||
	    (jws->nonce.len > 0 && !acme_nonce_ok(jws->nonce)) ||
	    (jws->kid.len > 0 && !acme_url_ok(jws->kid)))
		return note_set(note, STATUS_BAD_CA,
		    "the CA sent a malformed URL or nonce");
	if ((private_key = key_read(key)) == NULL ||
	    !find_algorithm(private_key, &algorithm)) {
		EVP_PKEY_free(private_key);
		return note_set(
		    note, STATUS_BAD_KEY, "cannot sign with the account key");
	}
	buf_init(&head, JWS_SIZE_MAX);
	buf_init(&input, 2 * JWS_SIZE_MAX);
	buf_init(&signature, 2048);
	status = add_protected(key, algorithm.name, jws, &head, note);
	build_input(&input, buf_span(&head), jws->payload);
	if (status == STATUS_OK)
		status = buf_status(&input);
	if (status == STATUS_OK)
		status = add_signature(
		    private_key, &algorithm, buf_span(&input), &signature);
	if (status == STATUS_OK) {
		add_flattened(out, buf_span(&input), buf_span(&signature));
		status = buf_status(out);
	}
	buf_clear(&signature);
	buf_clear(&input);
	buf_clear(&head);
	EVP_PKEY_free(private_key);
	return status;
}

/* The CA's MAC key: base64url, or plain base64, padded or not. */
static enum status
decode_mac(struct span text, struct buf *out)
{
	enum status status;
	struct buf url;
	size_t i;

	text = base64url_trim_pad(span_trim(text));
	buf_init(&url, 1024);
	for (i = 0; i < text.len; i++)
		buf_add_byte(&url,
		    text.at[i] == '+'       ? '-'
			: text.at[i] == '/' ? '_'
					    : text.at[i]);
	status = buf_status(&url);
	if (status == STATUS_OK)
		status = base64url_decode(out, buf_span(&url));
	buf_wipe(&url);
	if (status == STATUS_MEMORY)
		return status;
	return status == STATUS_OK && out->len >= 16 ? STATUS_OK
						     : STATUS_BAD_KEY;
}

enum status
jws_bind(struct span key, struct span url, struct span kid, struct span mac_key,
    struct buf *out, struct note *note)
{
	struct buf secret, head, payload, input, signature;
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	enum status status;

	buf_init(&secret, 1024);
	buf_init(&head, 8192);
	buf_init(&payload, JWK_SIZE_MAX);
	buf_init(&input, 32 * 1024);
	buf_init(&signature, 128);
	buf_add_text(&head, "{\"alg\":\"HS256\",\"kid\":");
	text_json(&head, kid);
	buf_add_text(&head, ",\"url\":");
	text_json(&head, url);
	buf_add_byte(&head, '}');
	status = decode_mac(mac_key, &secret);
	if (status != STATUS_OK)
		(void)note_set(note, status,
		    "the key of the external account is not base64url of at "
		    "least 128 bits");
	if (status == STATUS_OK && !acme_url_ok(url))
		status = STATUS_BAD_CA;
	if (status == STATUS_OK)
		status = jwk_public(key, &payload, note);
	build_input(&input, buf_span(&head), buf_span(&payload));
	if (status == STATUS_OK)
		status = buf_status(&input);
	if (status == STATUS_OK &&
	    HMAC(EVP_sha256(), secret.at, (int)secret.len,
		(const unsigned char *)input.at, input.len, digest,
		&len) == NULL)
		status = STATUS_CRYPTO;
	if (status == STATUS_OK) {
		base64url_encode(
		    &signature, (struct span){ (const char *)digest, len });
		add_flattened(out, buf_span(&input), buf_span(&signature));
		status = buf_status(out);
	}
	buf_clear(&signature);
	buf_clear(&input);
	buf_clear(&payload);
	buf_clear(&head);
	buf_wipe(&secret);
	return status;
}

enum status
jws_roll_over(struct span old_key, struct span new_key, const struct jws *jws,
    struct buf *out, struct note *note)
{
	struct jws inner = { .url = jws->url }, outer = *jws;
	struct buf claim, signed_claim;
	enum status status;

	if (jws->kid.len == 0 || jws->nonce.len == 0)
		return STATUS_USAGE;
	buf_init(&claim, JWS_SIZE_MAX);
	buf_init(&signed_claim, JWS_SIZE_MAX);
	buf_add_text(&claim, "{\"account\":");
	text_json(&claim, jws->kid);
	buf_add_text(&claim, ",\"oldKey\":");
	status = jwk_public(old_key, &claim, note);
	buf_add_byte(&claim, '}');
	if (status == STATUS_OK)
		status = buf_status(&claim);
	inner.payload = buf_span(&claim);
	if (status == STATUS_OK)
		status = jws_sign(new_key, &inner, &signed_claim, note);
	outer.payload = buf_span(&signed_claim);
	if (status == STATUS_OK)
		status = jws_sign(old_key, &outer, out, note);
	buf_clear(&signed_claim);
	buf_clear(&claim);
	return status;
}
