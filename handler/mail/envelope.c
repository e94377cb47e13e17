/*
 * envelope.c - open encrypted messages without a key: see envelope.h
 *
 * libcrypto reads the object and compares recipients with certificates.  What it
 * has but does not give away (encrypted keys, the content's algorithm) is read
 * from the DER that it writes of it.
 *
 * Input: hostile.
 */
#include "mail/envelope.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>

#include "base/frame.h"
#include "mail/der.h"
#include "mail/recipients_p.h"

enum {
	ENVELOPE_MAX = 64 * 1024 * 1024,
	BLOCK_MAX = 16,
	TAG_MIN = 12, /* RFC 5084 section 3.2 */
	TAG_MAX = 16,
	NONCE_MAX = 64
};

/* How a content is encrypted. */
struct method {
	int nid;
	const EVP_CIPHER *(*cipher)(void);
	size_t key;
	size_t block; /* 0: AES-GCM */
};

static const struct method methods[] = {
	{ NID_aes_128_cbc, EVP_aes_128_cbc, 16, 16 },
	{ NID_aes_192_cbc, EVP_aes_192_cbc, 24, 16 },
	{ NID_aes_256_cbc, EVP_aes_256_cbc, 32, 16 },
	{ NID_des_ede3_cbc, EVP_des_ede3_cbc, 24, 8 },
	{ NID_aes_128_gcm, EVP_aes_128_gcm, 16, 0 },
	{ NID_aes_192_gcm, EVP_aes_192_gcm, 24, 0 },
	{ NID_aes_256_gcm, EVP_aes_256_gcm, 32, 0 },
};

struct envelope {
	CMS_ContentInfo *cms; /* owned */
	unsigned char *der; /* owned: the same, in DER; the rest points into */
	struct span recipients;
	const struct method *method;
	struct span iv; /* or nonce */
	struct span content;
	struct span attributes; /* authenticated ones, whole; or empty */
	struct span mac;
};

static int
type_of(const CMS_ContentInfo *cms)
{
	return OBJ_obj2nid(CMS_get0_type(cms));
}

static bool
is_envelope(const CMS_ContentInfo *cms)
{
	return type_of(cms) == NID_pkcs7_enveloped ||
	    type_of(cms) == NID_id_smime_ct_authEnvelopedData;
}

static CMS_ContentInfo *
read_object(struct span ber)
{
	const unsigned char *at = (const unsigned char *)ber.at;

	return ber.len > 0 && ber.len <= ENVELOPE_MAX
	    ? d2i_CMS_ContentInfo(NULL, &at, (long)ber.len)
	    : NULL;
}

bool
envelope_is(struct span ber)
{
	CMS_ContentInfo *cms = read_object(ber);
	const bool is = cms != NULL && is_envelope(cms);

	CMS_ContentInfo_free(cms);
	ERR_clear_error();
	return is;
}

/* AlgorithmIdentifier; parameters: what follows the OID, whole, or empty. */
static bool
take_algorithm(struct span *s, int *nid, struct span *parameters)
{
	const unsigned char *at;
	struct span whole, value, oid;
	ASN1_OBJECT *object;

	if (!der_take(s, DER_SEQUENCE, &value))
		return false;
	*parameters = value;
	if (!der_take(parameters, DER_OID, &oid))
		return false;
	whole = span_cut(value, 0, value.len - parameters->len);
	at = (const unsigned char *)whole.at;
	object = d2i_ASN1_OBJECT(NULL, &at, (long)whole.len);
	*nid = OBJ_obj2nid(object);
	ASN1_OBJECT_free(object);
	ERR_clear_error();
	return object != NULL;
}

/* RFC 5084 section 3.2: the nonce, and the length of the tag, 12 octets unless
 * it says otherwise. */
static bool
take_gcm(struct span parameters, struct envelope *out)
{
	struct span value, length;
	size_t tag = TAG_MIN;

	if (!der_take(&parameters, DER_SEQUENCE, &value) ||
	    !der_take(&value, DER_OCTETS, &out->iv) || out->iv.len == 0 ||
	    out->iv.len > NONCE_MAX)
		return false;
	if (der_tag(value) == DER_INTEGER) {
		if (!der_take(&value, DER_INTEGER, &length) || length.len != 1)
			return false;
		tag = (unsigned char)length.at[0];
	}
	return tag >= TAG_MIN && tag <= TAG_MAX && out->mac.len == tag;
}

