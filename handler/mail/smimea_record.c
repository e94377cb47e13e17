/*
 * smimea_record.c - certificates in SMIMEA records: see smimea_record.h
 *
 * Input: records are hostile, though DNSSEC vouches for who wrote them; chains
 * are the user's.
 */
#include "mail/smimea_record.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <time.h>

#include "base/frame.h"
#include "base/text.h"
#include "mail/cms_p.h"
#include "mail/der.h"

enum {
	RDATA_MOST = 64 * 1024,
	CERTIFICATE_ROOM = 256 * 1024,
	CAPABILITIES_MOST = 32,
	ADDRESSES_MOST = 32
};

/* RFC 6698 section 2.1: what a record says of that certificate. */
static bool
add_octets(X509 *one, unsigned selector, unsigned matching, struct buf *out)
{
	const EVP_MD *const kind = matching == 1 ? EVP_sha256() : EVP_sha512();
	unsigned char digest[EVP_MAX_MD_SIZE], *der = NULL;
	unsigned size = 0;
	bool good;
	int len;

	len = selector == 0 ? i2d_X509(one, &der)
			    : i2d_X509_PUBKEY(X509_get_X509_PUBKEY(one), &der);
	good = len > 0;
	if (good && matching > 0)
		good = EVP_Digest(
			   der, (size_t)len, digest, &size, kind, NULL) == 1;
	if (good)
		buf_add(out,
		    (struct span){
			matching > 0 ? (const char *)digest : (const char *)der,
			matching > 0 ? size : (size_t)len });
	OPENSSL_free(der);
	return good && buf_status(out) == STATUS_OK;
}

bool
smimea_names(const struct smimea *record, struct x509_st *one)
{
	struct buf octets;
	bool same;

	buf_init(&octets, RDATA_MOST);
	same = add_octets(one, record->selector, record->matching, &octets) &&
	    octets.len > 0 && span_eq(buf_span(&octets), record->data);
	buf_clear(&octets);
	return same;
}

/* The certificates of a file: those are read in the same way as anchors. */
static enum status
read_chain(struct span file, struct trust **out, struct note *note)
{
	struct trust *chain = trust_new();
	enum status status;

	if (chain == NULL)
		return STATUS_MEMORY;
	status = trust_add_anchors(chain, SPAN("the file"), file);
	if (status == STATUS_OK && sk_X509_num(chain->anchors) == 0)
		status = note_set(note, STATUS_BAD_FILE, "%s",
		    chain->anchor_fault.text[0] != '\0'
			? chain->anchor_fault.text
			: "there is no certificate");
	if (status == STATUS_OK)
		*out = chain;
	else
		trust_free(chain);
	return status;
}

static bool
is_about_ca(enum smimea_usage usage)
{
	return usage == SMIMEA_PKIX_TA || usage == SMIMEA_DANE_TA;
}

enum status
smimea_make(struct span chain, const struct smimea *kind, struct buf *out,
    struct note *note)
{
	const int index = is_about_ca(kind->usage) ? 1 : 0;
	struct trust *file = NULL;
	enum status status = read_chain(chain, &file, note);

	if (status == STATUS_OK && index >= sk_X509_num(file->anchors))
		status = note_set(note, STATUS_BAD_FILE,
		    "usage %d is about the CA, whose certificate is not in the "
		    "chain",
		    (int)kind->usage);
	if (status == STATUS_OK) {
		buf_add_byte(out, (char)kind->usage);
		buf_add_byte(out, (char)kind->selector);
		buf_add_byte(out, (char)kind->matching);
		if (!add_octets(sk_X509_value(file->anchors, index),
			kind->selector, kind->matching, out))
			status = STATUS_CRYPTO;
	}
	trust_free(file);
	ERR_clear_error();
	return status == STATUS_OK ? buf_status(out) : status;
}

static void
add_hex(struct buf *out, const char *name, struct span octets)
{
	struct buf hex;

	buf_init(&hex, 2 * octets.len + 1);
	buf_add_hex(&hex, octets);
	if (buf_status(&hex) == STATUS_OK)
		frame_add(out, name, buf_span(&hex));
	else if (out->failed == STATUS_OK)
		out->failed = buf_status(&hex);
	buf_clear(&hex);
}

