/* answers.c - compute responses, proofs and digests: see verbs.h */
#include <openssl/evp.h>

#include "acme/keyauth.h"
#include "acme/service.h"
#include "base/frame.h"
#include "helpers/verify/verbs.h"
#include "reply/response.h"

static enum status
add_digest(struct span message, struct buf *out)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0, i;
	struct buf hex;

	if (EVP_Digest(
		message.at, message.len, digest, &len, EVP_sha256(), NULL) != 1)
		return STATUS_CRYPTO;
	buf_init(&hex, 2 * EVP_MAX_MD_SIZE);
	for (i = 0; i < len; i++)
		buf_addf(&hex, "%02x", digest[i]);
	frame_add(out, "digest", buf_span(&hex));
	buf_clear(&hex);
	return STATUS_OK;
}

enum status
do_digest(struct span frames, struct buf *out, struct note *note)
{
	enum status status = STATUS_OK;
	struct span rest = frames, message;

	(void)note;
	while (status == STATUS_OK && frame_next(&rest, "message", &message))
		status = add_digest(message, out);
	return status;
}

enum status
do_response(struct span frames, struct buf *out, struct note *note)
{
	struct response response;
	enum token_join join;
	enum status status;

	(void)note;
	if (!token_join_parse(frame_get(frames, "join"), &join))
		return STATUS_USAGE;
	status = response_compute(frame_get(frames, "part1"),
	    frame_get(frames, "part2"), frame_get(frames, "thumbprint"), join,
	    &response);
	if (status == STATUS_OK)
		frame_add(out, "digest", span_of(response.digest));
	return status;
}

enum status
do_proof(struct span frames, struct buf *out, struct note *note)
{
	const struct span token = frame_get(frames, "token");
	const struct span thumbprint = frame_get(frames, "thumbprint");
	struct span rest = frames, suffix;
	char value[SERVICE_VALUE_SIZE];
	enum status status = STATUS_OK;
	size_t count = 0;

	(void)note;
	while (status == STATUS_OK && frame_next(&rest, "suffix", &suffix)) {
		status = keyauth_digest(token, thumbprint, suffix, value);
		if (status == STATUS_OK)
			frame_add(out, "value", span_of(value));
		count++;
	}
	if (count > 0)
		return status;
	status = keyauth_digest(token, thumbprint, SPAN(""), value);
	if (status == STATUS_OK)
		frame_add(out, "value", span_of(value));
	return status;
}