static bool
take_method(struct span *s, struct span *parameters, struct envelope *out)
{
	size_t i;
	int nid;

	if (!take_algorithm(s, &nid, parameters))
		return false;
	for (i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (methods[i].nid == nid)
			out->method = &methods[i];
	return out->method != NULL;
}

/*
 * RFC 5652 section 6.1, RFC 5083 section 2.1: version, originatorInfo,
 * recipientInfos, the content with its type and algorithm; then authenticated
 * attributes and the tag.
 */
static bool
take_data(struct span data, struct envelope *out)
{
	const bool gcm = type_of(out->cms) == NID_id_smime_ct_authEnvelopedData;
	struct span skipped, inner, parameters;

	if (!der_take(&data, DER_INTEGER, &skipped))
		return false;
	(void)der_take(&data, DER_CONTEXT(0), &skipped);
	if (!der_take(&data, DER_SET, &out->recipients) ||
	    !der_take(&data, DER_SEQUENCE, &inner) ||
	    !der_take(&inner, DER_OID, &skipped) ||
	    !take_method(&inner, &parameters, out) ||
	    !der_take(&inner, DER_PRIMITIVE(0), &out->content))
		return false;
	if (!gcm)
		return out->method->block > 0 &&
		    der_take(&parameters, DER_OCTETS, &out->iv) &&
		    out->iv.len == out->method->block;
	if (der_tag(data) == DER_CONTEXT(1) &&
	    !der_take_whole(&data, &out->attributes))
		return false;
	return out->method->block == 0 &&
	    der_take(&data, DER_OCTETS, &out->mac) && take_gcm(parameters, out);
}

static bool
take_object(struct span der, struct envelope *out)
{
	struct span info, type, content, data;

	return der_take(&der, DER_SEQUENCE, &info) &&
	    der_take(&info, DER_OID, &type) &&
	    der_take(&info, DER_CONTEXT(0), &content) &&
	    der_take(&content, DER_SEQUENCE, &data) && take_data(data, out);
}

void
envelope_free(struct envelope *envelope)
{
	if (envelope == NULL)
		return;
	CMS_ContentInfo_free(envelope->cms);
	OPENSSL_free(envelope->der);
	free(envelope);
}

/* Read it again from its own DER: a set is sorted there, and the recipients are
 * then in the same order on both sides. */
enum status
envelope_parse(struct span ber, struct envelope **out)
{
	struct envelope *envelope = calloc(1, sizeof(*envelope));
	struct span der = SPAN("");
	int len = -1;

	if (envelope == NULL)
		return STATUS_MEMORY;
	envelope->cms = read_object(ber);
	if (envelope->cms != NULL && is_envelope(envelope->cms))
		len = i2d_CMS_ContentInfo(envelope->cms, &envelope->der);
	CMS_ContentInfo_free(envelope->cms);
	envelope->cms = NULL;
	if (len > 0) {
		der = (struct span){ (const char *)envelope->der, (size_t)len };
		envelope->cms = read_object(der);
	}
	ERR_clear_error();
	if (envelope->cms == NULL || !take_object(der, envelope)) {
		envelope_free(envelope);
		return STATUS_MISSING;
	}
	*out = envelope;
	return STATUS_OK;
}

/* The names that both programs have for a digest; NULL: none of them. */
static const char *
digest_name(int nid)
{
	switch (nid) {
	case NID_sha1:
		return "sha1";
	case NID_sha224:
		return "sha224";
	case NID_sha256:
		return "sha256";
	case NID_sha384:
		return "sha384";
	case NID_sha512:
		return "sha512";
	default:
		return NULL;
	}
}

/* What VERB_UNWRAP takes of one recipient. */
struct sealed {
	const char *scheme, *digest, *mask, *wrap;
	struct span point, info, wrapped;
};

static int
algorithm_nid(const X509_ALGOR *algorithm)
{
	const ASN1_OBJECT *object = NULL;

	if (algorithm == NULL)
		return NID_undef;
	X509_ALGOR_get0(&object, NULL, NULL, algorithm);
	return OBJ_obj2nid(object);
}

/* RFC 4055 section 4.1: SHA-1 unless it says otherwise; no label. */
static bool
read_oaep(const X509_ALGOR *algorithm, struct sealed *out)
{
	const void *value = NULL;
	RSA_OAEP_PARAMS *oaep = NULL;
	X509_ALGOR *mask = NULL;
	int type = V_ASN1_UNDEF;

	out->scheme = "oaep";
	out->digest = out->mask = "sha1";
	X509_ALGOR_get0(NULL, &type, &value, algorithm);
	if (type != V_ASN1_SEQUENCE)
		return false;
	oaep = ASN1_TYPE_unpack_sequence(
	    ASN1_ITEM_rptr(RSA_OAEP_PARAMS), algorithm->parameter);
	if (oaep == NULL)
		return false;
	if (oaep->hashFunc != NULL)
		out->digest = digest_name(algorithm_nid(oaep->hashFunc));
	if (oaep->maskGenFunc != NULL) {
		mask = algorithm_nid(oaep->maskGenFunc) == NID_mgf1
		    ? ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(X509_ALGOR),
			  oaep->maskGenFunc->parameter)
		    : NULL;
		out->mask = digest_name(algorithm_nid(mask));
		X509_ALGOR_free(mask);
	}
	if (oaep->pSourceFunc != NULL)
		out->digest = NULL;
	RSA_OAEP_PARAMS_free(oaep);
	return out->digest != NULL && out->mask != NULL;
}

