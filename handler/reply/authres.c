/* authres.c - which signatures could count: see authres.h.  Input: hostile. */
#include "reply/authres.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "mail/dkim.h"
#include "mail/mbox.h"
#include "mail/protect.h"
#include "mail/smime.h"
#include "reply/authres_p.h"

const char *
authres_method_name(enum authres_method method)
{
	static const char *const names[] = { "none", "dkim", "smime",
		"results" };

	return names[method];
}

const char *
authres_dns_name(const struct authres *authres)
{
	return authres->dns == DNS_TROUBLE
	    ? "n/a"
	    : dns_state_name((enum dns_state)authres->dns);
}

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
		if (coverage == COVERAGE_RFC8823 && want == 0)
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
		    "the DKIM signature is of another domain than the "
		    "sender's");
	if (status != STATUS_OK)
		return status;
	return check_coverage(header, out, coverage, note);
}

/* Of several refusals the one that came nearest is worth telling. */
bool
authres_nearer(enum status status, enum status than)
{
	static const enum status expectation[] = { STATUS_NO_AUTHRES,
		STATUS_BAD_DKIM_DOMAIN, STATUS_BAD_RESULTS, STATUS_BAD_DKIM,
		STATUS_BAD_SMIME, STATUS_BAD_DKIM_COVERAGE,
		STATUS_BAD_SIGNER_TRUST, STATUS_BAD_SIGNER_NAME,
		STATUS_BAD_PROTECTION, STATUS_BAD_RESULTS_TWO,
		STATUS_BAD_DKIM_KEY, STATUS_DNS };
	size_t i, a = 0, b = 0;

	for (i = 0; i < sizeof(expectation) / sizeof(*expectation); i++) {
		if (expectation[i] == status)
			a = i;
		if (expectation[i] == than)
			b = i;
	}
	return a > b;
}

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
		return note_set(&out->dkim_note, best,
		    "the message carries no DKIM signature");
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

static bool
authres_ok(const struct authres *authres)
{
	return authres->method <= AUTHRES_RESULTS &&
	    authres->dns <= DNS_TROUBLE && authres->weak <= 1 &&
	    authres->protection <= PROTECT_RFC7508 &&
	    memchr(authres->domain, '\0', sizeof(authres->domain)) != NULL &&
	    dns_name_ok(span_of(authres->domain)) &&
	    memchr(authres->signer, '\0', sizeof(authres->signer)) != NULL &&
	    text_is_shown(authres->issuer, sizeof(authres->issuer));
}

bool
authres_query_ok(const struct authres_query *query)
{
	size_t i;

	if (query->count > AUTHRES_QUERIES_MAX || query->smime > 1 ||
	    query->would >= COVERAGE_COUNT || query->passed > 1 ||
	    query->dkim_status >= STATUS_COUNT ||
	    query->results_status >= STATUS_COUNT ||
	    (query->dkim_status == STATUS_OK) != (query->count > 0) ||
	    !text_is_shown(
		query->dkim_note.text, sizeof(query->dkim_note.text)) ||
	    !text_is_shown(
		query->results_note.text, sizeof(query->results_note.text)))
		return false;
	for (i = 0; i < query->count; i++)
		if (memchr(query->key_name[i], '\0', DNS_NAME_SIZE) == NULL ||
		    !dns_name_ok(span_of(query->key_name[i])))
			return false;
	return query->results_status != STATUS_OK ||
	    (authres_ok(&query->results) &&
		query->results.method == AUTHRES_RESULTS);
}

bool
authres_verdict_ok(const struct authres_verdict *verdict, struct span from)
{
	const struct authres *authres = &verdict->authres;

	if (verdict->status >= STATUS_COUNT ||
	    !text_is_shown(verdict->note.text, sizeof(verdict->note.text)))
		return false;
	if (verdict->status != STATUS_OK)
		return status_is_refusal((enum status)verdict->status);
	/* Proof is of this sender, whoever was asked. */
	if (!authres_ok(authres) ||
	    !span_eq(span_of(authres->domain), address_domain(from)))
		return false;
	return authres->method == AUTHRES_DKIM ||
	    (authres->method == AUTHRES_SMIME &&
		span_eq(span_of(authres->signer), from) &&
		challenge_ok(&verdict->challenge) &&
		span_eq(span_of(verdict->challenge.claimed_from), from));
}
