/* rules.c - the rules by which a challenge is judged: see rules.h */
#include "answer/rules.h"

#include <stdio.h>
#include <string.h>

#include "store/account.h"
#include "store/order.h"

void
rules_before(const struct config *config, struct rules *out)
{
	size_t i;

	out->policy = config->authenticate;
	out->challenge = config->rules;
	out->answers_per_day = config->answers_per_day_in_all;
	for (i = 0; i < config->ca_count; i++)
		if (config->cas[i].own.has_auto_submitted &&
		    !config->cas[i].own.auto_submitted)
			out->challenge.auto_submitted = false;
}

/* Whose challenge it is: expect --ca said so, or its account does. *out is NULL
 * where the configuration does not know the CA, or nobody said. */
static enum status
find_ca(const struct config *config, const struct home *home,
    const struct expectation *expectation, const struct config_ca **out,
    struct note *note)
{
	struct order order;
	struct account account;
	enum status status;

	*out = NULL;
	if (expectation->ca[0] != '\0')
		*out = config_known_ca(config, expectation->ca);
	if (expectation->order[0] == '\0')
		return STATUS_OK;
	status = order_load(home, expectation->order, &order, note);
	if (status == STATUS_OK)
		status = account_load(home, order.account, &account, note);
	if (status == STATUS_OK)
		*out = config_known_ca(config, account.directory);
	return status == STATUS_MISSING
	    ? note_set(note, STATUS_DAMAGED,
		  "cannot tell which CA sends challenge %s",
		  expectation_shown_id(expectation))
	    : status;
}

enum status
rules_of(const struct config *config, const struct home *home,
    const struct expectation *expectation, struct rules *out, struct note *note)
{
	const struct config_ca *ca = NULL;
	enum status status = STATUS_OK;

	out->policy = config->authenticate;
	out->challenge = config->rules;
	out->answers_per_day = config->answers_per_day_in_all;
	if (config_has_own(config))
		status = find_ca(config, home, expectation, &ca, note);
	if (status != STATUS_OK || ca == NULL)
		return status;
	if (ca->own.has_authenticate)
		out->policy.by = ca->own.authenticate;
	if (ca->own.has_coverage)
		out->policy.coverage = ca->own.coverage;
	if (ca->own.has_auto_submitted)
		out->challenge.auto_submitted = ca->own.auto_submitted;
	if (ca->own.has_answers_per_day)
		out->answers_per_day = ca->own.answers_per_day;
	return STATUS_OK;
}

void
rules_hint(const struct config *config, const struct home *home,
    const struct expectation *expectation, const struct authres_query *query,
    struct note *note)
{
	const char *would =
	    dkim_coverage_name((enum dkim_coverage)query->would);
	const struct config_ca *ca = NULL;
	const size_t len = strlen(note->text);
	char *end = note->text + len;
	const size_t room = sizeof(note->text) - len;

	if (query->would == COVERAGE_RFC8823)
		return;
	if (find_ca(config, home, expectation, &ca, NULL) == STATUS_OK &&
	    ca != NULL)
		(void)snprintf(end, room,
		    "; to accept it: set ca.%s.dkim_headers = %s", ca->name,
		    would);
	else if (expectation->order[0] == '\0')
		(void)snprintf(end, room,
		    "; to accept it: set dkim_headers = %s, or expect it with "
		    "--ca NAME and set ca.NAME.dkim_headers = %s",
		    would, would);
	else
		(void)snprintf(end, room,
		    "; to accept it: set dkim_headers = %s, or for this CA "
		    "alone set ca.NAME.directory to its URL and "
		    "ca.NAME.dkim_headers = %s",
		    would, would);
}
