/* cms_trust.c - may a signer be believed: see cms.h.  Input: hostile. */
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "mail/cms_p.h"

enum { AUTH_LEVEL = 2, CHAIN_MAX = 8, ANCHORS_MAX = 2000 };

struct trust {
	STACK_OF(X509) * anchors;  /* owned */
	STACK_OF(X509_CRL) * crls; /* owned */
	struct smimea record[CMS_SMIMEA_MAX];
	size_t records;
};

struct trust *
trust_new(void)
{
	struct trust *trust = calloc(1, sizeof(*trust));

	if (trust == NULL)
		return NULL;
	trust->anchors = sk_X509_new_null();
	trust->crls = sk_X509_CRL_new_null();
	if (trust->anchors == NULL || trust->crls == NULL) {
		trust_free(trust);
		return NULL;
	}
	return trust;
}

void
trust_free(struct trust *trust)
{
	if (trust == NULL)
		return;
	sk_X509_pop_free(trust->anchors, X509_free);
	sk_X509_CRL_pop_free(trust->crls, X509_CRL_free);
	free(trust);
}

void
trust_add_smimea(struct trust *trust, const struct smimea *record)
{
	if (trust->records < CMS_SMIMEA_MAX)
		trust->record[trust->records++] = *record;
}

static bool
keep_anchor(struct trust *trust, X509 *one, size_t *count)
{
	if (sk_X509_num(trust->anchors) >= ANCHORS_MAX ||
	    sk_X509_push(trust->anchors, one) <= 0) {
		X509_free(one);
		return false;
	}
	++*count;
	return true;
}

static bool
keep_crl(struct trust *trust, X509_CRL *one, size_t *count)
{
	if (sk_X509_CRL_num(trust->crls) >= ANCHORS_MAX ||
	    sk_X509_CRL_push(trust->crls, one) <= 0) {
		X509_CRL_free(one);
		return false;
	}
	++*count;
	return true;
}

/* A file of ours or of the administrator's: trusted, though perhaps broken. */
static enum status
add_file(struct trust *trust, struct span file, bool want_crls, size_t *count)
{
	const unsigned char *at = (const unsigned char *)file.at;
	const bool pem = span_find(file, SPAN("-----BEGIN ")) < file.len;
	BIO *text = pem ? BIO_new_mem_buf(file.at, (int)file.len) : NULL;
	bool good = true;
	X509_CRL *crl;
	X509 *anchor;

	while (good && !want_crls &&
	    (anchor = pem ? PEM_read_bio_X509(text, NULL, NULL, NULL)
			  : d2i_X509(NULL, &at, (long)file.len)) != NULL &&
	    (good = keep_anchor(trust, anchor, count)) && pem)
		;
	while (good && want_crls &&
	    (crl = pem ? PEM_read_bio_X509_CRL(text, NULL, NULL, NULL)
		       : d2i_X509_CRL(NULL, &at, (long)file.len)) != NULL &&
	    (good = keep_crl(trust, crl, count)) && pem)
		;
	BIO_free(text);
	ERR_clear_error();
	return good ? STATUS_OK : STATUS_CRYPTO;
}

enum status
trust_add_anchors(struct trust *trust, struct span file, size_t *count)
{
	return add_file(trust, file, false, count);
}

enum status
trust_add_crls(struct trust *trust, struct span file, size_t *count)
{
	return add_file(trust, file, true, count);
}

