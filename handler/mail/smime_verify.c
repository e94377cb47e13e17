/* smime_verify.c - S/MIME signatures, checked: see smime_verify.h.  Input:
 * hostile. */
#include "mail/smime_verify.h"
#include "mail/mbox.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "mail/received.h"

enum { ENTITY_MAX = 260 * 1024 * 1024, CMS_MAX = 64 * 1024 * 1024 };

void
smime_close(struct smime_signed *open)
{
	cms_free(open->cms);
	open->cms = NULL;
	buf_clear(&open->entity);
}

/* Canonical form, and the signature over it. */
static enum status
check_detached(struct span content, bool unquote, struct smime_signed *out,
    struct note *note)
{
	enum status status;

	buf_clear(&out->entity);
	status = smime_canonical(content, unquote, &out->entity, note);
	if (status == STATUS_OK)
		status = cms_verify(out->cms, buf_span(&out->entity), note);
	return status;
}

static enum status
check_opaque(struct smime_signed *out, struct note *note)
{
	struct span inside;
	enum status status;

	if (!cms_content(out->cms, &inside))
		return note_set(note, STATUS_BAD_SMIME,
		    "the signature is here, but what it signs is not");
	status = cms_verify(out->cms, SPAN(""), note);
	if (status == STATUS_OK) {
		buf_add(&out->entity, inside);
		status = buf_status(&out->entity);
	}
	return status;
}

static enum status
open_found(const struct smime *smime, bool mbox, struct smime_signed *out,
    struct note *note)
{
	enum status status;
	struct buf der;

	buf_init(&der, CMS_MAX);
	status = part_decode(&smime->cms, &der);
	if (status == STATUS_BAD_SYNTAX)
		status = note_set(note, STATUS_BAD_SMIME,
		    "the signature's transfer encoding is broken");
	if (status == STATUS_OK)
		status = cms_parse(buf_span(&der), &out->cms, note);
	/* A detached signature must be one. */
	if (status == STATUS_NO && smime->form == SMIME_DETACHED)
		status = STATUS_BAD_SMIME;
	if (status == STATUS_OK && smime->form == SMIME_OPAQUE)
		status = check_opaque(out, note);
	else if (status == STATUS_OK) {
		status = check_detached(smime->content, false, out, note);
		if (status == STATUS_BAD_SMIME && mbox)
			status =
			    check_detached(smime->content, true, out, note);
	}
	buf_clear(&der);
	return status;
}

enum status
smime_open(struct span message, struct smime_signed *out, struct note *note)
{
	const struct span plain = mbox_strip(message);
	struct smime smime;
	enum status status;

	out->cms = NULL;
	buf_init(&out->entity, ENTITY_MAX);
	out->form = SMIME_DETACHED;
	if ((status = smime_find(plain, &smime, note)) != STATUS_OK)
		return status;
	out->form = smime.form;
	if (smime.form == SMIME_NONE)
		return note_set(note, STATUS_NO,
		    smime.inside ? "only a part of the message is signed"
				 : "the message is not signed");
	if (smime.form == SMIME_UNKNOWN)
		return note_set(
		    note, STATUS_NO, "the message is %s", smime.why);
	return open_found(&smime, plain.len != message.len, out, note);
}

enum status
smime_protected(const struct smime_signed *open, struct buf *out,
    enum protect_form *form, struct note *note)
{
	struct span fields;
	enum status status;

	status = protect_find(buf_span(&open->entity), form, &fields, note);
	if (status != STATUS_OK)
		return status;
	if (*form != PROTECT_NONE) {
		buf_add(out, fields);
		return buf_status(out);
	}
	status = cms_header_fields(open->cms, out, note);
	if (status == STATUS_OK)
		*form = PROTECT_RFC7508;
	return status == STATUS_NO ? STATUS_OK : status;
}

enum status
smime_check_identity(
    const struct smime_signed *open, struct span address, struct note *note)
{
	const size_t count = cms_address_count(open->cms);
	char shown[200];
	size_t i;

	for (i = 0; i < count; i++)
		if (span_eq(span_of(cms_address(open->cms, i)), address))
			return STATUS_OK;
	if (count == 0)
		return note_set(note, STATUS_BAD_SIGNER_NAME,
		    "the signer's certificate names no mail address");
	text_show_in(
	    shown, sizeof(shown), span_of(cms_address(open->cms, 0)), true);
	return note_set(note, STATUS_BAD_SIGNER_NAME,
	    "the signer's certificate is for %s, not for the sender", shown);
}

enum status
smime_trust_smimea(struct trust *trust, const struct dns_answer *answer,
    size_t *usable, struct note *note)
{
	struct smimea record;
	size_t i;

	if (answer == NULL)
		return STATUS_OK;
	if (answer->state == DNS_BOGUS)
		return note_set(note, STATUS_DNS,
		    "DNSSEC calls the sender's SMIMEA record bogus");
	if (answer->state == DNS_TROUBLE)
		return note_set(note, STATUS_DNS,
		    "the sender's SMIMEA record cannot be looked up now");
	if (answer->state != DNS_SECURE)
		return STATUS_OK;
	for (i = 0; i < answer->count; i++)
		if (smimea_parse(buf_span(&answer->record[i]), &record) ==
		    STATUS_OK) {
			trust_add_smimea(trust, &record);
			++*usable;
		}
	return STATUS_OK;
}

