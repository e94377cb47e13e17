/* csr.c - keys and signing requests: see csr.h */
#include "acme/csr.h"
#include "acme/host_p.h"
#include "acme/key_p.h"
#include "acme/san_p.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

/* OWASP's figure for PBKDF2 with HMAC-SHA-256; half a second at most. */
enum { PASSPHRASE_ROUNDS = 600000 };

static const struct {
	const char *type;  /* OpenSSL's */
	const char *group; /* of EC */
	size_t bits;       /* of RSA */
} kinds[] = { { "EC", "P-256", 0 }, { "EC", "P-384", 0 },
	{ "ED25519", NULL, 0 }, { "RSA", NULL, 2048 }, { "RSA", NULL, 3072 },
	{ "RSA", NULL, 4096 } }; /* as enum key_kind */

int
key_give_passphrase(char *out, int size, int writing, void *arg)
{
	const struct span *passphrase = arg;

	(void)writing;
	if (passphrase->len > (size_t)size)
		return -1;
	memcpy(out, passphrase->at, passphrase->len);
	return (int)passphrase->len;
}

static EVP_PKEY *
read_with(struct span pem, struct span passphrase)
{
	BIO *in = BIO_new_mem_buf(pem.at, (int)pem.len);
	EVP_PKEY *key = NULL;

	if (in != NULL)
		key = PEM_read_bio_PrivateKey(
		    in, NULL, key_give_passphrase, &passphrase);
	BIO_free(in);
	ERR_clear_error();
	return key;
}

EVP_PKEY *
key_read(struct span pem)
{
	return read_with(pem, SPAN(""));
}

bool
key_is_locked(struct span pem)
{
	return span_find(pem, SPAN("ENCRYPTED")) < pem.len;
}

/* PBES2 by hand: the short way of OpenSSL does 2048 rounds. */
static X509_SIG *
encrypt(EVP_PKEY *key, struct span passphrase)
{
	PKCS8_PRIV_KEY_INFO *plain = EVP_PKEY2PKCS8(key);
	X509_ALGOR *algorithm = PKCS5_pbe2_set_iv(EVP_aes_256_cbc(),
	    PASSPHRASE_ROUNDS, NULL, 0, NULL, NID_hmacWithSHA256);
	X509_SIG *out = NULL;

	if (plain != NULL && algorithm != NULL)
		out = PKCS8_set0_pbe(
		    passphrase.at, (int)passphrase.len, plain, algorithm);
	if (out == NULL) /* else it owns the algorithm */
		X509_ALGOR_free(algorithm);
	PKCS8_PRIV_KEY_INFO_free(plain);
	return out;
}

/* As PKCS #8 in PEM, encrypted where there is a passphrase. */
static enum status
write_key(EVP_PKEY *key, struct span passphrase, struct buf *out)
{
	BIO *text = BIO_new(BIO_s_secmem());
	X509_SIG *locked = NULL;
	enum status status = STATUS_CRYPTO;
	char *at = NULL;
	long len;
	bool done;

	if (passphrase.len > 0) {
		locked = encrypt(key, passphrase);
		done = text != NULL && locked != NULL &&
		    PEM_write_bio_PKCS8(text, locked) == 1;
	} else {
		done = text != NULL &&
		    PEM_write_bio_PKCS8PrivateKey(
			text, key, NULL, NULL, 0, NULL, NULL) == 1;
	}
	if (done && (len = BIO_get_mem_data(text, &at)) > 0) {
		buf_add(out, (struct span){ at, (size_t)len });
		status = buf_status(out);
	}
	X509_SIG_free(locked);
	BIO_free(text);
	ERR_clear_error();
	return status;
}

enum status
key_lock(struct span pem, struct span passphrase, struct buf *out)
{
	EVP_PKEY *key = key_read(pem);
	enum status status =
	    key != NULL ? write_key(key, passphrase, out) : STATUS_BAD_KEY;

	EVP_PKEY_free(key);
	return status;
}

