/* test_acme.c - signed requests and signing requests: known answers */
#include "tap.h"

#include "acme/csr.h"
#include "acme/jws.h"
#include "base/base64url.h"

/* RFC 8037 appendix A.1, the private key as PKCS #8. */
static const char ed25519[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";

/* newOrder and POST-as-GET under that key, computed with Python's
 * cryptography from RFC 7515 and 8555. */
static void
test_jws(void)
{
	const struct jws order = {
		SPAN("https://example.com/acme/new-order"),
		SPAN("5XJ1L3lEkMG7tR6pA00clA"),
		SPAN("https://example.com/acme/acct/1"),
		SPAN("{\"identifiers\":[{\"type\":\"email\",\"value\":\"alexey@"
		     "example.com\"}]}"),
	};
	const struct jws get = { SPAN("https://example.com/acme/authz/1"),
		SPAN("uQpSjlRb4vQVCjVYAyyUWg"),
		SPAN("https://example.com/acme/acct/1"), SPAN("") };
	struct jws bad = get;
	struct note note = { "" };
	struct buf out;

	buf_init(&out, JWS_SIZE_MAX);
	OK(jws_sign(SPAN(ed25519), &order, &out, &note) == STATUS_OK);
	TEXT(buf_span(&out),
	    "{\"protected\":\"eyJhbGciOiJFZERTQSIsImtpZCI6Imh0dHBzOi8vZXhhbXBsZ"
	    "S5jb20vYWNtZS9hY2N0LzEiLCJub25jZSI6IjVYSjFMM2xFa01HN3RSNnBBMDBjbE"
	    "EiLCJ1cmwiOiJodHRwczovL2V4YW1wbGUuY29tL2FjbWUvbmV3LW9yZGVyIn0\","
	    "\"payload\":\"eyJpZGVudGlmaWVycyI6W3sidHlwZSI6ImVtYWlsIiwidmFsdWUi"
	    "OiJhbGV4ZXlAZXhhbXBsZS5jb20ifV19\",\"signature\":\"XDmX453mZ4h0-yO"
	    "HR2Bk1xhe2XXuuGq-5B8eW8mZLdmD_jqvATKEj6SpPaqCKwtrrH0NqFJmqrRcMnZ4"
	    "neFCAA\"}");
	buf_clear(&out);
	OK(jws_sign(SPAN(ed25519), &get, &out, &note) == STATUS_OK);
	OK(span_find(buf_span(&out),
	       SPAN(
		   "\"payload\":\"\",\"signature\":\"9vcvMIs9f7LEPzLTZRW-EZSaov"
		   "3gwsHoOxcdwVdRbWpBMqd9i5-0ZXFczcahm1k98AdkebIJqi73wSxMiLoG"
		   "Aw\"")) < out.len);
	buf_clear(&out);
	bad.url = SPAN("http://example.com/acme/authz/1");
	OK(jws_sign(SPAN(ed25519), &bad, &out, &note) == STATUS_USAGE);
	bad = get;
	bad.nonce = SPAN("a\",\"x\":\"");
	OK(jws_sign(SPAN(ed25519), &bad, &out, &note) == STATUS_USAGE);
	OK(jws_sign(SPAN("no key"), &get, &out, &note) == STATUS_BAD_KEY);
	OK(out.len == 0);
	buf_clear(&out);
}

static void
test_bind(void)
{
	static const char want[] =
	    "{\"protected\":\"eyJhbGciOiJIUzI1NiIsImtpZCI6ImtpZC0xIiwidXJsIjoiaH"
	    "R0cHM6Ly9leGFtcGxlLmNvbS9hY21lL25ldy1hY2NvdW50In0\",\"payload\":\"e"
	    "yJjcnYiOiJFZDI1NTE5Iiwia3R5IjoiT0tQIiwieCI6IjExcVlBWUt4Q3JmVlNfN1"
	    "R5V1FIT2c3aGN2UGFwaU1scndJYWFQY0hVUm8ifQ\",\"signature\":\"Cq2u2Wny"
	    "6H-enYcA_rZNGJTkSMDxAG2-Ptzq1sNQpks\"}";
	static const char *const keys[] = {
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
	};
	struct note note = { "" };
	struct buf out;
	size_t i;

	buf_init(&out, 8192);
	for (i = 0; i < 2; i++) {
		buf_clear(&out);
		OK(jws_bind(SPAN(ed25519),
		       SPAN("https://example.com/acme/new-account"),
		       SPAN("kid-1"), span_of(keys[i]), &out,
		       &note) == STATUS_OK);
		TEXT(buf_span(&out), want);
	}
	OK(jws_bind(SPAN(ed25519), SPAN("https://example.com/acme/new-account"),
	       SPAN("kid-1"), SPAN("short"), &out, &note) == STATUS_BAD_KEY);
	buf_clear(&out);
}

static void
test_csr(void)
{
	const struct span one[] = { SPAN("alexey@example.com") };
	struct note note = { "" };
	struct buf der, text;

	buf_init(&der, CSR_SIZE_MAX);
	buf_init(&text, CSR_SIZE_MAX);
	OK(csr_build(SPAN(ed25519), one, 1, CSR_SIGN, &der, &note) ==
	    STATUS_OK);
	base64url_encode(&text, buf_span(&der));
	TEXT(buf_span(&text),
	    "MIG_MHMCAQAwADAqMAUGAytlcAMhANdamAGCsQq31Uv-08lkBzoO4XLz2qYjJa8CG"
	    "mj3B1EaoEAwPgYJKoZIhvcNAQkOMTEwLzAdBgNVHREEFjAUgRJhbGV4ZXlAZXhhbX"
	    "BsZS5jb20wDgYDVR0PAQH_BAQDAgeAMAUGAytlcANBAMq7-hvdu6xQzec01mp4jOP"
	    "DY0ew9yT3f3lDi3XM2SMit92gLz0h2fOKiGhf2iepDR0esDVfTQ9YohJOpJHm2gA");
	buf_clear(&der);
	/* RFC 8410: Ed25519 cannot encrypt. */
	OK(csr_build(SPAN(ed25519), one, 1, CSR_BOTH, &der, &note) ==
	    STATUS_BAD_KEY);
	OK(csr_build(SPAN(ed25519), one, 0, CSR_SIGN, &der, &note) ==
	    STATUS_USAGE);
	OK(csr_build(SPAN("x"), one, 1, CSR_SIGN, &der, &note) ==
	    STATUS_BAD_KEY);
	buf_clear(&der);
	buf_clear(&text);
}

static void
test_generate(void)
{
	enum key_kind kind;
	struct note note = { "" };
	const struct span one[] = { SPAN("a@example.com") };
	struct buf pem, der;
	int i;

	buf_init(&pem, 64 * 1024);
	buf_init(&der, CSR_SIZE_MAX);
	for (i = 0; i <= KEY_RSA_2048; i++) {
		kind = (enum key_kind)i;
		buf_clear(&pem);
		buf_clear(&der);
		OK(key_kind_parse(span_of(key_kind_name(kind)), &kind) &&
		    (int)kind == i);
		OK(key_generate(kind, &pem) == STATUS_OK);
		OK((csr_build(buf_span(&pem), one, 1, CSR_BOTH, &der, &note) ==
		       STATUS_OK) == csr_usage_fits(kind, CSR_BOTH));
		OK(csr_build(buf_span(&pem), one, 1, CSR_SIGN, &der, &note) ==
		    STATUS_OK);
	}
	buf_wipe(&pem);
	buf_clear(&der);
}

int
main(void)
{
	test_jws();
	test_bind();
	test_csr();
	test_generate();
	return tap_done();
}
