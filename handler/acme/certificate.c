/*
 * certificate.c - compare a certificate with its order: see certificate.h
 *
 * Input: hostile.
 */
#include "acme/certificate_p.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "acme/host_p.h"
#include "acme/san_p.h"
#include "base/base64url.h"

static enum status
bad(struct note *note, const char *what)
{
	ERR_clear_error();
	return note_set(
	    note, STATUS_BAD_CA, "the certificate from the CA %s", what);
}

#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END "-----END CERTIFICATE-----"

/* A block as PEM has it (RFC 7468 section 2), whatever its line ends were: some
 * servers join the blocks, or fold them otherwise. */
static X509 *
read_block(struct span content)
{
	struct buf text;
	X509 *out = NULL;
	BIO *bio;
	size_t i, column = 0;

	buf_init(&text, 2 * CERTIFICATE_SIZE_MAX);
	buf_add_text(&text, BEGIN "\n");
	for (i = 0; i < content.len; i++) {
		if (ascii_is_space(content.at[i]))
			continue;
		/* An empty line would end it. */
		if (column > 0 && column % 64 == 0)
			buf_add_byte(&text, '\n');
		buf_add_byte(&text, content.at[i]);
		column++;
	}
	buf_add_text(&text, "\n" END "\n");
	if (buf_status(&text) == STATUS_OK &&
	    (bio = BIO_new_mem_buf(text.at, (int)text.len)) != NULL) {
		out = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		BIO_free(bio);
	}
	buf_clear(&text);
	ERR_clear_error();
	return out;
}

static bool
is_there(STACK_OF(X509) * all, const X509 *one)
{
	int i;

	for (i = 0; i < sk_X509_num(all); i++)
		if (X509_cmp(sk_X509_value(all, i), one) == 0)
			return true;
	return false;
}

STACK_OF(X509) * chain_read(struct span rest)
{
	STACK_OF(X509) *out = sk_X509_new_null();
	size_t begin, end;
	X509 *one;

	while (
	    out != NULL && (begin = span_find(rest, SPAN(BEGIN))) < rest.len) {
		rest = span_cut(rest, begin + strlen(BEGIN), rest.len);
		end = span_find(rest, SPAN(END));
		one = read_block(span_cut(rest, 0, end));
		rest = span_cut(rest, end, rest.len);
		if (one == NULL)
			continue;
		if (!is_there(out, one)) {
			if (sk_X509_num(out) < CERTIFICATE_CHAIN_MAX &&
			    sk_X509_push(out, one) > 0)
				continue;
			sk_X509_pop_free(out, X509_free);
			out = NULL;
		}
		X509_free(one);
	}
	return out;
}

static bool
has_key(X509 *leaf, struct span key)
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &der);
	bool same = len > 0 &&
	    span_eq((struct span){ (const char *)der, (size_t)len }, key);

	OPENSSL_free(der);
	return same;
}

X509 *
chain_leaf(STACK_OF(X509) * all, struct span key)
{
	int i;

	for (i = 0; i < sk_X509_num(all); i++)
		if (has_key(sk_X509_value(all, i), key))
			return sk_X509_value(all, i);
	return NULL;
}

void
certificate_limit(struct certificate *facts, const char *what)
{
	const size_t len = strlen(facts->limits);

	(void)snprintf(facts->limits + len, sizeof(facts->limits) - len, "%s%s",
	    len > 0 ? ", and " : "", what);
}

/* Section 4.1.2.6 of RFC 5280: an address may stand in the subject, too. */
static bool
subject_names_other(X509 *leaf, const struct span *addresses, size_t count)
{
	const X509_NAME *subject = X509_get_subject_name(leaf);
	const ASN1_STRING *text;
	struct span address;
	int at = -1;
	size_t i;

	while ((at = X509_NAME_get_index_by_NID(
		    subject, NID_pkcs9_emailAddress, at)) >= 0) {
		text =
		    X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
		address =
		    (struct span){ (const char *)ASN1_STRING_get0_data(text),
			    (size_t)ASN1_STRING_length(text) };
		for (i = 0; i < count; i++)
			if (span_eq_nocase(address, addresses[i]))
				break;
		if (i == count)
			return true;
	}
	return false;
}

/* Only our addresses, domains in any case; names of other kinds (of a user, a
 * host, a directory) and an address that stands there twice do no harm.  False:
 * there is a stranger's.  *missing: the certificate lacks one of them. */
