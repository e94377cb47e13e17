/* test_authres.c - what is believed of a sender, and what is not */
#include <string.h>

#include "mail/protect.h"
#include "reply/authres.h"
#include "reply/own_mail.h"
#include "tap.h"

#define FROM "acme@ca.example"
#define FAR 4000000000U /* beyond every enum */

static const struct authres_proof dkim = { .method = AUTHRES_DKIM,
	.dns = DNS_SECURE,
	.domain = "ca.example" };
static const struct authres_proof smime = { .method = AUTHRES_SMIME,
	.dns = DNS_TROUBLE,
	.domain = "ca.example",
	.signer = FROM,
	.issuer = "CN=A CA" };
static const struct authres_proof results = { .method = AUTHRES_RESULTS,
	.dns = DNS_TROUBLE,
	.domain = "ca.example" };

static struct authres_query
query(void)
{
	return (
	    struct authres_query){ .key_name = { "sel._domainkey.ca.example" },
		.count = 1,
		.dkim_status = STATUS_OK,
		.results_status = STATUS_OK,
		.results = results };
}

static struct authres_verdict
verdict(const struct authres_proof *proof)
{
	return (struct authres_verdict){ .status = STATUS_OK,
		.proof = *proof,
		.challenge = { .claimed_from = FROM,
		    .claimed_from_written = FROM,
		    .claimed_to = "alice@example.org",
		    .reply_to = { FROM },
		    .reply_to_written = { FROM },
		    .reply_to_count = 1,
		    .part1 = "LgYemJLy3F1LDkiJrdIGbEzyFJyOyf6v",
		    .date = 1790000000 } };
}

