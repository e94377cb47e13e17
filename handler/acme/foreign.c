/*
 * foreign.c - certificates that mailcert did not order: see foreign.h
 *
 * Input: hostile.
 */
#include "acme/foreign.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "acme/certificate_p.h"
#include "acme/san_p.h"
#include "base/base64url.h"
#include "base/frame.h"

static enum status
bad(struct note *note, const char *what)
{
	ERR_clear_error();
	return note_set(note, STATUS_BAD_FILE, "the certificate %s", what);
}

/* Did it issue another one of them? */
static bool
is_issuer(STACK_OF(X509) * all, X509 *one)
{
	X509 *other;
	int i;

	for (i = 0; i < sk_X509_num(all); i++) {
		other = sk_X509_value(all, i);
		if (other != one &&
		    X509_check_issued(one, other) == X509_V_OK &&
		    X509_verify(other, X509_get0_pubkey(one)) == 1)
			return true;
	}
	return false;
}

static enum status
add_public(X509 *one, const char *name, struct buf *out)
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(one), &der);
	enum status status = STATUS_OK;
	struct buf text;

	buf_init(&text, 8 * 1024);
	if (len > 0)
		base64url_encode(
		    &text, (struct span){ (const char *)der, (size_t)len });
	/* mailcert makes none that is longer. */
	if (text.len > 0 && buf_status(&text) == STATUS_OK)
		frame_add(out, name, buf_span(&text));
	status = buf_status(out);
	buf_clear(&text);
	OPENSSL_free(der);
	return status;
}

enum status
foreign_leaves(
    struct span chain, const char *name, struct buf *out, struct note *note)
{
	STACK_OF(X509) *all = chain_read(chain);
	enum status status = STATUS_OK;
	int i;

	if (all == NULL)
		return note_set(note, STATUS_BAD_FILE,
		    "more than %d certificates", CERTIFICATE_CHAIN_MAX);
	for (i = 0; status == STATUS_OK && i < sk_X509_num(all); i++)
		if (!is_issuer(all, sk_X509_value(all, i)))
			status = add_public(sk_X509_value(all, i), name, out);
	sk_X509_pop_free(all, X509_free);
	ERR_clear_error();
	return status;
}

/* False: there are too many, or one that cannot be an address. */
static bool
add_address(struct span address, struct foreign *found)
{
	return address.len == 0 ||
	    (found->addresses < CSR_ADDRESSES_MAX &&
		span_copy(address, found->address[found->addresses++],
		    FOREIGN_ADDRESS_SIZE));
}

/* Section 4.1.2.6 of RFC 5280: where they stood before subjectAltName. */
static bool
take_subject(X509 *leaf, struct foreign *found)
{
	const X509_NAME *subject = X509_get_subject_name(leaf);
	const ASN1_STRING *text;
	bool good = true;
	int at = -1;

	while (good &&
	    (at = X509_NAME_get_index_by_NID(
		 subject, NID_pkcs9_emailAddress, at)) >= 0) {
		text =
		    X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
		good = add_address(
		    (struct span){ (const char *)ASN1_STRING_get0_data(text),
			(size_t)ASN1_STRING_length(text) },
		    found);
	}
	return good;
}

static enum status
take_addresses(X509 *leaf, struct foreign *found, struct note *note)
{
	GENERAL_NAMES *names =
	    X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
	bool good = names != NULL ||
	    X509_get_ext_by_NID(leaf, NID_subject_alt_name, -1) < 0;
	int i;

	found->addresses = 0;
	for (i = 0; good && i < sk_GENERAL_NAME_num(names); i++)
		good = add_address(
		    san_address(sk_GENERAL_NAME_value(names, i)), found);
	if (good && found->addresses == 0)
		good = take_subject(leaf, found);
	GENERAL_NAMES_free(names);
	if (!good)
		return bad(
		    note, "has malformed names, or too many mail addresses");
	return found->addresses > 0
	    ? STATUS_OK
	    : bad(note, "names no mail address: mail programs cannot use it");
}

