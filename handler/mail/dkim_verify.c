/*
 * dkim_verify.c - compute the hashes and signatures of DKIM: see dkim.h
 *
 * Input: hostile.
 */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "mail/dkim.h"
#include "mail/word.h"

static void
absorb(EVP_MD_CTX *hash, struct span s, bool *failed)
{
	if (s.len > 0 && EVP_DigestUpdate(hash, s.at, s.len) != 1)
		*failed = true;
}

/* A line without its end and, relaxed, with its blanks folded (RFC 6376
 * section 3.4.4). */
static void
absorb_line(EVP_MD_CTX *hash, struct span line, bool relaxed, bool *failed)
{
	size_t i = 0, run;

	if (!relaxed) {
		absorb(hash, line, failed);
		return;
	}
	while (line.len > 0 && ascii_is_blank(line.at[line.len - 1]))
		line.len--;
	while (i < line.len) {
		for (run = i; run < line.len && !ascii_is_blank(line.at[run]);
		     run++)
			;
		absorb(hash, span_cut(line, i, run), failed);
		for (i = run; i < line.len && ascii_is_blank(line.at[i]); i++)
			;
		if (i > run)
			absorb(hash, SPAN(" "), failed);
	}
}

/* ">From ", ">>From " ...: what an mbox makes of "From ", ">From ". */
static bool
is_quoted_from(struct span line)
{
	size_t i = 0;

	while (i < line.len && line.at[i] == '>')
		i++;
	return i > 0 && span_starts(span_cut(line, i, line.len), SPAN("From "));
}

/* RFC 6376 sections 3.4.3 and 3.4.4, over a body with LF or CRLF. */
static void
absorb_body(EVP_MD_CTX *hash, struct span body, bool relaxed, bool unquote,
    bool *failed)
{
	struct span line, blank;
	size_t end, empty = 0;
	bool any = false;

	while (body.len > 0) {
		end = span_find_byte(body, '\n');
		line = span_cut(body, 0, end);
		body = span_cut(body, end + 1, body.len);
		if (line.len > 0 && line.at[line.len - 1] == '\r')
			line.len--;
		if (unquote && is_quoted_from(line))
			line = span_cut(line, 1, line.len);
		blank = line;
		while (relaxed && blank.len > 0 &&
		    ascii_is_blank(blank.at[blank.len - 1]))
			blank.len--;
		if (blank.len == 0) {
			empty++; /* counts only if something follows */
			continue;
		}
		for (; empty > 0; empty--)
			absorb(hash, SPAN("\r\n"), failed);
		absorb_line(hash, line, relaxed, failed);
		absorb(hash, SPAN("\r\n"), failed);
		any = true;
	}
	if (!any && !relaxed)
		absorb(hash, SPAN("\r\n"), failed);
}

/* One header field (RFC 6376 sections 3.4.1 and 3.4.2); the octets of `cut`
 * are left out; no line end at the end. */
static void
add_field(struct buf *out, struct span raw, bool relaxed, struct span cut)
{
	size_t colon = span_find_byte(raw, ':'), i;
	bool pending = false, started = false;
	char c;

	while (raw.len > 0 &&
	    (raw.at[raw.len - 1] == '\n' || raw.at[raw.len - 1] == '\r'))
		raw.len--;
	for (i = 0; i < raw.len; i++) {
		c = raw.at[i];
		if (cut.len > 0 && raw.at + i >= cut.at &&
		    raw.at + i < cut.at + cut.len)
			continue;
		if (!relaxed) {
			if (c == '\n')
				buf_add_text(out, "\r\n");
			else if (c != '\r' || raw.at[i + 1] != '\n')
				buf_add_byte(out, c);
			continue;
		}
		if (i < colon) {
			if (!ascii_is_blank(c))
				buf_add_byte(out, ascii_lower(c));
		} else if (i == colon) {
			buf_add_byte(out, c);
		} else if (ascii_is_space(c)) {
			pending = pending || ascii_is_blank(c);
		} else {
			if (pending && started)
				buf_add_byte(out, ' ');
			pending = false;
			started = true;
			buf_add_byte(out, c);
		}
	}
}

/* The fields of h=, each instance bottom up (RFC 6376 section 5.4.2), then
 * the signature itself without its value (section 3.7). */
