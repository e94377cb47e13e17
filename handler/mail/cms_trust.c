/*
 * cms_trust.c - decide whether a signer is trusted: see cms.h
 *
 * Input: hostile.
 */
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "mail/cms_p.h"

enum { AUTH_LEVEL = 2, CHAIN_MAX = 8 };

struct trust *
trust_new(void)
{
	struct trust *trust = calloc(1, sizeof(*trust));

	if (trust != NULL && (trust->anchors = sk_X509_new_null()) == NULL) {
		free(trust);
		trust = NULL;
	}
	return trust;
}

void
trust_free(struct trust *trust)
{
	size_t i;

	if (trust == NULL)
		return;
	for (i = 0; i < trust->lists; i++) {
		X509_NAME_free(trust->list[i]->from);
		buf_clear(&trust->list[i]->der);
		free(trust->list[i]);
	}
	free(trust->list);
	trust_retrieval_free(trust->retrieval);
	free(trust->record);
	sk_X509_pop_free(trust->anchors, X509_free);
	free(trust);
}

void
trust_set_identities(struct trust *trust, struct span lines)
{
	trust->identities = lines;
}

struct span
trust_identities(const struct trust *trust)
{
	return trust->identities;
}

enum status
trust_add_smimea(struct trust *trust, const struct smimea *record)
{
	const size_t count = trust->records;
	struct smimea *more;

	/* Room for as many again whenever a power of two is full. */
	if ((count & (count - 1)) == 0) {
		more = realloc(trust->record,
		    (count == 0 ? 1 : 2 * count) * sizeof(*more));
		if (more == NULL)
			return STATUS_MEMORY;
		trust->record = more;
	}
	trust->record[trust->records++] = *record;
	return STATUS_OK;
}

/* RFC 8550 section 4.4: what the certificate says it may be used for. */
static enum status
check_usage(X509 *signer, struct note *note)
{
	const uint32_t usage = X509_get_key_usage(signer);
	const uint32_t extended = X509_get_extended_key_usage(signer);

	if ((usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0)
		return note_set(note, STATUS_BAD_SIGNER_TRUST,
		    "the signer's certificate does not allow signatures");
	if ((extended & (XKU_SMIME | XKU_ANYEKU)) == 0)
		return note_set(note, STATUS_BAD_SIGNER_TRUST,
		    "the signer's certificate is not for mail");
	return STATUS_OK;
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
    STACK_OF(X509) * untrusted, struct cms *cms, int64_t when)
{
	X509_VERIFY_PARAM *param;
	int i;

	for (i = 0; i < sk_X509_num(anchors); i++)
		if (X509_STORE_add_cert(store, sk_X509_value(anchors, i)) != 1)
			return false;
	if (X509_STORE_CTX_init(context, store, cms->signer, untrusted) != 1)
		return false;
	param = X509_STORE_CTX_get0_param(context);
	X509_VERIFY_PARAM_set_time(param, (time_t)when);
	X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
	X509_VERIFY_PARAM_set_depth(param, CHAIN_MAX);
	(void)X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	/* What a "TRUSTED CERTIFICATE" among the anchors says counts. */
	if (X509_VERIFY_PARAM_set_trust(param, X509_TRUST_EMAIL) != 1)
		return false;
	/* libcrypto's purposes do not know anyExtendedKeyUsage, and would ask
	 * the anchor too: check_usage() and choose_untrusted() say what the
	 * signer and the CAs in between may do. */
	return X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_ANY) == 1;
}

static enum status
chain_error(
    const struct trust *trust, int error, bool dropped, struct note *note)
{
	if (error != X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY)
		;
	else if (dropped)
		return note_set(note, STATUS_BAD_SIGNER_TRUST,
		    "a CA above the signer's certificate is not for mail");
	else if (trust->anchor_fault.text[0] != '\0')
		return note_set(note, STATUS_BAD_SIGNER_TRUST,
		    "no trust anchor vouches for the signer: %s",
		    trust->anchor_fault.text);
	return note_set(note, STATUS_BAD_SIGNER_TRUST,
	    "the signer's certificate: %s",
	    X509_verify_cert_error_string(error));
}