static void
add_error(struct smime_report *out, const struct note *note)
{
	size_t i;

	for (i = 0; i < out->errors; i++)
		if (strcmp(out->error[i], note->text) == 0)
			return;
	if (out->errors < SMIME_ERRORS_MAX)
		text_show_in(out->error[out->errors++], SMIME_TEXT_SIZE,
		    span_of(note->text), true);
}

/* The one address of From; empty where it is none or several. */
static void
take_from(const struct header *header, char out[ADDRESS_SIZE])
{
	out[0] = '\0';
	if (header_count(header, SPAN("From")) == 1)
		(void)!address_sole(header_body(header, SPAN("From")), out);
}

/* A From that is protected is the one that counts, and the one that is shown
 * must be the same (RFC 9788 section 4.4). */
static void
judge_protection(const struct smime_signed *open, const char *outer,
    struct smime_report *out)
{
	struct header *inner = malloc(sizeof(*inner));
	enum protect_form form = PROTECT_NONE;
	char from[ADDRESS_SIZE];
	struct note note = { "" };
	struct buf fields;

	buf_init(&fields, HEADER_SIZE_MAX);
	if (inner == NULL ||
	    smime_protected(open, &fields, &form, &note) != STATUS_OK)
		form = PROTECT_NONE;
	out->protection = form;
	if (form != PROTECT_NONE) {
		header_parse(buf_span(&fields), inner);
		take_from(inner, from);
		if (header_count(inner, SPAN("From")) > 0 &&
		    strcmp(from, outer) != 0) {
			(void)note_set(&note, STATUS_BAD_PROTECTION,
			    "the From that is signed is another than the one "
			    "outside");
			add_error(out, &note);
		}
	}
	buf_clear(&fields);
	free(inner);
}

/* The address that counts, else the first: who signed. */
static void
take_signer(
    const struct smime_signed *open, const char *from, struct smime_report *out)
{
	const size_t count = cms_address_count(open->cms);
	size_t i, best = 0;

	for (i = 0; i < count; i++)
		if (strcmp(cms_address(open->cms, i), from) == 0)
			best = i;
	if (count > 0)
		text_show_in(out->signer, sizeof(out->signer),
		    span_of(cms_address(open->cms, best)), true);
	cms_issuer(open->cms, out->issuer, sizeof(out->issuer));
}

static void
judge_signer(const struct smime_signed *open, struct trust *trust,
    const struct dns_answer *smimea, const char *from, int64_t now,
    struct smime_report *out)
{
	size_t usable = 0;
	const int64_t then = out->delivered != 0 ? out->delivered : now;
	struct note note = { "" };
	bool good_then;

	take_signer(open, from, out);
	if (smime_check_identity(open, span_of(from), &note) != STATUS_OK)
		add_error(out, &note);
	judge_protection(open, from, out);
	if (smime_trust_smimea(trust, smimea, &usable, &note) != STATUS_OK) {
		add_error(out, &note);
		out->passing = 1;
	}
	good_then = out->errors == 0 &&
	    cms_check_signer(open->cms, trust, then, &note) == STATUS_OK;
	if (cms_check_signer(open->cms, trust, now, &note) != STATUS_OK)
		add_error(out, &note);
	out->status =
	    out->errors == 0 ? SMIME_STATUS_VERIFIED : SMIME_STATUS_FAILED;
	out->at_delivery =
	    good_then ? SMIME_STATUS_VERIFIED : SMIME_STATUS_FAILED;
}

enum status
smime_judge(struct span message, struct trust *trust,
    const struct dns_answer *smimea, int64_t now, struct smime_report *out)
{
	struct header *header = malloc(sizeof(*header));
	struct smime_signed open = { 0 };
	struct note note = { "" };
	char from[ADDRESS_SIZE];
	enum status status;

	if (header == NULL)
		return STATUS_MEMORY;
	header_parse(mbox_strip(message), header);
	take_from(header, from);
	text_show_in(out->from, sizeof(out->from), span_of(from), true);
	if (received_date(header, &out->delivered) != STATUS_OK ||
	    out->delivered > now)
		out->delivered = 0;
	free(header);
	status = smime_open(message, &open, &note);
	if (status == STATUS_OK) {
		judge_signer(&open, trust, smimea, from, now, out);
	} else if (status == STATUS_NO) {
		text_show_in(
		    out->why, SMIME_TEXT_SIZE, span_of(note.text), true);
		out->status = out->at_delivery = open.form == SMIME_NONE
		    ? SMIME_STATUS_NULL
		    : SMIME_STATUS_UNKNOWN;
		status = STATUS_OK;
	} else if (status == STATUS_BAD_SMIME) {
		add_error(out, &note);
		out->status = out->at_delivery = SMIME_STATUS_FAILED;
		status = STATUS_OK;
	}
	smime_close(&open);
	return status;
}
