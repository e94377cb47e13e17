/*
 * bundle.c - keys and certificates of a file: see bundle.h
 *
 * Input: hostile.  A passphrase shows only that the user knows it, not that the
 * file is good.
 */
#include "acme/bundle_p.h"
#include "acme/key_p.h"

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>
#include <openssl/provider.h>
#include <openssl/x509.h>
#include <string.h>

#include "acme/pkcs12.h"

enum {
	PUBLIC_MAX = 4096,
	KEY_MAX = 64 * 1024,
	BLOCKS_MAX = 256 /* of PEM */
};

struct bundle_library *
bundle_library_new(void)
{
	struct bundle_library *out = OPENSSL_zalloc(sizeof(*out));

	if (out == NULL)
		return NULL;
	if ((out->context = OSSL_LIB_CTX_new()) == NULL ||
	    (out->basic = OSSL_PROVIDER_load(out->context, "default")) ==
		NULL) {
		bundle_library_free(out);
		return NULL;
	}
	out->legacy = OSSL_PROVIDER_load(out->context, "legacy");
	ERR_clear_error();
	return out;
}

void
bundle_library_free(struct bundle_library *library)
{
	if (library == NULL)
		return;
	if (library->legacy != NULL)
		(void)OSSL_PROVIDER_unload(library->legacy);
	if (library->basic != NULL)
		(void)OSSL_PROVIDER_unload(library->basic);
	OSSL_LIB_CTX_free(library->context);
	OPENSSL_free(library);
}

void
bundle_init(struct bundle *bundle)
{
	size_t i;

	*bundle = (struct bundle){ .keys = 0 };
	buf_init(&bundle->chain, 2 * BUNDLE_SIZE_MAX);
	for (i = 0; i < BUNDLE_KEYS_MAX; i++) {
		buf_init(&bundle->key[i].pem, KEY_MAX);
		buf_init(&bundle->key[i].public, PUBLIC_MAX);
	}
}

void
bundle_clear(struct bundle *bundle)
{
	size_t i;

	for (i = 0; i < BUNDLE_KEYS_MAX; i++) {
		buf_wipe(&bundle->key[i].pem);
		buf_clear(&bundle->key[i].public);
	}
	buf_clear(&bundle->chain);
	bundle->keys = bundle->certificates = bundle->warnings = 0;
}

void
bundle_warn(struct bundle *bundle, const char *what)
{
	size_t i;

	for (i = 0; i < bundle->warnings; i++)
		if (strcmp(bundle->warning[i].text, what) == 0)
			return;
	if (bundle->warnings < BUNDLE_WARNINGS_MAX)
		note_say(&bundle->warning[bundle->warnings++], "%s", what);
}

/* Return why mailcert cannot use the key, or NULL. */
static const char *
useless(EVP_PKEY *key)
{
	const int bits = EVP_PKEY_get_bits(key);
	char group[64];

	if (EVP_PKEY_is_a(key, "RSA"))
		return bits < BUNDLE_RSA_LEAST
		    ? "an RSA key of less than 1024 bits was left out"
		    : bits > BUNDLE_RSA_MOST
		    ? "an RSA key of more than 4096 bits was left out"
		    : NULL;
	if (EVP_PKEY_is_a(key, "ED25519"))
		return NULL;
	if (EVP_PKEY_is_a(key, "EC") &&
	    EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 &&
	    (strcmp(group, SN_X9_62_prime256v1) == 0 ||
		strcmp(group, SN_secp384r1) == 0))
		return NULL;
	return "a key that is not RSA, EC (P-256 or P-384) or Ed25519 was left "
	       "out";
}

/* Sign with the key, and verify with its public half: otherwise a flipped bit
 * in a key without a MAC would show only years later. */