static bool
has_addresses(
    X509 *leaf, const struct span *addresses, size_t count, bool *missing)
{
	GENERAL_NAMES *names =
	    X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
	bool found[64] = { false };
	/* One that is there twice, or cannot be read, could hide anything. */
	bool good = count <= 64 &&
	    (names != NULL ||
		X509_get_ext_by_NID(leaf, NID_subject_alt_name, -1) < 0);
	size_t i;
	int n;

	for (n = 0; good && n < sk_GENERAL_NAME_num(names); n++) {
		for (i = 0; i < count; i++)
			if (san_is(
				sk_GENERAL_NAME_value(names, n), addresses[i]))
				break;
		if (i < count)
			found[i] = true;
		else
			good = !san_is_address(sk_GENERAL_NAME_value(names, n));
	}
	*missing = false;
	for (i = 0; good && i < count; i++)
		*missing = *missing || !found[i];
	GENERAL_NAMES_free(names);
	ERR_clear_error();
	return good && !subject_names_other(leaf, addresses, count);
}

static void
check_usage(X509 *leaf, enum csr_usage usage, struct certificate *facts)
{
	const uint32_t bits = X509_get_key_usage(leaf); /* all where absent */
	const uint32_t extended = X509_get_extended_key_usage(leaf);
	const bool sign =
	    (bits & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) != 0;
	const bool encrypt =
	    (bits & (KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT)) != 0;

	if ((extended & (XKU_SMIME | XKU_ANYEKU)) == 0)
		certificate_limit(facts,
		    "is not for mail (it lacks emailProtection): mail programs "
		    "will refuse it");
	if (X509_check_ca(leaf) == 1)
		certificate_limit(facts, "claims to be a CA certificate");
	if (usage == CSR_SIGN ? !sign : !sign && !encrypt)
		certificate_limit(facts, "cannot sign");
	if (usage == CSR_ENCRYPT ? !encrypt : !sign && !encrypt)
		certificate_limit(facts, "cannot encrypt");
}

/* False: a date is malformed. */
static bool
check_dates(X509 *leaf, int64_t now, struct certificate *facts)
{
	time_t at = (time_t)now;
	int starts, ends;

	/* A clock may be a little behind the CA's. */
	at += 24 * 3600;
	starts = X509_cmp_time(X509_get0_notBefore(leaf), &at);
	at = (time_t)now;
	ends = X509_cmp_time(X509_get0_notAfter(leaf), &at);
	if (starts > 0)
		certificate_limit(facts, "is not valid yet; check the clock");
	if (ends < 0)
		certificate_limit(facts, "has expired; check the clock");
	return starts != 0 && ends != 0;
}

static enum status
check_leaf(X509 *leaf, const struct certificate_wanted *wanted,
    struct certificate *facts, struct note *note)
{
	const bool server = wanted->usage == CSR_SERVER;
	bool missing = false;

	if (server && !host_names_check(leaf, wanted, facts))
		return bad(note, "names a host that was not ordered");
	if (!server &&
	    !has_addresses(leaf, wanted->address, wanted->addresses, &missing))
		return bad(note, "names a mail address that was not ordered");
	if (!check_dates(leaf, wanted->now, facts))
		return bad(note, "has malformed dates");
	if (missing)
		certificate_limit(facts,
		    wanted->addresses == 1 ? "does not name the address"
					   : "does not name every address");
	if (server)
		host_usage_check(leaf, facts);
	else
		check_usage(leaf, wanted->usage, facts);
	return STATUS_OK;
}

static int64_t
seconds_of(const ASN1_TIME *time)
{
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days = 0, seconds = 0;

	if (epoch == NULL || ASN1_TIME_diff(&days, &seconds, epoch, time) != 1)
		days = seconds = 0;
	ASN1_TIME_free(epoch);
	return (int64_t)days * 86400 + seconds;
}

/* RFC 9773 section 4.1: the issuer's key identifier, and the serial number as
 * DER has it. */