/* RFC 8550 section 4.4: what the certificate says it may be used for. */
static enum status
check_usage(X509 *signer, struct note *note)
{
	const uint32_t usage = X509_get_key_usage(signer);
	const uint32_t extended = X509_get_extended_key_usage(signer);

	if ((usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0)
		return note_set(note, STATUS_BAD_SIGNER_TRUST,
		    "the signer's certificate is not for signatures");
	if ((extended & (XKU_SMIME | XKU_ANYEKU)) == 0)
		return note_set(note, STATUS_BAD_SIGNER_TRUST,
		    "the signer's certificate is not for mail");
	return STATUS_OK;
}

/* Was it revoked only after the time that is asked about?  The context forgets
 * which list it looked at: look at all of that issuer. */
static bool
revoked_later(X509_STORE_CTX *context)
{
	const struct trust *trust = X509_STORE_CTX_get_app_data(context);
	X509 *one = X509_STORE_CTX_get_current_cert(context);
	time_t when =
	    X509_VERIFY_PARAM_get_time(X509_STORE_CTX_get0_param(context));
	X509_REVOKED *entry;
	bool later = false;
	X509_CRL *crl;
	int i;

	for (i = 0; i < sk_X509_CRL_num(trust->crls); i++) {
		crl = sk_X509_CRL_value(trust->crls, i);
		entry = NULL;
		if (X509_NAME_cmp(X509_CRL_get_issuer(crl),
			X509_get_issuer_name(one)) != 0 ||
		    X509_CRL_get0_by_cert(crl, &entry, one) != 1)
			continue;
		if (X509_cmp_time(
			X509_REVOKED_get0_revocationDate(entry), &when) <= 0)
			return false;
		later = true;
	}
	return later;
}

/* Which findings do not count: a revocation list is demanded of the signer's
 * issuer only, and one of today also tells of yesterday. */
static int
on_finding(int good, X509_STORE_CTX *context)
{
	switch (good ? X509_V_OK : X509_STORE_CTX_get_error(context)) {
	case X509_V_ERR_UNABLE_TO_GET_CRL:
		return X509_STORE_CTX_get_error_depth(context) > 0;
	case X509_V_ERR_CRL_NOT_YET_VALID:
		return 1;
	case X509_V_ERR_CERT_REVOKED:
		return revoked_later(context);
	default:
		return good;
	}
}

/*
 * RFC 5280 section 4.2.1.12 for a CA: its extended key usage limits what its
 * certificates are for (S/MIME BR section 7.1.2.2).  Without the extension, or
 * with emailProtection or anyExtendedKeyUsage in it, they may be for mail.
 */
static bool
is_ca_for_mail(X509 *ca)
{
	return (X509_get_extended_key_usage(ca) & (XKU_SMIME | XKU_ANYEKU)) !=
	    0;
}

/*
 * The CAs of the message that a chain may be made of (RFC 8550 section 4.4.1:
 * basicConstraints says what a CA is), borrowed by *out.  One that is not for
 * mail is left out, so that another of the same name and key can take its
 * place.
 */
static bool
choose_untrusted(const struct cms *cms, STACK_OF(X509) * *out, bool *dropped)
{
	X509 *one;
	int i;

	*dropped = false;
	if ((*out = sk_X509_new_null()) == NULL)
		return false;
	for (i = 0; i < sk_X509_num(cms->certificates); i++) {
		one = sk_X509_value(cms->certificates, i);
		if (!is_ca_for_mail(one))
			*dropped = true;
		else if (X509_check_ca(one) == 1 &&
		    sk_X509_push(*out, one) <= 0)
			return false;
	}
	return true;
}

static bool
prepare(X509_STORE_CTX *context, X509_STORE *store, STACK_OF(X509) * anchors,
    STACK_OF(X509) * untrusted, const struct trust *trust, struct cms *cms,
    int64_t when)
{
	X509_VERIFY_PARAM *param;
	int i;

	for (i = 0; i < sk_X509_num(anchors); i++)
		if (X509_STORE_add_cert(store, sk_X509_value(anchors, i)) != 1)
			return false;
	for (i = 0; i < sk_X509_CRL_num(trust->crls); i++)
		if (X509_STORE_add_crl(
			store, sk_X509_CRL_value(trust->crls, i)) != 1)
			return false;
	if (X509_STORE_CTX_init(context, store, cms->signer, untrusted) != 1)
		return false;
	param = X509_STORE_CTX_get0_param(context);
	X509_VERIFY_PARAM_set_time(param, (time_t)when);
	X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
	X509_VERIFY_PARAM_set_depth(param, CHAIN_MAX);
	(void)X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	if (sk_X509_CRL_num(trust->crls) > 0)
		(void)X509_VERIFY_PARAM_set_flags(
		    param, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	X509_STORE_CTX_set_verify_cb(context, on_finding);
	(void)X509_STORE_CTX_set_app_data(context, (void *)(uintptr_t)trust);
	/* libcrypto's purposes do not know anyExtendedKeyUsage, and would ask
	 * the anchor too: check_usage() and choose_untrusted() say what the
	 * signer and the CAs in between may do. */
	return X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_ANY) == 1;
}

static enum status
chain_error(X509_STORE_CTX *context, bool dropped, struct note *note)
{
	const int error = X509_STORE_CTX_get_error(context);

	if (dropped && error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY)
		return note_set(note, STATUS_BAD_SIGNER_TRUST,
		    "a CA of the signer's certificate is not for mail");
	return note_set(note, STATUS_BAD_SIGNER_TRUST,
	    "the signer's certificate: %s",
	    X509_verify_cert_error_string(error));
}

/* RFC 5280 section 6 from the signer to one of the anchors; *chain, where
 * asked for, is owned by the caller then. */
static enum status
check_chain(struct cms *cms, STACK_OF(X509) * anchors,
    const struct trust *trust, int64_t when, STACK_OF(X509) * *chain,
    struct note *note)
{
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	X509_STORE *store = X509_STORE_new();
	STACK_OF(X509) *untrusted = NULL;
	enum status status = STATUS_CRYPTO;
	bool dropped;

	if (context == NULL || store == NULL ||
	    !choose_untrusted(cms, &untrusted, &dropped) ||
	    !prepare(context, store, anchors, untrusted, trust, cms, when))
		;
	else if (X509_verify_cert(context) != 1)
		status = chain_error(context, dropped, note);
	else {
		status = STATUS_OK;
		if (chain != NULL)
			*chain = X509_STORE_CTX_get1_chain(context);
	}
	X509_STORE_CTX_free(context);
	sk_X509_free(untrusted);
	X509_STORE_free(store);
	ERR_clear_error();
	return status;
}

/* RFC 6698 section 2.1: does the record name that certificate? */
static bool
record_names(const struct smimea *record, X509 *one)
{
	const EVP_MD *const digests[] = { NULL, EVP_sha256(), EVP_sha512() };
	unsigned char digest[EVP_MAX_MD_SIZE], *der = NULL;
	struct span have = { NULL, 0 };
	unsigned size = 0;
	bool same;
	int len;

	len = record->selector == 0
	    ? i2d_X509(one, &der)
	    : i2d_X509_PUBKEY(X509_get_X509_PUBKEY(one), &der);
	if (len > 0)
		have = (struct span){ (const char *)der, (size_t)len };
	if (len > 0 && record->matching > 0)
		have = EVP_Digest(der, (size_t)len, digest, &size,
			   digests[record->matching], NULL) == 1
		    ? (struct span){ (const char *)digest, size }
		    : (struct span){ NULL, 0 };
	same = have.len > 0 && span_eq(have, record->data);
	OPENSSL_free(der);
	return same;
}

static bool
any_named(const struct smimea *record, STACK_OF(X509) * some, int from)
{
	int i;

	for (i = from; i < sk_X509_num(some); i++)
		if (record_names(record, sk_X509_value(some, i)))
			return true;
	return false;
}

/* DANE-EE: the certificate itself is named; only its dates are left. */
static enum status
check_dates(X509 *one, int64_t when, struct note *note)
{
	time_t at = (time_t)when;
	const int starts = X509_cmp_time(X509_get0_notBefore(one), &at);
	const int ends = X509_cmp_time(X509_get0_notAfter(one), &at);

	if (starts == 0 || ends == 0) /* that is no time */
		return note_set(note, STATUS_BAD_SIGNER_TRUST,
		    "the signer's certificate has no readable dates");
	if (starts > 0)
		return note_set(note, STATUS_BAD_SIGNER_TRUST,
		    "the signer's certificate is not yet valid");
	if (ends < 0)
		return note_set(note, STATUS_BAD_SIGNER_TRUST,
		    "the signer's certificate has expired");
	return STATUS_OK;
}

/* DANE-TA: an anchor that the record names, from the message or from the
 * record itself. */
static enum status
check_dane_ta(struct cms *cms, const struct trust *trust,
    const struct smimea *record, int64_t when, struct note *note)
{
	const unsigned char *at = (const unsigned char *)record->data.at;
	STACK_OF(X509) *named = sk_X509_new_null();
	enum status status = STATUS_MEMORY;
	X509 *one, *full = NULL;
	int i;

	if (named == NULL)
		return status;
	for (i = 0; i < sk_X509_num(cms->certificates); i++) {
		one = sk_X509_value(cms->certificates, i);
		if (record_names(record, one))
			(void)sk_X509_push(named, one);
	}
	if (record->selector == 0 && record->matching == 0 &&
	    (full = d2i_X509(NULL, &at, (long)record->data.len)) != NULL)
		(void)sk_X509_push(named, full);
	status = sk_X509_num(named) == 0
	    ? note_set(note, STATUS_BAD_SIGNER_TRUST,
		  "no certificate is the one that the SMIMEA record names")
	    : check_chain(cms, named, trust, when, NULL, note);
	sk_X509_free(named);
	X509_free(full);
	ERR_clear_error();
	return status;
}

static enum status
check_record(struct cms *cms, const struct trust *trust,
    const struct smimea *record, int64_t when, struct note *note)
{
	STACK_OF(X509) *chain = NULL;
	enum status status;
	bool named;

	if (record->usage == SMIMEA_DANE_TA)
		return check_dane_ta(cms, trust, record, when, note);
	if ((record->usage == SMIMEA_DANE_EE ||
		record->usage == SMIMEA_PKIX_EE) &&
	    !record_names(record, cms->signer))
		return note_set(note, STATUS_BAD_SIGNER_TRUST,
		    "the SMIMEA record names another certificate");
	if (record->usage == SMIMEA_DANE_EE)
		return check_dates(cms->signer, when, note);
	status = check_chain(cms, trust->anchors, trust, when, &chain, note);
	named = status == STATUS_OK &&
	    (record->usage == SMIMEA_PKIX_EE || any_named(record, chain, 1));
	sk_X509_pop_free(chain, X509_free);
	if (status == STATUS_OK && !named)
		return note_set(note, STATUS_BAD_SIGNER_TRUST,
		    "the SMIMEA record names another CA");
	return status;
}

enum status
cms_check_signer(
    struct cms *cms, const struct trust *trust, int64_t when, struct note *note)
{
	enum status status = check_usage(cms->signer, note);
	size_t i;

	if (status != STATUS_OK)
		return status;
	if (trust->records == 0 && sk_X509_num(trust->anchors) == 0)
		return note_set(note, STATUS_BAD_SIGNER_TRUST,
		    "there is no anchor to trust: set smime_anchors");
	if (trust->records == 0)
		return check_chain(
		    cms, trust->anchors, trust, when, NULL, note);
	status = STATUS_BAD_SIGNER_TRUST;
	for (i = 0; i < trust->records && status != STATUS_OK; i++)
		status =
		    check_record(cms, trust, &trust->record[i], when, note);
	return status;
}
