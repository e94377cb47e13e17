/* authres.c - the authentication result: see authres.h */
#include "reply/authres.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "mail/protect.h"

const char *
authres_method_name(enum authres_method method)
{
	static const char *const names[] = { [AUTHRES_DKIM] = "dkim",
		[AUTHRES_SMIME] = "smime",
		[AUTHRES_RESULTS] = "results" };

	return names[method];
}

const char *
authres_dns_name(const struct authres_proof *proof)
{
	return proof->dns == DNS_TROUBLE
	    ? "n/a"
	    : dns_state_name((enum dns_state)proof->dns);
}

/* Of several refusals the one that came nearest is worth telling. */
bool
authres_nearer(enum status status, enum status than)
{
	static const enum status order[] = { STATUS_NO_AUTHRES,
		STATUS_BAD_DKIM_DOMAIN, STATUS_BAD_RESULTS, STATUS_BAD_DKIM,
		STATUS_BAD_SMIME, STATUS_BAD_DKIM_COVERAGE,
		STATUS_BAD_SIGNER_TRUST, STATUS_BAD_SIGNER_NAME,
		STATUS_BAD_PROTECTION, STATUS_BAD_RESULTS_TWO,
		STATUS_BAD_DKIM_KEY, STATUS_DNS };
	size_t i, a = 0, b = 0;

	for (i = 0; i < sizeof(order) / sizeof(*order); i++) {
		if (order[i] == status)
			a = i;
		if (order[i] == than)
			b = i;
	}
	return a > b;
}

static bool
proof_ok(const struct authres_proof *proof)
{
	return proof->method >= AUTHRES_DKIM &&
	    proof->method <= AUTHRES_RESULTS && proof->dns <= DNS_TROUBLE &&
	    proof->weak <= 1 && proof->protection <= PROTECT_RFC7508 &&
	    memchr(proof->domain, '\0', sizeof(proof->domain)) != NULL &&
	    dns_name_ok(span_of(proof->domain)) &&
	    memchr(proof->signer, '\0', sizeof(proof->signer)) != NULL &&
	    text_is_shown(proof->issuer, sizeof(proof->issuer));
}

/* Of this sender, whoever was asked? */
static bool
is_of(const struct authres_proof *proof, struct span from)
{
	return proof_ok(proof) &&
	    span_eq(span_of(proof->domain), address_domain(from)) &&
	    (proof->method != AUTHRES_SMIME ||
		span_eq(span_of(proof->signer), from));
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
	    (proof_ok(&query->results) &&
		query->results.method == AUTHRES_RESULTS);
}

bool
authres_verdict_ok(const struct authres_verdict *verdict, struct span from)
{
	if (verdict->status >= STATUS_COUNT ||
	    !text_is_shown(verdict->note.text, sizeof(verdict->note.text)))
		return false;
	if (verdict->status != STATUS_OK)
		return status_is_refusal((enum status)verdict->status);
	if (!is_of(&verdict->proof, from))
		return false;
	return verdict->proof.method == AUTHRES_DKIM ||
	    (verdict->proof.method == AUTHRES_SMIME &&
		challenge_ok(&verdict->challenge) &&
		span_eq(span_of(verdict->challenge.claimed_from), from));
}

struct authres {
	bool waived;
	struct authres_proof proof; /* valid where it is not */
};

enum status
authres_admit(const struct authres_proof *proof, struct span from,
    const struct authres_methods *by, struct authres **out)
{
	struct authres *authres;
	size_t i = 0;

	if (!is_of(proof, from))
		return STATUS_BUG;
	while (i < by->count && by->method[i] != proof->method)
		i++;
	if (i == by->count)
		return STATUS_NO_AUTHRES;
	if ((authres = calloc(1, sizeof(*authres))) == NULL)
		return STATUS_MEMORY;
	authres->proof = *proof;
	*out = authres;
	return STATUS_OK;
}

enum status
authres_waive(const struct authres_methods *by, struct authres **out)
{
	struct authres *authres;

	if (!by->none)
		return STATUS_NO_AUTHRES;
	if ((authres = calloc(1, sizeof(*authres))) == NULL)
		return STATUS_MEMORY;
	authres->waived = true;
	*out = authres;
	return STATUS_OK;
}

struct authres *
authres_copy(const struct authres *authres)
{
	struct authres *copy = malloc(sizeof(*copy));

	if (copy != NULL)
		*copy = *authres;
	return copy;
}

void
authres_free(struct authres *authres)
{
	free(authres);
}

const struct authres_proof *
authres_proof(const struct authres *authres)
{
	return authres->waived ? NULL : &authres->proof;
}
