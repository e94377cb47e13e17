/*
 * authres_query.c - find what could prove the sender: see authres.h
 *
 * In the parsing child.  Input: hostile.
 */
#include <stdlib.h>

#include "mail/mbox.h"
#include "mail/smime.h"
#include "reply/authres_p.h"

static enum status
query_dkim(const struct header *header, struct span from,
    enum dkim_coverage coverage, int64_t now, struct authres_query *out)
{
	struct dkim_signature signature;
	uint32_t met;
	enum status best = STATUS_NO_AUTHRES, status;
	struct note why = { "" };
	size_t i;

	for (i = 0; i < header->count && out->count < AUTHRES_QUERIES_MAX;
	     i++) {
		if (!span_eq_nocase(
			header->field[i].name, SPAN("DKIM-Signature")))
			continue;
		status = authres_signature(
		    header, i, from, coverage, now, &signature, &why);
		if (status == STATUS_BAD_DKIM_COVERAGE &&
		    (met = authres_coverage(header, &signature)) <
			COVERAGE_COUNT &&
		    (out->would == 0 || met < out->would))
			out->would = met;
		if (status == STATUS_OK)
			status = dkim_key_name(&signature,
			    out->key_name[out->count], DNS_NAME_SIZE);
		if (status == STATUS_OK)
			out->count++;
		else if (authres_nearer(status, best)) {
			best = status;
			(void)note_set(&out->dkim_note, status, "%s", why.text);
		}
	}
	if (out->count > 0)
		return STATUS_OK;
	if (best == STATUS_NO_AUTHRES)
		return note_set(
		    &out->dkim_note, best, "the message has no DKIM signature");
	return best;
}

enum status
authres_query_build(struct span message, struct span from,
    const struct authres_policy *policy, int64_t now, struct authres_query *out)
{
	struct header *header = malloc(sizeof(*header));
	size_t i;

	*out = (struct authres_query){ .dkim_status = STATUS_NO_AUTHRES,
		.results_status = STATUS_NO_AUTHRES };
	if (header == NULL)
		return STATUS_MEMORY;
	header_parse(mbox_strip(message), header);
	for (i = 0; i < policy->by.count; i++) {
		if (policy->by.method[i] == AUTHRES_DKIM)
			out->dkim_status = query_dkim(
			    header, from, policy->coverage, now, out);
		if (policy->by.method[i] == AUTHRES_SMIME)
			out->smime = smime_is_likely(header);
		if (policy->by.method[i] == AUTHRES_RESULTS)
			out->results_status =
			    authres_results(header, policy, from, now,
				&out->results, &out->would, &out->results_note);
	}
	if (out->dkim_status == STATUS_OK)
		out->passed =
		    authres_passed_before(header, address_domain(from));
	free(header);
	return STATUS_OK;
}
