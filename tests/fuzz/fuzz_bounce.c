/* fuzz_bounce.c - mail/bounce: reports that a message was not delivered */
#include "fuzz.h"
#include "mail/bounce.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span message = { (const char *)data, size };
	struct bounce bounce;

	if (bounce_parse(message, &bounce) == STATUS_OK)
		assert(bounce_ok(&bounce));
	return 0;
}
