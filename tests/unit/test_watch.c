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

#define AUTO "Auto-Submitted: auto-generated\n"
#define SUBJECT "Subject: ACME: abc\n"

static void
test_filter(void)
{
	OK(passes(SUBJECT AUTO "\n"));
	OK(passes(AUTO "From: x\n" SUBJECT "\n"));
	OK(passes("From: x\r\nAUTO-SUBMITTED:\r\n\tAuto-Generated; type=acme"
		  "\r\nSUBJECT:\r\n acme: abc\r\n\r\n"));
	OK(passes("\n\r\n" AUTO SUBJECT "\n"));
	OK(passes("From x Thu\n" AUTO SUBJECT));
	OK(passes(AUTO "Subject: =?utf-8?B?QUNNRTogYWJj?=\n\n"));
	OK(!passes(SUBJECT "\n" AUTO));
	OK(!passes(SUBJECT "X-" AUTO "\n"));
	OK(!passes(SUBJECT "Auto-Submitted: auto-replied\n\n"));
	OK(!passes(AUTO "Subject: lunch\n\nACME\n"));
	OK(!passes(AUTO "X-" SUBJECT "\n"));
	OK(!passes(""));
	OK(passes_relaxed(SUBJECT "\n"));
	OK(passes_relaxed("Subject: =?utf-8?B?QUNNRTogYWJj?=\n\n"));
	OK(filter_is_plain(SPAN("From: x\n" SUBJECT "\n")));
	OK(!filter_is_plain(SPAN("Subject: =?utf-8?B?QUNNRTogYWJj?=\n\n")));
	OK(!filter_is_plain(SPAN("Subject: lunch\n\n" SUBJECT)));
	OK(passes_relaxed(AUTO SUBJECT "\n"));
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
	struct judged judged = { NULL, 0, 0 };
	bool all = true;
	size_t i;

	OK(!judged_has(&judged, 1));
	for (i = 0; i < 20000; i++)
		judged_add(&judged, i * 2);
	for (i = 0; i < 20000; i++)
		all = all && judged_has(&judged, i * 2);
	OK(all && judged.count == 20000);
	judged_add(&judged, 2);
	OK(judged.count == 20000);
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
