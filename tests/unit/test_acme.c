/* test_acme.c - signed requests and signing requests: known answers */
#include "tap.h"

#include <string.h>

#include "acme/caa.h"
#include "acme/certificate.h"
#include "acme/csr.h"
#include "acme/jwk.h"
#include "acme/jws.h"
#include "acme/jws_form.h"
#include "acme/keyauth.h"
#include "acme/link.h"
#include "acme/url.h"
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
		.url = SPAN("https://example.com/acme/new-order"),
		.nonce = SPAN("5XJ1L3lEkMG7tR6pA00clA"),
		.kid = SPAN("https://example.com/acme/acct/1"),
		.payload = SPAN(
		    "{\"identifiers\":[{\"type\":\"email\",\"value\":\"alexey@"
		    "example.com\"}]}"),
	};
	const struct jws get = {
		.url = SPAN("https://example.com/acme/authz/1"),
		.nonce = SPAN("uQpSjlRb4vQVCjVYAyyUWg"),
		.kid = SPAN("https://example.com/acme/acct/1"),
	};
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
	OK(jws_form_ok(buf_span(&out)));
	buf_clear(&out);
	OK(jws_sign(SPAN(ed25519), &get, &out, &note) == STATUS_OK);
	OK(span_find(buf_span(&out),
	       SPAN(
		   "\"payload\":\"\",\"signature\":\"9vcvMIs9f7LEPzLTZRW-EZSaov"
		   "3gwsHoOxcdwVdRbWpBMqd9i5-0ZXFczcahm1k98AdkebIJqi73wSxMiLoG"
		   "Aw\"")) < out.len);
	OK(jws_form_ok(buf_span(&out)));
	buf_clear(&out);
	bad.url = SPAN("http://example.com/acme/authz/1");
	OK(jws_sign(SPAN(ed25519), &bad, &out, &note) == STATUS_BAD_CA);
	bad = get;
	bad.nonce = SPAN("a\",\"x\":\"");
	OK(jws_sign(SPAN(ed25519), &bad, &out, &note) == STATUS_BAD_CA);
	OK(jws_sign(SPAN("no key"), &get, &out, &note) == STATUS_BAD_KEY);
	OK(out.len == 0);
	buf_clear(&out);
}

/* Services in the protected header (draft-ietf-acme-email-tls-02), likewise. */
static void
test_jws_services(void)
{
	static const char *const want[] = {
		"{\"protected\":\"eyJhbGciOiJFZERTQSIsImtpZCI6Imh0dHBzOi8vZ"
		"XhhbXBsZS5jb20vYWNtZS9hY2N0LzEiLCJub25jZSI6InVRcFNqbFJiNHZ"
		"RVkNqVllBeXlVV2ciLCJ1cmwiOiJodHRwczovL2V4YW1wbGUuY29tL2Fjb"
		"WUvY2hhbGwvMSIsInNlcnZpY2UiOiJpbWFwcyIsInBvcnQiOjk5M30\","
		"\"payload\":\"e30\",\"signature\":\"5kJ7EmJHUodd7qHpSur06q"
		"adrnAOBLFPegAoEk3Da9PZcPb-qN5r7KiOpYUhXdAc-l-vl8oivoNLWwfH"
		"05EdDw\"}",
		"{\"protected\":\"eyJhbGciOiJFZERTQSIsImtpZCI6Imh0dHBzOi8vZ"
		"XhhbXBsZS5jb20vYWNtZS9hY2N0LzEiLCJub25jZSI6InVRcFNqbFJiNHZ"
		"RVkNqVllBeXlVV2ciLCJ1cmwiOiJodHRwczovL2V4YW1wbGUuY29tL2Fjb"
		"WUvY2hhbGwvMSIsInNlcnZpY2UiOiJpbWFwcyIsInBvcnQiOjk5Mywic2V"
		"ydmljZXMiOlsiaW1hcHMiLCJzbXRwIl0sInBvcnRzIjpbOTkzLDI1MjVdf"
		"Q\",\"payload\":\"e30\",\"signature\":\"vbPnghL82EXCoPBLNN"
		"EwYf3bn72joJ3kHvdYsIQljgPYjTEcY6_8RPQAWJdxr0F_dV1c4N9VdWKY"
		"br60TKXfAA\"}",
	};
	struct service_at at[2];
	struct jws jws = {
		.url = SPAN("https://example.com/acme/chall/1"),
		.nonce = SPAN("uQpSjlRb4vQVCjVYAyyUWg"),
		.kid = SPAN("https://example.com/acme/acct/1"),
		.payload = SPAN("{}"),
		.service = at,
	};
	struct note note = { "" };
	struct buf out;

	OK(service_at_parse(SPAN("imaps:993"), &at[0]) &&
	    service_at_parse(SPAN("smtp:2525"), &at[1]));
	buf_init(&out, JWS_SIZE_MAX);
	for (jws.services = 1; jws.services <= 2; jws.services++) {
		OK(jws_sign(SPAN(ed25519), &jws, &out, &note) == STATUS_OK);
		TEXT(buf_span(&out), want[jws.services - 1]);
		OK(jws_form_ok(buf_span(&out)));
		buf_clear(&out);
	}
}

