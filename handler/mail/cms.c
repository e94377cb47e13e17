/* cms.c - one CMS signature and its signer: see cms.h.  Input: hostile. */
#include "mail/cms.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "mail/address.h"
#include "mail/cms_p.h"

static enum status
bad(struct note *note, const char *what)
{
	ERR_clear_error();
	return note_set(note, STATUS_BAD_SMIME, "%s", what);
}

/* RFC 8551 section 2.1: SHA-256 and up. */
static bool
digest_is_strong(CMS_SignerInfo *info)
{
	X509_ALGOR *digest = NULL;
	const ASN1_OBJECT *object = NULL;

	CMS_SignerInfo_get0_algs(info, NULL, NULL, &digest, NULL);
	X509_ALGOR_get0(&object, NULL, NULL, digest);
	switch (OBJ_obj2nid(object)) {
	case NID_sha256:
	case NID_sha384:
	case NID_sha512:
	case NID_sha3_256:
	case NID_sha3_384:
	case NID_sha3_512:
		return true;
	default:
		return false;
	}
}

/* RFC 5652 sections 5.3 and 11.1: where attributes are signed, one of them is
 * the type of the content, and it is the content's. */
static bool
type_fits(const struct cms *cms)
{
	const ASN1_OBJECT *type = CMS_signed_get0_data_by_OBJ(cms->signer_info,
	    OBJ_nid2obj(NID_pkcs9_contentType), -3, V_ASN1_OBJECT);

	return CMS_signed_get_attr_count(cms->signer_info) < 0 ||
	    (type != NULL &&
		OBJ_cmp(type, CMS_get0_eContentType(cms->info)) == 0);
}

static enum status
check_shape(struct cms *cms, struct note *note)
{
	const ASN1_OBJECT *type = CMS_get0_type(cms->info);
	STACK_OF(CMS_SignerInfo) * signers;

	if (OBJ_obj2nid(type) != NID_pkcs7_signed)
		return note_set(
		    note, STATUS_MISSING, "the CMS object is not signed data");
	if (OBJ_obj2nid(CMS_get0_eContentType(cms->info)) != NID_pkcs7_data)
		return bad(note, "the signed content is not a MIME entity");
	signers = CMS_get0_SignerInfos(cms->info);
	if (signers == NULL || sk_CMS_SignerInfo_num(signers) < 1)
		return bad(note, "the CMS object has no signer");
	cms->certificates = CMS_get1_certs(cms->info);
	if (cms->certificates != NULL &&
	    sk_X509_num(cms->certificates) > CMS_CERTIFICATES_MAX)
		return bad(note, "the CMS object holds too many certificates");
	return STATUS_OK;
}

enum status
cms_parse(struct span der, struct cms **out, struct note *note)
{
	const unsigned char *at = (const unsigned char *)der.at;
	struct cms *cms = calloc(1, sizeof(*cms));
	enum status status;

	if (cms == NULL)
		return STATUS_MEMORY;
	if (der.len == 0 || der.len > 64 * 1024 * 1024 ||
	    (cms->info = d2i_CMS_ContentInfo(NULL, &at, (long)der.len)) == NULL)
		status = bad(note, "the signature is not a CMS object");
	else if (at != (const unsigned char *)der.at + der.len)
		status = bad(note, "data follows the CMS object");
	else
		status = check_shape(cms, note);
	if (status == STATUS_OK)
		*out = cms;
	else
		cms_free(cms);
	ERR_clear_error();
	return status;
}

void
cms_free(struct cms *cms)
{
	if (cms == NULL)
		return;
	sk_X509_pop_free(cms->certificates, X509_free);
	CMS_ContentInfo_free(cms->info);
	free(cms);
}

bool
cms_content(const struct cms *cms, struct span *out)
{
	ASN1_OCTET_STRING **content = CMS_get0_content(cms->info);

	if (content == NULL || *content == NULL)
		return false;
	*out = (struct span){ (const char *)ASN1_STRING_get0_data(*content),
		(size_t)ASN1_STRING_length(*content) };
	return true;
}

size_t
cms_signers(const struct cms *cms)
{
	return (size_t)sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(cms->info));
}

/*
 * The text of a name that is an address.  An IA5String holds ASCII; RFC 9598
 * section 3: SmtpUTF8Mailbox is for local parts beyond ASCII, and its domain
 * has A-labels.
 */
static bool
take_text(const GENERAL_NAME *name, struct span *out)
{
	const ASN1_STRING *value;

	if (name->type == GEN_EMAIL)
		value = name->d.rfc822Name;
	else if (name->type == GEN_OTHERNAME &&
	    OBJ_obj2nid(name->d.otherName->type_id) ==
		NID_id_on_SmtpUTF8Mailbox &&
	    name->d.otherName->value->type == V_ASN1_UTF8STRING)
		value = name->d.otherName->value->value.utf8string;
	else
		return false;
	*out = (struct span){ (const char *)ASN1_STRING_get0_data(value),
		(size_t)ASN1_STRING_length(value) };
	return name->type == GEN_EMAIL
	    ? span_is_ascii(*out)
	    : !span_is_ascii(*out) && span_is_ascii(address_domain(*out));
}

