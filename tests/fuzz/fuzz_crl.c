/* fuzz_crl.c - mail/crl: revocation lists, and files of them */
#include <string.h>

#include "fuzz.h"
#include "mail/cms.h"
#include "mail/crl.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span file = { (const char *)data, size };
	struct crl_entry entry;
	struct trust *trust;
	struct crl crl;

	if (crl_parse(file, &crl) == STATUS_OK) {
		assert(within(crl.tbs, file) && within(crl.issuer, file));
		assert(within(crl.signature, file));
		assert(crl.entries.len == 0 || within(crl.entries, file));
		assert(crl_same_scope(&crl, &crl));
		assert(crl_number_compare(crl.number, crl.number) == 0);
		(void)!crl_has_point(&crl, file);
		(void)!crl_find(&crl, SPAN("\x4d"), &entry);
	}
	if ((trust = trust_new()) == NULL)
		return 0;
	(void)!trust_add_crls(trust, SPAN("file"), file);
	(void)!trust_add_anchors(trust, SPAN("file"), file);
	trust_free(trust);
	return 0;
}
