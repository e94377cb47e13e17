/* fuzz_dkim_tags.c - mail/dkim and reply/authres: tag lists, signatures, and
 * what of a whole message would be asked of the DNS */
#include <string.h>

#include "fuzz.h"
#include "mail/dkim.h"
#include "reply/authres.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct header header;
	const struct span text = { (const char *)data, size };
	const int64_t now = 1795320838;
	const struct authres_policy policy = {
		.by = { .method = { AUTHRES_DKIM }, .count = 1 },
		.coverage = COVERAGE_RELAXED
	};
	struct authres_query query;
	struct dkim_signature signature;
	struct dkim_evidence evidence;
	struct dkim_tags tags;
	struct note note = { "" };
	struct span name;
	char key_name[254];
	size_t i;

	if (dkim_tags_parse(text, &tags) == STATUS_OK)
		for (i = 0; i < tags.count; i++)
			assert(within(tags.name[i], text) &&
			    within(tags.value[i], text));
	header_parse(text, &header);
	for (i = 0; i < header.count && i < 20; i++) {
		if (dkim_signature_parse(
			&header.field[i], now, &signature, &note) != STATUS_OK)
			continue;
		name = signature.headers;
		assert(within(name, header.field[i].body));
		assert(dkim_covers(&signature, SPAN("From")) > 0);
		if (dkim_key_name(&signature, key_name, sizeof(key_name)) !=
		    STATUS_OK)
			continue;
		/* The input is the key record, too. */
		(void)!dkim_verify(
		    &header, &signature, header.rest, true, &evidence, &note);
	}
	if (authres_query_build(
		text, SPAN("a@ca.example"), &policy, now, &query) == STATUS_OK)
		assert(authres_query_ok(&query));
	return 0;
}
