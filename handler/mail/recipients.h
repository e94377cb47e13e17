/*
 * recipients.h - find whom a message is encrypted to (RFC 5652 section 6.2)
 *
 * Lives in the verifier.  Nothing is decrypted here: it has no keys.
 */
#ifndef MAIL_RECIPIENTS_H
#define MAIL_RECIPIENTS_H
#include "base/buf.h"

struct recipients; /* of one EnvelopedData */

/* STATUS_BAD_SMIME with a note: not EnvelopedData in DER, nor
 * AuthEnvelopedData.  Owned by the caller: recipients_free(). */
enum status recipients_parse(
    struct span der, struct recipients **out, struct note *note) MUST_CHECK;
void recipients_free(struct recipients *recipients);
/* Is that certificate, in PEM, one of them? */
bool recipients_have(const struct recipients *recipients, struct span pem);
#endif
