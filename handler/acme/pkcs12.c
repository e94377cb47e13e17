/*
 * pkcs12.c - read and build PKCS #12: see pkcs12.h
 *
 * Input: hostile.  OpenSSL's PKCS12_parse() is not used: it returns only the
 * first key, without a word about others, and does not limit the iterations.
 */
#include "acme/pkcs12.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <string.h>

#include "acme/bundle_p.h"
#include "acme/key_p.h"

/* The first as for the keys of the home; the second is what old programs
 * take; the third is the least that RFC 8018 section 4.2 recommends. */
enum {
	ROUNDS_MODERN = 600000,
	ROUNDS_COMPATIBLE = 100000,
	ROUNDS_PASSING = 1000
};

/* One attempt, with one spelling of the passphrase. */
struct attempt {
	const struct bundle_library *library;
	const char *passphrase; /* or NULL */
	int len;
	int64_t iterations; /* left */
	size_t bags;        /* left */
	struct bundle *out;
	struct note *note;
};

static enum status walk_bags(struct attempt *attempt,
    const STACK_OF(PKCS12_SAFEBAG) * bags, size_t depth);

static enum status
bad(struct note *note, const char *what)
{
	ERR_clear_error();
	return note_set(note, STATUS_BAD_FILE, "%s", what);
}

/* Another spelling of the passphrase may do, even if the MAC is right. */
static enum status
not_decrypted(struct note *note)
{
	ERR_clear_error();
	return note_set(note, STATUS_BAD_PASSPHRASE,
	    "the passphrase is wrong, or the file is damaged");
}

static enum status
add_key(struct attempt *attempt, const PKCS8_PRIV_KEY_INFO *plain)
{
	EVP_PKEY *key = plain != NULL
	    ? EVP_PKCS82PKEY_ex(plain, attempt->library->context, NULL)
	    : NULL;
	enum status status = STATUS_OK;

	ERR_clear_error();
	if (key == NULL)
		bundle_warn(attempt->out,
		    "a private key of an unknown kind was left out");
	else
		status =
		    bundle_add_key(attempt->out, key, false, attempt->note);
	EVP_PKEY_free(key);
	return status;
}

static enum status
add_shrouded(struct attempt *attempt, const PKCS12_SAFEBAG *bag)
{
	const X509_SIG *locked = PKCS12_SAFEBAG_get0_pkcs8(bag);
	const X509_ALGOR *algorithm = NULL;
	PKCS8_PRIV_KEY_INFO *plain;
	enum status status;

	if (locked == NULL)
		return bad(attempt->note, "a private key in it is malformed");
	X509_SIG_get0(locked, &algorithm, NULL);
	status = pbe_check(attempt->library, algorithm, &attempt->iterations,
	    attempt->out, attempt->note);
	if (status != STATUS_OK)
		return status;
	plain = PKCS8_decrypt_ex(locked, attempt->passphrase, attempt->len,
	    attempt->library->context, NULL);
	status = plain != NULL ? add_key(attempt, plain)
			       : not_decrypted(attempt->note);
	PKCS8_PRIV_KEY_INFO_free(plain);
	return status;
}

static enum status
add_certificate(struct attempt *attempt, const PKCS12_SAFEBAG *bag)
{
	X509 *certificate = PKCS12_SAFEBAG_get1_cert(bag);
	enum status status;

	/* An SDSI certificate, or damage. */
	if (certificate == NULL) {
		ERR_clear_error();
		bundle_warn(attempt->out,
		    "a certificate that is not X.509 was left out");
		return STATUS_OK;
	}
	status =
	    bundle_add_certificate(attempt->out, certificate, attempt->note);
	X509_free(certificate);
	return status;
}

