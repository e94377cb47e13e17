/*
 * cms_revocation.c - look up a chain in revocation lists: see cms_p.h
 *
 * RFC 5280 section 6.3.3, for lists that the user or the CA supplies.  libcrypto does the
 * same, but keeps every entry of a list in memory, checks the anchor as well,
 * takes a delta list for a complete one, and does not know invalidityDate.
 * Input: the user supplies the lists, but they may be forged: one counts only
 * with its issuer's signature.  Certificates are hostile.
 */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "mail/cms_p.h"

enum { ANCHOR_LEVELS_MAX = 8 };

static void
keep_why(
    struct trust_finding *out, const struct trust_list *list, const char *why)
{
	char shown[220];

	if (out->why.text[0] != '\0')
		return;
	text_show_in(shown, sizeof(shown), list->name, true);
	note_say(&out->why, "%s %s", shown, why);
}

/*
 * Verify a signature without copying the signed bytes, which may be many, as
 * X509_CRL_verify() does for algorithms that are a digest and a key.  MD5 and
 * the like do not count.
 */
static bool
digest_verifies(const struct crl *crl, const EVP_MD *digest, EVP_PKEY *key)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good;

	good = context != NULL && EVP_MD_get_size(digest) >= 20 &&
	    EVP_DigestVerifyInit(context, NULL, digest, NULL, key) == 1 &&
	    EVP_DigestVerify(context, (const unsigned char *)crl->signature.at,
		crl->signature.len, (const unsigned char *)crl->tbs.at,
		crl->tbs.len) == 1;
	EVP_MD_CTX_free(context);
	return good;
}

/* For any other algorithm (RSASSA-PSS, Ed25519), libcrypto reads the
 * parameters, and makes a copy. */
static bool
item_verifies(const struct crl *crl, const X509_ALGOR *algorithm, EVP_PKEY *key)
{
	const unsigned char *at = (const unsigned char *)crl->tbs.at;
	ASN1_BIT_STRING *signature = ASN1_BIT_STRING_new();
	ASN1_TYPE *tbs = d2i_ASN1_TYPE(NULL, &at, (long)crl->tbs.len);
	bool good;

	good = signature != NULL && tbs != NULL &&
	    ASN1_BIT_STRING_set(signature,
		(unsigned char *)(uintptr_t)crl->signature.at,
		(int)crl->signature.len) == 1;
	if (good) {
		/* The last byte has no unused bits, whatever its value. */
		signature->flags &= ~(ASN1_STRING_FLAG_BITS_LEFT | 0x07);
		signature->flags |= ASN1_STRING_FLAG_BITS_LEFT;
		good = ASN1_item_verify(ASN1_ITEM_rptr(ASN1_ANY), algorithm,
			   signature, tbs, key) == 1;
	}
	ASN1_TYPE_free(tbs);
	ASN1_BIT_STRING_free(signature);
	return good;
}

static bool
key_signed(const struct crl *crl, EVP_PKEY *key)
{
	const unsigned char *at = (const unsigned char *)crl->algorithm.at;
	X509_ALGOR *algorithm =
	    d2i_X509_ALGOR(NULL, &at, (long)crl->algorithm.len);
	const ASN1_OBJECT *object = NULL;
	int digest = NID_undef, kind = NID_undef;
	bool good = false;

	if (algorithm != NULL && key != NULL) {
		X509_ALGOR_get0(&object, NULL, NULL, algorithm);
		(void)OBJ_find_sigid_algs(OBJ_obj2nid(object), &digest, &kind);
		if (digest == NID_undef)
			good = item_verifies(crl, algorithm, key);
		else if (kind == EVP_PKEY_get_base_id(key) &&
		    EVP_get_digestbynid(digest) != NULL)
			good = digest_verifies(
			    crl, EVP_get_digestbynid(digest), key);
	}
	X509_ALGOR_free(algorithm);
	ERR_clear_error();
	return good;
}

/* Only lists of the certificate's issuer count, not those of others (indirect
 * lists). */
static bool
issuer_signed(struct trust_list *list, X509 *issuer)
{
	if (list->checked != issuer) {
		list->checked = issuer;
		list->good = (X509_get_key_usage(issuer) & KU_CRL_SIGN) != 0 &&
		    key_signed(&list->crl, X509_get0_pubkey(issuer));
	}
	return list->good;
}

/* Is it the list of another key of the same issuer name (section 5.2.1)? */
static bool
is_of_another_key(const struct crl *crl, X509 *issuer)
{
	const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(issuer);

	return id != NULL && crl->key_id.len > 0 &&
	    !span_eq(crl->key_id,
		(struct span){ (const char *)ASN1_STRING_get0_data(id),
		    (size_t)ASN1_STRING_length(id) });
}

