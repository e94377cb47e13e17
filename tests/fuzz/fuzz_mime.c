/* fuzz_mime.c - mail/mime, mail/mbox: ranges, nesting, decoding */
#include "fuzz.h"
#include "mail/mbox.h"
#include "mail/mime.h"

static void
check(struct span text)
{
	static struct mime mime;
	struct buf out;
	size_t i;

	if (mime_walk(text, &mime) != STATUS_OK)
		abort();
	assert(mime.count >= 1 && mime.count <= MIME_PARTS_MAX);
	for (i = 0; i < mime.count; i++) {
		const struct part *part = &mime.part[i];

		assert(within(part->header, text) && within(part->body, text));
		assert(within(part->type, text));
		assert(part->depth < MIME_DEPTH_MAX);
		assert(i == 0 || part->header.at >= mime.part[i - 1].header.at);
		buf_init(&out, part->body.len + 1);
		if (part_decode(part, &out) == STATUS_OK)
			assert(out.len <= part->body.len);
		buf_clear(&out);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span text = { (const char *)data, size };
	struct span rest = text, message;

	check(text);
	while (mbox_take(&rest, &message)) {
		assert(within(message, text) && within(rest, text));
		check(message);
	}
	return 0;
}
