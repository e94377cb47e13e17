/*
 * response.c - the response digest: see response.h
 *
 * Input: part1 hostile, the rest ours.
 */
#include "reply/response.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/base64url.h"
#include "base/buf.h"

/* token-part1 || token-part2, in the CA's reading. */
static enum status
add_token(
    struct buf *out, struct span part1, struct span part2, enum token_join join)
{
	struct buf octets;
	enum status status;

	if (join == TOKEN_JOIN_STRING) {
		buf_add(out, part1);
		buf_add(out, part2);
		return buf_status(out);
	}
	buf_init(&octets, (size_t)2 * TOKEN_PART_MAX);
	status = base64url_decode(&octets, part1);
	if (status == STATUS_OK)
		status = base64url_decode(&octets, part2);
	if (status == STATUS_OK)
		base64url_encode(out, buf_span(&octets));
	buf_clear(&octets);
	return status == STATUS_OK ? buf_status(out) : status;
}

/* The digest, by two paths of libcrypto: what goes out cannot be taken back,
 * so a fault of memory or library must not pass. */
static enum status
digest_twice(struct span keyauth, unsigned char digest[32])
{
	unsigned char again[32];
	EVP_MD_CTX *sha256 = EVP_MD_CTX_new();
	unsigned length = 0;
	enum status status = STATUS_CRYPTO;
	size_t i;

	if (sha256 == NULL ||
	    EVP_DigestInit_ex(sha256, EVP_sha256(), NULL) != 1)
		goto out;
	for (i = 0; i < keyauth.len; i++)
		if (EVP_DigestUpdate(sha256, keyauth.at + i, 1) != 1)
			goto out;
	if (EVP_DigestFinal_ex(sha256, digest, NULL) != 1 ||
	    EVP_Digest(keyauth.at, keyauth.len, again, &length, EVP_sha256(),
		NULL) != 1 ||
	    length != sizeof(again) ||
	    memcmp(digest, again, sizeof(again)) != 0)
		goto out;
	status = STATUS_OK;
out:
	EVP_MD_CTX_free(sha256);
	return status;
}

enum status
response_compute(struct span part1, struct span part2, struct span thumbprint,
    enum token_join join, struct response *out)
{
	struct buf keyauth, text;
	unsigned char digest[32];
	char bare[THUMBPRINT_SIZE];
	enum status status;

	/* Whoever gave part2 has judged its length. */
	if (!token_part_ok(part1, TOKEN_PART1_MIN) || !token_part_ok(part2, 1))
		return STATUS_BAD_TOKEN;
	if (!thumbprint_take(thumbprint, bare))
		return STATUS_BAD_THUMBPRINT;
	part2 = base64url_trim_pad(part2);
	buf_init(&keyauth, (size_t)3 * TOKEN_PART_MAX);
	buf_init(&text, SHA256_TEXT_LEN);
	status = add_token(&keyauth, part1, part2, join);
	if (status != STATUS_OK)
		goto out;
	buf_add_byte(&keyauth, '.');
	buf_add_text(&keyauth, bare);
	if ((status = buf_status(&keyauth)) != STATUS_OK ||
	    (status = digest_twice(buf_span(&keyauth), digest)) != STATUS_OK)
		goto out;
	base64url_encode(
	    &text, (struct span){ (const char *)digest, sizeof(digest) });
	if ((status = buf_status(&text)) == STATUS_OK &&
	    !span_copy(buf_span(&text), out->digest, sizeof(out->digest)))
		status = STATUS_CRYPTO;
out:
	buf_clear(&text);
	buf_clear(&keyauth);
	return status;
}
