/* certificate.c - is it the one that was ordered: see certificate.h.  Input:
 * hostile. */
#include "acme/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "acme/san_p.h"
#include "base/base64url.h"

static enum status
bad(struct note *note, const char *what)
{
	ERR_clear_error();
	return note_set(
	    note, STATUS_BAD_CA, "the certificate of the CA %s", what);
}

/* Every certificate of it; other PEM blocks refuse. */
static STACK_OF(X509) * read_chain(struct span chain)
{
	BIO *text = BIO_new_mem_buf(chain.at, (int)chain.len);
	STACK_OF(X509) *out = sk_X509_new_null();
	X509 *one;

	while (text != NULL && out != NULL &&
	    sk_X509_num(out) < CERTIFICATE_CHAIN_MAX &&
	    (one = PEM_read_bio_X509(text, NULL, NULL, NULL)) != NULL)
		if (sk_X509_push(out, one) <= 0)
			X509_free(one);
	BIO_free(text);
	ERR_clear_error();
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

/* Each of ours is there, and each that is there is ours; domains in any
 * case. */
static bool
has_addresses(X509 *leaf, const struct span *addresses, size_t count)
{
	GENERAL_NAMES *names =
	    X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
	size_t found[64] = { 0 }, i;
	bool good = names != NULL && count <= 64;
	int n;

	for (n = 0; good && n < sk_GENERAL_NAME_num(names); n++) {
		for (i = 0; i < count; i++)
			if (san_is(
				sk_GENERAL_NAME_value(names, n), addresses[i]))
				break;
		good = i < count && found[i]++ == 0;
	}
	for (i = 0; good && i < count; i++)
		good = found[i] == 1;
	GENERAL_NAMES_free(names);
	ERR_clear_error();
	return good;
}

static bool
has_usage(X509 *leaf, enum csr_usage usage)
{
	const uint32_t bits = X509_get_key_usage(leaf); /* all where absent */
	const bool sign =
	    (bits & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) != 0;
	const bool encrypt =
	    (bits & (KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT)) != 0;

	return usage == CSR_SIGN   ? sign
	    : usage == CSR_ENCRYPT ? encrypt
				   : sign || encrypt;
}

static enum status
check_leaf(X509 *leaf, struct span key, const struct span *addresses,
    size_t count, enum csr_usage usage, int64_t now, struct note *note)
{
	const uint32_t extended = X509_get_extended_key_usage(leaf);
	time_t at = (time_t)now;
	int starts, ends;

	if (!has_key(leaf, key))
		return bad(note, "is for another key than ours");
	if (!has_addresses(leaf, addresses, count))
		return bad(note, "is not for exactly the addresses ordered");
	if (X509_check_ca(leaf) == 1)
		return bad(note, "is one of a CA");
	if ((extended & (XKU_SMIME | XKU_ANYEKU)) == 0)
		return bad(note, "is not for mail");
	if (!has_usage(leaf, usage))
		return bad(note, "is not for what was asked (--usage)");
	/* A clock may be a little behind the CA's.  0: that is no time. */
	at += 24 * 3600;
	starts = X509_cmp_time(X509_get0_notBefore(leaf), &at);
	at = (time_t)now;
	ends = X509_cmp_time(X509_get0_notAfter(leaf), &at);
	if (starts == 0 || ends == 0)
		return bad(note, "has no readable dates");
	if (starts > 0)
		return bad(note, "is not valid yet; is the clock right?");
	if (ends < 0)
		return bad(note, "has expired; is the clock right?");
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

/* From the leaf upwards, each the issuer of the one before; the CA's order
 * does not count (interop: some send the root, some out of order). */
static enum status
write_chain(STACK_OF(X509) * all, struct buf *out, struct certificate *facts)
{
	BIO *text = BIO_new(BIO_s_mem());
	X509 *one = sk_X509_value(all, 0), *next;
	enum status status = STATUS_CRYPTO;
	char *at = NULL;
	int i, n;
	long len;

	for (n = 0; text != NULL && one != NULL && n < CERTIFICATE_CHAIN_MAX;
	     n++) {
		if (PEM_write_bio_X509(text, one) != 1)
			break;
		take_top(one, facts->top, sizeof(facts->top));
		next = NULL;
		for (i = 1; i < sk_X509_num(all); i++)
			if (sk_X509_value(all, i) != one &&
			    X509_check_issued(sk_X509_value(all, i), one) ==
				X509_V_OK &&
			    X509_verify(one,
				X509_get0_pubkey(sk_X509_value(all, i))) == 1)
				next = sk_X509_value(all, i);
		/* One that issued itself ends it. */
		if (next != NULL && X509_check_issued(one, one) == X509_V_OK)
			next = NULL;
		one = next;
	}
	if (text != NULL && (len = BIO_get_mem_data(text, &at)) > 0) {
		buf_add(out, (struct span){ at, (size_t)len });
		status = buf_status(out);
	}
	BIO_free(text);
	ERR_clear_error();
	return status;
}

enum status
certificate_check(struct span chain, struct span key,
    const struct span *addresses, size_t count, enum csr_usage usage,
    int64_t now, struct buf *out, struct certificate *facts, struct note *note)
{
	STACK_OF(X509) * all;
	enum status status;
	X509 *leaf;

	if (chain.len > CERTIFICATE_SIZE_MAX ||
	    span_find(chain, SPAN("PRIVATE KEY")) < chain.len)
		return bad(note, "is too large, or holds a private key");
	all = read_chain(chain);
	leaf = all != NULL ? sk_X509_value(all, 0) : NULL;
	if (leaf == NULL)
		status = bad(note, "cannot be read");
	else
		status =
		    check_leaf(leaf, key, addresses, count, usage, now, note);
	if (status == STATUS_OK) {
		*facts = (struct certificate){
			.starts = seconds_of(X509_get0_notBefore(leaf)),
			.expires = seconds_of(X509_get0_notAfter(leaf)),
		};
		take_id(leaf, facts->id);
		status = write_chain(all, out, facts);
	}
	sk_X509_pop_free(all, X509_free);
	return status;
}