/* What mail programs call the algorithms of RFC 8551 and its predecessors. */
static const struct algorithm {
	const char *oid;
	const char *name;
} algorithms[] = {
	{ "2.16.840.1.101.3.4.1.46", "AES-256-GCM" },
	{ "2.16.840.1.101.3.4.1.6", "AES-128-GCM" },
	{ "1.2.840.113549.1.9.16.3.18", "ChaCha20-Poly1305" },
	{ "2.16.840.1.101.3.4.1.42", "AES-256" },
	{ "2.16.840.1.101.3.4.1.22", "AES-192" },
	{ "2.16.840.1.101.3.4.1.2", "AES-128" },
	{ "1.2.840.113549.3.7", "Triple DES (weak)" },
	{ "1.2.840.113549.3.2", "RC2 (weak)" },
	{ "1.3.14.3.2.7", "DES (weak)" },
	{ "1.2.840.113549.1.1.7", "RSA-OAEP" },
	{ "1.2.840.113549.1.1.10", "RSA-PSS" },
	{ "1.2.840.113549.1.1.11", "RSA with SHA-256" },
	{ "1.2.840.113549.1.1.13", "RSA with SHA-512" },
	{ "1.2.840.10045.4.3.2", "ECDSA with SHA-256" },
	{ "1.2.840.10045.4.3.4", "ECDSA with SHA-512" },
	{ "1.3.132.1.11.1", "ECDH with SHA-256" },
	{ "1.3.101.110", "X25519" },
	{ "1.3.101.112", "Ed25519" },
};
enum { ALGORITHMS = sizeof(algorithms) / sizeof(*algorithms) };

/* One SMIMECapability: an algorithm, and perhaps parameters. */
static void
add_capability(struct span content, struct buf *out)
{
	const unsigned char *at;
	ASN1_OBJECT *object;
	struct span one = content, oid, whole = content;
	char text[120];
	size_t i;

	if (!der_take(&one, DER_OID, &oid))
		return;
	at = (const unsigned char *)whole.at;
	object = d2i_ASN1_OBJECT(NULL, &at, (long)whole.len);
	if (object != NULL && OBJ_obj2txt(text, sizeof(text), object, 1) > 0) {
		for (i = 0; i < ALGORITHMS; i++)
			if (span_eq(span_of(algorithms[i].oid), span_of(text)))
				break;
		frame_add(out, "capability",
		    span_of(i < ALGORITHMS ? algorithms[i].name : text));
	}
	ASN1_OBJECT_free(object);
}

/* RFC 4262: an extension with the SMIMECapabilities of RFC 8551. */
static void
add_capabilities(X509 *one, struct buf *out)
{
	const int at = X509_get_ext_by_NID(one, NID_SMIMECapabilities, -1);
	const ASN1_OCTET_STRING *value;
	struct span rest, list, content;
	size_t count = 0;

	if (at < 0)
		return;
	value = X509_EXTENSION_get_data(X509_get_ext(one, at));
	rest = (struct span){ (const char *)ASN1_STRING_get0_data(value),
		(size_t)ASN1_STRING_length(value) };
	if (!der_take(&rest, DER_SEQUENCE, &list) || rest.len > 0)
		return;
	while (count++ < CAPABILITIES_MOST &&
	    der_take(&list, DER_SEQUENCE, &content))
		add_capability(content, out);
}

static void
add_time(struct buf *out, const char *name, const ASN1_TIME *time)
{
	struct tm parts = { 0 };

	frame_add_number(out, name,
	    ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) : 0);
}

static void
add_pem(X509 *one, struct buf *out)
{
	struct buf pem;

	buf_init(&pem, CERTIFICATE_ROOM);
	if (!cms_add_pem(one, &pem) && out->failed == STATUS_OK)
		out->failed = STATUS_CRYPTO;
	frame_add(out, "pem", buf_span(&pem));
	buf_clear(&pem);
}

/* May somebody encrypt to it?  RFC 8162 section 9: not if it has expired or was
 * revoked. */
static enum status
check_certificate(const struct smimea_question *question, struct cms *cms,
    bool pkix, struct note *note)
{
	if (!cms_is_for(cms, question->address))
		return note_set(note, STATUS_BAD_SIGNER_TRUST,
		    "it is not for this address, so mail programs would not "
		    "use it");
	if (!cms_can_encrypt(cms->signer))
		return note_set(note, STATUS_BAD_SIGNER_TRUST,
		    "it is not for encrypting mail");
	return trust_check_found(
	    cms, question->trust, pkix, question->now, note);
}

