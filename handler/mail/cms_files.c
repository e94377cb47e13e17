/*
 * cms_files.c - read anchors and revocation lists from files: see cms.h
 *
 * The files are the user's or the administrator's: trusted, but perhaps
 * damaged.
 * libcrypto's PEM reader ends at the first block that is; one damaged block
 * must not hide the good ones behind it.
 */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "mail/cms_p.h"

enum { FILE_MAX = 512 * 1024 * 1024 };

static void
add_fault(struct note *fault, struct span name, const char *what)
{
	char shown[220];

	if (fault->text[0] != '\0')
		return;
	text_show_in(shown, sizeof(shown), name, true);
	note_say(fault, "%s%s", shown, what);
}

void
trust_add_anchor_fault(struct trust *trust, struct span text)
{
	add_fault(&trust->anchor_fault, text, "");
}

void
trust_add_crl_fault(struct trust *trust, struct span text)
{
	add_fault(&trust->crl_fault, text, "");
}

/* STATUS_BAD_SYNTAX: it is damaged. */
static enum status
keep_anchor(struct trust *trust, struct span der, bool with_trust)
{
	const unsigned char *at = (const unsigned char *)der.at;
	const unsigned char *end = at + der.len;
	X509 *one;

	one = with_trust ? d2i_X509_AUX(NULL, &at, (long)der.len)
			 : d2i_X509(NULL, &at, (long)der.len);
	if (one == NULL || at != end) {
		X509_free(one);
		return STATUS_BAD_SYNTAX;
	}
	if (sk_X509_push(trust->anchors, one) > 0)
		return STATUS_OK;
	X509_free(one);
	return STATUS_MEMORY;
}

/* der is borrowed from the file, or from *owned, which moves to the list. */
static enum status
keep_list(
    struct trust *trust, struct span name, struct span der, struct buf *owned)
{
	const unsigned char *at;
	struct trust_list **more, *one;

	more = realloc(
	    trust->list, (trust->lists + 1) * sizeof(struct trust_list *));
	if (more == NULL)
		return STATUS_MEMORY;
	trust->list = more;
	if ((one = calloc(1, sizeof(*one))) == NULL)
		return STATUS_MEMORY;
	if (crl_parse(der, &one->crl) == STATUS_OK) {
		at = (const unsigned char *)one->crl.issuer.at;
		one->from = d2i_X509_NAME(NULL, &at, (long)one->crl.issuer.len);
	}
	if (one->from == NULL) {
		free(one);
		return STATUS_BAD_SYNTAX;
	}
	one->name = name;
	buf_init(&one->der, 0);
	if (owned != NULL) {
		one->der = *owned;
		buf_init(owned, 0);
	}
	trust->list[trust->lists++] = one;
	return STATUS_OK;
}

/* RFC 7468 section 2: base64 with white space.  Appends to *out. */
static enum status
decode(struct span text, struct buf *out)
{
	EVP_ENCODE_CTX *context = EVP_ENCODE_CTX_new();
	enum status status = STATUS_MEMORY;
	int len = 0, more = 0;

	if (context != NULL && text.len < FILE_MAX &&
	    buf_reserve(out, text.len / 4 * 3 + 64)) {
		EVP_DecodeInit(context);
		status =
		    EVP_DecodeUpdate(context, (unsigned char *)out->at, &len,
			(const unsigned char *)text.at, (int)text.len) >= 0 &&
			EVP_DecodeFinal(
			    context, (unsigned char *)out->at + len, &more) == 1
		    ? STATUS_OK
		    : STATUS_BAD_SYNTAX;
		out->len = (size_t)(len + more);
	}
	EVP_ENCODE_CTX_free(context);
	return status;
}

/* One kind of file. */
struct kind {
	bool lists;
	const char *label[4]; /* of PEM; NULL ends them */
	const char *nothing;
};
static const struct kind anchors_kind = { false,
	{ "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE" },
	" holds no certificate" };
static const struct kind lists_kind = { true, { "X509 CRL" },
	" holds no revocation list" };

/* Take "-----BEGIN LABEL-----", what is between and its END off the front.
 * STATUS_END: no more blocks; STATUS_BAD_SYNTAX: no END, which may be behind
 * the next BEGIN. */
