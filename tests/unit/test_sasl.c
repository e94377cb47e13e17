/* test_sasl.c - prove to a server who we are */
#include "tap.h"

#include "helpers/mail/sasl.h"

/* In base64, as it goes over the wire; written for this test with base64(1) of
 * coreutils, but for SCRAM. */
static void
begin(struct sasl *sasl, enum sasl_mechanism mechanism,
    const struct sasl_account *account, const char *nonce)
{
	OK(sasl_init(sasl, mechanism, account, nonce) == STATUS_OK);
}

static void
start_is(struct sasl *sasl, const char *want)
{
	struct note note = { "" };
	struct buf out;

	buf_init(&out, SASL_RESPONSE_MAX);
	OK(sasl_start(sasl, &out, &note) == STATUS_OK);
	TEXT(buf_span(&out), want);
	buf_clear(&out);
}

static void
answer_is(struct sasl *sasl, const char *challenge, const char *want)
{
	struct note note = { "" };
	struct buf out;

	buf_init(&out, SASL_RESPONSE_MAX);
	OK(sasl_answer(sasl, span_of(challenge), &out, &note) == STATUS_OK);
	TEXT(buf_span(&out), want);
	buf_clear(&out);
}

static bool
refuses(struct sasl *sasl, const char *challenge)
{
	struct note note = { "" };
	struct buf out;
	enum status status;
	bool silent;

	buf_init(&out, SASL_RESPONSE_MAX);
	status = sasl_answer(sasl, span_of(challenge), &out, &note);
	silent = out.len == 0 && note.text[0] != '\0';
	buf_clear(&out);
	return status == STATUS_LOGIN && silent;
}

static const struct sasl_account alice = { SPAN("alice@example.org"),
	SPAN("geheim"), false, SPAN("mail.example.org"), 587 };
static const struct sasl_account token = { SPAN("alice@example.org"),
	SPAN("ya29.x-_~+/="), true, SPAN("mail.example.org"), 587 };
/* RFC 7677 section 3 */
static const struct sasl_account user = { SPAN("user"), SPAN("pencil"), false,
	SPAN("server"), 587 };
/* Ours has more characters: those of the vector, and what makes them 32. */
#define NONCE "rOprNGfwEbeRWgbNEkqO"

static void
test_choice(void)
{
	static const struct {
		const char *offered;
		bool token;
		const char *want;
	} rows[] = {
		{ "PLAIN LOGIN SCRAM-SHA-256 XOAUTH2 OAUTHBEARER", false,
		    "SCRAM-SHA-256" },
		{ "PLAIN LOGIN SCRAM-SHA-256 XOAUTH2 OAUTHBEARER", true,
		    "OAUTHBEARER" },
		{ "LOGIN PLAIN XOAUTH2", true, "XOAUTH2" },
		{ "login plain", false, "PLAIN" },
		{ "LOGIN", false, "LOGIN" },
		{ "SCRAM-SHA-1 CRAM-MD5 GSSAPI", false, NULL },
		{ "SCRAM-SHA-256-PLUS PLAINTEXT", false, NULL },
		{ "PLAIN", true, NULL },
		{ "XOAUTH2 OAUTHBEARER", false, NULL },
		{ "", false, NULL },
	};
	enum sasl_mechanism mechanism;
	struct span list, word;
	unsigned offered;
	size_t i, end;
	bool found;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		offered = 0;
		for (list = span_of(rows[i].offered); list.len > 0;
		     list = span_cut(list, end + 1, list.len)) {
			end = span_find_byte(list, ' ');
			word = span_cut(list, 0, end);
			sasl_add_offered(&offered, word);
		}
		found = sasl_choose(offered, rows[i].token, &mechanism);
		OK(found == (rows[i].want != NULL));
		OK(!found || strcmp(sasl_name(mechanism), rows[i].want) == 0);
	}
}

static void
test_plain(void)
{
	struct sasl sasl;

	begin(&sasl, SASL_PLAIN, &alice, NULL);
	start_is(&sasl, "AGFsaWNlQGV4YW1wbGUub3JnAGdlaGVpbQ==");
	OK(refuses(&sasl, ""));
	OK(sasl_accepted(&sasl, NULL) == STATUS_OK);
	sasl_clear(&sasl);
	begin(&sasl, SASL_LOGIN, &alice, NULL);
	start_is(&sasl, "");
	answer_is(&sasl, "VXNlcm5hbWU6", "YWxpY2VAZXhhbXBsZS5vcmc=");
	answer_is(&sasl, "whatever it says", "Z2VoZWlt");
	OK(refuses(&sasl, "UGFzc3dvcmQ6"));
	sasl_clear(&sasl);
}

