/* fuzz_smimea.c - mail/smimea_record: SMIMEA records, and what they hold */
#include "fuzz.h"

#include <string.h>

#include "base/frame.h"
#include "base/text.h"
#include "mail/smimea_record.h"

/* Whatever a stranger wrote must be safe to show; "pem" is for programs. */
static void
check_shown(struct span frames)
{
	struct frame frame;
	char text[1024];

	while (frame_take(&frames, &frame) == STATUS_OK) {
		if (span_eq(frame.name, SPAN("pem")) ||
		    span_eq(frame.name, SPAN("data")))
			continue;
		if (span_eq(frame.name, SPAN("certificate"))) {
			check_shown(frame.value);
			continue;
		}
		assert(span_copy(frame.value, text, sizeof(text)));
		assert(text_is_shown(text, sizeof(text)));
	}
	assert(frames.len == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span input = { (const char *)data, size };
	struct dns_answer answer;
	struct smimea_question question = { .answer = &answer,
		.address = SPAN("alice@example.org"),
		.now = 1796050313 };
	struct span rest, value;
	struct smimea record;
	struct buf out;
	struct trust *trust = trust_new();

	dns_answer_init(&answer);
	question.trust = trust;
	buf_init(&out, 4 * 1024 * 1024);
	if (trust != NULL && dns_answer_add(&answer, input) == STATUS_OK &&
	    smimea_describe(&question, &out) == STATUS_OK) {
		rest = buf_span(&out);
		assert(frame_next(&rest, "record", &value) && rest.len == 0);
		check_shown(value);
	}
	/* What was made of a certificate names that certificate. */
	if (trust != NULL && smimea_parse(input, &record) == STATUS_OK &&
	    record.selector == 0 && record.matching == 0 &&
	    record.usage == SMIMEA_DANE_EE) {
		buf_clear(&out);
		if (smimea_compare(&question, record.data, &out, NULL) ==
		    STATUS_OK)
			check_shown(frame_get(buf_span(&out), "compared"));
	}
	buf_clear(&out);
	dns_answer_clear(&answer);
	trust_free(trust);
	return 0;
}
