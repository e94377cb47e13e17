/* test_response.c - responses and thumbprints: tests/vectors/README.md */
#include "tap.h"

#include "acme/jwk.h"
#include "reply/response.h"

#define RSA7638 "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
#define ED8037 "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
#define ACME4J "1_nKJnlH9boVxdoO63T8zP7O2w42qZL4d6xj35Hy5aI"
#define ACMEZ "hC4xyXNn8ZDH4yrcp93Zj3qgQs7LyT_GUL45YD7IVMQ"
#define PADDED "LgYemJLy3F1LDkiJrdIGbEzyFJyOyf6vBdyZ1TG3sME="
#define BARE "LgYemJLy3F1LDkiJrdIGbEzyFJyOyf6vBdyZ1TG3sME"
#define RFC_PART2 "DGyRejmCefe7v4NfDGDKfA"
#define EVEN "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
#define EVEN_PART2 "ZGVmZ2hpamtsbW5vcHFycw"

static void
check(const char *part1, const char *part2, const char *thumbprint,
    enum token_join join, const char *want)
{
	struct response response = { "" };

	OK(response_compute(span_of(part1), span_of(part2), span_of(thumbprint),
	       join, &response) == STATUS_OK);
	TEXT(span_of(response.digest), want);
}

static void
test_vectors(void)
{
	const enum token_join s = TOKEN_JOIN_STRING, o = TOKEN_JOIN_OCTETS;

	/* A: text as received.  B: the same without padding.  C: octets. */
	check(PADDED, RFC_PART2, RSA7638, s,
	    "ZEzZgc9aJoD_n58jPgRZT72bYhm3xgODx3XMbYEeaBo");
	check(BARE, RFC_PART2, RSA7638, s,
	    "oqRgcdn5jIDrdckMC7owMFH3UoxuDcTUPaTHapj0tfs");
	check(PADDED, RFC_PART2, RSA7638, o,
	    "XW5kWcqNuiysUrDy6cZazLQ3v2QZNKXIKVMtfc8-gHY");
	check(BARE, RFC_PART2, RSA7638, o,
	    "XW5kWcqNuiysUrDy6cZazLQ3v2QZNKXIKVMtfc8-gHY");
	check(PADDED, RFC_PART2, ED8037, s,
	    "BC8-bnEJFlBtOFWn-Lm1x5yMZwrlXTandhmJlaR-628");
	check(BARE, RFC_PART2, ED8037, s,
	    "WfPZkMuOlXtvgAR1MDhbmmK-Hoi_H0It3NN5W_HaJqY");
	check(PADDED, RFC_PART2, ED8037, o,
	    "Xsvgfz2SFQ37JA-zsAbUHmceRje8eCGE_BQrnTFDino");
	check(PADDED, RFC_PART2, ACME4J, s,
	    "AjXW0h9_4YMP6Sv-9tKQNUrapI0us7ayBn0nCGOkUsk");
	check(BARE, RFC_PART2, ACME4J, s,
	    "aeF6_NPRTqHBh0L1_wlbKFwocQfQb1S5_ZJZS3_iKlI");
	check("V4nE8NhYh6edBpfQTg5qqQ", "x6I65YvEk6xC4KV0QMvdJw", ACMEZ, s,
	    "gtzugYfQ1gO_Pi-ripWZTUtKP_xzPoQe-brDkSOvX5c");
	check("V4nE8NhYh6edBpfQTg5qqQ", "x6I65YvEk6xC4KV0QMvdJw", ACMEZ, o,
	    "Fjt2SD7KoqSt3I6jwgg8ljjkP9Er7h1w0wF0UihvQIU");
	check(EVEN, EVEN_PART2, RSA7638, s,
	    "1UjxaPcp2aTOF5jtuXmghNfUls7I8TkvzXgITvq0Yvc");
	check(EVEN, EVEN_PART2, RSA7638, o,
	    "1UjxaPcp2aTOF5jtuXmghNfUls7I8TkvzXgITvq0Yvc");
	/* token-part2 and thumbprint are never padded (RFC 8555 section 8.1):
	 * whoever gives the padding means the same. */
	check(PADDED, RFC_PART2 "==", RSA7638, s,
	    "ZEzZgc9aJoD_n58jPgRZT72bYhm3xgODx3XMbYEeaBo");
	check(PADDED, RFC_PART2, RSA7638 "=", s,
	    "ZEzZgc9aJoD_n58jPgRZT72bYhm3xgODx3XMbYEeaBo");
	check(BARE, RFC_PART2 "==", RSA7638 "=", s,
	    "oqRgcdn5jIDrdckMC7owMFH3UoxuDcTUPaTHapj0tfs");
	check(PADDED, RFC_PART2 "==", RSA7638 "=", o,
	    "XW5kWcqNuiysUrDy6cZazLQ3v2QZNKXIKVMtfc8-gHY");
	/* Recorded from running servers: the JSON in tests/vectors. */
	check("Jv8CpK61LxBjCUCULy4ABO7WZCtmNFDa",
	    "Kd0LUt6nN5BDgd31gPZzuOpSz5atCBf5",
	    "B4ECiT_I3_YWsGJ3lhwoZMrQuFvm_wjB0OtnqYba3uQ", s,
	    "0aEy6GXQ2hQwZPhLK3cXs9a_FUiIl5Atcp0PUmGRg0Y");
	check("lU__yojNlYCnSwz9K3CEGBZ1V-MKufpivG2tTQALODo",
	    "9hM_APzHYlT6lJcFCv2rrDZJZgNpJY_jKBWMz0EZB4c",
	    "ynk4Cy0Vok7F0MkhvWWPOEYM4TrEDFC28cJvHNNCt88", o,
	    "J6gLJ9WBxE8BZmoiKfrU7khL8ulYZvGl2c040wdgeKs");
}

