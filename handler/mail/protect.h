/*
 * protect.h - read the header fields that an S/MIME signature covers
 *
 * The forms of RFC 9788 (hp="clear": the fields stand in the header of the
 * signed entity itself) and RFC 8551 section 3.1 (the signed entity is a whole
 * message/rfc822).  That of RFC 7508 is a signed attribute: mail/cms.h reads
 * it.  Pure text: a signature covers the result only if it covers the entity.
 */
#ifndef MAIL_PROTECT_H
#define MAIL_PROTECT_H
#include "base/buf.h"
#include "mail/header.h"

enum protect_form {
	PROTECT_NONE,
	PROTECT_RFC9788,
	PROTECT_RFC8551,
	PROTECT_RFC7508
};

const char *protect_form_name(enum protect_form form); /* "RFC 9788" */

/*
 * Where do the protected fields stand in the signed entity?  PROTECT_NONE
 * with STATUS_OK: nowhere.  STATUS_BAD_PROTECTION with a note: a malformed
 * form, or nested signatures.
 */
enum status protect_find(struct span entity, enum protect_form *form,
    struct span *fields, struct note *note) MUST_CHECK;

/*
 * Append the header that counts: the protected fields, and of the outer ones
 * those that RFC 8823 needs and no attacker can gain by (Date, Message-ID,
 * Auto-Submitted).  Ends with an empty line, lines end in LF.
 * STATUS_BAD_PROTECTION with a note: From, To or Subject is not protected; an
 * outer field differs from the protected one; one that steers the answer is
 * only outside.
 */
enum status protect_merge(const struct header *outer,
    const struct header *inner, struct buf *out, struct note *note) MUST_CHECK;
#endif