/* RFC 5652 section 6.2.1. */
static bool
seal_transport(CMS_RecipientInfo *info, struct span whole, struct sealed *out)
{
	X509_ALGOR *algorithm = NULL;
	struct span fields, skipped;
	int nid;

	if (CMS_RecipientInfo_ktri_get0_algs(info, NULL, NULL, &algorithm) != 1)
		return false;
	nid = algorithm_nid(algorithm);
	out->scheme = "rsa";
	return (nid == NID_rsaEncryption ||
		   (nid == NID_rsaesOaep && read_oaep(algorithm, out))) &&
	    der_take(&whole, DER_SEQUENCE, &fields) &&
	    der_take(&fields, DER_INTEGER, &skipped) &&
	    der_take_whole(&fields, &skipped) &&
	    der_take_whole(&fields, &skipped) &&
	    der_take(&fields, DER_OCTETS, &out->wrapped);
}

/* RFC 5753 section 7.1.4: ECDH, and its key derivation. */
static const char *
agreement_digest(int nid)
{
	switch (nid) {
	case NID_dhSinglePass_stdDH_sha1kdf_scheme:
		return "sha1";
	case NID_dhSinglePass_stdDH_sha224kdf_scheme:
		return "sha224";
	case NID_dhSinglePass_stdDH_sha256kdf_scheme:
		return "sha256";
	case NID_dhSinglePass_stdDH_sha384kdf_scheme:
		return "sha384";
	case NID_dhSinglePass_stdDH_sha512kdf_scheme:
		return "sha512";
	default:
		return NULL;
	}
}

/* How a key is wrapped, and the octets of the key that wraps it. */
static const char *
wrap_name(int nid, int *octets)
{
	switch (nid) {
	case NID_id_aes128_wrap:
		*octets = 16;
		return "aes128";
	case NID_id_aes192_wrap:
		*octets = 24;
		return "aes192";
	case NID_id_aes256_wrap:
		*octets = 32;
		return "aes256";
	case NID_id_smime_alg_CMS3DESwrap:
		*octets = 24;
		return "des3";
	default:
		return NULL;
	}
}

/* RFC 5753 section 7.2: what the key derivation takes beside the secret.  Owned
 * by the caller: OPENSSL_free(). */