static bool
is_sound(const struct bundle_key *key, EVP_PKEY *private)
{
	static const unsigned char text[] = "mailcert";
	const unsigned char *at = (const unsigned char *)key->public.at;
	EVP_PKEY *public = d2i_PUBKEY(NULL, &at, (long)key->public.len);
	const char *digest =
	    EVP_PKEY_is_a(private, "ED25519") ? NULL : "SHA256";
	EVP_MD_CTX *sign = EVP_MD_CTX_new(), *verify = EVP_MD_CTX_new();
	unsigned char signature[1024];
	size_t len = sizeof(signature);
	bool good;

	good = public != NULL && sign != NULL && verify != NULL &&
	    EVP_DigestSignInit_ex(
		sign, NULL, digest, NULL, NULL, private, NULL) == 1 &&
	    EVP_DigestSign(sign, signature, &len, text, sizeof(text)) == 1 &&
	    EVP_DigestVerifyInit_ex(
		verify, NULL, digest, NULL, NULL, public, NULL) == 1 &&
	    EVP_DigestVerify(verify, signature, len, text, sizeof(text)) == 1;
	EVP_MD_CTX_free(verify);
	EVP_MD_CTX_free(sign);
	EVP_PKEY_free(public);
	ERR_clear_error();
	return good;
}

static enum status
write_key(EVP_PKEY *key, struct bundle_key *out)
{
	BIO *text = BIO_new(BIO_s_secmem());
	unsigned char *der = NULL;
	char *at = NULL;
	enum status status = STATUS_CRYPTO;
	int public = i2d_PUBKEY(key, &der);
	long len;

	if (text != NULL && public > 0 &&
	    PEM_write_bio_PKCS8PrivateKey(
		text, key, NULL, NULL, 0, NULL, NULL) == 1 &&
	    (len = BIO_get_mem_data(text, &at)) > 0) {
		buf_add(&out->pem, (struct span){ at, (size_t)len });
		buf_add(&out->public,
		    (struct span){ (const char *)der, (size_t) public });
		status = buf_status(&out->pem);
		if (status == STATUS_OK)
			status = buf_status(&out->public);
	}
	OPENSSL_free(der);
	BIO_free(text);
	ERR_clear_error();
	return status;
}

static bool
has_key(const struct bundle *bundle, const struct bundle_key *key)
{
	size_t i;

	for (i = 0; i < bundle->keys; i++)
		if (span_eq(buf_span(&bundle->key[i].public),
			buf_span(&key->public)))
			return true;
	return false;
}

enum status
bundle_add_key(
    struct bundle *bundle, EVP_PKEY *key, bool locked, struct note *note)
{
	const char *why = useless(key);
	struct bundle_key *out;
	enum status status;

	if (why != NULL) {
		bundle_warn(bundle, why);
		return STATUS_OK;
	}
	if (bundle->keys == BUNDLE_KEYS_MAX)
		return note_set(note, STATUS_BAD_FILE,
		    "it holds more than %d keys", BUNDLE_KEYS_MAX);
	out = &bundle->key[bundle->keys];
	status = write_key(key, out);
	if (status == STATUS_OK && !is_sound(out, key))
		status = note_set(
		    note, STATUS_BAD_FILE, "a private key in it is damaged");
	if (status == STATUS_OK && !has_key(bundle, out)) {
		out->locked = locked;
		bundle->keys++;
		return STATUS_OK;
	}
	buf_wipe(&out->pem);
	buf_clear(&out->public);
	return status;
}

enum status
bundle_add_certificate(
    struct bundle *bundle, X509 *certificate, struct note *note)
{
	BIO *text = BIO_new(BIO_s_mem());
	enum status status = STATUS_CRYPTO;
	struct span pem = SPAN("");
	char *at = NULL;
	long len;

