/* fuzz_object.c - acme/object: what a CA says in JSON; acme/caa: records */
#include <string.h>

#include "acme/caa.h"
#include "acme/object.h"
#include "fuzz.h"

/* What was parsed passes the check that the parent of the child makes. */
static void
parse_object(struct span text)
{
	static struct acme_directory directory;
	static struct acme_account account;
	static struct acme_orders orders;
	static struct acme_order order;
	static struct acme_authorization authorization;
	static struct acme_renewal renewal;
	struct acme_problem problem;
	struct note note = { "" };

	if (acme_directory_parse(text, &directory, &note) == STATUS_OK)
		assert(acme_directory_ok(&directory));
	if (acme_account_parse(text, &account, &note) == STATUS_OK)
		assert(acme_account_ok(&account));
	if (acme_orders_parse(text, 0, &orders, &note) == STATUS_OK)
		assert(acme_orders_ok(&orders));
	if (acme_order_parse(text, &order, &note) == STATUS_OK)
		assert(acme_order_ok(&order));
	if (acme_authorization_parse(text, &authorization, &note) == STATUS_OK)
		assert(acme_authorization_ok(&authorization));
	if (acme_renewal_parse(text, &renewal, &note) == STATUS_OK)
		assert(acme_renewal_ok(&renewal));
	acme_problem_parse(text, &problem);
	assert(acme_problem_ok(&problem));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span text = { (const char *)data, size };
	const struct span ours[] = { SPAN("ca.example") };
	const struct span issuer = caa_issuer(text);

	parse_object(text);
	assert(issuer.len == 0 || within(issuer, text));
	/* Who permits us must name us; a verdict needs no name. */
	assert(caa_judge(&text, 1, NULL, 0, SPAN("issue")) <= CAA_FORBIDDEN);
	if (caa_judge(&text, 1, ours, 1, SPAN("issuemail")) == CAA_PERMITTED)
		assert(size > 10);
	return 0;
}