static unsigned char *
shared_info(
    const X509_ALGOR *agreement, ASN1_OCTET_STRING *ukm, struct sealed *out)
{
	unsigned char *info = NULL;
	X509_ALGOR *wrap;
	int octets = 0, len = -1;

	wrap = ASN1_TYPE_unpack_sequence(
	    ASN1_ITEM_rptr(X509_ALGOR), agreement->parameter);
	out->wrap = wrap_name(algorithm_nid(wrap), &octets);
	if (out->wrap != NULL)
		len = CMS_SharedInfo_encode(&info, wrap, ukm, octets);
	X509_ALGOR_free(wrap);
	if (len <= 0)
		return NULL;
	out->info = (struct span){ (const char *)info, (size_t)len };
	return info;
}

/* The key for the recipient of that number (RFC 5652 section 6.2.2). */
static bool
take_agreed(struct span whole, int wanted, struct span *out)
{
	struct span fields, skipped, keys, key;
	int i;

	if (!der_take(&whole, DER_CONTEXT(1), &fields) ||
	    !der_take(&fields, DER_INTEGER, &skipped) ||
	    !der_take(&fields, DER_CONTEXT(0), &skipped))
		return false;
	(void)der_take(&fields, DER_CONTEXT(1), &skipped);
	if (!der_take_whole(&fields, &skipped) ||
	    !der_take(&fields, DER_SEQUENCE, &keys))
		return false;
	for (i = 0; i <= wanted; i++)
		if (!der_take(&keys, DER_SEQUENCE, &key))
			return false;
	return der_take_whole(&key, &skipped) &&
	    der_take(&key, DER_OCTETS, out);
}

static void
add_sealed(
    const struct sealed *sealed, const struct method *method, struct buf *out)
{
	frame_add(out, "scheme", span_of(sealed->scheme));
	frame_add(out, "digest", span_of(sealed->digest));
	frame_add(out, "mask", span_of(sealed->mask));
	frame_add(out, "wrap", span_of(sealed->wrap));
	frame_add(out, "point", sealed->point);
	frame_add(out, "info", sealed->info);
	frame_add(out, "wrapped", sealed->wrapped);
	frame_add_number(out, "length", (int64_t)method->key);
}

/* number: of the recipient in this agreement. */
static bool
seal_agreement(const struct envelope *envelope, CMS_RecipientInfo *info,
    struct span whole, int number, struct buf *out)
{
	struct sealed sealed = { "ecdh", "", "", "", { NULL, 0 }, { NULL, 0 },
		{ NULL, 0 } };
	X509_ALGOR *agreement = NULL;
	ASN1_OCTET_STRING *ukm = NULL;
	ASN1_BIT_STRING *point = NULL;
	unsigned char *shared = NULL;

	if (CMS_RecipientInfo_kari_get0_alg(info, &agreement, &ukm) != 1 ||
	    CMS_RecipientInfo_kari_get0_orig_id(
		info, NULL, &point, NULL, NULL, NULL) != 1 ||
	    point == NULL || agreement->parameter == NULL)
		return false;
	sealed.digest = agreement_digest(algorithm_nid(agreement));
	sealed.point =
	    (struct span){ (const char *)ASN1_STRING_get0_data(point),
		    (size_t)ASN1_STRING_length(point) };
	if (sealed.digest != NULL &&
	    take_agreed(whole, number, &sealed.wrapped))
		shared = shared_info(agreement, ukm, &sealed);
	if (shared != NULL)
		add_sealed(&sealed, envelope->method, out);
	OPENSSL_free(shared);
	return shared != NULL;
}

static bool
seal_one(const struct envelope *envelope, CMS_RecipientInfo *info,
    struct span whole, X509 *certificate, struct buf *out)
{
	struct sealed sealed = { "", "", "", "", { NULL, 0 }, { NULL, 0 },
		{ NULL, 0 } };
	int number;

	switch (CMS_RecipientInfo_type(info)) {
	case CMS_RECIPINFO_TRANS:
		if (CMS_RecipientInfo_ktri_cert_cmp(info, certificate) != 0 ||
		    !seal_transport(info, whole, &sealed))
			return false;
		add_sealed(&sealed, envelope->method, out);
		return true;
	case CMS_RECIPINFO_AGREE:
		number = recipients_agreed(info, certificate);
		return number >= 0 &&
		    seal_agreement(envelope, info, whole, number, out);
	default:
		return false;
	}
}

