/* test_service.c - services, and the names under which hosts are proved */
#include "tap.h"

#include "acme/object.h"
#include "acme/service.h"
#include "install/program.h"
#include "service/daemon.h"

static void
parsed(const char *text, const char *want)
{
	struct service_at at;
	struct buf out;

	buf_init(&out, 100);
	if (service_at_parse(span_of(text), &at))
		service_at_add(&at, &out);
	TEXT(buf_span(&out), want);
	buf_clear(&out);
}

static void
test_services(void)
{
	const struct service *all;
	size_t count = services(&all), i;

	OK(count == 8);
	for (i = 0; i < count; i++)
		OK(service_find(span_of(all[i].name)) == &all[i]);
	OK(service_find(SPAN("IMAPS")) == service_find(SPAN("imaps")));
	OK(service_find(SPAN("")) == NULL);
	OK(service_find(SPAN("https")) == NULL);
	OK(service_find(SPAN("lmtp"))->port == 0);
	parsed("imaps:993", "imaps:993");
	parsed("SMTP:2525", "smtp:2525");
	parsed("lmtp:65535", "lmtp:65535");
	parsed("imaps", "");
	parsed("imaps:", "");
	parsed("imaps:0", "");
	parsed("imaps:-1", "");
	parsed("imaps:65536", "");
	parsed("imaps:993 ", "");
	parsed("http:80", "");
}

static void
host(const char *text, const char *want)
{
	char out[HOST_SIZE + 8] = "";

	TEXT(span_of(host_normal(span_of(text), out, sizeof(out)) ? out : ""),
	    want);
}

static void
test_hosts(void)
{
	host("mail.example.org", "mail.example.org");
	host("Mail.EXAMPLE.org.", "mail.example.org");
	host("b\303\274cher.example", "xn--bcher-kva.example");
	host("a-b.3com.example", "a-b.3com.example");
	host("mail", "");
	host("mail..example.org", "");
	host("mail.example.org..", "");
	host(".example.org", "");
	host("*.example.org", "");
	host("_imaps.example.org", "");
	host("-a.example.org", "");
	host("a-.example.org", "");
	host("127.0.0.1", "");
	host("a.b.1", "");
	host("[::1]", "");
	host("a b.example", "");
	host("alice@example.org", "");
	host("", "");
	host("a.\nb.example", "");
	host("123456789012345678901234567890123456789012345678901234567890"
	     "1234.example",
	    "");
}

static void
named(enum proof proof, const char *at, const char *want)
{
	struct service_at where;
	struct buf out;

	buf_init(&out, SERVICE_RECORD_SIZE);
	OK(service_at_parse(span_of(at), &where));
	proof_add_name(proof, &where, "example.com", &out);
	TEXT(buf_span(&out), want);
	buf_clear(&out);
}

static void
test_proofs(void)
{
	static const char *const fits[PROOFS] = {
		[PROOF_DNS_EMAIL] = "imap imaps pop3 pop3s smtp submission "
				    "submissions lmtp ",
		[PROOF_DNS] = "imap imaps pop3 pop3s smtp submission "
			      "submissions lmtp ",
		[PROOF_CAPABILITY_IMAP] = "imap imaps ",
		[PROOF_CAPABILITY_POP] = "pop3 pop3s ",
		[PROOF_CAPABILITY_SMTP] = "smtp submission submissions lmtp ",
	};
	const struct service *all;
	const size_t count = services(&all);
	enum proof back;
	struct buf out;
	size_t i, proof;

	buf_init(&out, 200);
	for (proof = 0; proof < PROOFS; proof++) {
		OK(proof_parse(span_of(proof_name((enum proof)proof)), &back) &&
		    back == (enum proof)proof);
		for (i = 0; i < count; i++)
			if (proof_fits((enum proof)proof, &all[i]))
				buf_addf(&out, "%s ", all[i].name);
		TEXT(buf_span(&out), fits[proof]);
		buf_clear(&out);
	}
	OK(!proof_parse(SPAN("email-reply-00"), &back));
	OK(!proof_parse(SPAN("dns-01 "), &back));
	/* Section 3 of the draft, and RFC 8555 section 8.4. */
	named(PROOF_DNS_EMAIL, "imaps:993",
	    "_993._imaps._acme-challenge.example.com");
	named(PROOF_DNS_EMAIL, "imap:143",
	    "_143._imap._acme-challenge.example.com");
	named(PROOF_DNS, "imaps:993", "_acme-challenge.example.com");
	proof_add_capability(PROOF_CAPABILITY_IMAP, "VaLuE", &out);
	proof_add_capability(PROOF_CAPABILITY_POP, "VaLuE", &out);
	proof_add_capability(PROOF_CAPABILITY_SMTP, "VaLuE", &out);
	TEXT(buf_span(&out), "ACME=VaLuEACME VaLuEACME VaLuE");
	buf_clear(&out);
}

