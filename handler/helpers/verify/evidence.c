/* evidence.c - what a message is judged by: see evidence.h */
#include "helpers/verify/evidence.h"

#include "base/frame.h"

static enum status
take_answer(struct evidence *evidence, struct span line)
{
	struct dns_answer *answer = &evidence->answer[evidence->answers];

	if (evidence->answers == AUTHRES_QUERIES_MAX)
		return STATUS_USAGE;
	evidence->answers++;
	dns_answer_init(answer);
	return dns_answer_parse(span_trim(line), answer);
}

static enum status
take_revocation(struct trust *trust, struct span value)
{
	enum trust_revocation revocation;

	if (!trust_revocation_parse(value, &revocation))
		return STATUS_USAGE;
	trust_set_revocation(trust, revocation);
	return STATUS_OK;
}

/* file: the name of the content in the next frame. */
static enum status
take_frame(
    struct evidence *evidence, const struct frame *frame, struct span *file)
{
	const struct span name = frame->name, value = frame->value;

	if (span_eq(name, SPAN("dns")))
		return take_answer(evidence, value);
	if (span_eq(name, SPAN("revocation")))
		return take_revocation(evidence->trust, value);
	if (span_eq(name, SPAN("identities")))
		trust_set_identities(evidence->trust, value);
	if (span_eq(name, SPAN("retrieve")))
		return trust_set_retrieval(evidence->trust,
		    !span_eq(value, SPAN("ocsp")),
		    !span_eq(value, SPAN("crl")));
	if (span_eq(name, SPAN("ocsp")) ||
	    span_eq(name, SPAN("retrieve-fault")))
		return trust_add_answer(evidence->trust, *file, value,
		    span_eq(name, SPAN("retrieve-fault")));
	if (span_eq(name, SPAN("anchor")))
		return trust_add_anchors(evidence->trust, *file, value);
	if (span_eq(name, SPAN("crl")))
		return trust_add_crls(evidence->trust, *file, value);
	if (span_eq(name, SPAN("anchor-fault")))
		trust_add_anchor_fault(evidence->trust, value);
	else if (span_eq(name, SPAN("crl-fault")))
		trust_add_crl_fault(evidence->trust, value);
	else if (span_eq(name, SPAN("file")))
		*file = value;
	return STATUS_OK;
}

enum status
evidence_take(struct span frames, struct evidence *out)
{
	enum status status = STATUS_OK;
	struct span file = SPAN("");
	struct frame frame;

	if ((out->trust = trust_new()) == NULL)
		return STATUS_MEMORY;
	while (status == STATUS_OK && frame_take(&frames, &frame) == STATUS_OK)
		status = take_frame(out, &frame, &file);
	return status;
}

void
evidence_clear(struct evidence *evidence)
{
	size_t i;

	for (i = 0; i < evidence->answers; i++)
		dns_answer_clear(&evidence->answer[i]);
	trust_free(evidence->trust);
}