bool
envelope_seal(
    const struct envelope *envelope, struct span pem, struct buf *frames)
{
	STACK_OF(CMS_RecipientInfo) *infos =
	    CMS_get0_RecipientInfos(envelope->cms);
	struct span rest = envelope->recipients, whole;
	X509 *certificate = recipients_certificate(pem);
	bool sealed = false;
	int i;

	for (i = 0; certificate != NULL && !sealed &&
	     i < sk_CMS_RecipientInfo_num(infos) &&
	     der_take_whole(&rest, &whole);
	     i++)
		sealed =
		    seal_one(envelope, sk_CMS_RecipientInfo_value(infos, i),
			whole, certificate, frames);
	X509_free(certificate);
	ERR_clear_error();
	return sealed;
}

/* RFC 5083 section 2.2: what is authenticated is a SET, whatever tag the field
 * has. */
static bool
add_attributes(EVP_CIPHER_CTX *ctx, struct span attributes)
{
	const unsigned char set = DER_SET;
	int len;

	return attributes.len == 0 ||
	    (EVP_DecryptUpdate(ctx, NULL, &len, &set, 1) == 1 &&
		EVP_DecryptUpdate(ctx, NULL, &len,
		    (const unsigned char *)attributes.at + 1,
		    (int)attributes.len - 1) == 1);
}

static bool
begin_cipher(
    const struct envelope *envelope, struct span key, EVP_CIPHER_CTX *ctx)
{
	const EVP_CIPHER *cipher = envelope->method->cipher();
	const unsigned char *iv = (const unsigned char *)envelope->iv.at;

	if (EVP_DecryptInit_ex(ctx, cipher, NULL, NULL, NULL) != 1)
		return false;
	if (envelope->method->block > 0)
		return EVP_DecryptInit_ex(ctx, NULL, NULL,
			   (const unsigned char *)key.at, iv) == 1 &&
		    EVP_CIPHER_CTX_set_padding(ctx, 0) == 1;
	return EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN,
		   (int)envelope->iv.len, NULL) == 1 &&
	    EVP_DecryptInit_ex(
		ctx, NULL, NULL, (const unsigned char *)key.at, iv) == 1 &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG,
		(int)envelope->mac.len, (void *)envelope->mac.at) == 1 &&
	    add_attributes(ctx, envelope->attributes);
}

/* Only the last octet is looked at: a check of the others would say whether they
 * are right. */
static void
drop_padding(size_t block, size_t begin, struct buf *content)
{
	const size_t pad = content->len > begin
	    ? (unsigned char)content->at[content->len - 1]
	    : 0;

	if (pad >= 1 && pad <= block && pad <= content->len - begin)
		buf_cut(content, content->len - pad);
}

enum status
envelope_open(
    const struct envelope *envelope, struct span key, struct buf *content)
{
	const size_t size = envelope->content.len, begin = content->len;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	enum status status = STATUS_CRYPTO;
	unsigned char last[BLOCK_MAX];
	int len = 0, more = 0;

	if (ctx == NULL || key.len != envelope->method->key ||
	    !begin_cipher(envelope, key, ctx))
		goto out;
	status = STATUS_MEMORY;
	if (!buf_reserve(content, size + BLOCK_MAX))
		goto out;
	status = STATUS_MISSING;
	if (EVP_DecryptUpdate(ctx, (unsigned char *)content->at + begin, &len,
		(const unsigned char *)envelope->content.at, (int)size) != 1 ||
	    EVP_DecryptFinal_ex(ctx, last, &more) != 1)
		goto out;
	content->len = begin + (size_t)len;
	content->at[content->len] = '\0';
	drop_padding(envelope->method->block, begin, content);
	status = STATUS_OK;
out:
	EVP_CIPHER_CTX_free(ctx);
	ERR_clear_error();
	return status;
}
