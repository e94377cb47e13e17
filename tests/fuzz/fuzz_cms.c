/* fuzz_cms.c - mail/cms, smime_object: objects, and content that they are said
 * to sign.
 *
 * Input: two octets that say how long the content is, the content, the object.
 */
#include <string.h>

#include "base/frame.h"
#include "base/text.h"
#include "fuzz.h"
#include "mail/address.h"
#include "mail/smime_object.h"
#include "mail/smime_report.h"

/* A root whose key exists nowhere: nobody is trusted. */
static struct trust *
trust(void)
{
	static struct trust *one;
	struct smimea record = { SMIMEA_DANE_EE, 0, 1,
		SPAN("01234567890123456789012345678901") };

	if (one == NULL) {
		one = trust_new();
		assert(one != NULL);
		assert(trust_add_smimea(one, &record) == STATUS_OK);
	}
	return one;
}

/* Nobody is believed, and all that is said of that is safe. */
static void
judge(struct span der, const struct span *content)
{
	char text[SMIME_TEXT_SIZE];
	struct frame frame;
	struct span rest;
	struct buf out;
	bool error = false;

	buf_init(&out, 64 * 1024);
	assert(smime_object_judge(der, content, trust(), 1795320838, &out) ==
	    STATUS_OK);
	rest = buf_span(&out);
	while (frame_take(&rest, &frame) == STATUS_OK) {
		error = error || span_eq(frame.name, SPAN("error"));
		assert(span_eq(frame.name, SPAN("content")) ||
		    (span_copy(frame.value, text, sizeof(text)) &&
			text_is_shown(text, sizeof(text))));
	}
	assert(error);
	buf_clear(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span all = { (const char *)data, size };
	struct cms *cms = NULL;
	struct note note = { "" };
	struct span content, der, inside;
	struct buf fields;
	size_t i, len;
	char address[ADDRESS_SIZE], issuer[200];

	if (size < 2)
		return 0;
	len = (size_t)data[0] << 8 | data[1];
	content = span_cut(all, 2, 2 + len);
	der = span_cut(all, 2 + len, size);
	judge(der, &content);
	judge(der, NULL);
	if (cms_parse(der, &cms, &note) != STATUS_OK)
		return 0;
	if (cms_content(cms, &inside))
		content = span_cut(content, 0, 0);
	for (i = 0; i < cms_signers(cms); i++) {
		if (cms_verify(cms, i, content, &note) != STATUS_OK)
			continue;
		if (cms_first_address(cms, address))
			assert(cms_is_for(cms, span_of(address)));
		buf_init(&fields, 64 * 1024);
		(void)!cms_header_fields(cms, &fields, &note);
		buf_clear(&fields);
		cms_issuer(cms, issuer, sizeof(issuer));
		assert(cms_check_signer(cms, trust(), 1795320838, &note) !=
		    STATUS_OK);
	}
	cms_free(cms);
	return 0;
}
