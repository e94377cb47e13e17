/*
 * chain.c - certificates from the leaf up to the root: see chain.h
 *
 * Input: the chain was checked when it was stored; what files of the system
 * hold is anybody's.
 */
#include "acme/chain.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/frame.h"

struct chain {
	X509 *at[CHAIN_MOST]; /* owned */
	size_t count;
};

static STACK_OF(X509_INFO) * read_pem(struct span file)
{
	BIO *in = BIO_new_mem_buf(file.at, (int)file.len);
	STACK_OF(X509_INFO) *out = NULL;

	if (in != NULL)
		out = PEM_X509_INFO_read_bio(in, NULL, NULL, NULL);
	BIO_free(in);
	ERR_clear_error();
	return out;
}

static bool
is_root(X509 *one)
{
	return X509_check_issued(one, one) == X509_V_OK &&
	    X509_verify(one, X509_get0_pubkey(one)) == 1;
}

static bool
has_issued(X509 *issuer, X509 *one)
{
	return X509_check_issued(issuer, one) == X509_V_OK &&
	    X509_verify(one, X509_get0_pubkey(issuer)) == 1;
}

/* Is there room for one above the last, and does the last want one? */
static bool
wants_more(const struct chain *chain)
{
	return chain->count > 0 && chain->count < CHAIN_MOST &&
	    !is_root(chain->at[chain->count - 1]);
}

static bool
take(struct chain *chain, X509 *one)
{
	if (!wants_more(chain) || one == NULL ||
	    !has_issued(one, chain->at[chain->count - 1]) ||
	    X509_up_ref(one) != 1)
		return false;
	chain->at[chain->count++] = one;
	return true;
}

/* In whatever order they stand there. */
static void
extend(struct chain *chain, STACK_OF(X509_INFO) * all)
{
	bool more = true;
	int i;

	while (more) {
		more = false;
		for (i = 0; i < sk_X509_INFO_num(all); i++)
			if (take(chain, sk_X509_INFO_value(all, i)->x509))
				more = true;
	}
}

void
chain_extend(struct chain *chain, struct span file)
{
	const unsigned char *der = (const unsigned char *)file.at;
	STACK_OF(X509_INFO) * all;
	X509 *one;

	if (!wants_more(chain))
		return;
	if ((all = read_pem(file)) != NULL)
		extend(chain, all);
	if (sk_X509_INFO_num(all) <= 0 &&
	    (one = d2i_X509(NULL, &der, (long)file.len)) != NULL) {
		(void)take(chain, one);
		X509_free(one);
	}
	sk_X509_INFO_pop_free(all, X509_INFO_free);
	ERR_clear_error();
}

void
chain_free(struct chain *chain)
{
	size_t i;

	for (i = 0; chain != NULL && i < chain->count; i++)
		X509_free(chain->at[i]);
	free(chain);
}

enum status
chain_new(struct span pem, struct chain **out, struct note *note)
{
	STACK_OF(X509_INFO) *all = read_pem(pem);
	X509 *leaf =
	    sk_X509_INFO_num(all) > 0 ? sk_X509_INFO_value(all, 0)->x509 : NULL;
	struct chain *chain = calloc(1, sizeof(*chain));
	enum status status = STATUS_MEMORY;

	if (chain == NULL)
		goto out;
	if (leaf == NULL || X509_up_ref(leaf) != 1) {
		status = note_set(note, STATUS_BAD_CA,
		    "the stored chain does not begin with a certificate");
		goto out;
	}
	chain->at[chain->count++] = leaf;
	extend(chain, all);
	ERR_clear_error();
	*out = chain;
	chain = NULL;
	status = STATUS_OK;
out:
	chain_free(chain);
	sk_X509_INFO_pop_free(all, X509_INFO_free);
	return status;
}

static bool
add_pem(X509 *one, struct buf *out)
{
	BIO *text = BIO_new(BIO_s_mem());
	char *at = NULL;
	long len = 0;

	if (text != NULL && PEM_write_bio_X509(text, one) == 1)
		len = BIO_get_mem_data(text, &at);
	if (len > 0)
		frame_add(out, "pem", (struct span){ at, (size_t)len });
	BIO_free(text);
	return len > 0;
}

static bool
add_subject(X509 *one, struct buf *out)
{
	BIO *text = BIO_new(BIO_s_mem());
	char *at = NULL;
	long len;
	bool good = text != NULL &&
	    X509_NAME_print_ex(text, X509_get_subject_name(one), 0,
		XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0;

	len = good ? BIO_get_mem_data(text, &at) : 0;
	frame_add(out, "subject",
	    (struct span){ len > 0 ? at : "", len > 0 ? (size_t)len : 0 });
	BIO_free(text);
	return good;
}

static void
add_hex(struct buf *out, const char *name, const unsigned char *digest,
    unsigned len)
{
	static const char digits[] = "0123456789ABCDEF";
	char hex[2 * EVP_MAX_MD_SIZE];
	unsigned i;

	for (i = 0; i < len; i++) {
		hex[2 * i] = digits[digest[i] >> 4];
		hex[2 * i + 1] = digits[digest[i] & 15];
	}
	frame_add(out, name, (struct span){ hex, 2 * (size_t)len });
}

static bool
add_fingerprint(
    X509 *one, const char *name, const EVP_MD *kind, struct buf *out)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (X509_digest(one, kind, digest, &len) != 1)
		return false;
	add_hex(out, name, digest, len);
	return true;
}

