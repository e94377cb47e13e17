/* test_smimea.c - what a look-up has found, and records that are malformed */
#include "tap.h"

#include "base/frame.h"
#include "cmd/smimea_found.h"
#include "mail/smimea.h"

static void
parses(struct span data, enum status want)
{
	struct smimea record;

	OK(smimea_parse(data, &record) == want);
}

static void
test_parse(void)
{
	static const char sha256[35] = { 3, 1, 1 }, sha512[67] = { 2, 0, 2 };
	const struct span one = { sha256, sizeof(sha256) };
	const struct span two = { sha512, sizeof(sha512) };

	parses(one, STATUS_OK);
	parses(two, STATUS_OK);
	parses(span_cut(one, 0, 34), STATUS_MISSING);
	parses(span_cut(two, 0, 66), STATUS_MISSING);
	parses(span_cut(two, 0, 35), STATUS_MISSING);
	parses((struct span){ "\3\0\0x", 4 }, STATUS_OK);
	parses((struct span){ "\3\0\0", 3 }, STATUS_MISSING);
	parses((struct span){ "\4\0\0x", 4 }, STATUS_MISSING);
	parses((struct span){ "\3\2\0x", 4 }, STATUS_MISSING);
	parses((struct span){ "\3\0\3x", 4 }, STATUS_MISSING);
	parses((struct span){ "\377\0\0x", 4 }, STATUS_MISSING);
	parses(SPAN(""), STATUS_MISSING);
}

/* A record with a certificate that has that frame besides. */
static void
add_record(struct buf *out, const char *pem, const char *starts,
    const char *name, const char *value)
{
	struct buf record, certificate;

	buf_init(&record, 4096);
	buf_init(&certificate, 4096);
	frame_add(&certificate, "pem", span_of(pem));
	frame_add(&certificate, "starts", span_of(starts));
	if (name != NULL)
		frame_add(&certificate, name, span_of(value));
	frame_add(&record, "usage", SPAN("3"));
	frame_add(&record, "certificate", buf_span(&certificate));
	frame_add(out, "record", buf_span(&record));
	buf_clear(&certificate);
	buf_clear(&record);
}

static void
reads(const char *name, const char *value, enum status want)
{
	struct dns_answer answer = { .state = DNS_SECURE, .count = 1 };
	struct smimea_found found = { .answer = &answer };
	struct note note = { "" };
	struct buf frames;

	buf_init(&frames, 16384);
	add_record(&frames, "PEM", "1", name, value);
	found.frames = buf_span(&frames);
	OK(smimea_found_read(&found, &note) == want);
	OK((note.text[0] == '\0') == (want == STATUS_OK));
	/* As many as were looked up, no more, no fewer. */
	add_record(&frames, "PEM", "1", NULL, NULL);
	found.frames = buf_span(&frames);
	OK(smimea_found_read(&found, &note) == STATUS_BUG);
	found.frames = SPAN("");
	OK(smimea_found_read(&found, &note) == STATUS_BUG);
	buf_clear(&frames);
}

/* A verifier that was taken over cannot write to the terminal. */
static void
test_read(void)
{
	reads(NULL, NULL, STATUS_OK);
	reads("issuer", "CN=Test Root", STATUS_OK);
	reads("issuer", "\033[2J", STATUS_BUG);
	reads("address", "a\nb", STATUS_BUG);
	reads("capability", "\xff", STATUS_BUG);
	reads("fault", "\xe2\x80\xae", STATUS_BUG);
	reads("data", "00ag", STATUS_BUG);
}

static void
test_newest(void)
{
	struct dns_answer answer = { .state = DNS_SECURE };
	struct smimea_found found = { .answer = &answer };
	struct buf frames;

	buf_init(&frames, 16384);
	found.frames = buf_span(&frames);
	TEXT(smimea_found_newest(&found), "");
	add_record(&frames, "OLD", "5", NULL, NULL);
	add_record(&frames, "NEW", "7", NULL, NULL);
	add_record(&frames, "BAD", "9", "fault", "it has expired");
	found.frames = buf_span(&frames);
	TEXT(smimea_found_newest(&found), "NEW");
	buf_clear(&frames);
}

/* What was asked must be answered. */
static void
test_compared(void)
{
	struct dns_answer answer = { .state = DNS_SECURE };
	struct smimea_compared compared[2] = { { .name = "a" } };
	struct smimea_found found = {
		.answer = &answer, .compared = compared, .count = 1
	};
	struct note note = { "" };
	struct buf frames, one;

	buf_init(&frames, 4096);
	buf_init(&one, 4096);
	OK(smimea_found_read(&found, &note) == STATUS_BUG);
	frame_add(&one, "pem", SPAN("PEM"));
	frame_add(&one, "match", SPAN("0"));
	frame_add(&frames, "compared", buf_span(&one));
	found.frames = buf_span(&frames);
	OK(smimea_found_read(&found, &note) == STATUS_OK);
	OK(compared[0].matches);
	TEXT(compared[0].pem, "PEM");
	found.count = 2;
	OK(smimea_found_read(&found, &note) == STATUS_BUG);
	found.count = 0;
	OK(smimea_found_read(&found, &note) == STATUS_BUG);
	buf_clear(&one);
	buf_clear(&frames);
}

int
main(void)
{
	test_parse();
	test_read();
	test_newest();
	test_compared();
	return tap_done();
}