static enum status
build_signed(const struct header *header,
    const struct dkim_signature *signature, struct buf *out)
{
	static bool used[HEADER_FIELDS_MAX];
	struct span list = signature->headers, name, cut;
	const char *from, *to, *end;
	size_t i;

	memset(used, 0, sizeof(used));
	while (dkim_take_name(&list, &name)) {
		for (i = header->count; i > 0; i--)
			if (!used[i - 1] &&
			    header->field[i - 1].raw.at !=
				signature->field.at &&
			    span_eq_nocase(header->field[i - 1].name, name))
				break;
		if (i == 0)
			continue; /* absent: signed as absent */
		used[i - 1] = true;
		add_field(out, header->field[i - 1].raw,
		    signature->relaxed_header, SPAN(""));
		buf_add_text(out, "\r\n");
	}
	/* From behind "b=" to the ";" or the end of the field. */
	from = signature->value.at;
	while (from[-1] != '=')
		from--;
	end = signature->field.at + signature->field.len;
	for (to = signature->value.at; to < end && *to != ';'; to++)
		;
	while (to == end && to > from && (to[-1] == '\n' || to[-1] == '\r'))
		end = --to;
	cut = (struct span){ from, (size_t)(to - from) };
	add_field(out, signature->field, signature->relaxed_header, cut);
	return buf_status(out);
}

/* RFC 6376 section 3.6.1: what the key record must say. */
static enum status
check_record(const struct dkim_tags *tags,
    const struct dkim_signature *signature, struct note *note)
{
	const struct span *v = dkim_tag(tags, SPAN("v"));
	const struct span *k = dkim_tag(tags, SPAN("k"));
	const struct span *h = dkim_tag(tags, SPAN("h"));
	const struct span *s = dkim_tag(tags, SPAN("s"));
	const struct span *t = dkim_tag(tags, SPAN("t"));
	const struct span *p = dkim_tag(tags, SPAN("p"));
	const char *why = NULL;

	if (p == NULL)
		why = "has no key";
	else if (p->len == 0)
		why = "revokes the key (p= is empty)";
	else if (v != NULL &&
	    (!span_eq(*v, SPAN("DKIM1")) || !span_eq(tags->name[0], SPAN("v"))))
		why = "does not have version DKIM1";
	else if (signature->ed25519 !=
		(k != NULL && span_eq(*k, SPAN("ed25519"))) ||
	    (k != NULL && !signature->ed25519 && !span_eq(*k, SPAN("rsa"))))
		why = "is for another algorithm";
	else if (h != NULL && !dkim_list_has(*h, SPAN("sha256")))
		why = "does not allow SHA-256";
	else if (s != NULL && !dkim_list_has(*s, SPAN("email")) &&
	    !dkim_list_has(*s, SPAN("*")))
		why = "is not for mail";
	else if (t != NULL && dkim_list_has(*t, SPAN("y")))
		why = "is for testing only (t=y)";
	else if (t != NULL && dkim_list_has(*t, SPAN("s")) &&
	    !signature->exact_identity)
		why = "does not allow subdomains";
	if (why == NULL)
		return STATUS_OK;
	return note_set(
	    note, STATUS_BAD_DKIM_KEY, "the DKIM key record %s", why);
}

/* Sizes first: no arithmetic with what a stranger calls a key. */
static bool
rsa_size_ok(EVP_PKEY *key, struct dkim_evidence *out)
{
	BIGNUM *e = NULL;
	bool good;

	out->bits = (unsigned)EVP_PKEY_get_bits(key);
	out->weak = out->bits < DKIM_RSA_BITS_GOOD;
	good = EVP_PKEY_is_a(key, "RSA") && out->bits >= DKIM_RSA_BITS_MIN &&
	    out->bits <= DKIM_RSA_BITS_MAX &&
	    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
	    BN_num_bits(e) <= 64;
	BN_free(e);
	return good;
}

/* p= holds SubjectPublicKeyInfo, as everybody writes it, or RSAPublicKey, as
 * the RFC says; 32 octets for Ed25519 (RFC 8463 section 4.2). */
static EVP_PKEY *
make_key(struct span der, bool ed25519)
{
	const unsigned char *at = (const unsigned char *)der.at;
	EVP_PKEY *key;

	if (ed25519)
		return der.len == 32 ? EVP_PKEY_new_raw_public_key(
					   EVP_PKEY_ED25519, NULL, at, 32)
				     : NULL;
	key = d2i_PUBKEY(NULL, &at, (long)der.len);
	if (key == NULL) {
		at = (const unsigned char *)der.at;
		key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, (long)der.len);
	}
	if (key != NULL && at != (const unsigned char *)der.at + der.len) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

static enum status
take_key(struct span record, const struct dkim_signature *signature,
    EVP_PKEY **key, struct dkim_evidence *out, struct note *note)
{
	struct dkim_tags tags;
	struct buf der;
	enum status status;

	if (record.len > DKIM_RECORD_MAX)
		return note_set(note, STATUS_BAD_DKIM_KEY,
		    "the DKIM key record exceeds %d bytes", DKIM_RECORD_MAX);
	if (dkim_tags_parse(record, &tags) != STATUS_OK)
		return note_set(note, STATUS_BAD_DKIM_KEY,
		    "the DKIM key record is not a tag list");
	status = check_record(&tags, signature, note);
	if (status != STATUS_OK)
		return status;
	buf_init(&der, 8192);
	*key = NULL;
	if (base64_decode(&der, *dkim_tag(&tags, SPAN("p"))) &&
	    buf_status(&der) == STATUS_OK)
		*key = make_key(buf_span(&der), signature->ed25519);
	buf_clear(&der);
	if (*key == NULL || (!signature->ed25519 && !rsa_size_ok(*key, out))) {
		EVP_PKEY_free(*key);
		*key = NULL;
		return note_set(note, STATUS_BAD_DKIM_KEY,
		    "the DKIM key is neither RSA of %d to %d bits nor Ed25519",
		    DKIM_RSA_BITS_MIN, DKIM_RSA_BITS_MAX);
	}
	if (signature->ed25519)
		out->bits = 256;
	return STATUS_OK;
}