/* What stands for the key: the modulus, or the point.  Owned by the caller. */
static int
public_octets(EVP_PKEY *key, unsigned char **out)
{
	BIGNUM *modulus = NULL;
	size_t len = 0;

	if (EVP_PKEY_is_a(key, "EC"))
		return (int)EVP_PKEY_get1_encoded_public_key(key, out);
	if (EVP_PKEY_is_a(key, "RSA") &&
	    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &modulus) == 1) {
		len = (size_t)BN_num_bytes(modulus);
		if ((*out = OPENSSL_malloc(len)) != NULL)
			(void)BN_bn2bin(modulus, *out);
		else
			len = 0;
	}
	BN_free(modulus);
	return (int)len;
}

static bool
add_key_id(X509 *one, struct buf *out)
{
	unsigned char digest[EVP_MAX_MD_SIZE], *octets = NULL;
	EVP_PKEY *key = X509_get0_pubkey(one);
	const int len = key != NULL ? public_octets(key, &octets) : 0;
	unsigned digested = 0;
	bool good = true;

	if (len > 0)
		good = EVP_Digest(octets, (size_t)len, digest, &digested,
			   EVP_sha1(), NULL) == 1;
	add_hex(out, "key-id", digest, digested);
	OPENSSL_free(octets);
	return good;
}

/* The content octets, without tag and length. */
static bool
add_serial(X509 *one, struct buf *out)
{
	unsigned char *der = NULL;
	const unsigned char *at;
	int len = i2d_ASN1_INTEGER(X509_get_serialNumber(one), &der), tag = 0;
	int class = 0;
	long size = 0;
	bool good;

	at = der;
	good = len > 0 &&
	    (ASN1_get_object(&at, &size, &tag, &class, len) & 0x80) == 0;
	if (good)
		frame_add(out, "serial",
		    (struct span){ (const char *)at, (size_t)size });
	OPENSSL_free(der);
	return good;
}

static bool
add_issuer(X509 *one, struct buf *out)
{
	unsigned char *der = NULL;
	int len = i2d_X509_NAME(X509_get_issuer_name(one), &der);

	if (len > 0)
		frame_add(out, "issuer",
		    (struct span){ (const char *)der, (size_t)len });
	OPENSSL_free(der);
	return len > 0;
}

static const char *
key_of(X509 *one)
{
	const EVP_PKEY *key = X509_get0_pubkey(one);

	if (key == NULL)
		return "other";
	return EVP_PKEY_is_a(key, "RSA") == 1 ? "rsa"
	    : EVP_PKEY_is_a(key, "EC") == 1   ? "ec"
	    : EVP_PKEY_is_a(key, "ED25519")   ? "ed25519"
					      : "other";
}

static bool
is_visible(const ASN1_STRING *text)
{
	const unsigned char *at = ASN1_STRING_get0_data(text);
	const int len = ASN1_STRING_length(text);
	int i;

	for (i = 0; i < len; i++)
		if (at[i] <= 0x20 || at[i] >= 0x7f)
			return false;
	return len > 0 && len < CHAIN_PLACE_SIZE;
}

/* The first URL of a distribution point; NULL: it has none. */
static const ASN1_STRING *
url_of(const DIST_POINT *point)
{
	const GENERAL_NAMES *names;
	int type = 0, i;
	void *value;

	if (point->distpoint == NULL || point->distpoint->type != 0)
		return NULL;
	names = point->distpoint->name.fullname;
	for (i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		value = GENERAL_NAME_get0_value(
		    sk_GENERAL_NAME_value(names, i), &type);
		if (type == GEN_URI && is_visible(value))
			return value;
	}
	return NULL;
}

static void
add_place(X509 *one, struct buf *out)
{
	CRL_DIST_POINTS *points =
	    X509_get_ext_d2i(one, NID_crl_distribution_points, NULL, NULL);
	const ASN1_STRING *url = NULL;
	struct span place = SPAN("");
	int i;

	for (i = 0; url == NULL && i < sk_DIST_POINT_num(points); i++)
		url = url_of(sk_DIST_POINT_value(points, i));
	if (url != NULL)
		place = (struct span){ (const char *)ASN1_STRING_get0_data(url),
			(size_t)ASN1_STRING_length(url) };
	frame_add(out, "place", place);
	CRL_DIST_POINTS_free(points);
	ERR_clear_error();
}

static bool
add_facts(X509 *one, struct buf *out)
{
	char hash[16];

	(void)snprintf(
	    hash, sizeof(hash), "%08lx", X509_subject_name_hash(one));
	frame_add(out, "hash", span_of(hash));
	frame_add(out, "root", span_of(is_root(one) ? "yes" : "no"));
	frame_add(out, "key", span_of(key_of(one)));
	add_place(one, out);
	return add_pem(one, out) && add_subject(one, out) &&
	    add_fingerprint(one, "sha1", EVP_sha1(), out) &&
	    add_fingerprint(one, "sha256", EVP_sha256(), out) &&
	    add_key_id(one, out) && add_serial(one, out) &&
	    add_issuer(one, out);
}

enum status
chain_describe(const struct chain *chain, struct buf *out, struct note *note)
{
	enum status status = STATUS_OK;
	struct buf facts;
	size_t i;

	for (i = 0; i < chain->count && status == STATUS_OK; i++) {
		buf_init(&facts, 128 * 1024);
		if (!add_facts(chain->at[i], &facts))
			status = note_set(note, STATUS_CRYPTO,
			    "cannot describe certificate %zu of the chain",
			    i + 1);
		if (status == STATUS_OK)
			status = buf_status(&facts);
		frame_add(out, "certificate", buf_span(&facts));
		buf_clear(&facts);
	}
	ERR_clear_error();
	return status == STATUS_OK ? buf_status(out) : status;
}