static enum status
add_bag(struct attempt *attempt, const PKCS12_SAFEBAG *bag, size_t depth)
{
	if (attempt->bags-- == 0)
		return bad(attempt->note, "it holds too many things");
	switch (PKCS12_SAFEBAG_get_nid(bag)) {
	case NID_keyBag:
		return add_key(attempt, PKCS12_SAFEBAG_get0_p8inf(bag));
	case NID_pkcs8ShroudedKeyBag:
		return add_shrouded(attempt, bag);
	case NID_certBag:
		return add_certificate(attempt, bag);
	case NID_safeContentsBag:
		return walk_bags(
		    attempt, PKCS12_SAFEBAG_get0_safes(bag), depth + 1);
	case NID_crlBag:
		return STATUS_OK;
	default:
		bundle_warn(attempt->out,
		    "something that is neither key nor certificate was left "
		    "out");
		return STATUS_OK;
	}
}

static enum status
walk_bags(struct attempt *attempt, const STACK_OF(PKCS12_SAFEBAG) * bags,
    size_t depth)
{
	enum status status = STATUS_OK;
	int i;

	if (depth > PKCS12_DEPTH_MAX)
		return bad(attempt->note, "its bags are nested too deep");
	for (i = 0; status == STATUS_OK && i < sk_PKCS12_SAFEBAG_num(bags); i++)
		status =
		    add_bag(attempt, sk_PKCS12_SAFEBAG_value(bags, i), depth);
	return status;
}

/* The bags of one part, in *bags. */
static enum status
open_part(
    struct attempt *attempt, PKCS7 *part, STACK_OF(PKCS12_SAFEBAG) * *bags)
{
	enum status status;

	if (PKCS7_type_is_data(part)) {
		*bags = PKCS12_unpack_p7data(part);
		return *bags != NULL
		    ? STATUS_OK
		    : bad(attempt->note, "a part of it is malformed");
	}
	if (!PKCS7_type_is_encrypted(part) || part->d.encrypted == NULL ||
	    part->d.encrypted->enc_data == NULL)
		return bad(attempt->note,
		    "a part of it is not encrypted with a passphrase");
	status =
	    pbe_check(attempt->library, part->d.encrypted->enc_data->algorithm,
		&attempt->iterations, attempt->out, attempt->note);
	if (status != STATUS_OK)
		return status;
	*bags =
	    PKCS12_unpack_p7encdata(part, attempt->passphrase, attempt->len);
	return *bags != NULL ? STATUS_OK : not_decrypted(attempt->note);
}

static enum status
walk_parts(struct attempt *attempt, const STACK_OF(PKCS7) * parts)
{
	STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
	enum status status = STATUS_OK;
	int i;

	for (i = 0; status == STATUS_OK && i < sk_PKCS7_num(parts); i++) {
		status = open_part(attempt, sk_PKCS7_value(parts, i), &bags);
		if (status == STATUS_OK)
			status = walk_bags(attempt, bags, 0);
		sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
		bags = NULL;
	}
	return status;
}

/* How much a bundle held before an attempt. */
struct mark {
	size_t keys, chain, certificates;
};

static void
go_back(struct bundle *bundle, const struct mark *mark)
{
	while (bundle->keys > mark->keys) {
		bundle->keys--;
		buf_wipe(&bundle->key[bundle->keys].pem);
		buf_clear(&bundle->key[bundle->keys].public);
	}
	buf_cut(&bundle->chain, mark->chain);
	bundle->certificates = mark->certificates;
}

/* The MAC first: nothing of a file that somebody changed is used. */
static enum status
try_one(PKCS12 *file, struct attempt *attempt)
{
	struct bundle *out = attempt->out;
	const struct mark mark = { out->keys, out->chain.len,
		out->certificates };
	STACK_OF(PKCS7) * parts;
	enum status status;

	if (PKCS12_verify_mac(file, attempt->passphrase, attempt->len) != 1)
		return not_decrypted(attempt->note);
	parts = PKCS12_unpack_authsafes(file);
	status = parts != NULL ? walk_parts(attempt, parts)
			       : bad(attempt->note, "its content is malformed");
	sk_PKCS7_pop_free(parts, PKCS7_free);
	if (status != STATUS_OK)
		go_back(out, &mark);
	ERR_clear_error();
	return status;
}