/* RFC 8555 section 8.4, with the key of RFC 7638; computed by sha256sum. */
static void
test_keyauth(void)
{
	const struct span token = SPAN("DGyRejmCefe7v4NfDGDKfA");
	const struct span print =
	    SPAN("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
	char out[SERVICE_VALUE_SIZE];

	OK(keyauth_digest(token, print, SPAN(""), out) == STATUS_OK);
	TEXT(span_of(out), "Bs72Q7B-BSSQo4oDjA2qBR07GB6sc3hiG9zqaqvHx7U");
	OK(keyauth_digest(token, print, SPAN(".imaps.993"), out) == STATUS_OK);
	TEXT(span_of(out), "EkHrKbk37mAF8Uh-WRUzY8uCOlir67yGOlqCordXef4");
	OK(keyauth_digest(SPAN("short"), print, SPAN(""), out) ==
	    STATUS_BAD_TOKEN);
	OK(keyauth_digest(token, SPAN("short"), SPAN(""), out) ==
	    STATUS_BAD_THUMBPRINT);
}

static void
test_jws_form(void)
{
	static const char *const not [] = {
		"", "{}", "hello", "{\"protected\":\"YQ\",\"payload\":\"YQ\"}",
		"{\"protected\":\"\",\"payload\":\"YQ\",\"signature\":\"YQ\"}",
		"{\"protected\":\"YQ\",\"payload\":\"YQ\",\"signature\":\"\"}",
		"{\"protected\":\"YQ\",\"payload\":\"Y+\",\"signature\":\"YQ\"}",
		"{\"protected\":\"Y\",\"payload\":\"YQ\",\"signature\":\"YQ\"}",
		"{\"protected\":\"YQ\",\"payload\":\"YQ\",\"signature\":\"YQ",
		"{\"protected\":\"YQ\",\"payload\":\"YQ\",\"signature\":\"YQ\"",
		"{\"protected\":\"YQ\",\"payload\":\"YQ\",\"signature\":\"YQ\"}x",
		"{\"payload\":\"YQ\",\"protected\":\"YQ\",\"signature\":\"YQ\"}",
		" {\"protected\":\"YQ\",\"payload\":\"\",\"signature\":\"YQ\"}"
	};
	size_t i;

	OK(jws_form_ok(SPAN("{\"protected\":\"YQ\",\"payload\":\"YWI\","
			    "\"signature\":\"YQ\"}")));
	OK(jws_form_ok(SPAN("{\"protected\":\"YQ\",\"payload\":\"\","
			    "\"signature\":\"YQ\"}")));
	for (i = 0; i < sizeof(not ) / sizeof(*not ); i++)
		OK(!jws_form_ok(span_of(not [i])));
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
		OK(jws_form_ok(buf_span(&out)));
	}
	OK(jws_bind(SPAN(ed25519), SPAN("https://example.com/acme/new-account"),
	       SPAN("kid-1"), SPAN("short"), &out, &note) == STATUS_BAD_KEY);
	buf_clear(&out);
}

