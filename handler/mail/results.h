/*
 * results.h - read Authentication-Results fields (RFC 8601 section 2.2)
 *
 * A real tokenizer: comments nest, values may be quoted, and neither is
 * searched.  A field is only as trustworthy as its author.
 */
#ifndef MAIL_RESULTS_H
#define MAIL_RESULTS_H
#include "base/span.h"
#include "base/status.h"

enum { RESULTS_MAX = 32, RESULTS_VALUE_SIZE = 256 };

/* One "method=result" of it, and what it says of a DKIM signature. */
struct result {
	struct span method; /* as they stand */
	struct span result;
	char domain[RESULTS_VALUE_SIZE];   /* header.d, or empty */
	char identity[RESULTS_VALUE_SIZE]; /* header.i, or empty */
	char selector[RESULTS_VALUE_SIZE]; /* header.s, or empty */
	char value[RESULTS_VALUE_SIZE];    /* header.b, or empty */
};

struct results {
	char authserv_id[RESULTS_VALUE_SIZE];
	struct result result[RESULTS_MAX];
	size_t count;
};

/*
 * Parse the body of a field.  STATUS_MISSING: not even an authserv-id, or a
 * version that is not 1; STATUS_BAD_SYNTAX or _BAD_SIZE: out->authserv_id is
 * valid, the rest is not.
 */
enum status results_parse(struct span body, struct results *out) MUST_CHECK;
#endif