static struct span
points_of(X509 *one)
{
	const int index =
	    X509_get_ext_by_NID(one, NID_crl_distribution_points, -1);
	const ASN1_OCTET_STRING *value = index < 0
	    ? NULL
	    : X509_EXTENSION_get_data(X509_get_ext(one, index));

	return value == NULL
	    ? SPAN("")
	    : (struct span){ (const char *)ASN1_STRING_get0_data(value),
		      (size_t)ASN1_STRING_length(value) };
}

/* Section 6.3.3 (b): does the list apply to this certificate?  If it may but
 * cannot be used, *out says why. */
static bool
applies(
    struct trust_list *list, X509 *one, X509 *issuer, struct trust_finding *out)
{
	const struct crl *crl = &list->crl;
	const bool ca = (X509_get_extension_flags(one) & EXFLAG_CA) != 0;

	if (X509_NAME_cmp(list->from, X509_get_issuer_name(one)) != 0 ||
	    crl->only_attributes || (ca && crl->only_users) ||
	    (!ca && crl->only_cas) || !crl_has_point(crl, points_of(one)) ||
	    is_of_another_key(crl, issuer))
		return false;
	if (crl->indirect)
		keep_why(out, list,
		    "is an indirect list, which mailcert does not support");
	else if (crl->critical)
		keep_why(out, list, "has an unknown critical extension");
	else if (!issuer_signed(list, issuer))
		keep_why(
		    out, list, "is not signed by the certificate's issuer");
	else
		return true;
	return false;
}

/* Encode the serial number for crl_find(); the caller owns *der. */
static bool
serial_of(X509 *one, unsigned char **der, struct span *out)
{
	const int len = i2d_ASN1_INTEGER(X509_get0_serialNumber(one), der);
	struct span whole = { (const char *)*der, len > 0 ? (size_t)len : 0 };

	return der_take(&whole, DER_INTEGER, out);
}

/* Is a newer than b?  Both have the same issuer and scope. */
static int
compare_age(const struct crl *a, const struct crl *b)
{
	int order = 0;

	if (a->number.len > 0 && b->number.len > 0)
		order = crl_number_compare(a->number, b->number);
	return order != 0            ? order
	    : a->starts != b->starts ? (a->starts > b->starts ? 1 : -1)
				     : 0;
}

/* What one list says about a certificate, if anything. */
struct word {
	const struct crl *crl; /* NULL: nothing */
	bool revoked;
};

static void
hear(struct trust_list *list, struct span serial, int64_t when,
    struct word *best, unsigned *reasons, struct trust_finding *out)
{
	const struct crl *crl = &list->crl;
	struct crl_entry entry = { .reason = 0 };
	enum status status = crl_find(crl, serial, &entry);
	bool revoked;
	int age;

	if (status == STATUS_BAD_SYNTAX) {
		keep_why(out, list, "is damaged");
		return;
	}
	if (!crl->delta) {
		if (crl->ends == 0)
			keep_why(out, list, "does not say when it expires");
		else if (crl->ends < when)
			keep_why(out, list, "has expired");
		else
			*reasons = crl->reasons;
	} else if (status == STATUS_MISSING) {
		return; /* nothing changed */
	}
	/* Section 5.3.2: signatures made since then are not trusted. */
	revoked = status == STATUS_OK && entry.reason != CRL_REASON_REMOVE &&
	    (entry.revoked <= when || entry.invalid <= when);
	age = best->crl == NULL ? 1 : compare_age(crl, best->crl);
	if (age > 0 || (age == 0 && revoked))
		*best = (struct word){ crl, revoked };
}

/*
 * Evaluate all lists of one scope.  The newest word counts (section 5.2.4: a
 * delta list changes what the complete one says), and a complete list that is
 * in force must be among them.
 */
static void
hear_scope(const struct trust *trust, const bool *use, size_t first,
    struct span serial, int64_t when, struct trust_finding *out)
{
	const struct crl *scope = &trust->list[first]->crl;
	struct word best = { NULL, false };
	unsigned reasons = 0;
	size_t i;

	for (i = 0; i < trust->lists; i++) {
		if (!use[i] || !crl_same_scope(&trust->list[i]->crl, scope))
			continue;
		if (i < first)
			return; /* evaluated already */
		hear(trust->list[i], serial, when, &best, &reasons, out);
	}
	if (best.crl != NULL && best.revoked)
		out->revoked = true;
	else
		out->reasons |= reasons;
	if (reasons == 0 && scope->delta)
		keep_why(out, trust->list[first],
		    "is a delta list without its complete list");
}

static enum status
look_up(const struct trust *trust, X509 *one, X509 *issuer, int64_t when,
    struct trust_finding *out)
{
	bool *use = calloc(trust->lists + 1, sizeof(*use));
	unsigned char *der = NULL;
	struct span serial;
	size_t i;

