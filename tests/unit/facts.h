/*
 * facts.h - challenges and what proves them, for tests of what people see
 */
#ifndef UNIT_FACTS_H
#define UNIT_FACTS_H
#include <stdlib.h>

#include "answer/confirm.h"

#define NOW INT64_C(1790000000)

/* What a match is made of: only a proof makes one. */
struct facts {
	struct challenge challenge;
	struct expectation expectation;
	struct authres_proof proof; /* method 0: the check is switched off */
};

static inline struct facts
facts_plain(void)
{
	return (struct facts){
		.challenge = { .claimed_from = "acme@ca.example",
		    .claimed_from_written = "acme@ca.example",
		    .claimed_to = "alice@example.org",
		    .reply_to = { "reply@ca.example" },
		    .reply_to_written = { "reply@ca.example" },
		    .reply_to_count = 1,
		    .part1 = "LgYemJLy3F1LDkiJrdIGbEzyFJyOyf6vBdyZ1TG3sME",
		    .date = NOW - 30 },
		.expectation = { .id = "one",
		    .address = "alice@example.org",
		    .address_normal = "alice@example.org",
		    .from = "acme@ca.example",
		    .from_normal = "acme@ca.example",
		    .created = NOW - 60,
		    .expires = NOW + 7200 },
		.proof = { .method = AUTHRES_DKIM,
		    .dns = DNS_SECURE,
		    .domain = "ca.example" },
	};
}

/* The dialog, through the doors that a message takes. */
static inline void
facts_ask(const struct facts *facts, const char *note, struct dialog *out)
{
	const struct authres_methods by = { .none = facts->proof.method == 0,
		.method = { AUTHRES_DKIM, AUTHRES_SMIME, AUTHRES_RESULTS },
		.count = 3 };
	struct authres *authres = NULL;
	struct match *match = NULL;
	struct note why = { "" };

	if ((by.none ? authres_waive(&by, &authres)
		     : authres_admit(&facts->proof, SPAN("acme@ca.example"),
			   &by, &authres)) != STATUS_OK ||
	    match_find(&facts->challenge, authres, &facts->expectation, 1, NOW,
		&match, &why) != STATUS_OK)
		abort();
	confirm_build(match, NOW, note, out);
	match_free(match);
	authres_free(authres);
}

#endif
