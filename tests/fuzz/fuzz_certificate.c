/* fuzz_certificate.c - acme/certificate: the chain that a CA gives */
#include <string.h>

#include "acme/certificate.h"
#include "acme/foreign.h"
#include "base/text.h"
#include "fuzz.h"

/* The same, where mailcert did not order it. */
static void
try_foreign(struct span chain, struct span key)
{
	static struct foreign found;
	struct note note = { "" };
	struct buf out;

	buf_init(&out, CERTIFICATE_SIZE_MAX);
	if (foreign_read(chain, key, 1780000000, &out, &found, &note) ==
	    STATUS_OK) {
		assert(found.addresses > 0);
		assert(strlen(found.digest) == FOREIGN_DIGEST_SIZE - 1);
		assert(text_is_shown(
		    found.facts.limits, sizeof(found.facts.limits)));
	} else {
		assert(out.len == 0 && note.text[0] != '\0');
	}
	buf_clear(&out);
	if (foreign_leaves(chain, "public", &out, &note) != STATUS_OK)
		assert(note.text[0] != '\0');
	buf_clear(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span chain = { (const char *)data, size };
	const struct span address[] = { SPAN("alice@example.org") };
	/* The key of tests/fuzz/corpus/certificate/good. */
	static const unsigned char key[] = { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07,
		0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
		0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
		0x04, 0x3e, 0xd7, 0xa2, 0x8e, 0xc6, 0x48, 0xed, 0xce, 0x5d,
		0x5b, 0x7e, 0x25, 0x2f, 0x6b, 0x2a, 0xaf, 0xbb, 0x44, 0x83,
		0x51, 0x14, 0xa2, 0x4b, 0x3c, 0xaa, 0x8f, 0x71, 0x0f, 0x64,
		0x99, 0x3b, 0xc2, 0x57, 0x11, 0xa3, 0x4c, 0xdc, 0x92, 0x29,
		0x08, 0x0b, 0x63, 0x9f, 0x09, 0x97, 0x7f, 0xeb, 0x7c, 0xa9,
		0x1e, 0xcc, 0xe1, 0x64, 0x9b, 0xfe, 0xa8, 0xad, 0x85, 0xc7,
		0x2b, 0x20, 0x6a, 0xde, 0x7e };
	struct certificate facts;
	struct note note = { "" };
	struct buf out;

	buf_init(&out, CERTIFICATE_SIZE_MAX);
	struct certificate_wanted wanted = { .key = { (const char *)key,
						 sizeof(key) },
		.address = { address[0] },
		.addresses = 1,
		.usage = CSR_SIGN,
		.now = 1780000000 };
	if (certificate_check(chain, &wanted, &out, &facts, &note) ==
	    STATUS_OK) {
		assert(span_starts(
		    buf_span(&out), SPAN("-----BEGIN CERTIFICATE-----\n")));
		assert(
		    span_find(buf_span(&out), SPAN("PRIVATE KEY")) == out.len);
		assert(text_is_shown(facts.limits, sizeof(facts.limits)));
		assert(facts.id[0] == '\0' || acme_id_ok(span_of(facts.id)));
	} else {
		assert(out.len == 0 && note.text[0] != '\0');
	}
	buf_clear(&out);
	wanted.usage = CSR_SERVER;
	wanted.address[0] = SPAN("mail.example.org");
	wanted.srv[0] = SPAN("_imaps.mail.example.org");
	wanted.srvs = 1;
	if (certificate_check(chain, &wanted, &out, &facts, &note) == STATUS_OK)
		assert(text_is_shown(facts.limits, sizeof(facts.limits)));
	else
		assert(out.len == 0);
	buf_clear(&out);
	try_foreign(chain, wanted.key);
	return 0;
}
