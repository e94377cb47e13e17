/*
 * smime.h - find the S/MIME signature of a message (RFC 8551 section 3)
 *
 * Structure only, no cryptography.  A signature counts only if it covers the
 * whole message: a deeper one proves nothing about the header.  A message is
 * refused if MIME readers disagree about which octets are signed; what those
 * octets mean does not matter here.
 */
#ifndef MAIL_SMIME_H
#define MAIL_SMIME_H
#include "mail/mime.h"

enum smime_form {
	SMIME_NONE,     /* the message has no S/MIME type */
	SMIME_DETACHED, /* multipart/signed with application/pkcs7-signature */
	SMIME_OPAQUE,   /* application/pkcs7-mime: look inside */
	SMIME_UNKNOWN   /* OpenPGP ... */
};

struct smime {
	enum smime_form form;
	struct span content; /* SMIME_DETACHED: the signed entity, raw */
	struct part cms;     /* the part that holds the CMS object */
	bool inside;         /* SMIME_NONE, but a part of it has such a type */
	const char *why;     /* SMIME_UNKNOWN, or SMIME_OPAQUE that says that it
				is not signed: a plain word or two */
};

/* The cheap look: might this be S/MIME at all? */
bool smime_is_likely(const struct header *header);
/*
 * Find it in a message that begins with its header.  Spans point into
 * message.  STATUS_BAD_SMIME with a note: S/MIME, but not one structure that
 * everybody reads the same way.
 */
enum status smime_find(
    struct span message, struct smime *out, struct note *note) MUST_CHECK;
/*
 * Append an entity as it is signed: line endings as CRLF (RFC 8551 section
 * 3.1.1).  unquote: it stood in an mbox, ">From " was "From ".
 * STATUS_BAD_SMIME: it holds NUL or bare CR.
 */
enum status smime_canonical(struct span entity, bool unquote, struct buf *out,
    struct note *note) MUST_CHECK;
#endif
