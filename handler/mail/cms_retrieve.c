/*
 * cms_retrieve.c - what a CA says about revocation when it is asked: see cms_p.h
 *
 * RFC 5280 section 4.2.1.13 (where its lists are) and RFC 6960 (OCSP).  Only
 * certificates of chains that lead to an anchor come here: nobody else's URLs
 * are ever asked.  Input: the answers are hostile; they count with the
 * signature of the certificate's issuer, or of a responder that it appointed.
 */
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/frame.h"
#include "base/text.h"
#include "mail/cms_p.h"

enum {
	PLACES_MAX = 4, /* where to ask about one certificate */
	REQUEST_MAX = 4096,
	WANTS_MAX = 1024 * 1024,
	KEY_SIZE = 65,
	CLOCK_SECONDS = 300,
	/* Of an answer that does not say when the next one is due. */
	UNDATED_SECONDS = 24 * 3600
};

/* One place to ask. */
struct place {
	bool ocsp;
	char url[CMS_URL_SIZE];
	char key[KEY_SIZE]; /* SHA-256 of the URL and the request */
	char request[REQUEST_MAX];
	size_t request_len; /* of OCSP */
};

struct places {
	struct place place[PLACES_MAX];
	size_t count;
};

struct trust_retrieval *
trust_retrieval_new(void)
{
	struct trust_retrieval *out = calloc(1, sizeof(*out));

	if (out != NULL)
		buf_init(&out->wants, WANTS_MAX);
	return out;
}

void
trust_retrieval_free(struct trust_retrieval *retrieval)
{
	if (retrieval == NULL)
		return;
	buf_clear(&retrieval->wants);
	free(retrieval->answer);
	free(retrieval);
}

enum status
trust_set_retrieval(struct trust *trust, bool lists, bool ocsp)
{
	if (trust->retrieval == NULL)
		trust->retrieval = trust_retrieval_new();
	if (trust->retrieval == NULL)
		return STATUS_MEMORY;
	trust->retrieval->lists = lists;
	trust->retrieval->ocsp = ocsp;
	return STATUS_OK;
}

enum status
trust_add_answer(
    struct trust *trust, struct span key, struct span answer, bool fault)
{
	struct trust_retrieval *retrieval = trust->retrieval;
	struct trust_answer *more;

	if (retrieval == NULL)
		return STATUS_USAGE;
	more = realloc(
	    retrieval->answer, (retrieval->answers + 1) * sizeof(*more));
	if (more == NULL)
		return STATUS_MEMORY;
	retrieval->answer = more;
	more[retrieval->answers++] =
	    (struct trust_answer){ key, answer, fault };
	return STATUS_OK;
}

struct span
trust_wants(const struct trust *trust)
{
	return trust->retrieval != NULL ? buf_span(&trust->retrieval->wants)
					: SPAN("");
}

static bool
make_key(struct place *place)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned len = 0, i;
	bool good;

	good = context != NULL &&
	    EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
	    EVP_DigestUpdate(context, place->url, strlen(place->url) + 1) ==
		1 &&
	    EVP_DigestUpdate(context, place->request, place->request_len) ==
		1 &&
	    EVP_DigestFinal_ex(context, digest, &len) == 1;
	EVP_MD_CTX_free(context);
	for (i = 0; good && i < len; i++)
		(void)snprintf(place->key + 2 * i, 3, "%02x", digest[i]);
	return good;
}

/* Only http: to ask a server of TLS, its certificate would have to be checked
 * first (RFC 5280 section 8). */
static bool
take_url(const ASN1_STRING *value, char out[CMS_URL_SIZE])
{
	const struct span url = { (const char *)ASN1_STRING_get0_data(value),
		(size_t)ASN1_STRING_length(value) };
	size_t i;

	for (i = 0; i < url.len; i++)
		if (url.at[i] <= 0x20 || url.at[i] >= 0x7f)
			return false;
	return span_starts_nocase(url, SPAN("http://")) &&
	    span_copy(url, out, CMS_URL_SIZE);
}

/* RFC 6960 section 4.1; without a nonce, so that answers can be kept. */
static bool
make_request(X509 *one, X509 *issuer, struct place *place)
{
	OCSP_REQUEST *request = OCSP_REQUEST_new();
	OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), one, issuer);
	unsigned char *at = (unsigned char *)place->request;
	bool good;
	int len;

	good = request != NULL && id != NULL &&
	    OCSP_request_add0_id(request, id) != NULL;
	if (good)
		id = NULL;
	len = good ? i2d_OCSP_REQUEST(request, NULL) : 0;
	good = len > 0 && len <= REQUEST_MAX &&
	    i2d_OCSP_REQUEST(request, &at) == len;
	place->request_len = good ? (size_t)len : 0;
	OCSP_CERTID_free(id);
	OCSP_REQUEST_free(request);
	return good;
}