/* The facts about the leaf of a chain. */
static void
add_certificate(const struct smimea_question *question, STACK_OF(X509) * chain,
    X509 *one, bool pkix, struct buf *out)
{
	struct cms cms = { .certificates = chain, .signer = one };
	char address[ADDRESSES_MOST][ADDRESS_SIZE], issuer[320];
	unsigned char digest[EVP_MAX_MD_SIZE];
	struct note fault = { "" };
	unsigned len = 0;
	size_t i, count;
	enum status status;

	add_pem(one, out);
	if (X509_digest(one, EVP_sha256(), digest, &len) == 1)
		add_hex(
		    out, "sha256", (struct span){ (const char *)digest, len });
	cms_issuer(&cms, issuer, sizeof(issuer));
	frame_add(out, "issuer", span_of(issuer));
	count = cms_addresses(&cms, address, ADDRESSES_MOST);
	for (i = 0; i < count; i++) {
		char shown[ADDRESS_SIZE];

		text_show_in(shown, sizeof(shown), span_of(address[i]), true);
		frame_add(out, "address", span_of(shown));
	}
	add_time(out, "starts", X509_get0_notBefore(one));
	add_time(out, "expires", X509_get0_notAfter(one));
	add_capabilities(one, out);
	status = check_certificate(question, &cms, pkix, &fault);
	if (status == STATUS_BAD_SIGNER_TRUST)
		frame_add(out, "fault", span_of(fault.text));
	else if (status != STATUS_OK && out->failed == STATUS_OK)
		out->failed = status;
	ERR_clear_error();
}

static void
add_framed(struct buf *out, const char *name, struct buf *frames)
{
	frame_add(out, name, buf_span(frames));
	if (buf_status(frames) != STATUS_OK && out->failed == STATUS_OK)
		out->failed = buf_status(frames);
	buf_clear(frames);
}

/* A certificate that a record holds as a whole. */
static void
add_held(const struct smimea_question *question, const struct smimea *record,
    struct buf *out)
{
	const unsigned char *at = (const unsigned char *)record->data.at;
	const unsigned char *end = at + record->data.len;
	X509 *one = d2i_X509(NULL, &at, (long)record->data.len);
	STACK_OF(X509) *chain = sk_X509_new_null();
	struct buf facts;

	if (chain == NULL) {
		out->failed = STATUS_MEMORY;
	} else if (one == NULL || at != end) {
		frame_add(out, "fault", SPAN("it holds no certificate"));
	} else if (is_about_ca(record->usage)) {
		;
	} else {
		buf_init(&facts, CERTIFICATE_ROOM);
		add_certificate(question, chain, one,
		    record->usage == SMIMEA_PKIX_EE, &facts);
		add_framed(out, "certificate", &facts);
	}
	sk_X509_free(chain);
	X509_free(one);
	ERR_clear_error();
}

static void
add_record(
    const struct smimea_question *question, struct span data, struct buf *out)
{
	static const char *const names[] = { "usage", "selector", "matching" };
	struct smimea record;
	struct buf frames;
	size_t i;

	buf_init(&frames, 2 * CERTIFICATE_ROOM);
	for (i = 0; i < 3; i++)
		frame_add_number(&frames, names[i],
		    i < data.len ? (unsigned char)data.at[i] : 0);
	add_hex(&frames, "data", span_cut(data, 3, data.len));
	if (smimea_parse(data, &record) != STATUS_OK)
		frame_add(&frames, "fault",
		    SPAN("it is malformed, or of a kind that RFC 8162 does not "
			 "know"));
	else if (record.selector == 0 && record.matching == 0)
		add_held(question, &record, &frames);
	add_framed(out, "record", &frames);
}

enum status
smimea_describe(const struct smimea_question *question, struct buf *out)
{
	size_t i;

	for (i = 0; i < question->answer->count; i++)
		add_record(
		    question, buf_span(&question->answer->record[i]), out);
	return buf_status(out);
}

/* Does the record name the leaf, or a CA above it, as its usage says? */
static bool
names_any(const struct smimea *record, STACK_OF(X509) * chain)
{
	const bool ca = is_about_ca(record->usage);
	int i;

	for (i = ca ? 1 : 0; i < (ca ? sk_X509_num(chain) : 1); i++)
		if (smimea_names(record, sk_X509_value(chain, i)))
			return true;
	return false;
}

enum status
smimea_compare(const struct smimea_question *question, struct span chain,
    struct buf *out, struct note *note)
{
	struct trust *file = NULL;
	enum status status = read_chain(chain, &file, note);
	struct smimea record;
	bool pkix = true;
	struct buf frames;
	size_t i;

	if (status != STATUS_OK)
		return status;
	buf_init(&frames, CERTIFICATE_ROOM);
	for (i = 0; i < question->answer->count; i++) {
		if (smimea_parse(buf_span(&question->answer->record[i]),
			&record) != STATUS_OK ||
		    !names_any(&record, file->anchors))
			continue;
		frame_add_number(&frames, "match", (int64_t)i);
		pkix = pkix && record.usage < SMIMEA_DANE_TA;
	}
	add_certificate(question, file->anchors,
	    sk_X509_value(file->anchors, 0), pkix, &frames);
	add_framed(out, "compared", &frames);
	trust_free(file);
	return buf_status(out);
}
