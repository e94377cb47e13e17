/*
 * object_check.c - check the objects that a parser reports: see object.h
 *
 * Input: the parser read a stranger's text, which may have taken it over.
 */
#include <string.h>

#include "acme/object.h"
#include "acme/url.h"
#include "base/text.h"

static bool
url_ok(const char *text, bool demanded)
{
	return memchr(text, '\0', ACME_URL_SIZE) != NULL &&
	    (text[0] == '\0' ? !demanded : acme_url_ok(span_of(text)));
}

bool
acme_problem_ok(const struct acme_problem *problem)
{
	return text_is_shown(problem->type, sizeof(problem->type)) &&
	    text_is_shown(problem->detail, sizeof(problem->detail)) &&
	    text_is_shown(problem->parts, sizeof(problem->parts)) &&
	    url_ok(problem->instance, false);
}

bool
acme_account_ok(const struct acme_account *account)
{
	uint32_t i;

	if (account->status > ACME_UNKNOWN ||
	    account->contacts > ACME_LIST_MAX ||
	    !url_ok(account->orders, false))
		return false;
	for (i = 0; i < account->contacts; i++)
		if (!text_is_shown(account->contact[i], ACME_VALUE_SIZE))
			return false;
	return true;
}

bool
acme_orders_ok(const struct acme_orders *orders)
{
	uint32_t i;

	if (orders->orders > ACME_ORDERS_WINDOW || orders->more > 1)
		return false;
	for (i = 0; i < orders->orders; i++)
		if (!url_ok(orders->order[i], false))
			return false;
	return true;
}

bool
acme_renewal_ok(const struct acme_renewal *renewal)
{
	return text_is_shown(renewal->start, sizeof(renewal->start)) &&
	    text_is_shown(renewal->end, sizeof(renewal->end)) &&
	    url_ok(renewal->explanation, false);
}

bool
acme_directory_ok(const struct acme_directory *d)
{
	uint32_t i;

	if (d->caas > ACME_LIST_MAX)
		return false;
	for (i = 0; i < d->caas; i++)
		if (!text_is_shown(d->caa[i], ACME_VALUE_SIZE))
			return false;
	return url_ok(d->new_nonce, true) && url_ok(d->new_account, true) &&
	    url_ok(d->new_order, true) && url_ok(d->revoke, false) &&
	    url_ok(d->key_change, false) && url_ok(d->renewal_info, false) &&
	    text_is_shown(d->terms, sizeof(d->terms)) &&
	    d->external_account <= 1;
}

bool
acme_order_ok(const struct acme_order *order)
{
	uint32_t i;

	if (order->status > ACME_UNKNOWN ||
	    order->authorizations > ACME_AUTHORIZATIONS_MAX ||
	    order->identifiers > ACME_IDENTIFIERS_MAX ||
	    !url_ok(order->finalize, order->status == ACME_READY) ||
	    !url_ok(order->certificate, false) ||
	    !text_is_shown(order->expires, sizeof(order->expires)) ||
	    !acme_problem_ok(&order->problem))
		return false;
	for (i = 0; i < order->authorizations; i++)
		if (!url_ok(order->authorization[i], true))
			return false;
	for (i = 0; i < order->identifiers; i++)
		if (!text_is_shown(order->identifier[i], ACME_VALUE_SIZE))
			return false;
	return true;
}

static bool
token_ok(const char *token)
{
	return memchr(token, '\0', TOKEN_TEXT_SIZE) != NULL &&
	    token_part_ok(span_of(token), TOKEN_PART2_MIN);
}

static bool
proof_ok(const struct acme_proof *proof)
{
	if (proof->offered > 1 || proof->fault >= ACME_FAULTS ||
	    proof->status > ACME_UNKNOWN)
		return false;
	return proof->offered == 0 || proof->fault != ACME_GOOD ||
	    (url_ok(proof->url, true) && token_ok(proof->token));
}

bool
acme_authorization_ok(const struct acme_authorization *a)
{
	size_t i;

	for (i = 0; i < PROOFS; i++)
		if (!proof_ok(&a->proof[i]))
			return false;
	if (a->status > ACME_UNKNOWN || a->challenge_status > ACME_UNKNOWN ||
	    a->has_challenge > 1 || a->challenge_fault >= ACME_FAULTS ||
	    !text_is_shown(a->identifier, sizeof(a->identifier)) ||
	    !text_is_shown(a->from, sizeof(a->from)) ||
	    !text_is_shown(a->expires, sizeof(a->expires)) ||
	    !acme_problem_ok(&a->problem))
		return false;
	return a->has_challenge == 0 || a->challenge_fault != ACME_GOOD ||
	    (url_ok(a->challenge_url, true) && token_ok(a->token));
}