/* What a CA may offer for a host, and what cannot be used. */
static void
test_offers(void)
{
	static const char text[] =
	    "{\"status\": \"pending\", \"expires\": \"2026-12-07T00:00"
	    ":00Z\", \"identifier\": {\"type\": \"dns\", \"value\": \"mai"
	    "l.example.org\"}, \"challenges\": [{\"type\": \"http-01\""
	    ", \"url\": \"https://ca.example/c/0\", \"status\": \"pend"
	    "ing\", \"token\": \"evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-P"
	    "Ct92wr-oA\"}, {\"type\": \"dns-01\", \"url\": \"https://ca"
	    ".example/c/1\", \"status\": \"pending\", \"token\": \"evaG"
	    "xfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA\"}, {\"type\""
	    ": \"dns-email-00\", \"url\": \"https://ca.example/c/2\","
	    " \"status\": \"processing\", \"token\": \"DGyRejmCefe7v4N"
	    "fDGDKfA\"}, {\"type\": \"capability-imap-00\", \"url\": \""
	    "https://ca.example/c/3\", \"status\": \"invalid\", \"tok"
	    "en\": \"DGyRejmCefe7\", \"error\": {\"type\": \"urn:ietf:params:"
	    "acme:error:unauthorized\", \"detail\": \"no\"}}, {\"type"
	    "\": \"capability-pop-00\", \"url\": \"ftp://ca.example/c"
	    "/4\", \"token\": \"DGyRejmCefe7v4NfDGDKfA\"}, {\"type\": "
	    "\"capability-smtp-00\", \"url\": \"https://ca.example/c"
	    "/5\", \"token\": \"DGyRejmCefe7v4NfDGDKfA\"}, {\"type\": "
	    "\"capability-smtp-00\", \"url\": \"https://ca.example/c"
	    "/6\", \"token\": \"DGyRejmCefe7v4NfDGDKfA\"}]}";
	static const enum acme_fault faults[PROOFS] = {
		[PROOF_DNS_EMAIL] = ACME_GOOD,
		[PROOF_DNS] = ACME_GOOD,
		[PROOF_CAPABILITY_IMAP] = ACME_SHORT_TOKEN,
		[PROOF_CAPABILITY_POP] = ACME_BAD_URL,
		[PROOF_CAPABILITY_SMTP] = ACME_BAD_CHALLENGES,
	};
	static struct acme_authorization authz;
	struct note note = { "" };
	size_t i;

	OK(acme_authorization_parse(SPAN(text), &authz, &note) == STATUS_OK);
	OK(acme_authorization_ok(&authz));
	TEXT(span_of(authz.identifier), "mail.example.org");
	OK(authz.has_challenge == 0);
	for (i = 0; i < PROOFS; i++) {
		OK(authz.proof[i].offered == 1);
		OK(authz.proof[i].fault == (uint32_t)faults[i]);
		OK((authz.proof[i].url[0] != '\0') == (faults[i] == ACME_GOOD));
	}
	TEXT(span_of(authz.proof[PROOF_DNS].url), "https://ca.example/c/1");
	TEXT(span_of(authz.proof[PROOF_DNS_EMAIL].token),
	    "DGyRejmCefe7v4NfDGDKfA");
	OK(authz.proof[PROOF_DNS_EMAIL].status == ACME_PROCESSING);
	TEXT(span_of(authz.problem.type), "unauthorized");
	authz.proof[PROOF_DNS].token[3] = '/';
	OK(!acme_authorization_ok(&authz));
}

/* The PATH of cron and of users has no sbin. */
static void
test_programs(void)
{
	char path[100];

	OK(setenv("PATH", "/usr/bin:/bin", 1) == 0);
	OK(!program_find("ldconfig", path, sizeof(path)));
	OK(daemon_program("ldconfig", path, sizeof(path)) &&
	    strstr(path, "sbin/ldconfig") != NULL);
	OK(daemon_program("sh", path, sizeof(path)) &&
	    strstr(path, "bin/sh") != NULL);
	OK(!daemon_program("no-such-program", path, sizeof(path)));
	OK(!daemon_program("ldconfig", path, 5));
}

int
main(void)
{
	test_programs();
	test_services();
	test_hosts();
	test_proofs();
	test_offers();
	return tap_done();
}
