/* fuzz_header.c - mail/header: ranges lie in the input and in order */
#include "fuzz.h"
#include "mail/header.h"
#include "mail/mbox.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct header header;
	const struct span text = { (const char *)data, size };
	const char *last = text.at;
	size_t i;

	header_parse(mbox_strip(text), &header);
	assert(within(header.raw, text) && within(header.rest, text));
	for (i = 0; i < header.count; i++) {
		const struct field *field = &header.field[i];

		assert(within(field->raw, text) && field->raw.at >= last);
		assert(within(field->name, field->raw));
		assert(within(field->body, field->raw));
		assert(field->name.len > 0);
		last = field->raw.at + field->raw.len;
	}
	if (header_is_sound(&header, NULL) == STATUS_OK)
		assert(!span_has_byte(header.raw, '\0'));
	return 0;
}
