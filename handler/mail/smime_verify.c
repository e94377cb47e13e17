/*
 * smime_verify.c - find and verify S/MIME signatures: see smime_verify.h
 *
 * Input: hostile.
 */
#include "mail/smime_verify.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "mail/mbox.h"
#include "mail/received.h"

enum { ENTITY_MAX = 260 * 1024 * 1024, CMS_MAX = 64 * 1024 * 1024 };

void
smime_close(struct smime_signed *open)
{
	cms_free(open->cms);
	open->cms = NULL;
	buf_clear(&open->entity);
}

/* What is signed, in canonical form. */
static enum status
take_entity(bool unquote, struct smime_signed *open, struct note *note)
{
	open->unquoted = unquote;
	buf_clear(&open->entity);
	return smime_canonical(open->content, unquote, &open->entity, note);
}

static enum status
open_found(
    const struct smime *smime, struct smime_signed *out, struct note *note)
{
	enum status status;
	struct span inside;
	struct buf der;

	buf_init(&der, CMS_MAX);
	status = part_decode(&smime->cms, &der);
	if (status == STATUS_BAD_SYNTAX)
		status = note_set(note, STATUS_BAD_SMIME,
		    "the signature's transfer encoding is malformed");
	if (status == STATUS_OK)
		status = cms_parse(buf_span(&der), &out->cms, note);
	if (status == STATUS_MISSING && smime->form == SMIME_OPAQUE)
		out->encrypted = envelope_is(buf_span(&der));
	buf_clear(&der);
	/* A detached signature must be one; an object that says that it is
	 * something else may be that. */
	if (status == STATUS_MISSING && smime->form == SMIME_DETACHED)
		status = STATUS_BAD_SMIME;
	else if (out->encrypted)
		status =
		    note_set(note, STATUS_MISSING, "the message is encrypted");
	else if ((status == STATUS_MISSING || status == STATUS_BAD_SMIME) &&
	    smime->why[0] != '\0')
		status = note_set(
		    note, STATUS_MISSING, "the message is %s", smime->why);
	if (status != STATUS_OK)
		return status;
	out->content = smime->content;
	if (smime->form == SMIME_DETACHED)
		return take_entity(false, out, note);
	if (!cms_content(out->cms, &inside))
		return note_set(note, STATUS_BAD_SMIME,
		    "the message has a signature but not the signed content");
	buf_add(&out->entity, inside);
	return buf_status(&out->entity);
}

enum status
smime_check_signature(
    struct smime_signed *open, size_t signer, struct note *note)
{
	const bool opaque = open->form == SMIME_OPAQUE;
	enum status status;

	status = cms_verify(open->cms, signer,
	    opaque ? SPAN("") : buf_span(&open->entity), note);
	if (status != STATUS_BAD_SMIME || opaque || !open->mbox)
		return status;
	/* An mbox: the other reading of its ">From ". */
	status = take_entity(!open->unquoted, open, note);
	return status != STATUS_OK
	    ? status
	    : cms_verify(open->cms, signer, buf_span(&open->entity), note);
}

enum status
smime_open(struct span message, struct smime_signed *out, struct note *note)
{
	const struct span plain = mbox_strip(message);
	struct smime smime;
	enum status status;

	*out = (struct smime_signed){ .form = SMIME_DETACHED,
		.mbox = plain.len != message.len };
	buf_init(&out->entity, ENTITY_MAX);
	if ((status = smime_find(plain, &smime, note)) != STATUS_OK)
		return status;
	out->form = smime.form;
	if (smime.form == SMIME_NONE)
		return note_set(note, STATUS_MISSING,
		    smime.inside ? "only a part of the message is signed"
				 : "the message is not signed");
	if (smime.form == SMIME_UNKNOWN)
		return note_set(
		    note, STATUS_MISSING, "the message is %s", smime.why);
	return open_found(&smime, out, note);
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
	return status == STATUS_MISSING ? STATUS_OK : status;
}

enum status
smime_check_identity(
    const struct smime_signed *open, struct span address, struct note *note)
{
	char first[ADDRESS_SIZE], shown[200];

	if (cms_is_for(open->cms, address))
		return STATUS_OK;
	if (!cms_first_address(open->cms, first))
		return note_set(note, STATUS_BAD_SIGNER_NAME,
		    "the signer's certificate does not name a mail address");
	text_show_in(shown, sizeof(shown), span_of(first), true);
	if (address.len == 0)
		return note_set(note, STATUS_BAD_SIGNER_NAME,
		    "the From field is not a single address; the signer's "
		    "certificate is for %s",
		    shown);
	return note_set(note, STATUS_BAD_SIGNER_NAME,
	    "the signer's certificate is for %s, not for the sender", shown);
}

