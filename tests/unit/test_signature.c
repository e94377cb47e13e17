/* test_signature.c - which DKIM signatures may prove a sender */
#include "reply/authres_p.h"
#include "tap.h"

#define FROM "acme@ca.example"
#define MINIMAL "From:To:Subject:Date:Reply-To"
#define ALL                                                    \
	MINIMAL ":Sender:CC:In-Reply-To:References:Message-ID" \
		":Auto-Submitted:Content-Type:Content-Transfer-Encoding"

enum { NOW = 1790000000 };

/* RFC 8823 section 3.1, item 6a. */
static const char *const names[] = { "From", "Sender", "Reply-To", "To", "CC",
	"Subject", "Date", "In-Reply-To", "References", "Message-ID",
	"Auto-Submitted", "Content-Type", "Content-Transfer-Encoding" };
enum { NAMES = sizeof(names) / sizeof(*names) };

static struct note note;
static struct dkim_signature signature;

/* Judge signature number index of a message whose header is text. */
static enum status
judge_at(const char *text, size_t index, const char *from,
    enum dkim_coverage coverage)
{
	static struct header header;

	note = (struct note){ "" };
	header_parse(span_of(text), &header);
	return authres_signature(
	    &header, index, span_of(from), coverage, NOW, &signature, &note);
}

/* Judge a signature over h, with more tags, in front of the fields. */
static enum status
judge(const char *h, const char *tags, const char *fields,
    enum dkim_coverage coverage)
{
	static char text[4096];

	(void)snprintf(text, sizeof(text),
	    "DKIM-Signature: v=1; a=rsa-sha256; s=sel; h=%s; bh=YQ==; b=YQ==; "
	    "%s\r\n%s\r\nbody\r\n",
	    h, tags, fields);
	return judge_at(text, 0, FROM, coverage);
}

/* A signature over everything, by that domain. */
static enum status
by(const char *tags)
{
	return judge(ALL, tags, "From: " FROM "\r\n", COVERAGE_RFC8823);
}

/* ALL without one name. */
static const char *
without(const char *name)
{
	static char out[512];
	size_t i;

	out[0] = '\0';
	for (i = 0; i < NAMES; i++)
		if (strcmp(names[i], name) != 0)
			(void)snprintf(out + strlen(out),
			    sizeof(out) - strlen(out), "%s%s",
			    out[0] != '\0' ? ":" : "", names[i]);
	return out;
}

static bool
is_minimal(const char *name)
{
	return dkim_covers(&(struct dkim_signature){ .headers = SPAN(MINIMAL) },
		   span_of(name)) > 0;
}

static void
test_thirteen(void)
{
	char want[128], field[128];
	enum status refused = STATUS_BAD_DKIM_COVERAGE;
	size_t i;

	OK(NAMES == 13);
	OK(judge(ALL, "d=ca.example", "", COVERAGE_RFC8823) == STATUS_OK);
	OK(judge(without("none"), "d=ca.example", "", COVERAGE_RFC8823) ==
	    STATUS_OK);
	for (i = 0; i < NAMES; i++) {
		(void)snprintf(field, sizeof(field), "%s: x\r\n", names[i]);
		(void)snprintf(want, sizeof(want),
		    "the DKIM signature does not cover %s", names[i]);
		/* Whether the message has the field or not. */
		OK(judge(without(names[i]), "d=ca.example", "",
		       COVERAGE_RFC8823) == refused);
		TEXT(span_of(note.text), want);
		OK(judge(without(names[i]), "d=ca.example", field,
		       COVERAGE_RFC8823) == refused);
		TEXT(span_of(note.text), want);
		/* Only if it has the field; RFC 6376 section 5.4: From. */
		OK(judge(without(names[i]), "d=ca.example", "",
		       COVERAGE_RELAXED) == (i == 0 ? refused : STATUS_OK));
		OK(judge(without(names[i]), "d=ca.example", field,
		       COVERAGE_RELAXED) == refused);
		TEXT(span_of(note.text), want);
		OK(judge(without(names[i]), "d=ca.example", field,
		       COVERAGE_MINIMAL) ==
		    (is_minimal(names[i]) ? refused : STATUS_OK));
	}
	OK(judge("From", "d=ca.example", "", COVERAGE_MINIMAL) == STATUS_OK);
	OK(judge("", "d=ca.example", "", COVERAGE_MINIMAL) == refused);
}

