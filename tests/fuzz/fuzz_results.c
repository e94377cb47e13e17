/* fuzz_results.c - mail/results and reply/authres_results: fields, and whole
 * headers under a trusted name */
#include <string.h>

#include "fuzz.h"
#include "mail/results.h"
#include "reply/authres.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct results results;
	static struct authres_query query;
	const struct span text = { (const char *)data, size };
	const struct authres_policy policy = {
		.by = { .method = { AUTHRES_RESULTS },
		    .count = 1,
		    .results = "mx.example.org" },
		.coverage = COVERAGE_RELAXED,
		.received = 1
	};
	size_t i;

	if (results_parse(text, &results) == STATUS_OK)
		for (i = 0; i < results.count; i++)
			assert(within(results.result[i].method, text) &&
			    within(results.result[i].result, text) &&
			    results.result[i].result.len > 0);
	if (authres_query_build(text, SPAN("a@ca.example"), &policy, 1795320838,
		&query) != STATUS_OK)
		return 0;
	assert(authres_query_ok(&query));
	/* Nothing is proved without a field that bears the name and says so,
	 * and a signature of the domain. */
	if (query.results_status == STATUS_OK) {
		assert(memmem(data, size, "\n", 1) != NULL);
		assert(strcmp(query.results.domain, "ca.example") == 0);
	}
	return 0;
}