static const struct csr_form sign = { .usage = CSR_SIGN };
static const struct csr_form both = { .usage = CSR_BOTH };

static void
test_csr(void)
{
	const struct span one[] = { SPAN("alexey@example.com") };
	struct note note = { "" };
	struct buf der, text;

	buf_init(&der, CSR_SIZE_MAX);
	buf_init(&text, CSR_SIZE_MAX);
	OK(csr_build(SPAN(ed25519), one, 1, &sign, &der, &note) == STATUS_OK);
	base64url_encode(&text, buf_span(&der));
	TEXT(buf_span(&text),
	    "MIG_MHMCAQAwADAqMAUGAytlcAMhANdamAGCsQq31Uv-08lkBzoO4XLz2qYjJa8CG"
	    "mj3B1EaoEAwPgYJKoZIhvcNAQkOMTEwLzAdBgNVHREEFjAUgRJhbGV4ZXlAZXhhbX"
	    "BsZS5jb20wDgYDVR0PAQH_BAQDAgeAMAUGAytlcANBAMq7-hvdu6xQzec01mp4jOP"
	    "DY0ew9yT3f3lDi3XM2SMit92gLz0h2fOKiGhf2iepDR0esDVfTQ9YohJOpJHm2gA");
	buf_clear(&der);
	/* RFC 8410: Ed25519 cannot encrypt. */
	OK(csr_build(SPAN(ed25519), one, 1, &both, &der, &note) ==
	    STATUS_BAD_KEY);
	OK(csr_build(SPAN(ed25519), one, 0, &sign, &der, &note) ==
	    STATUS_USAGE);
	OK(csr_build(SPAN("x"), one, 1, &sign, &der, &note) == STATUS_BAD_KEY);
	buf_clear(&der);
	buf_clear(&text);
}

/* The same key for a server, with an SRV-ID and serverAuth: made with Python's
 * cryptography. */
static void
test_server_csr(void)
{
	const struct span host[] = { SPAN("mail.example.org") };
	const struct span srv[] = { SPAN("_imaps.mail.example.org") };
	const struct csr_form server = { .usage = CSR_SERVER,
		.address_subject = true,
		.eku = true,
		.srv = srv,
		.srvs = 1 };
	struct note note = { "" };
	struct buf der, text;

	buf_init(&der, CSR_SIZE_MAX);
	buf_init(&text, CSR_SIZE_MAX);
	OK(csr_build(SPAN(ed25519), host, 1, &server, &der, &note) ==
	    STATUS_OK);
	base64url_encode(&text, buf_span(&der));
	TEXT(buf_span(&text),
	    "MIIBFTCByAIBADAbMRkwFwYDVQQDDBBtYWlsLmV4YW1wbGUub3JnMCowBQYDK2"
	    "VwAyEA11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURqgejB4BgkqhkiG"
	    "9w0BCQ4xazBpMEIGA1UdEQQ7MDmCEG1haWwuZXhhbXBsZS5vcmegJQYIKwYBBQ"
	    "UHCAegGRYXX2ltYXBzLm1haWwuZXhhbXBsZS5vcmcwDgYDVR0PAQH_BAQDAgeA"
	    "MBMGA1UdJQQMMAoGCCsGAQUFBwMBMAUGAytlcANBAFpHut5ugNXe1KZfYrWh8q"
	    "jj-g_VIs3QHV8eBMJo5EdCwcVdzedBvSykT2tv34y2bituAHn3pL2Qwsazli44"
	    "oQM");
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
		OK((csr_build(buf_span(&pem), one, 1, &both, &der, &note) ==
		       STATUS_OK) == csr_usage_fits(kind, CSR_BOTH));
		OK(csr_build(buf_span(&pem), one, 1, &sign, &der, &note) ==
		    STATUS_OK);
	}
	buf_wipe(&pem);
	buf_clear(&der);
}

/* EC keys with a coordinate that begins with a zero octet, which belongs to the
 * JWK (RFC 7518 section 6.2.1.2): x, y, and x of P-384.  Found and written down
 * with Python's cryptography. */