static void
take_id(X509 *leaf, char out[ACME_ID_SIZE])
{
	const ASN1_OCTET_STRING *issuer = X509_get0_authority_key_id(leaf);
	unsigned char *der = NULL;
	int len = i2d_ASN1_INTEGER(X509_get0_serialNumber(leaf), &der);
	struct buf text;

	buf_init(&text, ACME_ID_SIZE - 1);
	/* A serial number is short: one octet of tag, one of length. */
	if (issuer != NULL && ASN1_STRING_length(issuer) > 0 && len > 2 &&
	    der[1] < 0x80) {
		base64url_encode(&text,
		    (struct span){ (const char *)ASN1_STRING_get0_data(issuer),
			(size_t)ASN1_STRING_length(issuer) });
		buf_add_byte(&text, '.');
		base64url_encode(&text,
		    (struct span){ (const char *)der + 2, (size_t)len - 2 });
	}
	if (buf_status(&text) != STATUS_OK ||
	    !span_copy(buf_span(&text), out, ACME_ID_SIZE))
		out[0] = '\0';
	buf_clear(&text);
	OPENSSL_free(der);
}

/* The issuer's common name of the last certificate of a chain. */
static void
take_top(X509 *last, char *out, size_t size)
{
	const X509_NAME *issuer = X509_get_issuer_name(last);
	const int at = X509_NAME_get_index_by_NID(issuer, NID_commonName, -1);
	unsigned char *text = NULL;
	int len = 0;

	if (at >= 0)
		len = ASN1_STRING_to_UTF8(&text,
		    X509_NAME_ENTRY_get_data(X509_NAME_get_entry(issuer, at)));
	if (len <= 0 ||
	    !span_copy(
		(struct span){ (const char *)text, (size_t)len }, out, size))
		out[0] = '\0';
	OPENSSL_free(text);
}

/* The issuer of that one among those that were not used. */
static X509 *
take_issuer(STACK_OF(X509) * all, bool used[CERTIFICATE_CHAIN_MAX], X509 *one)
{
	X509 *other;
	int i;

	/* One that issued itself ends it. */
	if (X509_check_issued(one, one) == X509_V_OK)
		return NULL;
	for (i = 0; i < sk_X509_num(all); i++) {
		other = sk_X509_value(all, i);
		if (!used[i] && X509_check_issued(other, one) == X509_V_OK &&
		    X509_verify(one, X509_get0_pubkey(other)) == 1) {
			used[i] = true;
			return other;
		}
	}
	return NULL;
}

/* Each once: roots may vouch for each other.  The CA's order does not count
 * (interop: some send the root, some out of order). */
enum status
chain_write(STACK_OF(X509) * all, X509 *leaf, struct buf *out,
    struct certificate *facts)
{
	bool used[CERTIFICATE_CHAIN_MAX] = { false };
	BIO *text = BIO_new(BIO_s_mem());
	enum status status = STATUS_CRYPTO;
	X509 *one = leaf;
	char *at = NULL;
	long len;

	used[sk_X509_find(all, leaf)] = true;
	while (text != NULL && one != NULL) {
		if (PEM_write_bio_X509(text, one) != 1)
			break;
		take_top(one, facts->top, sizeof(facts->top));
		one = take_issuer(all, used, one);
	}
	if (text != NULL && one == NULL &&
	    (len = BIO_get_mem_data(text, &at)) > 0) {
		buf_add(out, (struct span){ at, (size_t)len });
		status = buf_status(out);
	}
	BIO_free(text);
	ERR_clear_error();
	return status;
}

void
certificate_facts(X509 *leaf, struct certificate *facts)
{
	facts->starts = seconds_of(X509_get0_notBefore(leaf));
	facts->expires = seconds_of(X509_get0_notAfter(leaf));
	take_id(leaf, facts->id);
}

enum status
certificate_check(struct span chain, const struct certificate_wanted *wanted,
    struct buf *out, struct certificate *facts, struct note *note)
{
	struct certificate found = { .id = "" };
	STACK_OF(X509) * all;
	enum status status;
	X509 *leaf;

	if (chain.len > CERTIFICATE_SIZE_MAX ||
	    span_find(chain, SPAN("PRIVATE KEY")) < chain.len)
		return bad(note, "is too large, or contains a private key");
	if ((all = chain_read(chain)) == NULL || sk_X509_num(all) == 0) {
		status = bad(note, "is malformed");
	} else if ((leaf = chain_leaf(all, wanted->key)) == NULL) {
		status = bad(note, "is for another key");
	} else if ((status = check_leaf(leaf, wanted, &found, note)) ==
	    STATUS_OK) {
		certificate_facts(leaf, &found);
		status = chain_write(all, leaf, out, &found);
	}
	if (status == STATUS_OK)
		*facts = found;
	sk_X509_pop_free(all, X509_free);
	return status;
}
