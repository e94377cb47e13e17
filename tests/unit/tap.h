/* tap.h - Test Anything Protocol for the unit tests */
#ifndef UNIT_TAP_H
#define UNIT_TAP_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static int tap_count, tap_failed;

static inline void
tap_ok(bool good, const char *file, int line, const char *what)
{
	const char *only = getenv("TEST_ONLY");

	if (only != NULL && strstr(what, only) == NULL)
		return;
	printf("%sok %d - %s:%d %s\n", good ? "" : "not ", ++tap_count, file,
	    line, what);
	tap_failed += !good;
}

static inline int
tap_done(void)
{
	const char *only = getenv("TEST_ONLY");

	if (only != NULL && tap_count == 0) {
		printf("not ok 1 - TEST_ONLY=%s names a check\n", only);
		tap_count = tap_failed = 1;
	}
	printf("1..%d\n", tap_count);
	return tap_failed > 0;
}

#define OK(expression) tap_ok((expression), __FILE__, __LINE__, #expression)

static inline void
tap_text(struct span got, const char *want, const char *file, int line)
{
	bool good = span_eq(got, span_of(want));

	tap_ok(good, file, line, "text");
	if (!good)
		printf("# got  \"%.*s\"\n# want \"%s\"\n", (int)got.len, got.at,
		    want);
}
#define TEXT(got, want) tap_text((got), (want), __FILE__, __LINE__)
#endif
