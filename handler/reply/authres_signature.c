/*
 * authres_signature.c - check domain and coverage of DKIM signatures
 *
 * Input: hostile.
 */
#include "reply/authres_p.h"

static const char *const coverages[] = { "rfc8823", "relaxed", "minimal" };

const char *
dkim_coverage_name(enum dkim_coverage coverage)
{
	return coverages[coverage];
}

bool
dkim_coverage_parse(struct span text, enum dkim_coverage *out)
{
	const size_t i = span_index(text, coverages, COVERAGE_COUNT);

	if (i < COVERAGE_COUNT)
		*out = (enum dkim_coverage)i;
	return i < COVERAGE_COUNT;
}

/* RFC 8823 section 3.1, item 6a; the first ones are COVERAGE_MINIMAL's. */
static const char *const required[] = { "From", "To", "Subject", "Date",
	"Reply-To", "Sender", "CC", "In-Reply-To", "References", "Message-ID",
	"Auto-Submitted", "Content-Type", "Content-Transfer-Encoding" };
enum { REQUIRED = sizeof(required) / sizeof(*required), REQUIRED_MINIMAL = 5 };

static enum status
check_coverage(const struct header *header,
    const struct dkim_signature *signature, enum dkim_coverage coverage,
    struct note *note)
{
	const size_t count =
	    coverage == COVERAGE_MINIMAL ? REQUIRED_MINIMAL : REQUIRED;
	struct span name;
	size_t i, want;

	for (i = 0; i < count; i++) {
		name = span_of(required[i]);
		want = header_count(header, name);
		if (coverage == COVERAGE_ANSWER &&
		    span_eq(name, SPAN("Auto-Submitted")))
			continue;
		if ((coverage == COVERAGE_RFC8823 ||
			coverage == COVERAGE_ANSWER) &&
		    want == 0)
			want = 1;
		if (dkim_covers(signature, name) < want)
			return note_set(note, STATUS_BAD_DKIM_COVERAGE,
			    "the DKIM signature does not cover %s",
			    required[i]);
	}
	return STATUS_OK;
}

uint32_t
authres_coverage(
    const struct header *header, const struct dkim_signature *signature)
{
	uint32_t i = 0;

	while (i < COVERAGE_COUNT &&
	    check_coverage(header, signature, (enum dkim_coverage)i, NULL) !=
		STATUS_OK)
		i++;
	return i;
}

enum status
authres_signature(const struct header *header, size_t index, struct span from,
    enum dkim_coverage coverage, int64_t now, struct dkim_signature *out,
    struct note *note)
{
	enum status status;

	status = dkim_signature_parse(&header->field[index], now, out, note);
	if (status != STATUS_OK && status != STATUS_BAD_DKIM_COVERAGE)
		return status;
	if (out->domain[0] != '\0' &&
	    !span_eq(span_of(out->domain), address_domain(from)))
		return note_set(note, STATUS_BAD_DKIM_DOMAIN,
		    "the DKIM signature is from a domain other than the "
		    "sender's");
	if (status != STATUS_OK || coverage == COVERAGE_ANY)
		return status;
	return check_coverage(header, out, coverage, note);
}