	*out = (struct trust_finding){ .revoked = false };
	if (use == NULL || !serial_of(one, &der, &serial)) {
		free(use);
		return STATUS_MEMORY;
	}
	for (i = 0; i < trust->lists; i++)
		use[i] = applies(trust->list[i], one, issuer, out);
	for (i = 0; i < trust->lists; i++)
		if (use[i])
			hear_scope(trust, use, i, serial, when, out);
	OPENSSL_free(der);
	free(use);
	return STATUS_OK;
}

/* No list revokes it: must its status be known, and is it? */
static enum status
check_known(const struct trust *trust, const struct trust_finding *finding,
    bool signer, struct note *note)
{
	const char *who =
	    signer ? "the signer's certificate" : "a CA above the signer";
	const char *fault = trust->crl_fault.text;

	if (finding->reasons == CRL_REASONS_ALL ||
	    trust->revocation != TRUST_REVOCATION_HARD)
		return STATUS_OK;
	if (finding->why.text[0] != '\0')
		return note_set(note,
		    finding->passing ? STATUS_NET : STATUS_BAD_SIGNER_TRUST,
		    "%s may be revoked: %s", who, finding->why.text);
	/* What the CA itself says was not enough. */
	if (fault[0] == '\0' && trust->retrieval != NULL && signer &&
	    trust->lists == 0)
		return note_set(note, STATUS_BAD_SIGNER_TRUST,
		    "%s may be revoked: it does not say where to ask", who);
	/* Many CAs have no list, but a list that cannot be read may belong to
	 * this one. */
	if (fault[0] != '\0')
		return note_set(note, STATUS_BAD_SIGNER_TRUST,
		    "%s may be revoked: %s", who, fault);
	if (finding->reasons != 0 || signer)
		return note_set(note, STATUS_BAD_SIGNER_TRUST,
		    "%s may be revoked: smime_crls has no list for it", who);
	return STATUS_OK;
}

static enum status
check_one(const struct trust *trust, X509 *one, X509 *issuer, int depth,
    int64_t when, bool anchor, struct note *note)
{
	struct trust_finding finding;
	enum status status = look_up(trust, one, issuer, when, &finding);

	if (status == STATUS_OK && !anchor)
		status = trust_retrieve(trust, one, issuer, when, &finding);
	if (status != STATUS_OK)
		return status;
	if (finding.revoked)
		return note_set(note, STATUS_BAD_SIGNER_TRUST,
		    depth == 0 ? "the signer's certificate was revoked"
			       : "the certificate of a CA above the signer was "
				 "revoked");
	return anchor ? STATUS_OK
		      : check_known(trust, &finding, depth == 0, note);
}

static X509 *
find_above(const struct trust *trust, X509 *anchor)
{
	X509 *above;
	int i;

	for (i = 0; i < sk_X509_num(trust->anchors); i++) {
		above = sk_X509_value(trust->anchors, i);
		if (X509_cmp(above, anchor) != 0 &&
		    X509_check_issued(above, anchor) == X509_V_OK)
			return above;
	}
	return NULL;
}

/* An anchor needs no list (RFC 5280 section 6.1.1), but it stops being an
 * anchor if an anchor above it revokes it. */
static enum status
check_anchor(const struct trust *trust, X509 *anchor, int depth, int64_t when,
    struct note *note)
{
	enum status status = STATUS_OK;
	X509 *above;
	int i;

	for (i = 0; i < ANCHOR_LEVELS_MAX && status == STATUS_OK; i++) {
		if ((above = find_above(trust, anchor)) == NULL)
			break;
		status = check_one(
		    trust, anchor, above, depth + i, when, true, note);
		anchor = above;
	}
	return status;
}

enum status
trust_check_revocation(const struct trust *trust, const STACK_OF(X509) * chain,
    int64_t when, struct note *note)
{
	const int last = sk_X509_num(chain) - 1;
	enum status status = STATUS_OK;
	int i;

	if (trust->revocation == TRUST_REVOCATION_OFF)
		return STATUS_OK;
	for (i = 0; i < last && status == STATUS_OK; i++)
		status = check_one(trust, sk_X509_value(chain, i),
		    sk_X509_value(chain, i + 1), i, when, false, note);
	if (status == STATUS_OK && last >= 0)
		status = check_anchor(
		    trust, sk_X509_value(chain, last), last, when, note);
	ERR_clear_error();
	return status;
}

bool
trust_revocation_parse(struct span text, enum trust_revocation *out)
{
	static const char *const names[TRUST_REVOCATION_COUNT] = { "off",
		"soft", "hard" };
	const size_t index = span_index(text, names, TRUST_REVOCATION_COUNT);

	if (index == TRUST_REVOCATION_COUNT)
		return false;
	*out = (enum trust_revocation)index;
	return true;
}

void
trust_set_revocation(struct trust *trust, enum trust_revocation revocation)
{
	trust->revocation = revocation;
}