static bool
take_address(const GENERAL_NAME *name, char out[ADDRESS_SIZE])
{
	struct mailbox mailbox;
	struct span text;

	return take_text(name, &text) &&
	    address_parse(text, &mailbox) == STATUS_OK &&
	    address_normal(&mailbox, out) == STATUS_OK;
}

static GENERAL_NAMES *
names_of(const struct cms *cms)
{
	return X509_get_ext_d2i(cms->signer, NID_subject_alt_name, NULL, NULL);
}

/* The first address of the certificate, or the one that is the wanted one. */
static bool
find_address(
    const struct cms *cms, const struct span *wanted, char out[ADDRESS_SIZE])
{
	GENERAL_NAMES *names = names_of(cms);
	bool found = false;
	int i;

	for (i = 0; i < sk_GENERAL_NAME_num(names) && !found; i++)
		found = take_address(sk_GENERAL_NAME_value(names, i), out) &&
		    (wanted == NULL || address_is_same(span_of(out), *wanted));
	GENERAL_NAMES_free(names);
	ERR_clear_error();
	return found;
}

bool
cms_is_for(const struct cms *cms, struct span address)
{
	char one[ADDRESS_SIZE];

	return find_address(cms, &address, one);
}

bool
cms_first_address(const struct cms *cms, char out[ADDRESS_SIZE])
{
	return find_address(cms, NULL, out);
}

size_t
cms_addresses(const struct cms *cms, char out[][ADDRESS_SIZE], size_t most)
{
	GENERAL_NAMES *names = names_of(cms);
	size_t count = 0;
	int i;

	for (i = 0; i < sk_GENERAL_NAME_num(names) && count < most; i++)
		count +=
		    take_address(sk_GENERAL_NAME_value(names, i), out[count]);
	GENERAL_NAMES_free(names);
	ERR_clear_error();
	return count;
}

/* The one certificate that the signer information names. */
static X509 *
find_signer(const struct cms *cms)
{
	X509 *one;
	int i;

	for (i = 0; i < sk_X509_num(cms->certificates); i++) {
		one = sk_X509_value(cms->certificates, i);
		if (CMS_SignerInfo_cert_cmp(cms->signer_info, one) == 0)
			return one;
	}
	return NULL;
}

/* RFC 5652 sections 5.4 to 5.6, for this signer alone. */
static bool
verify_info(const struct cms *cms, struct span content)
{
	BIO *input = BIO_new_mem_buf(content.at, (int)content.len);
	BIO *chain = input != NULL ? CMS_dataInit(cms->info, input) : NULL;
	char octets[16 * 1024];
	bool good;

	while (chain != NULL && BIO_read(chain, octets, sizeof(octets)) > 0)
		;
	CMS_SignerInfo_set1_signer_cert(cms->signer_info, cms->signer);
	good = chain != NULL &&
	    (CMS_signed_get_attr_count(cms->signer_info) < 0 ||
		CMS_SignerInfo_verify(cms->signer_info) == 1) &&
	    CMS_SignerInfo_verify_content(cms->signer_info, chain) == 1;
	BIO_free_all(chain != NULL ? chain : input);
	return good;
}

enum status
cms_verify(
    struct cms *cms, size_t signer, struct span content, struct note *note)
{
	struct span inside;
	bool good;

	cms->signer_info = sk_CMS_SignerInfo_value(
	    CMS_get0_SignerInfos(cms->info), (int)signer);
	if (!digest_is_strong(cms->signer_info))
		return bad(
		    note, "the signature uses a digest weaker than SHA-256");
	if (!type_fits(cms))
		return bad(
		    note, "the signature is for another type of content");
	if ((cms->signer = find_signer(cms)) == NULL)
		return bad(note,
		    "the signature does not include the signer's certificate");
	/* A key of an algorithm that libcrypto does not know. */
	if (X509_get0_pubkey(cms->signer) == NULL)
		return bad(note,
		    "the signer's key is malformed or of an unknown algorithm");
	if (cms_content(cms, &inside)) {
		if (content.len > 0)
			return bad(
			    note, "a detached signature must not hold content");
		content = inside;
	}
	/* Without signed attributes the content's digest is signed directly:
	 * attributes of elsewhere must not pass for it. */
	if (CMS_signed_get_attr_count(cms->signer_info) < 0 &&
	    content.len > 0 && content.at[0] == '1')
		return bad(note, "the signed content is not a MIME entity");
	good = cms_is_ed25519(cms) ? cms_verify_ed25519(cms, content)
				   : verify_info(cms, content);
	return good ? STATUS_OK
		    : bad(note, "the signature does not match the content");
}