static void
test_oauth(void)
{
	struct sasl sasl;

	begin(&sasl, SASL_OAUTHBEARER, &token, NULL);
	start_is(&sasl,
	    "bixhPWFsaWNlQGV4YW1wbGUub3JnLAFob3N0PW1haWwuZXhhbXBsZS5vcmcBcG9y"
	    "dD01ODcBYXV0aD1CZWFyZXIgeWEyOS54LV9+Ky89AQE=");
	/* {"status":"invalid_token"} */
	answer_is(&sasl, "eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=", "AQ==");
	TEXT(span_of(sasl.refusal.text), "{\"status\":\"invalid_token\"}");
	OK(refuses(&sasl, "eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0="));
	sasl_clear(&sasl);
	begin(&sasl, SASL_XOAUTH2, &token, NULL);
	start_is(&sasl,
	    "dXNlcj1hbGljZUBleGFtcGxlLm9yZwFhdXRoPUJlYXJlciB5YTI5LngtX34rLz0B"
	    "AQ==");
	answer_is(&sasl, "eyJzdGF0dXMiOiI0MDEifQ==", "");
	sasl_clear(&sasl);
}

/* The vector of RFC 7677 with the nonce of the RFC, which is shorter. */
static void
start_as_rfc(struct sasl *sasl)
{
	struct note note = { "" };
	struct buf out;

	begin(sasl, SASL_SCRAM_SHA_256, &user, NONCE "123456789012");
	sasl->nonce[strlen(NONCE)] = '\0';
	buf_init(&out, SASL_RESPONSE_MAX);
	OK(sasl_start(sasl, &out, &note) == STATUS_OK);
	/* n,,n=user,r=rOprNGfwEbeRWgbNEkqO */
	TEXT(buf_span(&out), "biwsbj11c2VyLHI9ck9wck5HZndFYmVSV2diTkVrcU8=");
	buf_clear(&out);
}

/* r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,
 * s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096 */
static const char server_first[] =
    "cj1yT3ByTkdmd0ViZVJXZ2JORWtxTyVodllEcFdVYTJSYVRDQWZ1eEZJbGopaE5sRiRrMCxz"
    "PVcyMlphSjBTTlk3c29Fc1VFamI2Z1E9PSxpPTQwOTY=";
/* c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,
 * p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ= */
static const char client_final[] =
    "Yz1iaXdzLHI9ck9wck5HZndFYmVSV2diTkVrcU8laHZZRHBXVWEyUmFUQ0FmdXhGSWxqKWhO"
    "bEYkazAscD1kSHpiWmFwV0lrNGpVaE4rVXRlOXl0YWc5empmTUhnc3FtbWl6N0FuZFZRPQ==";

static void
test_scram(void)
{
	static const struct {
		const char *what;
		const char *final;
	} bad[] = {
		/* v= with the first octet changed */
		{ "another signature",
		    "dj03cnJpVFJCaTIzV3BSUi93dHVwK21NaFVaVW4vZEI1bkxUSlJzamw5"
		    "NUc0PQ==" },
		{ "an error", "ZT1pbnZhbGlkLXByb29m" },
		{ "nothing", "" },
		{ "not base64", "v=x" },
		{ "a short one", "dj1BQUFB" },
	};
	struct note note = { "" };
	struct sasl sasl;
	size_t i;

	start_as_rfc(&sasl);
	answer_is(&sasl, server_first, client_final);
	OK(sasl_accepted(&sasl, &note) == STATUS_LOGIN);
	/* v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4= */
	answer_is(&sasl,
	    "dj02cnJpVFJCaTIzV3BSUi93dHVwK21NaFVaVW4vZEI1bkxUSlJzamw5NUc0PQ==",
	    "");
	OK(sasl_accepted(&sasl, &note) == STATUS_OK);
	OK(refuses(&sasl, ""));
	sasl_clear(&sasl);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		start_as_rfc(&sasl);
		answer_is(&sasl, server_first, client_final);
		OK(refuses(&sasl, bad[i].final));
		OK(sasl_accepted(&sasl, &note) == STATUS_LOGIN);
		sasl_clear(&sasl);
	}
}