/* The kind that a renewal asks for. */
static bool
take_kind(X509 *leaf, struct foreign *found)
{
	EVP_PKEY *key = X509_get0_pubkey(leaf);
	const int bits = key != NULL ? EVP_PKEY_get_bits(key) : 0;

	if (key == NULL)
		return false;
	if (EVP_PKEY_is_a(key, "RSA"))
		found->kind = bits <= 2048 ? KEY_RSA_2048
		    : bits <= 3072         ? KEY_RSA_3072
					   : KEY_RSA_4096;
	else if (EVP_PKEY_is_a(key, "EC"))
		found->kind = bits <= 256 ? KEY_EC_P256 : KEY_EC_P384;
	else if (EVP_PKEY_is_a(key, "ED25519"))
		found->kind = KEY_ED25519;
	else
		return false;
	return true;
}

static void
take_usage(X509 *leaf, struct foreign *found)
{
	const uint32_t bits = X509_get_key_usage(leaf); /* all where absent */
	const uint32_t extended = X509_get_extended_key_usage(leaf);
	const bool sign =
	    (bits & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) != 0;
	const bool encrypt = found->kind != KEY_ED25519 &&
	    (bits & (KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT)) != 0;
	struct certificate *facts = &found->facts;

	found->usage = sign == encrypt ? CSR_BOTH
	    : sign                     ? CSR_SIGN
				       : CSR_ENCRYPT;
	if ((extended & (XKU_SMIME | XKU_ANYEKU)) == 0)
		certificate_limit(facts,
		    "is not for mail (it lacks emailProtection): mail programs "
		    "will refuse it");
	if (!sign && !encrypt)
		certificate_limit(facts, "can neither sign nor encrypt");
	if (found->kind == KEY_ED25519)
		certificate_limit(facts,
		    "has an Ed25519 key, which mutt, gpgsm, s-nail, alpine and "
		    "Thunderbird cannot use");
}

/* False: a date is malformed. */
static bool
take_dates(X509 *leaf, int64_t now, struct foreign *found)
{
	time_t at = (time_t)now;
	const int starts = X509_cmp_time(X509_get0_notBefore(leaf), &at);
	const int ends = X509_cmp_time(X509_get0_notAfter(leaf), &at);

	if (starts > 0)
		certificate_limit(&found->facts, "is not valid yet");
	if (ends < 0)
		certificate_limit(&found->facts, "has expired");
	return starts != 0 && ends != 0;
}

static bool
take_digest(X509 *leaf, struct foreign *found)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0, i;

	if (X509_digest(leaf, EVP_sha256(), digest, &len) != 1)
		return false;
	for (i = 0; i < len && 2 * i + 2 < FOREIGN_DIGEST_SIZE; i++)
		(void)snprintf(&found->digest[2 * i], 3, "%02x", digest[i]);
	return true;
}

static enum status
read_leaf(X509 *leaf, int64_t now, struct foreign *found, struct note *note)
{
	enum status status;

	if (X509_check_ca(leaf) == 1)
		return bad(note, "is that of a CA, not of a mail address");
	if ((status = take_addresses(leaf, found, note)) != STATUS_OK)
		return status;
	if (!take_kind(leaf, found))
		return bad(note, "has a key of an unknown kind");
	if (!take_dates(leaf, now, found))
		return bad(note, "has malformed dates");
	take_usage(leaf, found);
	if (!take_digest(leaf, found))
		return STATUS_CRYPTO;
	certificate_facts(leaf, &found->facts);
	return STATUS_OK;
}

enum status
foreign_read(struct span chain, struct span key, int64_t now, struct buf *out,
    struct foreign *found, struct note *note)
{
	STACK_OF(X509) *all = chain_read(chain);
	X509 *leaf = all != NULL ? chain_leaf(all, key) : NULL;
	enum status status;

	*found = (struct foreign){ .addresses = 0 };
	if (leaf == NULL)
		status = bad(note, "is malformed, or for another key");
	else
		status = read_leaf(leaf, now, found, note);
	if (status == STATUS_OK)
		status = chain_write(all, leaf, out, &found->facts);
	sk_X509_pop_free(all, X509_free);
	ERR_clear_error();
	return status;
}