/* RFC 7292 appendix C: an empty passphrase has two forms. */
static enum status
try_empty(PKCS12 *file, const struct attempt *all)
{
	struct attempt attempt = *all;
	enum status status;

	status = try_one(file, &attempt);
	if (status == STATUS_BAD_PASSPHRASE) {
		attempt = *all;
		attempt.passphrase = "";
		status = try_one(file, &attempt);
	}
	if (status == STATUS_BAD_PASSPHRASE)
		status =
		    note_set(all->note, status, "the file needs a passphrase");
	return status;
}

static enum status
try_all(PKCS12 *file, const struct attempt *all, struct span passphrase)
{
	enum status status = STATUS_BAD_PASSPHRASE, spelled;
	struct spellings spellings;
	struct attempt attempt;
	size_t i;

	if (passphrase.len == 0)
		return try_empty(file, all);
	if ((spelled = bundle_spell(passphrase, &spellings)) != STATUS_OK)
		return spelled;
	for (i = 0; status == STATUS_BAD_PASSPHRASE && i < spellings.count;
	     i++) {
		attempt = *all;
		attempt.passphrase = spellings.at[i].at;
		attempt.len = (int)spellings.at[i].len;
		status = try_one(file, &attempt);
	}
	bundle_unspell(&spellings);
	return status;
}

/* Without a MAC nothing tells whether it was damaged, or changed. */
static enum status
check_mac(const PKCS12 *file, struct attempt *attempt)
{
	const ASN1_INTEGER *iterations = NULL;
	const X509_ALGOR *algorithm = NULL;
	const ASN1_OBJECT *digest = NULL;
	int64_t count = 1;

	if (!PKCS12_mac_present(file))
		return bad(attempt->note,
		    "it has no MAC, so nothing tells whether it is damaged or "
		    "was changed; export it again with a passphrase");
	PKCS12_get0_mac(NULL, &algorithm, NULL, &iterations, file);
	X509_ALGOR_get0(&digest, NULL, NULL, algorithm);
	if (EVP_get_digestbyobj(digest) == NULL)
		return bad(attempt->note,
		    "its MAC is of a kind that this OpenSSL does not know");
	if (iterations != NULL &&
	    (ASN1_INTEGER_get_int64(&count, iterations) != 1 || count < 1))
		count = INT64_MAX;
	if (count > attempt->iterations)
		return note_set(attempt->note, STATUS_BAD_FILE,
		    "its MAC asks for more than %d iterations",
		    PKCS12_ITERATIONS_MAX);
	attempt->iterations -= count;
	return STATUS_OK;
}

enum status
pkcs12_read(const struct bundle_library *library, struct span input,
    struct span passphrase, struct bundle *out, struct note *note)
{
	struct attempt attempt = { .library = library,
		.iterations = PKCS12_ITERATIONS_MAX,
		.bags = PKCS12_BAGS_MAX,
		.out = out,
		.note = note };
	const unsigned char *at = (const unsigned char *)input.at;
	enum status status = der_whole(input, note);
	PKCS12 *file = NULL;

	if (status == STATUS_OK) {
		/* It brings the context along. */
		file = PKCS12_init_ex(NID_pkcs7_data, library->context, NULL);
		if (file == NULL ||
		    d2i_PKCS12(&file, &at, (long)input.len) == NULL) {
			file = NULL; /* freed */
			status = bad(note, "it is a malformed PKCS #12 file");
		}
	}
	if (status == STATUS_OK && (const char *)at < input.at + input.len)
		bundle_warn(out,
		    "octets after the end of the file's content are ignored");
	if (status == STATUS_OK)
		status = check_mac(file, &attempt);
	if (status == STATUS_OK)
		status = try_all(file, &attempt, passphrase);
	PKCS12_free(file);
	ERR_clear_error();
	return status;
}