static void
test_refusals(void)
{
	struct response response = { "unchanged" };

	OK(response_compute(SPAN("short"), SPAN(RFC_PART2), SPAN(RSA7638),
	       TOKEN_JOIN_STRING, &response) == STATUS_BAD_TOKEN);
	OK(response_compute(SPAN(PADDED), SPAN(""), SPAN(RSA7638),
	       TOKEN_JOIN_STRING, &response) == STATUS_BAD_TOKEN);
	OK(response_compute(SPAN(PADDED), SPAN(RFC_PART2), SPAN("x"),
	       TOKEN_JOIN_STRING, &response) == STATUS_BAD_THUMBPRINT);
	TEXT(span_of(response.digest), "unchanged");
}

static void
check_key(const char *key, enum status want, const char *thumbprint)
{
	struct note note = { "" };
	struct buf out;

	buf_init(&out, 100);
	OK(jwk_thumbprint(span_of(key), &out, &note) == want);
	TEXT(buf_span(&out), thumbprint);
	buf_clear(&out);
}

static void
test_thumbprints(void)
{
	/* RFC 7638 section 3.1, RFC 8037 appendix A.3, RFC 7515 A.3. */
	check_key(
	    "{\"kty\":\"RSA\",\"n\":\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEp"
	    "s2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZ"
	    "CiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-6"
	    "5YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn"
	    "1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G"
	    "_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw\",\"e\":\"AQAB\",\"alg"
	    "\":\"RS256\",\"kid\":\"2011-04-29\"}",
	    STATUS_OK, RSA7638);
	check_key("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7"
		  "TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
	    STATUS_OK, ED8037);
	check_key(
	    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9t"
	    "Le1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCySt"
	    "ikYjKIWI5a0\"}",
	    STATUS_OK, "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
	check_key(
	    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83O\",\"y\":\"x_FE"
	    "\"}",
	    STATUS_BAD_KEY, "");
	check_key("{\"kty\":\"oct\",\"k\":\"AAAA\"}", STATUS_BAD_KEY, "");
	check_key("not a key", STATUS_BAD_KEY, "");
}

int
main(void)
{
	test_vectors();
	test_refusals();
	test_thumbprints();
	return tap_done();
}