/* RFC 5280 section 6 from the signer to one of the anchors; *chain, where
 * asked for, is owned by the caller if there is one, revoked or not. */
static enum status
check_chain(struct cms *cms, STACK_OF(X509) * anchors,
    const struct trust *trust, int64_t when, STACK_OF(X509) * *chain,
    struct note *note)
{
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	X509_STORE *store = X509_STORE_new();
	STACK_OF(X509) *untrusted = NULL;
	enum status status = STATUS_CRYPTO;
	bool dropped = false, found = false;

	if (context == NULL || store == NULL ||
	    !choose_untrusted(cms, &untrusted, &dropped) ||
	    !prepare(context, store, anchors, untrusted, cms, when))
		;
	else if (X509_verify_cert(context) != 1)
		status = chain_error(
		    trust, X509_STORE_CTX_get_error(context), dropped, note);
	else
		found = true;
	if (found)
		status = trust_check_revocation(
		    trust, X509_STORE_CTX_get0_chain(context), when, note);
	if (found && chain != NULL)
		*chain = X509_STORE_CTX_get1_chain(context);
	X509_STORE_CTX_free(context);
	sk_X509_free(untrusted);
	X509_STORE_free(store);
	ERR_clear_error();
	return status;
}

static bool
any_named(const struct smimea *record, STACK_OF(X509) * some, int from)
{
	int i;

	for (i = from; i < sk_X509_num(some); i++)
		if (smimea_names(record, sk_X509_value(some, i)))
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

	if (starts == 0 || ends == 0) /* malformed */
		return note_set(note, STATUS_BAD_SIGNER_TRUST,
		    "the signer's certificate has malformed dates");
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
		if (smimea_names(record, one))
			(void)sk_X509_push(named, one);
	}
	if (record->selector == 0 && record->matching == 0 &&
	    (full = d2i_X509(NULL, &at, (long)record->data.len)) != NULL)
		(void)sk_X509_push(named, full);
	status = sk_X509_num(named) == 0
	    ? note_set(note, STATUS_BAD_SIGNER_TRUST,
		  "no certificate matches the SMIMEA record")
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
	    !smimea_names(record, cms->signer))
		return note_set(note, STATUS_BAD_SIGNER_TRUST,
		    "the SMIMEA record is for another certificate");
	if (record->usage == SMIMEA_DANE_EE)
		return check_dates(cms->signer, when, note);
	status = check_chain(cms, trust->anchors, trust, when, &chain, note);
	named = status == STATUS_OK &&
	    (record->usage == SMIMEA_PKIX_EE || any_named(record, chain, 1));
	sk_X509_pop_free(chain, X509_free);
	if (status == STATUS_OK && !named)
		return note_set(note, STATUS_BAD_SIGNER_TRUST,
		    "the SMIMEA record is for another CA");
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
	if (trust->records == 0 && sk_X509_num(trust->anchors) == 0 &&
	    trust->anchor_fault.text[0] == '\0')
		return note_set(note, STATUS_BAD_SIGNER_TRUST,
		    "no trust anchor is configured; set smime_anchors");
	if (trust->records == 0)
		return check_chain(
		    cms, trust->anchors, trust, when, NULL, note);
	status = STATUS_BAD_SIGNER_TRUST;
	for (i = 0; i < trust->records && status != STATUS_OK; i++)
		status =
		    check_record(cms, trust, &trust->record[i], when, note);
	return status;
}

enum status
trust_check_found(struct cms *cms, const struct trust *trust, bool pkix,
    int64_t when, struct note *note)
{
	enum status status = check_dates(cms->signer, when, note);
	STACK_OF(X509) *chain = NULL;
	struct note why = { "" };

	if (status != STATUS_OK)
		return status;
	status = check_chain(cms, trust->anchors, trust, when, &chain, &why);
	if (status == STATUS_BAD_SIGNER_TRUST && chain == NULL && !pkix)
		status = STATUS_OK;
	sk_X509_pop_free(chain, X509_free);
	return status == STATUS_OK ? status
				   : note_set(note, status, "%s", why.text);
}
