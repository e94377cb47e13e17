/* fuzz_smime.c - mail/smime, protect, smime_verify and reply/authres_smime: a
 * whole message */
#include <string.h>

#include "fuzz.h"
#include "mail/smime_verify.h"
#include "reply/authres.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct authres_verdict verdict;
	static struct smime_report report;
	const struct span text = { (const char *)data, size };
	struct trust *trust = trust_new();
	const struct authres_question question = { .message = text,
		.from = SPAN("acme-challenge+1@ca.example"),
		.when = 1795320838,
		.trust = trust };
	struct smime smime;
	struct note note = { "" };
	enum status status;

	assert(trust != NULL);
	if (smime_find(text, &smime, &note) == STATUS_OK &&
	    smime.form == SMIME_DETACHED) {
		assert(within(smime.content, text));
		assert(within(smime.cms.body, text));
		assert(smime.content.len < size);
	}
	memset(&verdict, 0, sizeof(verdict));
	status = authres_smime(
	    &question, &verdict.proof, &verdict.challenge, &verdict.note);
	assert(status != STATUS_OK); /* nobody is trusted */
	memset(&report, 0, sizeof(report));
	if (smime_judge(text, trust, NULL, 1795320838, &report, NULL) ==
	    STATUS_OK) {
		assert(smime_report_ok(&report));
		assert(report.status != SMIME_STATUS_VERIFIED);
	}
	trust_free(trust);
	return 0;
}
