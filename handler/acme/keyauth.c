/* keyauth.c - see keyauth.h.  Input: the token is the CA's, the rest ours. */
#include "acme/keyauth.h"

#include <openssl/evp.h>

#include "acme/token.h"
#include "base/base64url.h"

enum { SUFFIX_MAX = 64 };

enum status
keyauth_digest(struct span token, struct span thumbprint, struct span suffix,
    char out[SERVICE_VALUE_SIZE])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	enum status status = STATUS_CRYPTO;
	struct buf text, value;
	unsigned len = 0;

	if (!token_part_ok(token, TOKEN_PART2_MIN) || span_has_byte(token, '='))
		return STATUS_BAD_TOKEN;
	if (thumbprint.len != THUMBPRINT_LEN || !base64url_is_text(thumbprint))
		return STATUS_BAD_THUMBPRINT;
	buf_init(&text, TOKEN_TEXT_SIZE + THUMBPRINT_LEN + SUFFIX_MAX);
	buf_init(&value, SERVICE_VALUE_SIZE);
	buf_add(&text, token);
	buf_add_byte(&text, '.');
	buf_add(&text, thumbprint);
	buf_add(&text, suffix);
	if (buf_status(&text) != STATUS_OK)
		status = buf_status(&text);
	else if (EVP_Digest(text.at, text.len, digest, &len, EVP_sha256(),
		     NULL) == 1) {
		base64url_encode(
		    &value, (struct span){ (const char *)digest, len });
		status = buf_status(&value);
	}
	if (status == STATUS_OK &&
	    !span_copy(buf_span(&value), out, SERVICE_VALUE_SIZE))
		status = STATUS_CRYPTO;
	buf_clear(&value);
	buf_clear(&text);
	return status;
}
