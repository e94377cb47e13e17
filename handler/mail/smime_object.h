/*
 * smime_object.h - verify a CMS signature without the message around it
 *
 * What mutt's classic back end hands over: it takes messages apart itself.  Who
 * the message says it is from is not known here, so the caller must show who
 * signed.  Lives in the verifier process.
 */
#ifndef MAIL_SMIME_OBJECT_H
#define MAIL_SMIME_OBJECT_H
#include "mail/cms.h"

enum { SMIME_OBJECT_NAMES_MAX = 16 /* addresses of one certificate */ };

/*
 * der: the object, decoded.  content: the entity that is signed, with its
 * header; NULL: it is inside the object.  Append as frames:
 *
 *	error*		why not to believe it: the signature, or the signer
 *	address*	of the signer's certificate, all of them
 *	issuer		of that certificate
 *	content?	what is inside the object, believed or not
 *
 * Without an error, one signer's signature is valid and that signer trusted at
 * that time; else they are those of the first signer.  All but content is safe
 * text.  STATUS_CRYPTO, STATUS_MEMORY.
 */
enum status smime_object_judge(struct span der, const struct span *content,
    const struct trust *trust, int64_t now, struct buf *out) MUST_CHECK;
#endif