static enum status
take_block(struct span *file, struct span *label, struct span *text)
{
	const struct span dashes = SPAN("-----");
	struct span rest = *file, end;
	size_t at = span_find(rest, SPAN("-----BEGIN "));

	*label = *text = span_cut(rest, 0, 0);
	if (at == rest.len)
		return STATUS_END;
	rest = span_cut(rest, at + strlen("-----BEGIN "), rest.len);
	at = span_find(rest, dashes);
	*label = span_cut(rest, 0, at);
	rest = span_cut(rest, at + dashes.len, rest.len);
	at = span_find(rest, dashes);
	*text = span_cut(rest, 0, at);
	*file = rest = span_cut(rest, at, rest.len);
	if (!span_starts(rest, SPAN("-----END ")))
		return STATUS_BAD_SYNTAX;
	rest = span_cut(rest, strlen("-----END "), rest.len);
	end = span_cut(rest, 0, label->len);
	if (!span_eq(end, *label))
		return STATUS_BAD_SYNTAX;
	rest = span_cut(rest, label->len, rest.len);
	if (!span_starts(rest, dashes))
		return STATUS_BAD_SYNTAX;
	*file = span_cut(rest, dashes.len, rest.len);
	return STATUS_OK;
}

static enum status
add_block(struct trust *trust, struct span name, const struct kind *kind,
    struct span label, struct span text)
{
	enum status status;
	struct buf der;

	buf_init(&der, FILE_MAX);
	status = decode(text, &der);
	if (status != STATUS_OK)
		;
	else if (kind->lists)
		status = keep_list(trust, name, buf_span(&der), &der);
	else
		status = keep_anchor(trust, buf_span(&der),
		    span_eq(label, SPAN("TRUSTED CERTIFICATE")));
	buf_clear(&der);
	return status;
}

static bool
is_wanted(const struct kind *kind, struct span label)
{
	size_t i;

	for (i = 0; kind->label[i] != NULL; i++)
		if (span_eq(label, span_of(kind->label[i])))
			return true;
	return false;
}

static enum status
add_pem(struct trust *trust, struct span name, struct span file,
    const struct kind *kind, struct note *fault)
{
	struct span label, text;
	enum status status, one;
	bool found = false;

	for (;;) {
		one = take_block(&file, &label, &text);
		if (one == STATUS_END)
			break;
		if (!is_wanted(kind, label))
			continue;
		found = true;
		if (one == STATUS_OK)
			one = add_block(trust, name, kind, label, text);
		if (one == STATUS_BAD_SYNTAX)
			add_fault(fault, name, " is damaged");
		else if (one != STATUS_OK)
			return one;
	}
	status = STATUS_OK;
	if (!found)
		add_fault(fault, name, kind->nothing);
	return status;
}

static enum status
add_der(struct trust *trust, struct span name, struct span file,
    const struct kind *kind, struct note *fault)
{
	struct span one;
	enum status status = STATUS_BAD_SYNTAX;

	if (der_take_whole(&file, &one))
		status = kind->lists ? keep_list(trust, name, one, NULL)
				     : keep_anchor(trust, one, false);
	if (status == STATUS_OK && span_trim(file).len > 0)
		status = STATUS_BAD_SYNTAX;
	if (status != STATUS_BAD_SYNTAX)
		return status;
	add_fault(fault, name,
	    kind->lists ? " is not a revocation list, or is damaged"
			: " is not a certificate, or is damaged");
	return STATUS_OK;
}

/* A SEQUENCE of more than 127 octets; no text begins like that. */
static bool
is_der(struct span file)
{
	return der_tag(file) == DER_SEQUENCE && file.len > 1 &&
	    (unsigned char)file.at[1] > 0x80;
}

static enum status
add_file(struct trust *trust, struct span name, struct span file,
    const struct kind *kind, struct note *fault)
{
	enum status status;

	status = is_der(file) ? add_der(trust, name, file, kind, fault)
			      : add_pem(trust, name, file, kind, fault);
	ERR_clear_error();
	return status;
}

enum status
trust_add_anchors(struct trust *trust, struct span name, struct span file)
{
	return add_file(trust, name, file, &anchors_kind, &trust->anchor_fault);
}

enum status
trust_add_crls(struct trust *trust, struct span name, struct span file)
{
	return add_file(trust, name, file, &lists_kind, &trust->crl_fault);
}