enum status
key_unlock(
    struct span pem, struct span passphrase, struct buf *out, struct note *note)
{
	EVP_PKEY *key = read_with(pem, passphrase);
	enum status status;

	if (key == NULL)
		return note_set(note, STATUS_BAD_KEY,
		    key_is_locked(pem)
			? passphrase.len > 0
			    ? "the passphrase of the key is wrong"
			    : "the key needs a passphrase"
			: "the file does not hold a private key in PEM");
	status = write_key(key, SPAN(""), out);
	EVP_PKEY_free(key);
	return status;
}

enum status
key_generate(enum key_kind kind, struct buf *out)
{
	EVP_PKEY *key = kinds[kind].group != NULL
	    ? EVP_PKEY_Q_keygen(NULL, NULL, kinds[kind].type, kinds[kind].group)
	    : kinds[kind].bits > 0
	    ? EVP_PKEY_Q_keygen(NULL, NULL, kinds[kind].type, kinds[kind].bits)
	    : EVP_PKEY_Q_keygen(NULL, NULL, kinds[kind].type);
	enum status status = STATUS_CRYPTO;

	if (key != NULL)
		status = write_key(key, SPAN(""), out);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return status;
}

/* RFC 8823 section 3.3, and which bits which key can have (RFC 5280 section
 * 4.2.1.3, RFC 8410 section 5).  A server decrypts with an RSA key in old
 * versions of TLS only. */
static int
usage_bits(EVP_PKEY *key, enum csr_usage usage)
{
	const bool rsa = EVP_PKEY_is_a(key, "RSA");
	const int encrypt = rsa ? KU_KEY_ENCIPHERMENT : KU_KEY_AGREEMENT;

	if (usage == CSR_SERVER)
		return KU_DIGITAL_SIGNATURE | (rsa ? KU_KEY_ENCIPHERMENT : 0);
	if (usage == CSR_SIGN)
		return KU_DIGITAL_SIGNATURE;
	if (!rsa && !EVP_PKEY_is_a(key, "EC"))
		return 0;
	return usage == CSR_ENCRYPT ? encrypt : KU_DIGITAL_SIGNATURE | encrypt;
}

static ASN1_BIT_STRING *
make_usage(int bits)
{
	ASN1_BIT_STRING *usage = ASN1_BIT_STRING_new();
	int i;

	/* KU_* are the octet as it stands: bit 0 is the highest. */
	for (i = 0; usage != NULL && i < 8; i++)
		if ((bits & 0x80 >> i) != 0 &&
		    ASN1_BIT_STRING_set_bit(usage, i, 1) != 1) {
			ASN1_BIT_STRING_free(usage);
			return NULL;
		}
	return usage;
}

static EXTENDED_KEY_USAGE *
make_extended_usage(enum csr_usage usage)
{
	EXTENDED_KEY_USAGE *out = EXTENDED_KEY_USAGE_new();

	if (out != NULL &&
	    sk_ASN1_OBJECT_push(out,
		OBJ_nid2obj(usage == CSR_SERVER ? NID_server_auth
						: NID_email_protect)) <= 0) {
		EXTENDED_KEY_USAGE_free(out);
		return NULL;
	}
	return out;
}

static bool
add_extension(
    STACK_OF(X509_EXTENSION) * *list, int nid, void *value, bool critical)
{
	return value != NULL &&
	    X509V3_add1_i2d(list, nid, value, critical, X509V3_ADD_DEFAULT) ==
	    1;
}