static void
add_responders(X509 *one, X509 *issuer, struct places *out)
{
	AUTHORITY_INFO_ACCESS *access =
	    X509_get_ext_d2i(one, NID_info_access, NULL, NULL);
	const ACCESS_DESCRIPTION *each;
	struct place *place;
	int i;

	for (i = 0;
	     i < sk_ACCESS_DESCRIPTION_num(access) && out->count < PLACES_MAX;
	     i++) {
		each = sk_ACCESS_DESCRIPTION_value(access, i);
		place = &out->place[out->count];
		*place = (struct place){ .ocsp = true };
		if (OBJ_obj2nid(each->method) == NID_ad_OCSP &&
		    each->location->type == GEN_URI &&
		    take_url(each->location->d.uniformResourceIdentifier,
			place->url) &&
		    make_request(one, issuer, place) && make_key(place))
			out->count++;
	}
	AUTHORITY_INFO_ACCESS_free(access);
}

static void
add_names(const GENERAL_NAMES *names, struct places *out)
{
	const GENERAL_NAME *name;
	struct place *place;
	int i;

	for (i = 0; i < sk_GENERAL_NAME_num(names) && out->count < PLACES_MAX;
	     i++) {
		name = sk_GENERAL_NAME_value(names, i);
		place = &out->place[out->count];
		*place = (struct place){ .ocsp = false };
		if (name->type == GEN_URI &&
		    take_url(name->d.uniformResourceIdentifier, place->url) &&
		    make_key(place))
			out->count++;
	}
}

static void
add_points(X509 *one, struct places *out)
{
	CRL_DIST_POINTS *points =
	    X509_get_ext_d2i(one, NID_crl_distribution_points, NULL, NULL);
	const DIST_POINT *point;
	int i;

	for (i = 0; i < sk_DIST_POINT_num(points); i++) {
		point = sk_DIST_POINT_value(points, i);
		if (point->distpoint != NULL && point->distpoint->type == 0)
			add_names(point->distpoint->name.fullname, out);
	}
	CRL_DIST_POINTS_free(points);
}

/* Did the issuer itself sign it, or whom it appointed for that (section
 * 4.2.2.2)?  No other responder is trusted: OCSP_NOEXPLICIT. */
static bool
is_authentic(OCSP_BASICRESP *basic, X509 *issuer)
{
	X509_STORE *store = X509_STORE_new();
	STACK_OF(X509) *issuers = sk_X509_new_null();
	bool good;

	good = store != NULL && issuers != NULL &&
	    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) == 1 &&
	    X509_STORE_add_cert(store, issuer) == 1 &&
	    sk_X509_push(issuers, issuer) > 0 &&
	    OCSP_basic_verify(basic, issuers, store, OCSP_NOEXPLICIT) == 1;
	sk_X509_free(issuers);
	X509_STORE_free(store);
	ERR_clear_error();
	return good;
}

static bool
is_fresh(ASN1_GENERALIZEDTIME *from, ASN1_GENERALIZEDTIME *until)
{
	return OCSP_check_validity(from, until, CLOCK_SECONDS,
		   until == NULL ? UNDATED_SECONDS : -1) == 1;
}

static bool
is_before(const ASN1_GENERALIZEDTIME *time, int64_t when)
{
	time_t at = (time_t)when;

	return time == NULL || X509_cmp_time(time, &at) < 0;
}

/* What a response says of the certificate. */
static void
hear_basic(OCSP_BASICRESP *basic, X509 *one, X509 *issuer, int64_t when,
    struct trust_finding *out)
{
	ASN1_GENERALIZEDTIME *revoked = NULL, *from = NULL, *until = NULL;
	OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), one, issuer);
	int status = -1, reason = -1;

	if (id == NULL ||
	    OCSP_resp_find_status(
		basic, id, &status, &reason, &revoked, &from, &until) != 1)
		note_say(&out->why,
		    "the OCSP responder answers about another "
		    "certificate");
	else if (!is_authentic(basic, issuer))
		note_say(&out->why,
		    "the answer of the OCSP responder is not "
		    "signed by the certificate's issuer");
	else if (!is_fresh(from, until))
		note_say(&out->why,
		    "the answer of the OCSP responder has "
		    "expired");
	else if (status == V_OCSP_CERTSTATUS_REVOKED)
		out->revoked = out->revoked || is_before(revoked, when);
	else if (status != V_OCSP_CERTSTATUS_GOOD)
		note_say(&out->why, "the OCSP responder does not know it");
	if (out->why.text[0] == '\0' && status != V_OCSP_CERTSTATUS_UNKNOWN)
		out->reasons = CRL_REASONS_ALL;
	OCSP_CERTID_free(id);
	ERR_clear_error();
}