/* Is it refused with that one field changed? */
#define QUERY_LACKS(change)                                       \
	do {                                                      \
		struct authres_query q = query();                 \
		change;                                           \
		tap_ok(!authres_query_ok(&q), __FILE__, __LINE__, \
		    "refused: " #change);                         \
	} while (0)
#define VERDICT_LACKS(proof_, change)                                    \
	do {                                                             \
		struct authres_verdict v = verdict(proof_);              \
		change;                                                  \
		tap_ok(!authres_verdict_ok(&v, span_of(FROM)), __FILE__, \
		    __LINE__, "refused: " #change);                      \
	} while (0)

static void
test_query(void)
{
	struct authres_query whole = query();

	OK(authres_query_ok(&whole));
	whole.count = 0;
	whole.dkim_status = STATUS_BAD_DKIM_COVERAGE;
	OK(authres_query_ok(&whole));
	whole.results_status = STATUS_NO_AUTHRES;
	memset(&whole.results, 0xff, sizeof(whole.results));
	OK(authres_query_ok(&whole)); /* nobody looks at it */

	QUERY_LACKS(q.count = 0);
	QUERY_LACKS(q.count = AUTHRES_QUERIES_MAX + 1);
	QUERY_LACKS(q.count = FAR);
	QUERY_LACKS(q.count = 2); /* an empty name */
	QUERY_LACKS(q.dkim_status = STATUS_BAD_DKIM);
	QUERY_LACKS(q.dkim_status = STATUS_COUNT);
	QUERY_LACKS(q.smime = 2);
	QUERY_LACKS(q.would = COVERAGE_COUNT);
	QUERY_LACKS(q.passed = 2);
	QUERY_LACKS(q.results_status = STATUS_COUNT);
	QUERY_LACKS(q.results = dkim);
	QUERY_LACKS(q.results = smime);
	QUERY_LACKS(q.results.weak = 2);
	QUERY_LACKS(q.results.dns = DNS_TROUBLE + 1);
	QUERY_LACKS(q.results.domain[0] = '\0');
	QUERY_LACKS(memset(q.key_name[0], 'a', DNS_NAME_SIZE));
	QUERY_LACKS((void)strcpy(q.key_name[0], "a b.example"));
	QUERY_LACKS(memset(q.dkim_note.text, 'a', sizeof(q.dkim_note.text)));
	QUERY_LACKS((void)strcpy(q.dkim_note.text, "\033[2J"));
	QUERY_LACKS((void)strcpy(q.results_note.text, "a\nb"));
}

static void
test_verdict(void)
{
	struct authres_verdict whole = verdict(&dkim);

	OK(authres_verdict_ok(&whole, span_of(FROM)));
	OK(!authres_verdict_ok(&whole, span_of("acme@evil.example")));
	OK(authres_verdict_ok(&whole, span_of("other@ca.example")));
	whole = verdict(&smime);
	OK(authres_verdict_ok(&whole, span_of(FROM)));
	OK(!authres_verdict_ok(&whole, span_of("other@ca.example")));
	whole.status = STATUS_BAD_SMIME;
	memset(&whole.proof, 0xff, sizeof(whole.proof));
	OK(authres_verdict_ok(&whole, span_of(FROM)));

	VERDICT_LACKS(&dkim, v.status = STATUS_COUNT);
	VERDICT_LACKS(&dkim, v.proof = results);
	VERDICT_LACKS(&dkim, v.proof.method = 0);
	VERDICT_LACKS(&dkim, v.proof.method = FAR);
	VERDICT_LACKS(&dkim, v.proof.dns = DNS_TROUBLE + 1);
	VERDICT_LACKS(&dkim, v.proof.weak = 2);
	VERDICT_LACKS(&dkim, v.proof.protection = FAR);
	VERDICT_LACKS(&dkim, (void)strcpy(v.proof.domain, "mail.ca.example"));
	VERDICT_LACKS(&dkim, memset(v.proof.domain, 'a', AUTHRES_DOMAIN_SIZE));
	VERDICT_LACKS(&dkim, (void)strcpy(v.note.text, "\r"));
	VERDICT_LACKS(&smime, (void)strcpy(v.proof.signer, "eve@ca.example"));
	VERDICT_LACKS(&smime, memset(v.proof.signer, 'a', ADDRESS_SIZE));
	VERDICT_LACKS(&smime, (void)strcpy(v.proof.issuer, "\033c"));
	VERDICT_LACKS(&smime, v.challenge.reply_to_count = 0);
	VERDICT_LACKS(&smime, v.challenge.part1[0] = '\0');
	VERDICT_LACKS(
	    &smime, (void)strcpy(v.challenge.claimed_from, "eve@ca.example"));
}

static void
test_admit(void)
{
	const struct authres_methods both = {
		.method = { AUTHRES_SMIME, AUTHRES_DKIM }, .count = 2
	};
	const struct authres_methods none = { .none = true };
	struct authres *authres = NULL, *copy;

	OK(authres_admit(&dkim, span_of(FROM), &both, &authres) == STATUS_OK);
	OK(authres_proof(authres)->method == AUTHRES_DKIM);
	copy = authres_copy(authres);
	OK(authres_proof(copy)->method == AUTHRES_DKIM);
	authres_free(copy);
	authres_free(authres);
	authres = NULL;
	OK(authres_admit(&results, span_of(FROM), &both, &authres) ==
	    STATUS_NO_AUTHRES);
	OK(authres_admit(&dkim, span_of(FROM), &none, &authres) ==
	    STATUS_NO_AUTHRES);
	OK(authres_admit(&dkim, span_of("a@evil.example"), &both, &authres) ==
	    STATUS_BUG);
	OK(authres_waive(&both, &authres) == STATUS_NO_AUTHRES);
	OK(authres == NULL);
	OK(authres_waive(&none, &authres) == STATUS_OK);
	OK(authres_proof(authres) == NULL);
	authres_free(authres);
}

static void
test_nearer(void)
{
	OK(authres_nearer(STATUS_BAD_DKIM, STATUS_NO_AUTHRES));
	OK(!authres_nearer(STATUS_NO_AUTHRES, STATUS_BAD_DKIM));
	OK(!authres_nearer(STATUS_BAD_DKIM, STATUS_BAD_DKIM));
	OK(authres_nearer(STATUS_BAD_DKIM_COVERAGE, STATUS_BAD_DKIM_DOMAIN));
	OK(authres_nearer(STATUS_BAD_DKIM_KEY, STATUS_BAD_PROTECTION));
	OK(authres_nearer(STATUS_DNS, STATUS_BAD_DKIM_KEY));
}

#define SIGNED(selector, names)                                         \
	"DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=" selector \
	"; h=" names "; bh=AAAA; b=AAAA\n"
#define TWELVE                                                 \
	"from:to:cc:sender:reply-to:subject:date:in-reply-to:" \
	"references:message-id:content-type:content-transfer-encoding"

static struct own_mail
own_mail(const char *message)
{
	struct own_mail own;

	OK(own_mail_read(span_of(message), 1790000000, &own) == STATUS_OK);
	OK(own_mail_ok(&own));
	return own;
}

#define OWN_LACKS(change)                                                    \
	do {                                                                 \
		struct own_mail o =                                          \
		    own_mail(SIGNED("a", TWELVE) "From: a@example.org\n\n"); \
		change;                                                      \
		tap_ok(!own_mail_ok(&o), __FILE__, __LINE__,                 \
		    "refused: " #change);                                    \
	} while (0)

static void
test_own_mail(void)
{
	struct own_mail own = own_mail("");

	OK(own.from[0] == '\0' && own.count == 0);
	/* The best signature counts; one that lists From once does not cover
	 * two of them. */
	own = own_mail(SIGNED("a", "from") SIGNED("b", TWELVE) SIGNED(
	    "c", "from:to") "From: A <a@EXAMPLE.org>\nTo: b@example.org\n\n");
	OK(own.count == 3 && own.signatures == 3 && own.missing == 0);
	OK(strcmp(own.from, "a@example.org") == 0);
	OK(strcmp(own.key_name[1], "b._domainkey.example.org") == 0);
	own = own_mail(
	    SIGNED("a", TWELVE) "From: a@example.org\nTo: x\nTo: y\n\n");
	OK(own.missing == 1 << 3);
	own = own_mail(SIGNED("a", TWELVE) "From: a@other.example\n\n");
	OK(own.count == 0 && strcmp(own.other, "example.org") == 0);
	OWN_LACKS(o.from[0] = ' ');
	OWN_LACKS(memset(o.to, 'x', sizeof(o.to)));
	OWN_LACKS(o.return_path[0] = '\n');
	OWN_LACKS(o.count = FAR);
	OWN_LACKS(o.count = 2);
	OWN_LACKS(o.signatures = FAR);
	OWN_LACKS(o.key_name[0][0] = '/');
	OWN_LACKS(o.missing = 1 << OWN_MAIL_NAMES);
	OWN_LACKS(o.other[0] = '\033');
	OWN_LACKS(o.fault.text[0] = '\033');
	OWN_LACKS(o.body = OWN_BODY_COUNT);
	OWN_LACKS(o.list = 2);
}

int
main(void)
{
	test_own_mail();
	test_query();
	test_verdict();
	test_admit();
	test_nearer();
	return tap_done();
}
