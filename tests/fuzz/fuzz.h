/* fuzz.h - what every fuzz target has in common */
#ifndef FUZZ_H
#define FUZZ_H
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Does inner lie within outer? */
static inline bool
within(struct span inner, struct span outer)
{
	return inner.len == 0 ||
	    (inner.at >= outer.at &&
		inner.at + inner.len <= outer.at + outer.len);
}
#endif
