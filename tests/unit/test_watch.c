/* test_watch.c - which messages may be challenges, by their octets */
#include "tap.h"

#include "watch/filter.h"
#include "watch/judged.h"

static bool
passes(const char *text)
{
	return filter_passes(span_of(text), true);
}

static bool
passes_relaxed(const char *text)
{
	return filter_passes(span_of(text), false);
}

static void
test_filter(void)
{
	OK(passes("Auto-Submitted: auto-generated; type=acme\n\n"));
	OK(passes("From: x\r\nAUTO-SUBMITTED: auto-generated;\r\n"
		  "\ttype=ACME\r\n\r\n"));
	OK(passes("\n\r\nAuto-Submitted: auto-generated; type=acme\n\n"));
	OK(passes("From x Thu\nAuto-Submitted: a; type=acme\n"));
	OK(!passes("Subject: ACME: abc\n\nAuto-Submitted: type=acme\n"));
	OK(!passes("X-Auto-Submitted: type=acme\n\n"));
	OK(!passes("Auto-Submitted: auto-generated\nX: acme\n\n"));
	OK(!passes(""));
	OK(passes_relaxed("Subject: ACME: abc\n\n"));
	OK(passes_relaxed("Subject: =?utf-8?B?QUNNRTogYWJj?=\n\n"));
	OK(passes_relaxed("Auto-Submitted: auto-generated; type=acme\n\n"));
	OK(!passes_relaxed("Subject: lunch\nX: ACME\n\nACME\n"));
}

static void
test_header_end(void)
{
	OK(filter_has_header(SPAN("A: b\n\nbody")));
	OK(filter_has_header(SPAN("A: b\r\n c\r\n\r\n")));
	OK(!filter_has_header(SPAN("A: b\n")));
	OK(!filter_has_header(SPAN("\n\nA: b\n")));
	OK(!filter_has_header(SPAN("")));
}

static void
test_judged(void)
{
	struct judged judged = { NULL, 0 };
	bool all = true;
	size_t i;

	OK(!judged_has(&judged, 1));
	for (i = 0; i < 20000; i++)
		judged_add(&judged, i * 2);
	for (i = 0; i < 20000; i++)
		all = all && judged_has(&judged, i * 2);
	OK(all);
	OK(!judged_has(&judged, 40000));
	/* It stays bounded; what does not fit is not remembered. */
	for (i = 0; i < 200000; i++)
		judged_add(&judged, i * 2);
	OK(judged.count == 32 * 1024 && !judged_has(&judged, 399998));
	judged_clear(&judged);
	OK(!judged_has(&judged, 0) && judged.count == 0);
	judged_clear(&judged);
}

int
main(void)
{
	test_filter();
	test_header_end();
	test_judged();
	return tap_done();
}