/* The extensionRequest attribute. */
static bool
add_extensions(X509_REQ *request, EVP_PKEY *key, const struct span *addresses,
    size_t count, const struct csr_form *form)
{
	STACK_OF(X509_EXTENSION) *extensions = NULL;
	GENERAL_NAMES *names = form->usage == CSR_SERVER
	    ? host_names_make(addresses, count, form->srv, form->srvs)
	    : san_make(addresses, count);
	ASN1_BIT_STRING *bits = make_usage(usage_bits(key, form->usage));
	EXTENDED_KEY_USAGE *extended =
	    form->eku ? make_extended_usage(form->usage) : NULL;
	bool good;

	good = add_extension(&extensions, NID_subject_alt_name, names, false) &&
	    add_extension(&extensions, NID_key_usage, bits, true) &&
	    (!form->eku ||
		add_extension(
		    &extensions, NID_ext_key_usage, extended, false)) &&
	    X509_REQ_add_extensions(request, extensions) == 1;
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	EXTENDED_KEY_USAGE_free(extended);
	ASN1_BIT_STRING_free(bits);
	GENERAL_NAMES_free(names);
	return good;
}

/* Octets that do not continue a character. */
static size_t
characters(struct span utf8)
{
	size_t i, n = 0;

	for (i = 0; i < utf8.len; i++)
		n += ((unsigned char)utf8.at[i] & 0xc0) != 0x80;
	return n;
}

/* An address that exceeds what a commonName can hold leaves it empty, as RFC
 * 5280 section 4.1.2.6 and the S/MIME Baseline Requirements permit. */
static bool
set_subject(X509_REQ *request, struct span address)
{
	X509_NAME *name = NULL;
	bool good;

	if (characters(address) > CSR_NAME_MAX)
		return true;
	name = X509_NAME_new();
	good = name != NULL &&
	    X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
		(const unsigned char *)address.at, (int)address.len, -1,
		0) == 1 &&
	    X509_REQ_set_subject_name(request, name) == 1;
	X509_NAME_free(name);
	return good;
}

static enum status
build(EVP_PKEY *key, const struct span *addresses, size_t count,
    const struct csr_form *form, struct buf *out)
{
	const bool plain =
	    EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448");
	X509_REQ *request = X509_REQ_new();
	enum status status = STATUS_CRYPTO;
	unsigned char *der = NULL;
	int len;

	if (request != NULL && X509_REQ_set_version(request, 0) == 1 &&
	    (!form->address_subject || set_subject(request, addresses[0])) &&
	    X509_REQ_set_pubkey(request, key) == 1 &&
	    add_extensions(request, key, addresses, count, form) &&
	    X509_REQ_sign(request, key, plain ? NULL : EVP_sha256()) > 0 &&
	    (len = i2d_X509_REQ(request, &der)) > 0) {
		buf_add(out, (struct span){ (const char *)der, (size_t)len });
		status = buf_status(out);
	}
	OPENSSL_free(der);
	X509_REQ_free(request);
	ERR_clear_error();
	return status;
}

enum status
key_public(struct span pem, struct buf *out, struct note *note)
{
	EVP_PKEY *key = key_read(pem);
	unsigned char *der = NULL;
	int len = key != NULL ? i2d_PUBKEY(key, &der) : 0;

	if (len > 0)
		buf_add(out, (struct span){ (const char *)der, (size_t)len });
	OPENSSL_free(der);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return len > 0
	    ? buf_status(out)
	    : note_set(note, STATUS_BAD_KEY, "cannot read the certificate key");
}

enum status
csr_build(struct span pem, const struct span *addresses, size_t count,
    const struct csr_form *form, struct buf *out, struct note *note)
{
	EVP_PKEY *key;
	enum status status;

	if (count == 0 || count > CSR_ADDRESSES_MAX)
		return STATUS_USAGE;
	if ((key = key_read(pem)) == NULL)
		return note_set(
		    note, STATUS_BAD_KEY, "cannot read the certificate key");
	if (usage_bits(key, form->usage) == 0)
		status = note_set(note, STATUS_BAD_KEY,
		    "a key of this kind can only sign; use --usage sign");
	else
		status = build(key, addresses, count, form, out);
	EVP_PKEY_free(key);
	return status;
}
