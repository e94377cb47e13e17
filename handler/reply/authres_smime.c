/*
 * authres_smime.c - verify S/MIME as proof of the sender: see authres.h
 *
 * Input: hostile.  In this order: the signature is good; the signer may be
 * believed; the certificate is the sender's; the header that counts is the
 * protected one.
 */
#include <stdlib.h>
#include <string.h>

#include "mail/mbox.h"
#include "mail/smime_verify.h"
#include "reply/authres.h"

/* The challenge that the protected fields make. */
static enum status
take_challenge(const struct smime_signed *open, struct span message,
    const struct challenge_rules *rules, struct authres_proof *out,
    struct challenge *proven, struct note *note)
{
	struct header *outer = malloc(sizeof(*outer));
	struct header *inner = malloc(sizeof(*inner));
	enum protect_form form = PROTECT_NONE;
	enum status status = STATUS_MEMORY;
	struct buf fields, merged;

	buf_init(&fields, HEADER_SIZE_MAX + 2);
	buf_init(&merged, 2 * HEADER_SIZE_MAX);
	if (outer != NULL && inner != NULL)
		status = smime_protected(open, &fields, &form, note);
	if (status == STATUS_OK && form == PROTECT_NONE)
		status = note_set(note, STATUS_BAD_PROTECTION,
		    "the message is signed, but its header is not protected");
	if (status == STATUS_OK) {
		header_parse(mbox_strip(message), outer);
		header_parse(buf_span(&fields), inner);
		status = protect_merge(outer, inner, &merged, note);
	}
	if (status == STATUS_OK)
		status =
		    challenge_parse(buf_span(&merged), rules, proven, note);
	out->protection = form;
	buf_clear(&merged);
	buf_clear(&fields);
	free(inner);
	free(outer);
	return status;
}

enum status
authres_smime(const struct authres_question *question,
    struct authres_proof *out, struct challenge *proven, struct note *note)
{
	const struct span from = question->from;
	struct smime_signed open = { .form = SMIME_NONE };
	size_t usable = 0;
	enum status status;

	*out = (struct authres_proof){ .method = AUTHRES_SMIME,
		.dns = DNS_TROUBLE };
	status = smime_open(question->message, &open, note);
	if (status == STATUS_MISSING)
		status = STATUS_NO_AUTHRES;
	/* A CA signs alone: docs/leniency.md. */
	if (status == STATUS_OK && cms_signers(open.cms) > 1)
		status = note_set(note, STATUS_BAD_SMIME,
		    "the message has more than one signer");
	if (status == STATUS_OK)
		status = smime_check_signature(&open, 0, note);
	if (status == STATUS_OK)
		status = smime_trust_smimea(question->trust,
		    question->answers > 0 ? question->answer : NULL, &usable,
		    note);
	if (status == STATUS_OK)
		status = cms_check_signer(
		    open.cms, question->trust, question->when, note);
	if (status == STATUS_OK)
		status = smime_check_identity(&open, from, note);
	if (status == STATUS_OK)
		status = take_challenge(&open, question->message,
		    &question->rules, out, proven, note);
	if (status == STATUS_OK &&
	    !span_eq(span_of(proven->claimed_from), from))
		status = note_set(note, STATUS_BAD_PROTECTION,
		    "the protected From field differs from the sender");
	if (usable > 0)
		out->dns = DNS_SECURE;
	if (status == STATUS_OK &&
	    (!span_copy(from, out->signer, sizeof(out->signer)) ||
		!span_copy(
		    address_domain(from), out->domain, sizeof(out->domain))))
		status = STATUS_BAD_SIGNER_NAME;
	if (status == STATUS_OK)
		cms_issuer(open.cms, out->issuer, sizeof(out->issuer));
	smime_close(&open);
	return status;
}
