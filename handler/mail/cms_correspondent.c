/*
 * cms_correspondent.c - the certificate to encrypt to a signer (RFC 8551)
 *
 * Input: hostile, but for what cms_verify() and cms_check_signer() have found
 * good: the signer's certificate.  Another certificate in the message counts
 * only if the CA that issued the signer's has issued it, for the same address.
 */
#include "mail/cms.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "mail/cms_p.h"

/* OpenSSL's own check of the purpose wants keyEncipherment even of EC keys. */
bool
cms_can_encrypt(X509 *one)
{
	const uint32_t bits = X509_get_key_usage(one);
	const uint32_t extended = X509_get_extended_key_usage(one);

	return (bits & (KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT)) != 0 &&
	    (extended & (XKU_SMIME | XKU_ANYEKU)) != 0 &&
	    X509_check_ca(one) == 0;
}

/* The certificate in the message that has issued that one. */
static X509 *
find_issuer(const struct cms *cms, X509 *one)
{
	X509 *issuer;
	int i;

	for (i = 0; i < sk_X509_num(cms->certificates); i++) {
		issuer = sk_X509_value(cms->certificates, i);
		if (issuer != one &&
		    X509_check_issued(issuer, one) == X509_V_OK &&
		    X509_verify(one, X509_get0_pubkey(issuer)) == 1)
			return issuer;
	}
	return NULL;
}

static bool
is_current(const X509 *one, int64_t now)
{
	time_t then = (time_t)now;

	return X509_cmp_time(X509_get0_notBefore(one), &then) < 0 &&
	    X509_cmp_time(X509_get0_notAfter(one), &then) > 0;
}

/* RFC 8551 section 2.5.3: the signer may say which certificate to use.  Only
 * issuer and serial number are in use. */
static bool
is_preferred(const struct cms *cms, X509 *one)
{
	/* SMIMEEncryptionKeyPreference, [0] IMPLICIT IssuerAndSerialNumber */
	ASN1_OBJECT *type = OBJ_txt2obj("1.2.840.113549.1.9.16.2.11", 1);
	const ASN1_TYPE *value;
	struct span der, wanted;
	unsigned char *issuer = NULL;
	int len = i2d_X509_NAME(X509_get_issuer_name(one), &issuer);
	unsigned char *serial = NULL;
	int size = i2d_ASN1_INTEGER(X509_get_serialNumber(one), &serial);
	bool same = false;
	int at = type != NULL
	    ? CMS_signed_get_attr_by_OBJ(cms->signer_info, type, -1)
	    : -1;

	value = at >= 0 ? X509_ATTRIBUTE_get0_type(
			      CMS_signed_get_attr(cms->signer_info, at), 0)
			: NULL;
	if (value != NULL && value->type == V_ASN1_OTHER && len > 0 &&
	    size > 0) {
		der =
		    (struct span){ (const char *)value->value.asn1_string->data,
			    (size_t)value->value.asn1_string->length };
		/* Both, one after the other, are all of its content. */
		wanted = span_cut(der, der.len - (size_t)(len + size), der.len);
		same = der.len > (size_t)(len + size) &&
		    (unsigned char)der.at[0] == 0xa0 &&
		    span_eq(span_cut(wanted, 0, (size_t)len),
			(struct span){ (const char *)issuer, (size_t)len }) &&
		    span_eq(span_cut(wanted, (size_t)len, wanted.len),
			(struct span){ (const char *)serial, (size_t)size });
	}
	ASN1_OBJECT_free(type);
	OPENSSL_free(issuer);
	OPENSSL_free(serial);
	ERR_clear_error();
	return same;
}

/* Another certificate of the signer: the preferred one, or any. */
static X509 *
find_other(struct cms *cms, struct span address, bool preferred, int64_t now)
{
	X509 *signer = cms->signer, *issuer = find_issuer(cms, signer), *one;
	bool good = false;
	int i;

	for (i = 0; issuer != NULL && i < sk_X509_num(cms->certificates); i++) {
		one = sk_X509_value(cms->certificates, i);
		/* The questions of cms.h are about the signer. */
		cms->signer = one;
		good = one != signer && find_issuer(cms, one) == issuer &&
		    cms_is_for(cms, address) && cms_can_encrypt(one) &&
		    is_current(one, now) &&
		    (!preferred || is_preferred(cms, one));
		cms->signer = signer;
		if (good)
			return one;
	}
	return NULL;
}

bool
cms_add_pem(X509 *one, struct buf *out)
{
	BIO *text = BIO_new(BIO_s_mem());
	char *at = NULL;
	long len = 0;

	if (text != NULL && PEM_write_bio_X509(text, one) == 1)
		len = BIO_get_mem_data(text, &at);
	if (len > 0)
		buf_add(out, (struct span){ at, (size_t)len });
	BIO_free(text);
	return len > 0;
}

enum status
cms_correspondent(
    struct cms *cms, struct span address, int64_t now, struct buf *out)
{
	X509 *one = find_other(cms, address, true, now);
	size_t i;

	if (one == NULL && cms_can_encrypt(cms->signer))
		one = cms->signer;
	if (one == NULL)
		one = find_other(cms, address, false, now);
	if (one == NULL)
		return STATUS_MISSING;
	for (i = 0; one != NULL && i < CMS_CERTIFICATES_MAX; i++) {
		if (!cms_add_pem(one, out))
			return STATUS_CRYPTO;
		one = find_issuer(cms, one);
	}
	ERR_clear_error();
	return buf_status(out);
}
