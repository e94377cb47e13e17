/* test_bundle.c - keys and certificates of files; PKCS #12 there and back */
#include "tap.h"

#include <string.h>

#include "acme/bundle.h"
#include "acme/csr.h"
#include "acme/pkcs12.h"

/* Made with openssl(1). */
static const char key_pem[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjqWpRgwFDHuJtfRZ\n"
    "3/H+pZbmcMwUP4Q0hD5EYpqazyChRANCAASIuE8QAEcVcIVAmFcf/aUikuqcuAhd\n"
    "WujfLTrOaYMFMCpnT2o7+Q+Wn9iEjaS8Fn2KIkYDIEFEsmC65hM2LLj8\n"
    "-----END PRIVATE KEY-----\n";
static const char chain_pem[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBrDCCAVGgAwIBAgIUMKd/dhm9MDrMyVuRayJmK9Gob4QwCgYIKoZIzj0EAwIw\n"
    "HDEaMBgGA1UEAwwRYWxpY2VAZXhhbXBsZS5vcmcwIBcNMjYxMTMwMDgxMTI3WhgP\n"
    "MjA5ODAyMDUwODExMjdaMBwxGjAYBgNVBAMMEWFsaWNlQGV4YW1wbGUub3JnMFkw\n"
    "EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEiLhPEABHFXCFQJhXH/2lIpLqnLgIXVro\n"
    "3y06zmmDBTAqZ09qO/kPlp/YhI2kvBZ9iiJGAyBBRLJguuYTNiy4/KNvMG0wCQYD\n"
    "VR0TBAIwADAOBgNVHQ8BAf8EBAMCA4gwEwYDVR0lBAwwCgYIKwYBBQUHAwQwHAYD\n"
    "VR0RBBUwE4ERYWxpY2VAZXhhbXBsZS5vcmcwHQYDVR0OBBYEFDjtVHCaoy+sju/8\n"
    "WcYnGN35L7dkMAoGCCqGSM49BAMCA0kAMEYCIQDgixU35nfQd1aZbbiX1cYOOK+/\n"
    "AtCiJULI4U2WTa+WJAIhALSP2XGyDJ+zT19ofNOTvakz272RK1nEsYi51of+ov4G\n"
    "-----END CERTIFICATE-----\n";

static struct bundle_library *library;

/* What reading it comes to; the note of a refusal says something. */
static enum status
take(struct span file, struct span passphrase, struct bundle *out)
{
	struct note note = { "" };
	enum status status;

	bundle_init(out);
	status = bundle_read(library, file, passphrase, out, &note);
	OK(status == STATUS_OK || note.text[0] != '\0');
	return status;
}

static bool
is_the_pair(const struct bundle *bundle)
{
	return bundle->keys == 1 && bundle->certificates == 1 &&
	    span_eq(buf_span(&bundle->key[0].pem), SPAN(key_pem)) &&
	    span_eq(buf_span(&bundle->chain), SPAN(chain_pem));
}

static void
build(const char *passphrase, enum pkcs12_form form, struct buf *out)
{
	struct note note = { "" };

	buf_init(out, 64 * 1024);
	OK(pkcs12_build(SPAN(key_pem), SPAN(chain_pem),
	       SPAN("alice@example.org"), span_of(passphrase), form, out,
	       &note) == STATUS_OK);
}

static void
test_there_and_back(void)
{
	enum pkcs12_form form;
	struct bundle bundle;
	struct buf file;

	for (form = PKCS12_MODERN; form <= PKCS12_PASSING; form++) {
		build("sesame", form, &file);
		OK(span_find(buf_span(&file), SPAN("PRIVATE")) == file.len);
		OK(take(buf_span(&file), SPAN("sesame"), &bundle) == STATUS_OK);
		OK(is_the_pair(&bundle) && bundle.warnings == 0 &&
		    !bundle.key[0].locked);
		bundle_clear(&bundle);
		if (form == PKCS12_MODERN) { /* slow */
			buf_clear(&file);
			continue;
		}
		OK(take(buf_span(&file), SPAN("Sesame"), &bundle) ==
		    STATUS_BAD_PASSPHRASE);
		OK(bundle.keys == 0 && bundle.certificates == 0);
		bundle_clear(&bundle);
		OK(take(buf_span(&file), SPAN(""), &bundle) ==
		    STATUS_BAD_PASSPHRASE);
		bundle_clear(&bundle);
		buf_add(&file, SPAN("more"));
		OK(take(buf_span(&file), SPAN("sesame"), &bundle) == STATUS_OK);
		OK(is_the_pair(&bundle) && bundle.warnings == 1);
		bundle_clear(&bundle);
		buf_clear(&file);
	}
}

/* What one program writes as UTF-8, another one writes as Latin-1. */
static void
test_spellings(void)
{
	static const char *const spelled[] = { "M\303\274he", "M\374he" };
	struct bundle bundle;
	struct buf file;
	size_t i;

	for (i = 0; i < 2; i++) {
		build(spelled[i], PKCS12_PASSING, &file);
		OK(take(buf_span(&file), span_of(spelled[1 - i]), &bundle) ==
		    STATUS_OK);
		OK(is_the_pair(&bundle));
		bundle_clear(&bundle);
		buf_clear(&file);
	}
}

static void
test_refused_to_build(void)
{
	struct note note = { "" };
	struct buf out, key;

	buf_init(&out, 64 * 1024);
	buf_init(&key, 64 * 1024);
	OK(pkcs12_build(SPAN(key_pem), SPAN(chain_pem), SPAN("a"), SPAN(""),
	       PKCS12_MODERN, &out, &note) == STATUS_USAGE);
	OK(pkcs12_build(SPAN(key_pem), SPAN(""), SPAN("a"), SPAN("b"),
	       PKCS12_MODERN, &out, &note) == STATUS_BAD_KEY);
	OK(key_generate(KEY_EC_P256, &key) == STATUS_OK);
	OK(pkcs12_build(buf_span(&key), SPAN(chain_pem), SPAN("a"), SPAN("b"),
	       PKCS12_MODERN, &out, &note) == STATUS_BAD_KEY);
	OK(out.len == 0);
	buf_wipe(&key);
	buf_clear(&out);
}

/* Every beginning of a file: it ends too early, and says so. */
static void
test_cut(void)
{
	struct note note = { "" };
	struct bundle bundle;
	struct buf file;
	char want[80];
	size_t len, bad = 0;

	build("sesame", PKCS12_COMPATIBLE, &file);
	bundle_init(&bundle);
	for (len = 5; len < file.len; len++) {
		bad += bundle_read(library, span_cut(buf_span(&file), 0, len),
			   SPAN("sesame"), &bundle, &note) != STATUS_BAD_FILE;
		(void)snprintf(want, sizeof(want),
		    "it ends too early (%zu of %zu bytes)", len, file.len);
		bad += strcmp(note.text, want) != 0;
	}
	OK(bad == 0 && bundle.keys == 0);
	bundle_clear(&bundle);
	buf_clear(&file);
}

/* A bit flipped: refused, or it was in octets that mean nothing. */
static void
test_flipped(void)
{
	struct note note = { "" };
	struct bundle bundle;
	struct buf file;
	size_t i, taken = 0, other = 0;
	enum status status;

	build("sesame", PKCS12_COMPATIBLE, &file);
	for (i = 0; i < file.len; i += 41) {
		file.at[i] ^= 1;
		bundle_init(&bundle);
		status = bundle_read(
		    library, buf_span(&file), SPAN("sesame"), &bundle, &note);
		taken += status == STATUS_OK && !is_the_pair(&bundle);
		other += status != STATUS_OK &&
		    status != STATUS_BAD_PASSPHRASE &&
		    status != STATUS_BAD_FILE;
		bundle_clear(&bundle);
		file.at[i] ^= 1;
	}
	OK(taken == 0);
	OK(other == 0);
	buf_clear(&file);
}

static void
test_pem(void)
{
	struct bundle bundle;
	struct buf file, locked;

	buf_init(&file, 64 * 1024);
	buf_init(&locked, 64 * 1024);
	buf_add_text(&file, "Bag Attributes\n    friendlyName: x\n");
	buf_add_text(&file, chain_pem);
	buf_add_text(&file, key_pem);
	buf_add_text(&file, chain_pem);
	OK(take(buf_span(&file), SPAN(""), &bundle) == STATUS_OK);
	OK(is_the_pair(&bundle) && !bundle.key[0].locked);
	bundle_clear(&bundle);
	buf_cut(&file, file.len - 40);
	OK(take(buf_span(&file), SPAN(""), &bundle) == STATUS_BAD_FILE);
	bundle_clear(&bundle);
	OK(key_lock(SPAN(key_pem), SPAN("M\303\274he"), &locked) == STATUS_OK);
	OK(take(buf_span(&locked), SPAN(""), &bundle) == STATUS_BAD_PASSPHRASE);
	bundle_clear(&bundle);
	OK(take(buf_span(&locked), SPAN("M\374he"), &bundle) == STATUS_OK);
	OK(bundle.keys == 1 && bundle.key[0].locked &&
	    bundle.certificates == 0);
	bundle_clear(&bundle);
	buf_clear(&locked);
	buf_clear(&file);
}

static void
test_nothing(void)
{
	static const struct span nothing[] = { SPAN(""), SPAN("0"),
		SPAN("hello\n"), SPAN("\x30\x03\x02\x01\x03"),
		SPAN("\x30\x80\x02\x01\x03\x30\x80"), SPAN("\x30\x00"),
		SPAN("-----BEGIN CERTIFICATE-----\n"),
		SPAN("-----BEGIN PRIVATE KEY-----\nMAA=\n"
		     "-----END PRIVATE KEY-----\n") };
	struct bundle bundle;
	struct buf large;
	size_t i;

	for (i = 0; i < sizeof(nothing) / sizeof(*nothing); i++) {
		OK(take(nothing[i], SPAN(""), &bundle) == STATUS_BAD_FILE);
		OK(bundle.keys == 0 && bundle.certificates == 0);
		bundle_clear(&bundle);
	}
	buf_init(&large, 2 * BUNDLE_SIZE_MAX);
	while (large.len <= BUNDLE_SIZE_MAX)
		buf_add(&large, SPAN(chain_pem));
	OK(take(buf_span(&large), SPAN(""), &bundle) == STATUS_BAD_FILE);
	bundle_clear(&bundle);
	buf_clear(&large);
}

int
main(void)
{
	library = bundle_library_new();
	OK(library != NULL);
	test_there_and_back();
	test_spellings();
	test_refused_to_build();
	test_cut();
	test_flipped();
	test_pem();
	test_nothing();
	bundle_library_free(library);
	return tap_done();
}
