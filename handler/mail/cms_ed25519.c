/*
 * cms_ed25519.c - verify Ed25519 signatures in CMS (RFC 8419): see cms_p.h
 *
 * RFC 8551 section 2.2 demands them of receivers, and OpenSSL 3.0 refuses
 * them.  Input: hostile.
 */
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "mail/cms_p.h"

bool
cms_is_ed25519(const struct cms *cms)
{
	return EVP_PKEY_get_id(X509_get0_pubkey(cms->signer)) ==
	    EVP_PKEY_ED25519;
}

/* RFC 5652 section 11.2, with the digest that RFC 8419 section 3.1 names. */
static bool
digest_fits(const struct cms *cms, struct span content)
{
	const ASN1_OCTET_STRING *want;
	const ASN1_OBJECT *object = NULL;
	unsigned char digest[EVP_MAX_MD_SIZE];
	X509_ALGOR *algorithm = NULL;
	unsigned len = 0;

	CMS_SignerInfo_get0_algs(
	    cms->signer_info, NULL, NULL, &algorithm, NULL);
	X509_ALGOR_get0(&object, NULL, NULL, algorithm);
	want = CMS_signed_get0_data_by_OBJ(cms->signer_info,
	    OBJ_nid2obj(NID_pkcs9_messageDigest), -3, V_ASN1_OCTET_STRING);
	return OBJ_obj2nid(object) == NID_sha512 && want != NULL &&
	    EVP_Digest(content.at, content.len, digest, &len, EVP_sha512(),
		NULL) == 1 &&
	    ASN1_STRING_length(want) == (int)len &&
	    memcmp(ASN1_STRING_get0_data(want), digest, len) == 0;
}

static int
by_octets(const void *a, const void *b)
{
	const struct buf *left = a, *right = b;
	const size_t len = left->len < right->len ? left->len : right->len;
	const int order = memcmp(left->at, right->at, len);

	return order != 0            ? order
	    : left->len < right->len ? -1
				     : left->len > right->len;
}

/* DER's one form of a length below 2^24. */
static void
add_length(struct buf *out, size_t len)
{
	const int octets = len > 0xffff ? 3 : len > 0xff ? 2 : len > 0x7f;
	int i;

	if (octets > 0)
		buf_add_byte(out, (char)(0x80 | octets));
	for (i = octets > 0 ? octets - 1 : 0; i >= 0; i--)
		buf_add_byte(out, (char)(len >> 8 * i & 0xff));
}

enum { ATTRIBUTES_MAX = 32, ATTRIBUTES_SIZE_MAX = 1024 * 1024 };

/* RFC 5652 section 5.4: what is signed is the DER of a SET OF. */
static bool
build_attributes(const struct cms *cms, struct buf *out)
{
	const int count = CMS_signed_get_attr_count(cms->signer_info);
	struct buf one[ATTRIBUTES_MAX];
	unsigned char *der;
	size_t total = 0;
	int i, len;

	if (count < 1 || count > ATTRIBUTES_MAX)
		return false;
	for (i = 0; i < count; i++) {
		buf_init(&one[i], ATTRIBUTES_SIZE_MAX / ATTRIBUTES_MAX);
		der = NULL;
		len = i2d_X509_ATTRIBUTE(
		    CMS_signed_get_attr(cms->signer_info, i), &der);
		if (len > 0)
			buf_add(&one[i],
			    (struct span){ (const char *)der, (size_t)len });
		else
			one[i].failed = STATUS_CRYPTO;
		OPENSSL_free(der);
		if (buf_status(&one[i]) != STATUS_OK)
			out->failed = STATUS_CRYPTO;
		total += one[i].len;
	}
	if (out->failed == STATUS_OK)
		qsort(one, (size_t)count, sizeof(*one), by_octets);
	buf_add_byte(out, V_ASN1_SET | V_ASN1_CONSTRUCTED);
	add_length(out, total);
	for (i = 0; i < count; i++) {
		buf_add(out, buf_span(&one[i]));
		buf_clear(&one[i]);
	}
	return buf_status(out) == STATUS_OK;
}

bool
cms_verify_ed25519(const struct cms *cms, struct span content)
{
	const ASN1_OCTET_STRING *value =
	    CMS_SignerInfo_get0_signature(cms->signer_info);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	struct span signed_octets = content;
	struct buf attributes;
	bool good = context != NULL;

	buf_init(&attributes, ATTRIBUTES_SIZE_MAX + 8);
	/* RFC 8419 section 3: without attributes the content is signed. */
	if (CMS_signed_get_attr_count(cms->signer_info) >= 0) {
		good = good && digest_fits(cms, content) &&
		    build_attributes(cms, &attributes);
		signed_octets = buf_span(&attributes);
	}
	good = good &&
	    EVP_DigestVerifyInit(context, NULL, NULL, NULL,
		X509_get0_pubkey(cms->signer)) == 1 &&
	    EVP_DigestVerify(context, ASN1_STRING_get0_data(value),
		(size_t)ASN1_STRING_length(value),
		(const unsigned char *)signed_octets.at,
		signed_octets.len) == 1;
	EVP_MD_CTX_free(context);
	buf_clear(&attributes);
	ERR_clear_error();
	return good;
}