	if (text != NULL && PEM_write_bio_X509(text, certificate) == 1 &&
	    (len = BIO_get_mem_data(text, &at)) > 0) {
		pem = (struct span){ at, (size_t)len };
		status = STATUS_OK;
	}
	if (status == STATUS_OK &&
	    span_find(buf_span(&bundle->chain), pem) == bundle->chain.len) {
		if (bundle->certificates == BUNDLE_CERTIFICATES_MAX)
			status = note_set(note, STATUS_BAD_FILE,
			    "it holds more than %d certificates",
			    BUNDLE_CERTIFICATES_MAX);
		else
			buf_add(&bundle->chain, pem);
		bundle->certificates++;
	}
	BIO_free(text);
	ERR_clear_error();
	return status == STATUS_OK ? buf_status(&bundle->chain) : status;
}

/* Tag, then length (X.690 section 8.1.3). */
bool
der_length(struct span file, size_t *out)
{
	size_t octets, i, len = 0;
	unsigned char first;

	if (file.len < 2 || file.at[0] != 0x30)
		return false;
	first = (unsigned char)file.at[1];
	if (first < 0x80) {
		*out = 2 + (size_t)first;
		return true;
	}
	octets = first & 0x7f;
	if (octets == 0 || octets > 4 || file.len < 2 + octets)
		return false;
	for (i = 0; i < octets; i++)
		len = len << 8 | (unsigned char)file.at[2 + i];
	*out = 2 + octets + len;
	return true;
}

enum status
der_whole(struct span file, struct note *note)
{
	size_t len;

	return der_length(file, &len) && len > file.len
	    ? note_set(note, STATUS_BAD_FILE,
		  "it ends too early (%zu of %zu bytes)", file.len, len)
	    : STATUS_OK;
}

/* A file that is being read. */
struct reading {
	const struct bundle_library *library;
	struct span passphrase;
	int64_t iterations; /* left */
	struct bundle *out;
	struct note *note;
};

static enum status
damaged(const struct reading *reading, const char *what)
{
	ERR_clear_error();
	return note_set(
	    reading->note, STATUS_BAD_FILE, "%s in it is damaged", what);
}

static enum status
add_key(const struct reading *reading, EVP_PKEY *key, bool locked)
{
	enum status status = key != NULL
	    ? bundle_add_key(reading->out, key, locked, reading->note)
	    : damaged(reading, "a private key");

	EVP_PKEY_free(key);
	return status;
}

static enum status
add_certificate(const struct reading *reading, X509 *certificate)
{
	enum status status = certificate != NULL
	    ? bundle_add_certificate(reading->out, certificate, reading->note)
	    : damaged(reading, "a certificate");

	X509_free(certificate);
	return status;
}

static enum status
read_certificate(const struct reading *reading, struct span der)
{
	const unsigned char *at = (const unsigned char *)der.at;

	return add_certificate(reading, d2i_X509(NULL, &at, (long)der.len));
}

/* Read PKCS #8, or one of the older forms. */
static enum status
read_key(const struct reading *reading, struct span der, bool locked)
{
	const unsigned char *at = (const unsigned char *)der.at;

	return add_key(reading,
	    d2i_AutoPrivateKey_ex(
		NULL, &at, (long)der.len, reading->library->context, NULL),
	    locked);
}

static enum status
wrong(const struct reading *reading)
{
	ERR_clear_error();
	return note_set(reading->note, STATUS_BAD_PASSPHRASE,
	    reading->passphrase.len > 0
		? "the passphrase is wrong, or the key is damaged"
		: "the key in it needs a passphrase");
}

static PKCS8_PRIV_KEY_INFO *
decrypt(const struct reading *reading, const X509_SIG *locked)
{
	struct spellings spellings;
	PKCS8_PRIV_KEY_INFO *key = NULL;
	size_t i;

	if (bundle_spell(reading->passphrase, &spellings) != STATUS_OK)
		return NULL;
	for (i = 0; key == NULL && i < spellings.count; i++)
		key = PKCS8_decrypt_ex(locked,
		    spellings.at[i].at != NULL ? spellings.at[i].at : "",
		    (int)spellings.at[i].len, reading->library->context, NULL);
	bundle_unspell(&spellings);
	return key;
}

