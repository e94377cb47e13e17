/* fuzz_chain.c - acme/chain: certificates from files that anybody wrote */
#include <string.h>

#include "acme/chain.h"
#include "base/frame.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span file = { (const char *)data, size };
	struct chain *chain = NULL;
	struct note note = { "" };
	struct span rest, value;
	size_t count = 0;
	struct buf out;

	if (chain_new(file, &chain, &note) != STATUS_OK) {
		assert(chain == NULL && note.text[0] != '\0');
		return 0;
	}
	chain_extend(chain, file);
	buf_init(&out, 4 * 1024 * 1024);
	if (chain_describe(chain, &out, &note) == STATUS_OK) {
		rest = buf_span(&out);
		while (frame_next(&rest, "certificate", &value)) {
			assert(frame_get(value, "sha1").len == 40);
			assert(frame_get(value, "sha256").len == 64);
			assert(frame_get(value, "hash").len == 8);
			assert(frame_get(value, "serial").len > 0);
			assert(span_starts(frame_get(value, "pem"),
			    SPAN("-----BEGIN CERTIFICATE-----\n")));
			count++;
		}
		assert(count > 0 && count <= CHAIN_MOST);
	}
	buf_clear(&out);
	chain_free(chain);
	return 0;
}