enum status
smime_trust_smimea(struct trust *trust, const struct dns_answer *answer,
    size_t *usable, struct note *note)
{
	enum status status = STATUS_OK;
	struct smimea record;
	size_t i;

	if (answer == NULL)
		return STATUS_OK;
	if (answer->state == DNS_BOGUS)
		return note_set(note, STATUS_DNS,
		    "the sender's SMIMEA record fails DNSSEC validation "
		    "(bogus)%s%s",
		    answer->reason[0] != '\0' ? ": " : "", answer->reason);
	if (answer->state == DNS_TROUBLE)
		return note_set(note, STATUS_DNS,
		    "cannot look up the sender's SMIMEA record now%s%s",
		    answer->reason[0] != '\0' ? ": " : "", answer->reason);
	if (answer->state != DNS_SECURE)
		return STATUS_OK;
	for (i = 0; i < answer->count && status == STATUS_OK; i++)
		if (smimea_parse(buf_span(&answer->record[i]), &record) ==
		    STATUS_OK) {
			status = trust_add_smimea(trust, &record);
			++*usable;
		}
	return status;
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

/* The one address of From; empty if it does not have exactly one. */
static void
take_one(const struct header *header, const char *name, char out[ADDRESS_SIZE])
{
	out[0] = '\0';
	if (header_count(header, span_of(name)) == 1)
		(void)!address_sole(header_body(header, span_of(name)), out);
}

/* The addresses that a message says it is from. */
struct sender {
	char from[ADDRESS_SIZE];   /* empty: not one address */
	char sender[ADDRESS_SIZE]; /* the same */
};

static void
take_sender(const struct header *header, struct sender *out)
{
	take_one(header, "From", out->from);
	take_one(header, "Sender", out->sender);
}

/*
 * Fields in a message/rfc822 protect the message around it only if it is the
 * signer's: else the signer forwards what somebody else wrote.
 */
static bool
is_forwarded(const struct smime_signed *open, enum protect_form form,
    const struct sender *inner)
{
	return form == PROTECT_RFC8551 && inner->from[0] != '\0' &&
	    !cms_is_for(open->cms, span_of(inner->from));
}

/* A From that is protected is the one that counts, and the one that is shown
 * must be the same (RFC 9788 section 4.4).  A Sender that is not protected
 * where others are does not count. */
static void
judge_protection(const struct smime_signed *open, struct sender *sender,
    struct smime_report *out)
{
	struct header *inner = malloc(sizeof(*inner));
	enum protect_form form = PROTECT_NONE;
	struct note note = { "" };
	struct sender signed_by;
	struct buf fields;

	buf_init(&fields, HEADER_SIZE_MAX);
	if (inner == NULL ||
	    smime_protected(open, &fields, &form, &note) != STATUS_OK)
		form = PROTECT_NONE;
	if (form != PROTECT_NONE) {
		header_parse(buf_span(&fields), inner);
		take_sender(inner, &signed_by);
		if (is_forwarded(open, form, &signed_by))
			form = PROTECT_NONE;
	}
	out->protection = form;
	if (form != PROTECT_NONE) {
		if (header_count(inner, SPAN("From")) > 0 &&
		    strcmp(signed_by.from, sender->from) != 0) {
			(void)note_set(&note, STATUS_BAD_PROTECTION,
			    "From outside the signature differs from the "
			    "protected one");
			add_error(out, &note);
		}
		(void)memcpy(
		    sender->sender, signed_by.sender, sizeof(sender->sender));
	}
	buf_clear(&fields);
	free(inner);
}

/* RFC 8550 section 3: the signer is From, or Sender.  A Sender of another
 * domain is nobody whom From's domain lets sign for it. */
static bool
is_from_sender(const struct smime_signed *open, const struct sender *sender)
{
	const struct span from = span_of(sender->from);
	const struct span other = span_of(sender->sender);

	return from.len > 0 && other.len > 0 &&
	    span_eq(address_domain(from), address_domain(other)) &&
	    cms_is_for(open->cms, other);
}

/* The user may have said that the signer signs for that address. */
static bool
is_mapped(const struct smime_signed *open, const struct trust *trust,
    struct span from, char out[ADDRESS_SIZE])
{
	struct span rest = trust_identities(trust), line, signer;
	size_t end;

	while (from.len > 0 && rest.len > 0) {
		end = span_find_byte(rest, '\n');
		line = span_cut(rest, 0, end);
		rest = span_cut(rest, end + 1, rest.len);
		end = span_find_byte(line, ' ');
		signer = span_cut(line, end + 1, line.len);
		if (span_eq(span_cut(line, 0, end), from) &&
		    cms_is_for(open->cms, signer) &&
		    span_copy(signer, out, ADDRESS_SIZE))
			return true;
	}
	return false;
}

/* Who signed is shown in any case. */
static void
judge_identity(const struct smime_signed *open, const struct trust *trust,
    const struct sender *sender, struct smime_report *out)
{
	struct note note = { "" };
	char address[ADDRESS_SIZE];

	if (!cms_first_address(open->cms, address))
		address[0] = '\0';
	if (sender->from[0] != '\0' &&
	    cms_is_for(open->cms, span_of(sender->from))) {
		(void)memcpy(address, sender->from, sizeof(address));
	} else if (is_from_sender(open, sender)) {
		(void)memcpy(address, sender->sender, sizeof(address));
		text_show_in(out->why, sizeof(out->why),
		    SPAN("signed by Sender, not by From"), true);
	} else if (is_mapped(open, trust, span_of(sender->from), address)) {
		text_show_in(out->why, sizeof(out->why),
		    SPAN("the signer may sign for From: smime_identities"),
		    true);
	} else if (smime_check_identity(open, span_of(sender->from), &note) !=
	    STATUS_OK) {
		add_error(out, &note);
	}
	text_show_in(out->signer, sizeof(out->signer), span_of(address), true);
	cms_issuer(open->cms, out->issuer, sizeof(out->issuer));
}

/* What one signer's signature, which is good, makes of the message. */
static void
judge_signer(const struct smime_signed *open, const struct trust *trust,
    const struct sender *said, int64_t now, struct smime_report *out)
{
	const int64_t then = out->delivered != 0 ? out->delivered : now;
	struct sender sender = *said;
	struct note note = { "" };
	bool good_then, is_mine;
	enum status status;

	judge_protection(open, &sender, out);
	judge_identity(open, trust, &sender, out);
	is_mine = out->errors == 0;
	status = cms_check_signer(open->cms, trust, now, &note);
	if (status != STATUS_OK)
		add_error(out, &note);
	if (status == STATUS_NET)
		out->passing = 1;
	good_then = is_mine &&
	    (then == now ? status
			 : cms_check_signer(open->cms, trust, then, &note)) ==
		STATUS_OK;
	out->status =
	    out->errors == 0 ? SMIME_STATUS_VERIFIED : SMIME_STATUS_FAILED;
	out->at_delivery =
	    good_then ? SMIME_STATUS_VERIFIED : SMIME_STATUS_FAILED;
}

/*
 * RFC 5652 section 5.1: several may sign, and one whose signature is good and
 * whose message it is makes it good; else the first is what is told of.
 */
static enum status
judge_signers(struct smime_signed *open, const struct trust *trust,
    const struct sender *sender, int64_t now, struct smime_report *out,
    struct buf *correspondent)
{
	struct smime_report *one = malloc(sizeof(*one));
	struct note note = { "" };
	enum status status = one == NULL ? STATUS_MEMORY : STATUS_OK;
	const struct smime_report before = *out;
	size_t i;

	for (i = 0; status == STATUS_OK && i < cms_signers(open->cms) &&
	     out->status != SMIME_STATUS_VERIFIED;
	     i++) {
		*one = before;
		status = smime_check_signature(open, i, &note);
		if (status == STATUS_OK) {
			judge_signer(open, trust, sender, now, one);
		} else if (status == STATUS_BAD_SMIME) {
			add_error(one, &note);
			one->status = one->at_delivery = SMIME_STATUS_FAILED;
			status = STATUS_OK;
		}
		if (i == 0 || one->status == SMIME_STATUS_VERIFIED)
			*out = *one;
	}
	if (status == STATUS_OK && correspondent != NULL &&
	    out->status == SMIME_STATUS_VERIFIED)
		status = cms_correspondent(
		    open->cms, span_of(out->signer), now, correspondent);
	if (status == STATUS_MISSING)
		status = STATUS_OK;
	free(one);
	return status;
}

/* What the header says, which is never encrypted. */
static enum status
judge_header(struct span message, int64_t now, struct sender *sender,
    struct smime_report *out)
{
	struct header *header = malloc(sizeof(*header));

	if (header == NULL)
		return STATUS_MEMORY;
	header_parse(mbox_strip(message), header);
	take_sender(header, sender);
	text_show_in(out->from, sizeof(out->from), span_of(sender->from), true);
	if (received_date(header, &out->delivered) != STATUS_OK ||
	    out->delivered > now)
		out->delivered = 0;
	free(header);
	return STATUS_OK;
}

/* What is signed: the message, or what was encrypted in it. */
static enum status
judge_signed(struct span message, const struct sender *sender,
    struct trust *trust, const struct dns_answer *smimea, int64_t now,
    struct smime_report *out, struct buf *correspondent)
{
	struct smime_signed open = { .form = SMIME_NONE };
	struct note note = { "" };
	enum status status;
	size_t usable = 0;

	status = smime_open(message, &open, &note);
	if (status == STATUS_OK) {
		if (smime_trust_smimea(trust, smimea, &usable, &note) !=
		    STATUS_OK) {
			add_error(out, &note);
			out->passing = 1;
		}
		status = judge_signers(
		    &open, trust, sender, now, out, correspondent);
	} else if (status == STATUS_MISSING) {
		text_show_in(
		    out->why, SMIME_TEXT_SIZE, span_of(note.text), true);
		out->status = out->at_delivery = open.form == SMIME_NONE
		    ? SMIME_STATUS_NULL
		    : SMIME_STATUS_UNKNOWN;
		out->encrypted = open.encrypted;
		status = STATUS_OK;
	} else if (status == STATUS_BAD_SMIME) {
		add_error(out, &note);
		out->status = out->at_delivery = SMIME_STATUS_FAILED;
		status = STATUS_OK;
	}
	smime_close(&open);
	return status;
}

enum status
smime_judge(struct span message, struct trust *trust,
    const struct dns_answer *smimea, int64_t now, struct smime_report *out,
    struct buf *correspondent)
{
	struct sender sender;
	enum status status;

	status = judge_header(message, now, &sender, out);
	return status == STATUS_OK ? judge_signed(message, &sender, trust,
					 smimea, now, out, correspondent)
				   : status;
}

enum status
smime_envelope(struct span message, struct envelope **out)
{
	struct note unused = { "" };
	struct smime smime;
	enum status status;
	struct buf ber;

	status = smime_find(mbox_strip(message), &smime, &unused);
	if (status == STATUS_OK && smime.form != SMIME_OPAQUE)
		status = STATUS_MISSING;
	buf_init(&ber, CMS_MAX);
	if (status == STATUS_OK)
		status = part_decode(&smime.cms, &ber);
	if (status == STATUS_OK)
		status = envelope_parse(buf_span(&ber), out);
	buf_clear(&ber);
	return status == STATUS_BAD_SMIME || status == STATUS_BAD_SYNTAX ||
		status == STATUS_BAD_SIZE
	    ? STATUS_MISSING
	    : status;
}

enum status
smime_judge_opened(struct span message, struct span key, struct trust *trust,
    const struct dns_answer *smimea, int64_t now, struct smime_report *out)
{
	struct envelope *envelope = NULL;
	struct sender sender;
	struct buf content;
	enum status status;

	buf_init(&content, ENTITY_MAX);
	status = judge_header(message, now, &sender, out);
	if (status == STATUS_OK)
		status = smime_envelope(message, &envelope);
	if (status == STATUS_OK)
		status = envelope_open(envelope, key, &content);
	if (status == STATUS_OK)
		status = judge_signed(
		    buf_span(&content), &sender, trust, smimea, now, out, NULL);
	if (status == STATUS_MISSING)
		status = STATUS_OK;
	if (out->status <= SMIME_STATUS_UNKNOWN) {
		out->status = out->at_delivery = SMIME_STATUS_UNKNOWN;
		text_show_in(out->why, SMIME_TEXT_SIZE,
		    SPAN("the message is encrypted, and no signature was found "
			 "inside"),
		    true);
	}
	out->encrypted = 1;
	envelope_free(envelope);
	buf_wipe(&content);
	return status;
}