static void
hear(struct span answer, X509 *one, X509 *issuer, int64_t when,
    struct trust_finding *out)
{
	const unsigned char *at = (const unsigned char *)answer.at;
	OCSP_RESPONSE *response =
	    d2i_OCSP_RESPONSE(NULL, &at, (long)answer.len);
	OCSP_BASICRESP *basic = NULL;
	int status;

	out->why.text[0] = '\0';
	if (response == NULL)
		note_say(&out->why, "the OCSP responder's answer is malformed");
	else if ((status = OCSP_response_status(response)) !=
	    OCSP_RESPONSE_STATUS_SUCCESSFUL)
		note_say(&out->why, "the OCSP responder answers %s",
		    OCSP_response_status_str(status));
	else if ((basic = OCSP_response_get1_basic(response)) == NULL)
		note_say(&out->why, "the OCSP responder's answer is malformed");
	else
		hear_basic(basic, one, issuer, when, out);
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(response);
	ERR_clear_error();
}

/* Ask for all of these, in their order, until one settles it. */
static void
want(struct trust_retrieval *retrieval, const struct places *places)
{
	const size_t before = retrieval->wants.len;
	struct buf group, one;
	size_t i;

	buf_init(&group, PLACES_MAX * (REQUEST_MAX + 2 * CMS_URL_SIZE));
	buf_init(&one, REQUEST_MAX + 2 * CMS_URL_SIZE);
	for (i = 0; i < places->count; i++) {
		const struct place *place = &places->place[i];

		buf_cut(&one, 0);
		frame_add(&one, "key", span_of(place->key));
		frame_add(&one, "url", span_of(place->url));
		frame_add(&one, "request",
		    (struct span){ place->request, place->request_len });
		frame_add(&group, "place", buf_span(&one));
	}
	/* Others of the same CA want the same list. */
	if (buf_status(&group) == STATUS_OK &&
	    span_find(buf_span(&retrieval->wants), buf_span(&group)) ==
		retrieval->wants.len)
		frame_add(&retrieval->wants, "want", buf_span(&group));
	/* No room: it stays unknown. */
	if (retrieval->wants.failed != STATUS_OK) {
		retrieval->wants.failed = STATUS_OK;
		buf_cut(&retrieval->wants, before);
	}
	buf_clear(&one);
	buf_clear(&group);
}

static const struct trust_answer *
find_answer(const struct trust_retrieval *retrieval, const char *key)
{
	size_t i;

	for (i = retrieval->answers; i-- > 0;)
		if (span_eq(retrieval->answer[i].key, span_of(key)))
			return &retrieval->answer[i];
	return NULL;
}

static void
consult(const struct trust_retrieval *retrieval, const struct places *places,
    X509 *one, X509 *issuer, int64_t when, struct trust_finding *out)
{
	const struct trust_answer *answer;
	char shown[200];
	size_t i;

	for (i = 0; i < places->count; i++) {
		const struct place *place = &places->place[i];

		answer = find_answer(retrieval, place->key);
		if (answer == NULL)
			continue;
		if (!answer->fault && place->ocsp)
			hear(answer->bytes, one, issuer, when, out);
		else if (answer->fault) {
			text_show_in(shown, sizeof(shown), answer->bytes, true);
			note_say(&out->why, "%s", shown);
			out->passing = true;
		}
		if (out->revoked || out->reasons == CRL_REASONS_ALL)
			return;
	}
}

enum status
trust_retrieve(const struct trust *trust, X509 *one, X509 *issuer, int64_t when,
    struct trust_finding *out)
{
	struct trust_retrieval *retrieval = trust->retrieval;
	struct places *places;

	if (retrieval == NULL || out->revoked ||
	    out->reasons == CRL_REASONS_ALL)
		return STATUS_OK;
	if ((places = calloc(1, sizeof(*places))) == NULL)
		return STATUS_MEMORY;
	if (retrieval->ocsp)
		add_responders(one, issuer, places);
	if (retrieval->lists)
		add_points(one, places);
	consult(retrieval, places, one, issuer, when, out);
	if (places->count > 0 && !out->revoked &&
	    out->reasons != CRL_REASONS_ALL)
		want(retrieval, places);
	free(places);
	ERR_clear_error();
	return STATUS_OK;
}