void
cms_issuer(const struct cms *cms, char *out, size_t size)
{
	BIO *text = BIO_new(BIO_s_mem());
	char *at = NULL;
	long len = 0;

	out[0] = '\0';
	if (text != NULL && cms->signer != NULL &&
	    X509_NAME_print_ex(text, X509_get_issuer_name(cms->signer), 0,
		XN_FLAG_SEP_COMMA_PLUS | ASN1_STRFLGS_UTF8_CONVERT) >= 0)
		len = BIO_get_mem_data(text, &at);
	if (len > 0)
		text_show_in(out, size, (struct span){ at, (size_t)len }, true);
	BIO_free(text);
	ERR_clear_error();
}

static enum status
bad_fields(struct note *note)
{
	return note_set(note, STATUS_BAD_PROTECTION,
	    "the protected header fields are malformed");
}

/* RFC 5322 section 2.2: a name that stays one where it is written out. */
static bool
is_field_name(struct span name)
{
	size_t i;

	for (i = 0; i < name.len; i++)
		if (name.at[i] <= ' ' || name.at[i] >= 0x7f ||
		    name.at[i] == ':')
			return false;
	return name.len > 0;
}

/* Append the value on one line.  A line end is a fold or it is refused. */
static bool
add_value(struct span value, struct buf *out)
{
	size_t i;

	value = span_trim(value);
	for (i = 0; i < value.len; i++) {
		if (value.at[i] == '\0')
			return false;
		if (value.at[i] == '\r' && i + 1 < value.len &&
		    value.at[i + 1] == '\n')
			i++;
		if (value.at[i] != '\n' && value.at[i] != '\r')
			buf_add_byte(out, value.at[i]);
		else if (value.at[i] == '\r' ||
		    !ascii_is_blank(value.at[i + 1]))
			return false;
	}
	return true;
}

/* RFC 7508: take one HeaderField of the signed attribute. */
static enum status
add_header_field(struct span *fields, struct buf *out, struct note *note)
{
	struct span one, name, value, changed;

	if (!der_take(fields, DER_SEQUENCE, &one) ||
	    !der_take(&one, DER_VISIBLE, &name) ||
	    !der_take(&one, DER_UTF8, &value))
		return bad_fields(note);
	if (der_take(&one, DER_INTEGER, &changed) &&
	    !span_eq(changed, (struct span){ "", 1 }))
		return note_set(note, STATUS_BAD_PROTECTION,
		    "a protected header field is marked as changed");
	if (one.len > 0 || !utf8_is_text(value) || !is_field_name(name))
		return bad_fields(note);
	buf_add(out, name);
	buf_add_text(out, ": ");
	if (!add_value(value, out))
		return bad_fields(note);
	buf_add_byte(out, '\n');
	return STATUS_OK;
}

/* SecureHeaderFields ::= SET { canonAlgorithm ENUMERATED, SEQUENCE OF
 * HeaderField }.  How strictly blanks count is ours: docs/leniency.md. */
static enum status
add_header_fields(const ASN1_STRING *value, struct buf *out, struct note *note)
{
	struct span all = { (const char *)ASN1_STRING_get0_data(value),
		(size_t)ASN1_STRING_length(value) };
	enum status status = STATUS_OK;
	struct span set, algorithm, fields;

	if (!der_take(&all, DER_SET, &set) ||
	    !der_take(&set, DER_ENUMERATED, &algorithm) ||
	    !der_take(&set, DER_SEQUENCE, &fields) || set.len > 0)
		return bad_fields(note);
	while (fields.len > 0 && status == STATUS_OK)
		status = add_header_field(&fields, out, note);
	return status;
}

enum status
cms_header_fields(const struct cms *cms, struct buf *out, struct note *note)
{
	static const char oid[] = "1.2.840.113549.1.9.16.2.55";
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	enum status status = STATUS_MISSING;
	X509_ATTRIBUTE *attribute;
	ASN1_TYPE *value;
	int index;

	if (object == NULL)
		return STATUS_MEMORY;
	index = CMS_signed_get_attr_by_OBJ(cms->signer_info, object, -1);
	if (index >= 0) {
		attribute = CMS_signed_get_attr(cms->signer_info, index);
		value = X509_ATTRIBUTE_count(attribute) == 1
		    ? X509_ATTRIBUTE_get0_type(attribute, 0)
		    : NULL;
		if (value != NULL && value->type == V_ASN1_SET)
			status = add_header_fields(value->value.set, out, note);
		else
			status = bad_fields(note);
	}
	ASN1_OBJECT_free(object);
	ERR_clear_error();
	return status == STATUS_OK ? buf_status(out) : status;
}
