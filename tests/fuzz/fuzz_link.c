/* fuzz_link.c - acme/link: Link fields of a CA; origins of its URLs */
#include <string.h>

#include "acme/link.h"
#include "acme/url.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span field = { (const char *)data, size };
	const struct span origin = acme_origin(field);
	struct span rest = field;
	struct link link;
	size_t left = size + 1;

	while (link_take(&rest, &link)) {
		/* It comes to an end, and points into the field. */
		assert(rest.len < left);
		left = rest.len;
		assert(within(link.target, field));
		assert(link.rel.len == 0 || within(link.rel, field));
		assert(span_find_byte(link.target, '>') == link.target.len);
		/* An empty type is none. */
		assert(!link_has_rel(&link, SPAN("no such type, ever")));
		if (link_has_rel(&link, SPAN("next")))
			assert(link.rel.len >= 4);
	}
	assert(origin.len == 0 || within(origin, field));
	if (acme_same_origin(field, SPAN("https://ca.example/")))
		assert(span_starts_nocase(origin, SPAN("https://ca.example")));
	return 0;
}