static void
test_counts(void)
{
	static const char two[] = "From: a\r\nTo: b\r\nTO: c\r\n";
	const enum status refused = STATUS_BAD_DKIM_COVERAGE;
	int i;

	for (i = 0; i < COVERAGE_COUNT; i++) {
		OK(judge(ALL, "d=ca.example", two, (enum dkim_coverage)i) ==
		    refused);
		TEXT(
		    span_of(note.text), "the DKIM signature does not cover To");
		OK(judge(ALL ":to", "d=ca.example", two,
		       (enum dkim_coverage)i) == STATUS_OK);
		/* More than there are: nobody can add one. */
		OK(judge(ALL ":From:From:To:To", "d=ca.example", two,
		       (enum dkim_coverage)i) == STATUS_OK);
	}
	OK(judge("from : TO:\r\n\t" ALL, "d=ca.example", two,
	       COVERAGE_RFC8823) == STATUS_OK);
	OK(judge("From:To:Subject:Date:Reply-Tos", "d=ca.example",
	       "Reply-To: x\r\n", COVERAGE_MINIMAL) == refused);
	/* A field that no rule names need not be signed. */
	OK(judge(ALL, "d=ca.example", "List-Id: x\r\n", COVERAGE_RFC8823) ==
	    STATUS_OK);
}

static void
test_domain(void)
{
	static const char *const others[] = { "d=mail.ca.example", "d=example",
		"d=evil.example", "d=xca.example", "d=ca.example.evil" };
	size_t i;

	OK(by("d=ca.example") == STATUS_OK);
	OK(by("d=CA.Example") == STATUS_OK);
	OK(by("d=ca.example; i=acme@ca.example") == STATUS_OK);
	OK(by("d=ca.example; i=@mail.ca.example") == STATUS_OK);
	for (i = 0; i < sizeof(others) / sizeof(*others); i++) {
		OK(by(others[i]) == STATUS_BAD_DKIM_DOMAIN);
		TEXT(span_of(note.text),
		    "the DKIM signature is from a domain other than the "
		    "sender's");
		TEXT(span_of(signature.domain), others[i] + 2);
	}
	/* i= of the sender does not help another domain. */
	OK(by("d=evil.example; i=acme@ca.example") == STATUS_BAD_DKIM);
	OK(by("d=example; i=acme@ca.example") == STATUS_BAD_DKIM_DOMAIN);
	OK(by("") == STATUS_BAD_DKIM);
	OK(by("d=") == STATUS_BAD_DKIM);
	OK(judge_at("DKIM-Signature: v=1; a=rsa-sha256; s=sel; h=" ALL
		    "; bh=YQ==; b=YQ==; d=b\xc3\xbc"
		    "cher.example\r\n\r\n",
	       0, "acme@xn--bcher-kva.example", COVERAGE_RFC8823) == STATUS_OK);
	/* What it covers matters only for the right domain. */
	OK(judge("From", "d=evil.example", "", COVERAGE_RFC8823) ==
	    STATUS_BAD_DKIM_DOMAIN);
}

static void
test_index(void)
{
	static const char text[] =
	    "DKIM-Signature: v=1; a=rsa-sha256; s=sel; h=" ALL
	    "; bh=YQ==; b=YQ==; d=evil.example\r\n"
	    "DKIM-Signature: v=1; a=ed25519-sha256; s=sel; h=" ALL
	    "; bh=YQ==; b=YQ==; d=ca.example\r\n"
	    "DKIM-Signature: v=1; a=rsa-sha1; s=sel; h=" ALL
	    "; bh=YQ==; b=YQ==; d=ca.example\r\n\r\n";

	OK(judge_at(text, 0, FROM, COVERAGE_RFC8823) == STATUS_BAD_DKIM_DOMAIN);
	OK(judge_at(text, 1, FROM, COVERAGE_RFC8823) == STATUS_OK);
	OK(signature.ed25519);
	OK(judge_at(text, 2, FROM, COVERAGE_RFC8823) == STATUS_BAD_DKIM);
}

static void
test_length(void)
{
	OK(by("d=ca.example; l=0") == STATUS_BAD_DKIM_COVERAGE);
	TEXT(span_of(note.text),
	    "the DKIM signature covers only part of the body (l=)");
	OK(by("d=ca.example; l=6") == STATUS_BAD_DKIM_COVERAGE);
	OK(by("d=ca.example; l=") == STATUS_BAD_DKIM_COVERAGE);
	OK(judge(ALL, "d=ca.example; l=6", "", COVERAGE_MINIMAL) ==
	    STATUS_BAD_DKIM_COVERAGE);
	OK(by("d=evil.example; l=6") == STATUS_BAD_DKIM_DOMAIN);
	OK(by("d=ca.example; l=6; x=1") == STATUS_BAD_DKIM);
}