/* All of a chain in PEM; whole: there is one, and none of it is damaged. */
static STACK_OF(X509) * read_chain(struct span chain, bool *whole)
{
	BIO *in = BIO_new_mem_buf(chain.at, (int)chain.len);
	STACK_OF(X509) *out = sk_X509_new_null();
	X509 *one;

	while (in != NULL && out != NULL &&
	    (one = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL)
		if (sk_X509_push(out, one) <= 0)
			X509_free(one);
	*whole = out != NULL && sk_X509_num(out) > 0 &&
	    ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	BIO_free(in);
	ERR_clear_error();
	return out;
}

enum status
pkcs12_check_chain(struct span chain, struct note *note)
{
	bool whole = false;
	STACK_OF(X509) *all = read_chain(chain, &whole);

	sk_X509_pop_free(all, X509_free);
	return whole ? STATUS_OK
		     : note_set(note, STATUS_BAD_KEY,
			   "the certificate or its chain is damaged in the "
			   "home; restore it from a backup");
}

static PKCS12 *
make(EVP_PKEY *key, X509 *leaf, STACK_OF(X509) * rest, const char *name,
    const char *passphrase, enum pkcs12_form form)
{
	static const int all_rounds[] = {
		[PKCS12_MODERN] = ROUNDS_MODERN,
		[PKCS12_COMPATIBLE] = ROUNDS_COMPATIBLE,
		[PKCS12_PASSING] = ROUNDS_PASSING,
	};
	const bool modern = form != PKCS12_COMPATIBLE;
	const int nid =
	    modern ? NID_aes_256_cbc : NID_pbe_WithSHA1And3_Key_TripleDES_CBC;
	const int rounds = all_rounds[form];
	PKCS12 *out = PKCS12_create(
	    passphrase, name, key, leaf, rest, nid, nid, rounds, -1, 0);

	if (out != NULL &&
	    PKCS12_set_mac(out, passphrase, -1, NULL, 0, rounds,
		modern ? EVP_sha256() : EVP_sha1()) != 1) {
		PKCS12_free(out);
		return NULL;
	}
	return out;
}

static enum status
write_file(PKCS12 *file, struct buf *out)
{
	unsigned char *der = NULL;
	int len = file != NULL ? i2d_PKCS12(file, &der) : 0;

	if (len > 0)
		buf_add(out, (struct span){ (const char *)der, (size_t)len });
	OPENSSL_free(der);
	ERR_clear_error();
	return len > 0 ? buf_status(out) : STATUS_CRYPTO;
}

enum status
pkcs12_build(struct span key, struct span chain, struct span name,
    struct span passphrase, enum pkcs12_form form, struct buf *out,
    struct note *note)
{
	char friendly[256], secret[1024];
	bool whole = false;
	STACK_OF(X509) *rest = read_chain(chain, &whole);
	EVP_PKEY *private = key_read(key);
	X509 *leaf = rest != NULL ? sk_X509_shift(rest) : NULL;
	PKCS12 *file = NULL;
	enum status status = STATUS_OK;

	if (passphrase.len == 0 ||
	    !span_copy(passphrase, secret, sizeof(secret)) ||
	    !span_copy(name, friendly, sizeof(friendly)))
		status = STATUS_USAGE;
	else if (!whole)
		status = pkcs12_check_chain(chain, note);
	else if (private == NULL || leaf == NULL ||
	    X509_check_private_key(leaf, private) != 1)
		status = note_set(note, STATUS_BAD_KEY,
		    "the certificate is not that of the key");
	if (status == STATUS_OK) {
		file = make(private, leaf, rest, friendly, secret, form);
		status = write_file(file, out);
	}
	OPENSSL_cleanse(secret, sizeof(secret));
	PKCS12_free(file);
	X509_free(leaf);
	EVP_PKEY_free(private);
	sk_X509_pop_free(rest, X509_free);
	ERR_clear_error();
	return status;
}
