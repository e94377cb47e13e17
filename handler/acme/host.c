/* host.c - certificates for servers: see host_p.h.  Input: hostile. */
#include "acme/host_p.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "acme/certificate_p.h"

static ASN1_IA5STRING *
make_text(struct span value)
{
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();

	if (text != NULL &&
	    ASN1_STRING_set(text, value.at, (int)value.len) == 1)
		return text;
	ASN1_IA5STRING_free(text);
	return NULL;
}

static bool
set_host(GENERAL_NAME *name, struct span host)
{
	ASN1_IA5STRING *text = make_text(host);

	if (text != NULL)
		GENERAL_NAME_set0_value(name, GEN_DNS, text);
	return text != NULL;
}

/* RFC 4985 section 2: an otherName with an IA5String. */
static bool
set_srv(GENERAL_NAME *name, struct span srv)
{
	ASN1_OBJECT *type = OBJ_nid2obj(NID_SRVName);
	ASN1_TYPE *value = ASN1_TYPE_new();
	ASN1_IA5STRING *text = make_text(srv);

	if (value == NULL || text == NULL) {
		ASN1_TYPE_free(value);
		ASN1_IA5STRING_free(text);
		return false;
	}
	ASN1_TYPE_set(value, V_ASN1_IA5STRING, text);
	if (GENERAL_NAME_set0_othername(name, type, value) == 1)
		return true;
	ASN1_TYPE_free(value);
	return false;
}

static bool
add_names(GENERAL_NAMES *names, const struct span *all, size_t count,
    bool (*set)(GENERAL_NAME *name, struct span value))
{
	GENERAL_NAME *name;
	size_t i;

	for (i = 0; i < count; i++) {
		name = GENERAL_NAME_new();
		if (name == NULL || !set(name, all[i]) ||
		    sk_GENERAL_NAME_push(names, name) <= 0) {
			GENERAL_NAME_free(name);
			return false;
		}
	}
	return true;
}

GENERAL_NAMES *
host_names_make(
    const struct span *hosts, size_t count, const struct span *srv, size_t srvs)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();

	if (names != NULL && add_names(names, hosts, count, set_host) &&
	    add_names(names, srv, srvs, set_srv))
		return names;
	GENERAL_NAMES_free(names);
	return NULL;
}

static struct span
text_of(const ASN1_STRING *text)
{
	return (struct span){ (const char *)ASN1_STRING_get0_data(text),
		(size_t)ASN1_STRING_length(text) };
}

/* The SRVName of a name; empty: it is another. */
static struct span
srv_of(const GENERAL_NAME *name)
{
	return name->type == GEN_OTHERNAME &&
		OBJ_obj2nid(name->d.otherName->type_id) == NID_SRVName &&
		name->d.otherName->value->type == V_ASN1_IA5STRING
	    ? text_of(name->d.otherName->value->value.ia5string)
	    : SPAN("");
}

static size_t
index_of(struct span value, const struct span *all, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (span_eq_nocase(value, all[i]))
			break;
	return i;
}

/* CN-ID (RFC 6125): clients that know no subjectAltName take it for a host. */
static bool
has_other_subject(X509 *leaf, const struct certificate_wanted *wanted)
{
	const X509_NAME *subject = X509_get_subject_name(leaf);
	struct span value;
	int at = -1;

	while ((at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >=
	    0) {
		value = text_of(
		    X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
		if (span_has_byte(value, '.') &&
		    index_of(value, wanted->address, wanted->addresses) ==
			wanted->addresses)
			return true;
	}
	return false;
}

bool
host_names_check(X509 *leaf, const struct certificate_wanted *wanted,
    struct certificate *facts)
{
	GENERAL_NAMES *names =
	    X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
	bool host[CSR_ADDRESSES_MAX] = { false };
	bool srv[CSR_ADDRESSES_MAX] = { false };
	/* One that is there twice, or cannot be read, could hide anything. */
	bool good = names != NULL ||
	    X509_get_ext_by_NID(leaf, NID_subject_alt_name, -1) < 0;
	bool missing = false, srv_missing = false;
	const GENERAL_NAME *name;
	struct span value;
	size_t i;
	int n;

	for (n = 0; good && n < sk_GENERAL_NAME_num(names); n++) {
		name = sk_GENERAL_NAME_value(names, n);
		value = srv_of(name);
		i = index_of(value, wanted->srv, wanted->srvs);
		if (value.len > 0 && i < wanted->srvs)
			srv[i] = true;
		if (name->type != GEN_DNS)
			continue;
		value = text_of(name->d.dNSName);
		i = index_of(value, wanted->address, wanted->addresses);
		good = i < wanted->addresses;
		if (good)
			host[i] = true;
	}
	GENERAL_NAMES_free(names);
	ERR_clear_error();
	for (i = 0; i < wanted->addresses; i++)
		missing = missing || !host[i];
	for (i = 0; i < wanted->srvs; i++)
		srv_missing = srv_missing || !srv[i];
	if (missing)
		certificate_limit(facts, "does not name the host");
	if (srv_missing)
		certificate_limit(facts, "lacks an SRV-ID that was ordered");
	return good && !has_other_subject(leaf, wanted);
}

void
host_usage_check(X509 *leaf, struct certificate *facts)
{
	const uint32_t bits = X509_get_key_usage(leaf); /* all where absent */
	const uint32_t extended = X509_get_extended_key_usage(leaf);

	if ((extended & (XKU_SSL_SERVER | XKU_ANYEKU)) == 0)
		certificate_limit(facts,
		    "is not for servers (it lacks serverAuth): clients will "
		    "refuse it");
	if (X509_check_ca(leaf) == 1)
		certificate_limit(facts, "claims to be a CA certificate");
	/* TLS 1.3, and every cipher suite with forward secrecy (RFC 8446
	 * section 4.4.2.2). */
	if ((bits & KU_DIGITAL_SIGNATURE) == 0)
		certificate_limit(
		    facts, "cannot sign, as servers of TLS 1.3 must");
}