static enum status
check_body(const struct header *header, const struct dkim_signature *signature,
    bool unquote)
{
	unsigned char digest[32];
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	struct buf want;
	enum status status = STATUS_CRYPTO;
	bool failed = false, same;

	buf_init(&want, 64);
	if (hash == NULL || EVP_DigestInit_ex(hash, EVP_sha256(), NULL) != 1)
		goto out;
	absorb_body(
	    hash, header->rest, signature->relaxed_body, unquote, &failed);
	if (failed || EVP_DigestFinal_ex(hash, digest, NULL) != 1)
		goto out;
	same = base64_decode(&want, signature->body_hash) &&
	    want.len == sizeof(digest) &&
	    memcmp(want.at, digest, sizeof(digest)) == 0;
	status = same ? STATUS_OK : STATUS_BAD_DKIM;
out:
	buf_clear(&want);
	EVP_MD_CTX_free(hash);
	return status;
}

/* RFC 8463 section 3: Ed25519 signs the SHA-256 of the text, RSA the text. */
static bool
signature_ok(
    EVP_PKEY *key, bool ed25519, struct span text, struct span signature)
{
	const unsigned char *value = (const unsigned char *)signature.at;
	const unsigned char *data = (const unsigned char *)text.at;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char digest[32];
	unsigned length = 0;
	bool good = false;

	if (context == NULL)
		return false;
	if (ed25519)
		good = EVP_Digest(data, text.len, digest, &length, EVP_sha256(),
			   NULL) == 1 &&
		    EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
		    EVP_DigestVerify(context, value, signature.len, digest,
			sizeof(digest)) == 1;
	else
		good = EVP_DigestVerifyInit(
			   context, NULL, EVP_sha256(), NULL, key) == 1 &&
		    EVP_DigestVerify(
			context, value, signature.len, data, text.len) == 1;
	EVP_MD_CTX_free(context);
	return good;
}

static enum status
check_header(const struct header *header,
    const struct dkim_signature *signature, EVP_PKEY *key)
{
	struct buf text, value;
	enum status status;

	buf_init(&text, (size_t)4 * HEADER_SIZE_MAX);
	buf_init(&value, 1024);
	status = build_signed(header, signature, &text);
	if (status == STATUS_OK &&
	    (!base64_decode(&value, signature->value) ||
		buf_status(&value) != STATUS_OK ||
		!signature_ok(key, signature->ed25519, buf_span(&text),
		    buf_span(&value))))
		status = STATUS_BAD_DKIM;
	buf_clear(&value);
	buf_clear(&text);
	return status;
}

/* Most signatures that fail were good once: say who may have spoiled it. */
static enum status
say_what_changed(const struct dkim_signature *signature, bool header_good,
    bool body_good, struct note *note)
{
	if (header_good)
		return note_set(note, STATUS_BAD_DKIM,
		    "the body was changed after it was signed; servers that "
		    "add footers or rewrite links or encodings do that");
	if (!body_good)
		return note_set(note, STATUS_BAD_DKIM,
		    "neither the header nor the body matches the DKIM "
		    "signature");
	return note_set(note, STATUS_BAD_DKIM, "%s",
	    signature->relaxed_header
		? "the DKIM signature does not match the header"
		: "the DKIM signature does not match the header; with simple "
		  "canonicalization a program that only refolds fields breaks "
		  "it");
}

enum status
dkim_verify(const struct header *header, const struct dkim_signature *signature,
    struct span record, bool unquote, struct dkim_evidence *out,
    struct note *note)
{
	EVP_PKEY *key = NULL;
	enum status status, top, body;

	*out = (struct dkim_evidence){ 0 };
	status = take_key(record, signature, &key, out, note);
	if (status != STATUS_OK)
		return status;
	body = check_body(header, signature, false);
	if (body == STATUS_BAD_DKIM && unquote)
		body = check_body(header, signature, true);
	top = check_header(header, signature, key);
	EVP_PKEY_free(key);
	if (top != STATUS_OK && top != STATUS_BAD_DKIM)
		return top;
	if (body != STATUS_OK && body != STATUS_BAD_DKIM)
		return body;
	if (top == STATUS_OK && body == STATUS_OK)
		return STATUS_OK;
	return say_what_changed(
	    signature, top == STATUS_OK, body == STATUS_OK, note);
}
