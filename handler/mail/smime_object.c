/*
 * smime_object.c - a CMS signature on its own: see smime_object.h
 *
 * Input: hostile.
 */
#include "mail/smime_object.h"

#include "base/frame.h"
#include "base/text.h"
#include "mail/smime_verify.h"

enum { ENTITY_MAX = 260 * 1024 * 1024, NAMES_MAX = 64 * 1024 };

static void
add_text(struct buf *out, const char *name, const char *text)
{
	char shown[SMIME_TEXT_SIZE];

	text_show_in(shown, sizeof(shown), span_of(text), true);
	frame_add(out, name, span_of(shown));
}

/* Who that is, by the certificate; false: it names no address, an error. */
static bool
add_signer(const struct cms *cms, struct buf *out)
{
	char address[SMIME_OBJECT_NAMES_MAX][ADDRESS_SIZE];
	char issuer[SMIME_TEXT_SIZE];
	const size_t count =
	    cms_addresses(cms, address, SMIME_OBJECT_NAMES_MAX);
	size_t i;

	if (count == 0)
		add_text(out, "error",
		    "the signer's certificate does not name a mail address");
	for (i = 0; i < count; i++)
		add_text(out, "address", address[i]);
	cms_issuer(cms, issuer, sizeof(issuer));
	frame_add(out, "issuer", span_of(issuer));
	return count > 0;
}

/* The frames of one signer; *good: there is no error among them. */
static enum status
judge_signer(struct smime_signed *open, size_t signer,
    const struct trust *trust, int64_t now, struct buf *out, bool *good)
{
	struct note note = { "" };
	enum status status = smime_check_signature(open, signer, &note);

	*good = status == STATUS_OK;
	if (status == STATUS_BAD_SMIME) {
		add_text(out, "error", note.text);
		frame_add(out, "issuer", SPAN(""));
		return STATUS_OK;
	}
	if (status != STATUS_OK)
		return status;
	if (cms_check_signer(open->cms, trust, now, &note) != STATUS_OK) {
		*good = false;
		add_text(out, "error", note.text);
	}
	*good = add_signer(open->cms, out) && *good;
	return buf_status(out);
}

/* The first signer, or the first one who is believed. */
static enum status
judge_signers(struct smime_signed *open, const struct trust *trust, int64_t now,
    struct buf *out)
{
	struct buf first, one;
	enum status status = STATUS_OK;
	bool good = false;
	size_t i;

	buf_init(&first, NAMES_MAX);
	buf_init(&one, NAMES_MAX);
	for (i = 0; status == STATUS_OK && !good && i < cms_signers(open->cms);
	     i++) {
		buf_cut(&one, 0);
		status = judge_signer(open, i, trust, now, &one, &good);
		if (i == 0)
			buf_add(&first, buf_span(&one));
	}
	if (status == STATUS_OK)
		buf_add(out, buf_span(good ? &one : &first));
	buf_clear(&one);
	buf_clear(&first);
	return status;
}

/* What is signed, where the object says so or beside it. */
static enum status
take_entity(
    struct smime_signed *open, const struct span *content, struct note *note)
{
	struct span inside;

	if (content != NULL)
		return smime_canonical(*content, false, &open->entity, note);
	if (!cms_content(open->cms, &inside))
		return note_set(note, STATUS_BAD_SMIME,
		    "the message has a signature but not the signed content");
	buf_add(&open->entity, inside);
	return buf_status(&open->entity);
}

enum status
smime_object_judge(struct span der, const struct span *content,
    const struct trust *trust, int64_t now, struct buf *out)
{
	struct smime_signed open = { .form = content != NULL ? SMIME_DETACHED
							     : SMIME_OPAQUE };
	struct note note = { "" };
	enum status status;

	buf_init(&open.entity, ENTITY_MAX);
	status = cms_parse(der, &open.cms, &note);
	if (status == STATUS_MISSING)
		status =
		    note_set(&note, STATUS_BAD_SMIME, "it is not a signature");
	if (status == STATUS_OK)
		status = take_entity(&open, content, &note);
	if (status == STATUS_OK) {
		status = judge_signers(&open, trust, now, out);
	} else if (status == STATUS_BAD_SMIME) {
		add_text(out, "error", note.text);
		frame_add(out, "issuer", SPAN(""));
		status = STATUS_OK;
	}
	if (status == STATUS_OK && content == NULL && open.entity.len > 0)
		frame_add(out, "content", buf_span(&open.entity));
	smime_close(&open);
	return status == STATUS_OK ? buf_status(out) : status;
}