/* RFC 5958 section 3. */
static enum status
read_locked_key(struct reading *reading, struct span der)
{
	const unsigned char *at = (const unsigned char *)der.at;
	X509_SIG *locked = d2i_X509_SIG(NULL, &at, (long)der.len);
	const X509_ALGOR *algorithm = NULL;
	PKCS8_PRIV_KEY_INFO *key;
	enum status status;

	if (locked == NULL)
		return damaged(reading, "an encrypted private key");
	X509_SIG_get0(locked, &algorithm, NULL);
	status = pbe_check(reading->library, algorithm, &reading->iterations,
	    reading->out, reading->note);
	if (status == STATUS_OK) {
		key = decrypt(reading, locked);
		status = key != NULL ? add_key(reading,
					   EVP_PKCS82PKEY_ex(key,
					       reading->library->context, NULL),
					   true)
				     : wrong(reading);
		PKCS8_PRIV_KEY_INFO_free(key);
	}
	X509_SIG_free(locked);
	ERR_clear_error();
	return status;
}

/* Read a PKCS #7 file that holds only certificates. */
static enum status
read_pkcs7(const struct reading *reading, struct span der)
{
	const unsigned char *at = (const unsigned char *)der.at;
	PKCS7 *file = d2i_PKCS7(NULL, &at, (long)der.len);
	STACK_OF(X509) *all = NULL;
	enum status status = STATUS_OK;
	int i;

	if (file != NULL && PKCS7_type_is_signed(file))
		all = file->d.sign->cert;
	if (all == NULL)
		status = damaged(reading, "the list of certificates");
	for (i = 0; status == STATUS_OK && i < sk_X509_num(all); i++)
		status = bundle_add_certificate(
		    reading->out, sk_X509_value(all, i), reading->note);
	PKCS7_free(file);
	return status;
}

/* Is it a sequence whose value begins so? */
static bool
begins_with(struct span file, struct span content)
{
	const struct span head = span_cut(file, 0, 6 + content.len);

	return file.len > 0 && file.at[0] == 0x30 &&
	    span_find(head, content) < head.len;
}

/* PFX: version 3, then a sequence (RFC 7292 section 4). */
static bool
looks_like_pkcs12(struct span file)
{
	return begins_with(file, SPAN("\x02\x01\x03\x30"));
}

static bool
is_of(struct span der, const ASN1_ITEM *item)
{
	const unsigned char *at = (const unsigned char *)der.at;
	ASN1_VALUE *value = ASN1_item_d2i(NULL, &at, (long)der.len, item);
	const bool good = value != NULL;

	ASN1_item_free(value, item);
	ERR_clear_error();
	return good;
}

static enum status
read_der(struct reading *reading, struct span file)
{
	enum status status = der_whole(file, reading->note);
	size_t len;

	if (status != STATUS_OK)
		return status;
	if (looks_like_pkcs12(file))
		return pkcs12_read(reading->library, file, reading->passphrase,
		    reading->out, reading->note);
	if (der_length(file, &len) && len < file.len)
		bundle_warn(reading->out,
		    "octets after the end of the file's content are ignored");
	if (is_of(file, ASN1_ITEM_rptr(X509)))
		return read_certificate(reading, file);
	if (is_of(file, ASN1_ITEM_rptr(PKCS7)))
		return read_pkcs7(reading, file);
	if (is_of(file, ASN1_ITEM_rptr(X509_SIG)))
		return read_locked_key(reading, file);
	if (begins_with(file, SPAN("\x02\x01")))
		return read_key(reading, file, false);
	return note_set(reading->note, STATUS_BAD_FILE,
	    "it is not a PKCS #12, PEM or DER file of keys and certificates");
}

