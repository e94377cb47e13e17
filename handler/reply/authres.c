/* authres.c - what is proved about the sender: see authres.h */
#include "reply/authres.h"

#include <string.h>

#include "base/text.h"
#include "mail/protect.h"

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
