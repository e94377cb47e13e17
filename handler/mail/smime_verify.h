/*
 * smime_verify.h - find and verify the S/MIME signature of a message
 *
 * Lives in the verifier process.  It has three callers: the proof of a
 * challenge's sender (reply/authres.h), the status of any message
 * (mail/smime_report.h), and a signature alone (mail/smime_object.h).
 */
#ifndef MAIL_SMIME_VERIFY_H
#define MAIL_SMIME_VERIFY_H
#include "mail/address.h"
#include "mail/cms.h"
#include "mail/dns_answer.h"
#include "mail/envelope.h"
#include "mail/protect.h"
#include "mail/smime.h"
#include "mail/smime_report.h"

/* A valid signature of a signer who is not yet trusted. */
struct smime_signed {
	enum smime_form form;
	struct cms *cms;     /* owned */
	struct buf entity;   /* owned: what is signed, as it is signed */
	bool mbox;           /* the message stood in one */
	bool encrypted;      /* not signed, but encrypted */
	bool unquoted;       /* entity: without the ">" of an mbox */
	struct span content; /* SMIME_DETACHED: the same as it stands */
};

/*
 * Find the signature of the whole message (an mbox "From " line in front is
 * skipped).  STATUS_MISSING with a note: no signature that mailcert can check.
 * STATUS_BAD_SMIME: malformed.  Call smime_close() in any case.
 */
enum status smime_open(struct span message, struct smime_signed *out,
    struct note *note) MUST_CHECK;
/* Check that signer's (one of cms_signers()) signature.  STATUS_BAD_SMIME,
 * STATUS_CRYPTO.  The functions below are for the last valid one. */
enum status smime_check_signature(
    struct smime_signed *open, size_t signer, struct note *note) MUST_CHECK;
void smime_close(struct smime_signed *open);
/* The protected header fields, in whichever form; appended to *out as a header
 * block.  PROTECT_NONE with STATUS_OK: none are protected. */
enum status smime_protected(const struct smime_signed *open, struct buf *out,
    enum protect_form *form, struct note *note) MUST_CHECK;
/* Is the signer's certificate for that address (a normal form)? */
enum status smime_check_identity(const struct smime_signed *open,
    struct span address, struct note *note) MUST_CHECK;

/*
 * Take the SMIMEA records of the sender as trust (RFC 8162 section 6): only
 * what DNSSEC calls secure counts; *usable grows by what does.  answer is
 * borrowed by trust from then on, and may be NULL.  STATUS_DNS: bogus, or no
 * answer.
 */
enum status smime_trust_smimea(struct trust *trust,
    const struct dns_answer *answer, size_t *usable,
    struct note *note) MUST_CHECK;

/*
 * Judge a message; collect all errors, not only the first.  correspondent,
 * where not NULL, takes the certificate of a verified signer to encrypt with,
 * and those above it (cms_correspondent()); it stays empty if the message has
 * no such certificate.
 */
enum status smime_judge(struct span message, struct trust *trust,
    const struct dns_answer *smimea, int64_t now, struct smime_report *out,
    struct buf *correspondent) MUST_CHECK;
/* Find what is encrypted, if it is the whole message.  STATUS_MISSING: it is not,
 * or in a way that mailcert does not know. */
enum status smime_envelope(
    struct span message, struct envelope **out) MUST_CHECK;
/* Find what is encrypted, if it is the whole message.  STATUS_MISSING: it is not,
 * or in a way that mailcert does not know. */
enum status smime_envelope(
    struct span message, struct envelope **out) MUST_CHECK;
/*
 * The same of an encrypted message, with the key that was unwrapped.  If there is
 * no signature inside, it is UNKNOWN with one and the same sentence, be it that
 * it is not signed, that the key is wrong or that the content was changed:
 * whoever sent it could learn from the difference.
 */
enum status smime_judge_opened(struct span message, struct span key,
    struct trust *trust, const struct dns_answer *smimea, int64_t now,
    struct smime_report *out) MUST_CHECK;
#endif