/* The encryption of PEM before PKCS #8 (RFC 1421): one round of MD5. */
static enum status
read_old_key(
    const struct reading *reading, char *header, unsigned char *data, long len)
{
	struct span passphrase = reading->passphrase;
	EVP_CIPHER_INFO cipher;

	if (PEM_get_EVP_CIPHER_INFO(header, &cipher) != 1)
		return damaged(reading, "an encrypted private key");
	if (cipher.cipher == NULL)
		return read_key(reading,
		    (struct span){ (const char *)data, (size_t)len }, false);
	if (PEM_do_header(
		&cipher, data, &len, key_give_passphrase, &passphrase) != 1)
		return wrong(reading);
	/* Only the form of the result tells a right passphrase. */
	return read_key(reading,
		   (struct span){ (const char *)data, (size_t)len },
		   true) == STATUS_OK
	    ? STATUS_OK
	    : wrong(reading);
}

/* Read a block of PEM (RFC 7468); skip those of other kinds. */
static enum status
read_block(struct reading *reading, const char *name, char *header,
    unsigned char *data, long len)
{
	const struct span der = { (const char *)data, (size_t)len };
	const struct span label = span_of(name);
	const size_t private = strlen("PRIVATE KEY");

	if (strcmp(name, "CERTIFICATE") == 0 ||
	    strcmp(name, "X509 CERTIFICATE") == 0 ||
	    strcmp(name, "TRUSTED CERTIFICATE") == 0)
		return read_certificate(reading, der);
	if (strcmp(name, "PKCS7") == 0 || strcmp(name, "CMS") == 0)
		return read_pkcs7(reading, der);
	if (strcmp(name, "ENCRYPTED PRIVATE KEY") == 0)
		return read_locked_key(reading, der);
	if (label.len >= private &&
	    strcmp(name + label.len - private, "PRIVATE KEY") == 0)
		return read_old_key(reading, header, data, len);
	return STATUS_OK;
}

static enum status
read_pem(struct reading *reading, struct span file)
{
	BIO *in = BIO_new_mem_buf(file.at, (int)file.len);
	enum status status = in != NULL ? STATUS_OK : STATUS_MEMORY;
	unsigned char *data;
	char *name, *header;
	size_t blocks = 0;
	long len;

	while (status == STATUS_OK) {
		data = NULL;
		name = header = NULL;
		if (PEM_read_bio(in, &name, &header, &data, &len) != 1)
			break;
		status = ++blocks > BLOCKS_MAX
		    ? note_set(reading->note, STATUS_BAD_FILE,
			  "it has more than %d blocks of PEM", BLOCKS_MAX)
		    : read_block(reading, name, header, data, len);
		OPENSSL_clear_free(data, len > 0 ? (size_t)len : 0);
		OPENSSL_free(header);
		OPENSSL_free(name);
	}
	if (status == STATUS_OK &&
	    ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		status = note_set(reading->note, STATUS_BAD_FILE,
		    "a block of PEM in it is damaged, or ends too early");
	BIO_free(in);
	ERR_clear_error();
	return status;
}

enum status
bundle_read(const struct bundle_library *library, struct span file,
    struct span passphrase, struct bundle *out, struct note *note)
{
	struct reading reading = { .library = library,
		.passphrase = passphrase,
		.iterations = PKCS12_ITERATIONS_MAX,
		.out = out,
		.note = note };

	enum status status;

	if (file.len > BUNDLE_SIZE_MAX)
		return note_set(note, STATUS_BAD_FILE,
		    "it is larger than %d bytes", BUNDLE_SIZE_MAX);
	if (file.len == 0)
		return note_set(note, STATUS_BAD_FILE, "it is empty");
	ERR_clear_error();
	status = span_find(file, SPAN("-----BEGIN ")) < file.len
	    ? read_pem(&reading, file)
	    : read_der(&reading, file);
	/* Forget the notes of attempts that failed before. */
	if (status == STATUS_OK)
		note_say(note, "%s", "");
	return status;
}