/* base64 of a text, by hand: the tested one is not to be trusted here. */
static void
to_base64(const char *text, char *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklm"
				     "nopqrstuvwxyz0123456789+/";
	const size_t len = strlen(text);
	unsigned long three;
	size_t i, n = 0;

	for (i = 0; i < len; i += 3) {
		three = (unsigned long)(unsigned char)text[i] << 16;
		if (i + 1 < len)
			three |= (unsigned long)(unsigned char)text[i + 1] << 8;
		if (i + 2 < len)
			three |= (unsigned char)text[i + 2];
		out[n++] = digits[three >> 18];
		out[n++] = digits[three >> 12 & 63];
		out[n++] = i + 1 < len ? digits[three >> 6 & 63] : '=';
		out[n++] = i + 2 < len ? digits[three & 63] : '=';
	}
	out[n] = '\0';
}

static void
test_scram_first(void)
{
	static const char *const bad[] = {
		"r=" NONCE ",s=AAAA,i=4096", /* nothing of its own */
		"r=xOprNGfwEbeRWgbNEkqOyyy,s=AAAA,i=4096",
		"r=" NONCE "x,s=AAAA,i=4095",
		"r=" NONCE "x,s=AAAA,i=10000001",
		"r=" NONCE "x,s=AAAA,i=-4096",
		"r=" NONCE "x,s=AAAA,i=99999999999999999999",
		"r=" NONCE "x,s=AAAA,i=4096x",
		"r=" NONCE "x,s=AAAA,i=",
		"r=" NONCE "x,s=AAAA",
		"r=" NONCE "x,s=,i=4096",
		"r=" NONCE "x,s=A,i=4096",
		"r=" NONCE "x,s=AA-_,i=4096",
		"r=" NONCE "x,i=4096,s=AAAA",
		"m=x,r=" NONCE "x,s=AAAA,i=4096", /* what we cannot know */
		"s=AAAA,r=" NONCE "x,i=4096",
		"r=" NONCE "x",
		"e=other-error",
		"r",
		",",
		"",
	};
	struct sasl sasl;
	char text[400];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		start_as_rfc(&sasl);
		to_base64(bad[i], text);
		OK(refuses(&sasl, text));
		sasl_clear(&sasl);
	}
	/* What follows is for those who know it (RFC 5802 section 5.1). */
	start_as_rfc(&sasl);
	to_base64("r=" NONCE "x,s=AAAA,i=4096,x=y", text);
	OK(!refuses(&sasl, text));
	sasl_clear(&sasl);
}

/* "," and "=" in a user, and no control characters at all. */
static void
test_users(void)
{
	static const struct sasl_account odd = { SPAN("a,b=c"), SPAN("x"),
		false, SPAN("h"), 1 };
	static const struct sasl_account bad[] = {
		{ SPAN("a\0b"), SPAN("x"), false, SPAN("h"), 1 },
		{ SPAN("a"), SPAN("x\0y"), false, SPAN("h"), 1 },
		{ SPAN("a"), SPAN("x\1auth=Bearer y"), true, SPAN("h"), 1 },
		{ SPAN("a\r\nb"), SPAN("x"), false, SPAN("h"), 1 },
		{ SPAN("a"), SPAN(""), false, SPAN("h"), 1 },
		{ SPAN(""), SPAN("x"), false, SPAN("h"), 1 },
	};
	struct sasl sasl, other;
	struct note note = { "" };
	struct buf out;
	size_t i;
	int m;

	begin(&sasl, SASL_SCRAM_SHA_256, &odd,
	    "abcdefghijklmnopqrstuvwxyzABCDEF");
	/* n,,n=a=2Cb=3Dc,r=abcdefghijklmnopqrstuvwxyzABCDEF */
	start_is(&sasl,
	    "biwsbj1hPTJDYj0zRGMscj1hYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ekFCQ0RF"
	    "Rg==");
	sasl_clear(&sasl);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		for (m = 0; m < SASL_MECHANISMS; m++) {
			begin(&sasl, (enum sasl_mechanism)m, &bad[i], NULL);
			buf_init(&out, SASL_RESPONSE_MAX);
			OK(sasl_start(&sasl, &out, &note) == STATUS_LOGIN);
			OK(out.len == 0);
			buf_clear(&out);
			sasl_clear(&sasl);
		}
	/* A nonce is never the same. */
	begin(&sasl, SASL_SCRAM_SHA_256, &user, NULL);
	begin(&other, SASL_SCRAM_SHA_256, &user, NULL);
	OK(strlen(sasl.nonce) == SASL_NONCE_SIZE - 1 &&
	    strcmp(sasl.nonce, other.nonce) != 0);
	sasl_clear(&sasl);
	sasl_clear(&other);
}

int
main(void)
{
	test_choice();
	test_plain();
	test_oauth();
	test_scram();
	test_scram_first();
	test_users();
	return tap_done();
}