static const struct {
	const char *pem, *jwk, *thumbprint;
} leading_zero[] = {
	{ "-----BEGIN PRIVATE KEY-----\n"
	  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgANqgcLxDqjtHc4LR\n"
	  "nkdW7S9r0/MG/ou+n2SwDO1UoYyhRANCAAQA4iwNs6D7LWM1ymCUimIjiMNn6bvY\n"
	  "aDyhW+5HuBfnqBGjKBYUhoY6RSBwB4gq5VMXE01zmr+K44XANKxPucWG\n"
	  "-----END PRIVATE KEY-----\n",
	    "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"AOIsDbOg-y1jNcpglIpiI4jDZ-m72Gg8oVvuR7gX56g\",\"y\":\"EaMoFhSGhjpFIHAHiCrlUxcTTXOav4rjhcA0rE-5xYY\"}",
	    "_gjcnRo8HtzoCcx2m9wK-guf4i7hJeFRWuD92iUcCd8" },
	{ "-----BEGIN PRIVATE KEY-----\n"
	  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAsUq2EPiHmVZm/sE\n"
	  "U1iZvmS/0YGlv4JoT/rq9mTSGOihRANCAAStYQJSl1SPY8qbcAT7j3MdvSPtMey1\n"
	  "vqCjUVVs9iUFogC6+VPn9M2PolBqmaRnvL2G465nnDLL/dyWrbju1P6n\n"
	  "-----END PRIVATE KEY-----\n",
	    "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"rWECUpdUj2PKm3AE-49zHb0j7THstb6go1FVbPYlBaI\",\"y\":\"ALr5U-f0zY-iUGqZpGe8vYbjrmecMsv93JatuO7U_qc\"}",
	    "d-2wKkaJphEMONfNkenSvufTitjTCMdQzfl59V9bu-w" },
	{ "-----BEGIN PRIVATE KEY-----\n"
	  "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDAAAAAAAAAAAAAAAAAA\n"
	  "AAAAAFCi0GciOoUmpy4ZmN+KPLey9AI6cne8Z7GjIZI1aLChZANiAAQAZX4rjeqx\n"
	  "WpPsPWiRKOwSXaR2i45jeEtczxjhUXiP0m+hLwzeU9SNZ8HTR6fo0aifRaoldFy8\n"
	  "pDQsjw6wOEUVjwceZKJ0+7TjJHar3yBNFR8WZEtc8O9jxcGHpLjuf+c=\n"
	  "-----END PRIVATE KEY-----\n",
	    "{\"crv\":\"P-384\",\"kty\":\"EC\",\"x\":\"AGV-K43qsVqT7D1okSjsEl2kdouOY3hLXM8Y4VF4j9JvoS8M3lPUjWfB00en6NGo\",\"y\":\"n0WqJXRcvKQ0LI8OsDhFFY8HHmSidPu04yR2q98gTRUfFmRLXPDvY8XBh6S47n_n\"}",
	    "EBSR3xu4dgHHm8Wi8OtbY9NuDojEWgOq4AeKZ5oVIjs" },
};

static void
test_leading_zero(void)
{
	struct note note = { "" };
	struct buf out;
	size_t i;

	buf_init(&out, JWK_SIZE_MAX);
	for (i = 0; i < 3; i++) {
		OK(jwk_public(span_of(leading_zero[i].pem), &out, &note) ==
		    STATUS_OK);
		TEXT(buf_span(&out), leading_zero[i].jwk);
		buf_clear(&out);
		OK(jwk_thumbprint(span_of(leading_zero[i].pem), &out, &note) ==
		    STATUS_OK);
		TEXT(buf_span(&out), leading_zero[i].thumbprint);
		buf_clear(&out);
		OK(jwk_thumbprint(span_of(leading_zero[i].jwk), &out, &note) ==
		    STATUS_OK);
		TEXT(buf_span(&out), leading_zero[i].thumbprint);
		buf_clear(&out);
	}
}

/* RFC 9773 section 4.1: its key identifier and serial number, in a
 * certificate made with Python's cryptography. */
