/* fuzz_challenge.c - reply/challenge: what it accepts, its checker accepts */
#include "fuzz.h"
#include "reply/challenge.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct challenge_rules strict = { .auto_submitted = true };
	const struct challenge_rules relaxed = { .auto_submitted = false };
	const struct span text = { (const char *)data, size };
	static struct challenge challenge;
	struct note note = { "" };

	if (challenge_parse(text, &strict, &challenge, &note) == STATUS_OK) {
		assert(challenge_ok(&challenge));
		assert(challenge_is_one(text, &strict));
	}
	if (challenge_parse(text, &relaxed, &challenge, &note) == STATUS_OK)
		assert(challenge_ok(&challenge));
	(void)challenge_is_one(text, &relaxed);
	return 0;
}