/* Is it judged so with t= and x=?  -1: without that tag. */
static enum status
at_times(int64_t t, int64_t x)
{
	char tags[128] = "d=ca.example";

	if (t >= 0)
		(void)snprintf(tags + strlen(tags), sizeof(tags) - strlen(tags),
		    "; t=%lld", (long long)t);
	if (x >= 0)
		(void)snprintf(tags + strlen(tags), sizeof(tags) - strlen(tags),
		    "; x=%lld", (long long)x);
	return by(tags);
}

static void
test_times(void)
{
	OK(at_times(NOW, -1) == STATUS_OK);
	OK(at_times(0, -1) == STATUS_OK);
	OK(at_times(NOW + DKIM_SKEW, -1) == STATUS_OK);
	OK(at_times(NOW + DKIM_SKEW + 1, -1) == STATUS_BAD_DKIM);
	TEXT(span_of(note.text),
	    "the DKIM signature has expired, or is from the future");
	OK(at_times(-1, NOW + 1) == STATUS_OK);
	OK(at_times(-1, NOW - DKIM_SKEW + 1) == STATUS_OK);
	OK(at_times(-1, NOW - DKIM_SKEW) == STATUS_BAD_DKIM);
	OK(at_times(-1, 0) == STATUS_BAD_DKIM);
	OK(at_times(NOW - 10, NOW - 5) == STATUS_OK);
	OK(at_times(NOW - 10, NOW - 10) == STATUS_BAD_DKIM);
	OK(at_times(NOW + 10, NOW + 5) == STATUS_BAD_DKIM);
	OK(at_times(NOW + 10, NOW + 20) == STATUS_OK);
	OK(by("d=ca.example; t=") == STATUS_BAD_DKIM);
	OK(by("d=ca.example; x=soon") == STATUS_BAD_DKIM);
	OK(by("d=ca.example; x=-1") == STATUS_BAD_DKIM);
	OK(by("d=ca.example; x=999999999999") == STATUS_OK);
	OK(by("d=ca.example; x=9999999999999") == STATUS_BAD_DKIM);
	/* An old signature is malformed before it is another's. */
	OK(by("d=evil.example; x=1") == STATUS_BAD_DKIM);
}

/* The strictest coverage of a signature over h. */
static uint32_t
strictest(const char *h, const char *fields)
{
	static struct header header;
	struct dkim_signature over = { .headers = span_of(h) };

	header_parse(span_of(fields), &header);
	return authres_coverage(&header, &over);
}

static void
test_strictest(void)
{
	static const char fields[] = "From: a\r\nTo: b\r\nCC: c\r\n\r\n";
	enum dkim_coverage coverage = COVERAGE_MINIMAL;

	OK(strictest(ALL, fields) == COVERAGE_RFC8823);
	OK(strictest("From:To:CC", fields) == COVERAGE_RELAXED);
	OK(strictest("From:To", fields) == COVERAGE_MINIMAL);
	OK(strictest("From:CC", fields) == COVERAGE_COUNT);
	OK(strictest("", "\r\n") == COVERAGE_RELAXED);

	TEXT(span_of(dkim_coverage_name(COVERAGE_RFC8823)), "rfc8823");
	TEXT(span_of(dkim_coverage_name(COVERAGE_RELAXED)), "relaxed");
	TEXT(span_of(dkim_coverage_name(COVERAGE_MINIMAL)), "minimal");
	OK(dkim_coverage_parse(SPAN("rfc8823"), &coverage) &&
	    coverage == COVERAGE_RFC8823);
	OK(dkim_coverage_parse(SPAN("relaxed"), &coverage) &&
	    coverage == COVERAGE_RELAXED);
	OK(dkim_coverage_parse(SPAN("minimal"), &coverage) &&
	    coverage == COVERAGE_MINIMAL);
	OK(!dkim_coverage_parse(SPAN("RFC8823"), &coverage));
	OK(!dkim_coverage_parse(SPAN("min"), &coverage));
	OK(!dkim_coverage_parse(SPAN(""), &coverage));
	OK(coverage == COVERAGE_MINIMAL);
}

int
main(void)
{
	test_thirteen();
	test_counts();
	test_domain();
	test_index();
	test_length();
	test_times();
	test_strictest();
	return tap_done();
}