static const char ari[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBYTCCAQegAwIBAgIFAIdlQyEwCgYIKoZIzj0EAwIwFTETMBEGA1UEAwwKRXhh\n"
    "bXBsZSBDQTAeFw0yNjAxMDEwMDAwMDBaFw0yNzAxMDEwMDAwMDBaMAAwWTATBgcq\n"
    "hkjOPQIBBggqhkjOPQMBBwNCAAQ+16KOxkjtzl1bfiUvayqvu0SDURSiSzyqj3EP\n"
    "ZJk7wlcRo0zckikIC2OfCZd/63ypHszhZJv+qK2Fxysgat5+o1kwVzAfBgNVHREB\n"
    "Af8EFTATgRFhbGljZUBleGFtcGxlLm9yZzATBgNVHSUEDDAKBggrBgEFBQcDBDAf\n"
    "BgNVHSMEGDAWgBRpiFtrh0ZAQeGze4R7oK4s3gHI1DAKBggqhkjOPQQDAgNIADBF\n"
    "AiB3lQ7fBQ2TFs2VND7N146pDuksex29Gbeb/2lqRpoFYAIhALfaye/R8lvUP1xr\n"
    "Bag6n7NHVxhZamyjZ2Yj3+uucA8L\n"
    "-----END CERTIFICATE-----\n";
static const char ari_key[] =
    "3059301306072a8648ce3d020106082a8648ce3d030107034200043ed7a28ec6"
    "48edce5d5b7e252f6b2aafbb44835114a24b3caa8f710f64993bc25711a34cdc"
    "9229080b639f09977feb7ca91ecce1649bfea8ad85c72b206ade7e";

static void
test_certificate(void)
{
	const struct span alice[] = { SPAN("alice@example.org") };
	const struct span bob[] = { SPAN("bob@example.org") };
	const int64_t now = 1780000000; /* 2026-05-28 */
	struct certificate facts;
	struct note note = { "" };
	struct certificate_wanted wanted;
	struct buf key, out;
	size_t i;

	buf_init(&key, 1024);
	buf_init(&out, CERTIFICATE_SIZE_MAX);
	for (i = 0; ari_key[i] != '\0'; i += 2)
		buf_add_byte(&key,
		    (char)(strchr("0123456789abcdef", ari_key[i]) -
			"0123456789abcdef")
			    << 4 |
			(char)(strchr("0123456789abcdef", ari_key[i + 1]) -
			    "0123456789abcdef"));
	wanted = (struct certificate_wanted){ .key = buf_span(&key),
		.address = { alice[0] },
		.addresses = 1,
		.usage = CSR_SIGN,
		.now = now };
	OK(certificate_check(SPAN(ari), &wanted, &out, &facts, &note) ==
	    STATUS_OK);
	TEXT(span_of(facts.id), "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
	TEXT(span_of(facts.top), "Example CA");
	TEXT(buf_span(&out), ari);
	OK(facts.starts == 1767225600 && facts.expires == 1798761600);
	OK(facts.limits[0] == '\0');
	/* Kept all the same. */
	wanted.now = facts.expires + 1;
	OK(certificate_check(SPAN(ari), &wanted, &out, &facts, &note) ==
	    STATUS_OK);
	OK(strstr(facts.limits, "has expired") != NULL);
	wanted.now = now - 365 * 86400;
	OK(certificate_check(SPAN(ari), &wanted, &out, &facts, &note) ==
	    STATUS_OK);
	OK(strstr(facts.limits, "not valid yet") != NULL);
	buf_clear(&out);
	wanted.now = now;
	wanted.address[0] = bob[0];
	OK(certificate_check(SPAN(ari), &wanted, &out, &facts, &note) ==
	    STATUS_BAD_CA);
	wanted.address[0] = alice[0];
	wanted.key = SPAN("another");
	OK(certificate_check(SPAN(ari), &wanted, &out, &facts, &note) ==
	    STATUS_BAD_CA);
	buf_clear(&out);
	buf_clear(&key);
}

/* For that key, made with Python's cryptography: as ordered, for mail, with
 * another host, and with another host in its subject. */
static const char *const server_certificates[] = {
	"-----BEGIN CERTIFICATE-----\n"
	"MIIBSzCB/qADAgECAgEHMAUGAytlcDAVMRMwEQYDVQQDDApFeGFtcGxlIENBMCAX\n"
	"DTI2MDEwMTAwMDAwMFoYDzIwOTkwMTAxMDAwMDAwWjAbMRkwFwYDVQQDDBBtYWls\n"
	"LmV4YW1wbGUub3JnMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMl\n"
	"rwIaaPcHURqjazBpMEIGA1UdEQQ7MDmCEG1haWwuZXhhbXBsZS5vcmegJQYIKwYB\n"
	"BQUHCAegGRYXX2ltYXBzLm1haWwuZXhhbXBsZS5vcmcwDgYDVR0PAQH/BAQDAgeA\n"
	"MBMGA1UdJQQMMAoGCCsGAQUFBwMBMAUGAytlcANBAFLlQak5upxBFtVwGXVxVfu6\n"
	"GDDcClZvvzN8WV0466VqrYRDakREkFO11HVA881arvZ2IH1RUm/4MsEUP78AewE=\n"
	"-----END CERTIFICATE-----\n",
	"-----BEGIN CERTIFICATE-----\n"
	"MIIBDDCBv6ADAgECAgEHMAUGAytlcDAVMRMwEQYDVQQDDApFeGFtcGxlIENBMCAX\n"
	"DTI2MDEwMTAwMDAwMFoYDzIwOTkwMTAxMDAwMDAwWjAAMCowBQYDK2VwAyEA11qY\n"
	"AYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURqjRzBFMB4GA1UdEQEB/wQUMBKC\n"
	"EG1haWwuZXhhbXBsZS5vcmcwDgYDVR0PAQH/BAQDAgeAMBMGA1UdJQQMMAoGCCsG\n"
	"AQUFBwMEMAUGAytlcANBAPw3LBKEnMpjbyb1WmLFSmYbxcc9JNOKnhiPdiv+EtYb\n"
	"VcD5K1YAY737mEPE3MFdQdDKPgoTvhxvE6GSlMTqcwg=\n"
	"-----END CERTIFICATE-----\n",
	"-----BEGIN CERTIFICATE-----\n"
	"MIIBGjCBzaADAgECAgEHMAUGAytlcDAVMRMwEQYDVQQDDApFeGFtcGxlIENBMCAX\n"
	"DTI2MDEwMTAwMDAwMFoYDzIwOTkwMTAxMDAwMDAwWjAAMCowBQYDK2VwAyEA11qY\n"
	"AYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURqjVTBTMCwGA1UdEQEB/wQiMCCC\n"
	"EG1haWwuZXhhbXBsZS5vcmeCDGV2aWwuZXhhbXBsZTAOBgNVHQ8BAf8EBAMCB4Aw\n"
	"EwYDVR0lBAwwCgYIKwYBBQUHAwEwBQYDK2VwA0EAn+RGmD2OzdOuXfA4j3Svk7El\n"
	"DPlVqChIPKHVMH5XByqs7KzNOrJCUWlskc7msrBO3bCOQsJITJhcoTEfZkc0BA==\n"
	"-----END CERTIFICATE-----\n",
	"-----BEGIN CERTIFICATE-----\n"
	"MIIBIDCB06ADAgECAgEHMAUGAytlcDAVMRMwEQYDVQQDDApFeGFtcGxlIENBMCAX\n"
	"DTI2MDEwMTAwMDAwMFoYDzIwOTkwMTAxMDAwMDAwWjAXMRUwEwYDVQQDDAxldmls\n"
	"LmV4YW1wbGUwKjAFBgMrZXADIQDXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo\n"
	"9wdRGqNEMEIwGwYDVR0RBBQwEoIQbWFpbC5leGFtcGxlLm9yZzAOBgNVHQ8BAf8E\n"
	"BAMCB4AwEwYDVR0lBAwwCgYIKwYBBQUHAwEwBQYDK2VwA0EAn4kyILKsVREzOGnT\n"
	"xOk/xR7AMb0hsLUwB6uMOK71dRNDOPj8GIZ0E93y9Sbl4s595HAuTRPJ17rHREwp\n"
	"g7ADBQ==\n"
	"-----END CERTIFICATE-----\n"
};

static void
test_server_certificate(void)
{
	static const enum status want[] = { STATUS_OK, STATUS_OK, STATUS_BAD_CA,
		STATUS_BAD_CA };
	struct certificate_wanted wanted = { .address = { SPAN(
						 "mail.example.org") },
		.addresses = 1,
		.srv = { SPAN("_imaps.mail.example.org") },
		.srvs = 1,
		.usage = CSR_SERVER,
		.now = 1780000000 };
	struct certificate facts;
	struct note note = { "" };
	struct buf key, out;
	size_t i;

	buf_init(&key, 1024);
	buf_init(&out, CERTIFICATE_SIZE_MAX);
	OK(key_public(SPAN(ed25519), &key, &note) == STATUS_OK);
	wanted.key = buf_span(&key);
	for (i = 0; i < 4; i++) {
		facts.limits[0] = '\0';
		OK(certificate_check(span_of(server_certificates[i]), &wanted,
		       &out, &facts, &note) == want[i]);
		if (i == 0)
			OK(facts.limits[0] == '\0');
		if (i == 1)
			TEXT(span_of(facts.limits),
			    "lacks an SRV-ID that was ordered, and is not for "
			    "servers (it lacks serverAuth): clients will "
			    "refuse it");
	}
	wanted.address[0] = SPAN("imap.example.org");
	OK(certificate_check(span_of(server_certificates[0]), &wanted, &out,
	       &facts, &note) == STATUS_BAD_CA);
	/* One for a server is not one for mail. */
	wanted.usage = CSR_SIGN;
	wanted.address[0] = SPAN("alice@example.org");
	OK(certificate_check(span_of(server_certificates[0]), &wanted, &out,
	       &facts, &note) == STATUS_OK);
	OK(strstr(facts.limits, "does not name the address") != NULL);
	buf_clear(&out);
	buf_clear(&key);
}

/* RFC 9495 section 4, and its examples. */
static void
test_caa(void)
{
	TEXT(caa_issuer(SPAN("authority.example")), "authority.example");
	TEXT(caa_issuer(SPAN(" ca.example ")), "ca.example");
	TEXT(caa_issuer(SPAN("authority.example; account=123456")),
	    "authority.example");
	TEXT(caa_issuer(SPAN("a-b.example ; a=1; b = 2")), "a-b.example");
	TEXT(caa_issuer(SPAN("ca.example;")), "ca.example");
	TEXT(caa_issuer(SPAN(";")), "");
	TEXT(caa_issuer(SPAN("")), "");
	TEXT(caa_issuer(SPAN("%%%%%")), "");
	TEXT(caa_issuer(SPAN("ca.example; account")), "");
	TEXT(caa_issuer(SPAN("ca.example; a=1;")), "");
	TEXT(caa_issuer(SPAN("ca.example other.example")), "");
	TEXT(caa_issuer(SPAN("-ca.example")), "");
	TEXT(caa_issuer(SPAN("ca-.example")), "");
	TEXT(caa_issuer(SPAN("ca.example.")), "");
	TEXT(caa_issuer(SPAN("ca..example")), "");
}

static void
take_all(const char *field, const char *rel, struct buf *out)
{
	struct span rest = span_of(field);
	struct link link;

	buf_clear(out);
	while (link_take(&rest, &link)) {
		if (!link_has_rel(&link, span_of(rel)))
			continue;
		buf_add_byte(out, '<');
		buf_add(out, link.target);
		buf_add_byte(out, '>');
	}
}

/* RFC 8288 section 3: spellings of one thing. */
static void
test_link(void)
{
	static const struct {
		const char *field;
		const char *next;
	} table[] = {
		{ "<https://a/2>;rel=\"next\"", "<https://a/2>" },
		{ "<https://a/2>; rel=\"next\"", "<https://a/2>" },
		{ "<https://a/2>;rel=next", "<https://a/2>" },
		{ "<https://a/2> ; Rel = \"NEXT\"", "<https://a/2>" },
		{ "<https://a/2>;rel=\"alternate next\"", "<https://a/2>" },
		{ "<https://a/2>;rel=\"next  last\";title=\"a;b,c\"",
		    "<https://a/2>" },
		{ "<https://a/2>;title=\"rel=next\";rel=up", "" },
		{ "<https://a/2>;rel=up;rel=next", "" },
		{ "<https://a/2>;rel=nextone", "" },
		{ "<https://a/2>;rel=\"next\";anchor=\"#x\"", "" },
		{ "<https://a/1>;rel=up, <https://a/2>;rel=next",
		    "<https://a/2>" },
		{ "<https://a/1,2>;rel=next,<https://a/3>;rel=\"next\"",
		    "<https://a/1,2><https://a/3>" },
		{ ",, <2>;rel=next;;x", "<2>" },
		{ "<2>;x=\"\\\",<3>;rel=next\";rel=next", "<2>" },
		{ "garbage, <2>;rel=next", "<2>" },
		{ "<2>rel=next, <3>;rel=next", "<3>" },
		{ "<2;rel=next", "" },
		{ "<2>;rel=\"next", "<2>" },
		{ "<>;rel=next", "<>" },
		{ "", "" },
	};
	struct buf out;
	size_t i;

	buf_init(&out, 1024);
	for (i = 0; i < sizeof(table) / sizeof(*table); i++) {
		take_all(table[i].field, "next", &out);
		TEXT(buf_span(&out), table[i].next);
	}
	buf_clear(&out);
}

static bool
same(const char *one, const char *other)
{
	return acme_same_origin(span_of(one), span_of(other));
}

/* RFC 3986 section 6.2. */
static void
test_origin(void)
{
	OK(same("https://ca.example/a", "https://ca.example:443/b"));
	OK(same("https://ca.example:/a", "https://CA.example"));
	OK(same("HTTPS://ca.example/a", "https://ca.example:0443/b"));
	OK(same("https://ca.example?x", "https://ca.example#y"));
	OK(same("https://[::1]/a", "https://[::1]:443/b"));
	OK(same("https://[::1]:8443/a", "https://[::1]:8443/b"));
	OK(!same("https://ca.example/a", "https://ca.example:8443/a"));
	OK(!same("https://ca.example/a", "http://ca.example:443/a"));
	OK(!same("https://ca.example/a", "https://ca.example.evil.example/a"));
	OK(!same("https://ca.example/a", "https://ca.example@evil.example/a"));
	OK(!same("https://ca.example:44/a", "https://ca.example:443/a"));
	OK(!same("https://ca.example:x/a", "https://ca.example:x/a"));
	OK(!same("https://ca.example:65979/a", "https://ca.example/a"));
	OK(!same("https://[::1]/a", "https://[::2]/a"));
	OK(!same("https:///a", "https:///a"));
	OK(!same("", ""));
}

/* A passphrase opens what it locked, another one does not. */
static void
test_lock(void)
{
	struct note note = { "" };
	struct buf locked, plain;

	buf_init(&locked, 64 * 1024);
	buf_init(&plain, 64 * 1024);
	OK(key_lock(SPAN(ed25519), SPAN("sesame"), &locked) == STATUS_OK);
	OK(key_is_locked(buf_span(&locked)) && !key_is_locked(SPAN(ed25519)));
	OK(key_unlock(buf_span(&locked), SPAN("sesame"), &plain, &note) ==
	    STATUS_OK);
	TEXT(buf_span(&plain), ed25519);
	buf_clear(&plain);
	OK(key_unlock(buf_span(&locked), SPAN("Sesame"), &plain, &note) ==
	    STATUS_BAD_KEY);
	OK(key_unlock(buf_span(&locked), SPAN(""), &plain, &note) ==
	    STATUS_BAD_KEY);
	OK(plain.len == 0);
	OK(key_unlock(SPAN(ed25519), SPAN(""), &plain, &note) == STATUS_OK);
	TEXT(buf_span(&plain), ed25519);
	buf_wipe(&plain);
	buf_wipe(&locked);
}

int
main(void)
{
	test_jws();
	test_jws_services();
	test_keyauth();
	test_jws_form();
	test_bind();
	test_csr();
	test_server_csr();
	test_server_certificate();
	test_generate();
	test_leading_zero();
	test_certificate();
	test_caa();
	test_link();
	test_origin();
	test_lock();
	return tap_done();
}
