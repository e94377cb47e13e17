/* verdict.c - what the verifier says of a sender, as frames: see verdict.h */
#include "reply/verdict.h"

#include <stddef.h>
#include <string.h>

#include "base/frame.h"

#define FIELD(kind, name, type, field)                                         \
	{                                                                      \
		name, kind, offsetof(type, field), sizeof(((type *)0)->field), \
		    0, 0                                                       \
	}
#define A(kind, name, field) FIELD(kind, name, struct authres_proof, field)
#define C(kind, name, field) \
	FIELD(kind, name, struct protected, challenge.field)

static const struct frame_field authres_fields[] = {
	A(FRAME_U32, "method", method),
	A(FRAME_U32, "dns", dns),
	A(FRAME_U32, "weak", weak),
	A(FRAME_U32, "protection", protection),
	A(FRAME_TEXT, "domain", domain),
	A(FRAME_TEXT, "signer", signer),
	A(FRAME_TEXT, "issuer", issuer),
};

/* Each list of texts has a count of its own. */
struct protected
{
	struct challenge challenge;
	uint32_t written;
};

static const struct frame_field challenge_fields[] = {
	C(FRAME_TEXT, "claimed-from", claimed_from),
	C(FRAME_TEXT, "claimed-from-written", claimed_from_written),
	C(FRAME_TEXT, "claimed-to", claimed_to),
	{ "reply-to", FRAME_TEXTS,
	    offsetof(struct protected, challenge.reply_to), ADDRESS_SIZE,
	    REPLY_TO_MAX,
	    offsetof(struct protected, challenge.reply_to_count) },
	{ "reply-to-written", FRAME_TEXTS,
	    offsetof(struct protected, challenge.reply_to_written),
	    ADDRESS_SIZE, REPLY_TO_MAX, offsetof(struct protected, written) },
	C(FRAME_TEXT, "part1", part1),
	C(FRAME_TEXT, "message-id", message_id),
	C(FRAME_TEXT, "references", references),
	C(FRAME_TEXT, "from-shown", from_shown),
	C(FRAME_TEXT, "subject-shown", subject_shown),
	C(FRAME_TEXT, "date-shown", date_shown),
	C(FRAME_I64, "date", date),
	C(FRAME_I64, "delivered", delivered),
	C(FRAME_U32, "warnings", warnings),
	C(FRAME_U32, "type-acme", type_acme),
	C(FRAME_U32, "has-reply-to", has_reply_to),
};

enum {
	AUTHRES_FIELDS = sizeof(authres_fields) / sizeof(*authres_fields),
	CHALLENGE_FIELDS = sizeof(challenge_fields) / sizeof(*challenge_fields)
};

void
verdict_write(const struct authres_verdict *verdict, struct buf *out)
{
	struct protected protected;

	frame_add_fields(out, &verdict->proof, authres_fields, AUTHRES_FIELDS);
	if (verdict->proof.method != AUTHRES_SMIME)
		return;
	protected = (struct protected){ verdict->challenge,
		verdict->challenge.reply_to_count };
	frame_add_fields(out, &protected, challenge_fields, CHALLENGE_FIELDS);
}

bool
verdict_read(struct span frames, struct authres_verdict *out)
{
	struct protected protected = { .written = 0 };

	out->proof = (struct authres_proof){ .method = 0 };
	out->challenge = protected.challenge;
	if (!frame_take_fields(
		frames, &out->proof, authres_fields, AUTHRES_FIELDS))
		return false;
	if (out->proof.method != AUTHRES_SMIME)
		return true;
	if (!frame_take_fields(
		frames, &protected, challenge_fields, CHALLENGE_FIELDS) ||
	    protected.written != protected.challenge.reply_to_count)
		return false;
	out->challenge = protected.challenge;
	return true;
}
