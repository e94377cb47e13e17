/*
 * cms.h - verify one CMS signature and its signer (RFC 5652)
 *
 * RFC 5652 as RFC 8551 and 8550 use it: one SignedData, SHA-256 and up, a
 * certificate that may sign mail.  Lives in the verifier process,
 * the one with libcrypto.  Each step is a function of its own, so that the
 * caller says what it believes after which.
 */
#ifndef MAIL_CMS_H
#define MAIL_CMS_H
#include <stdint.h>

#include "base/buf.h"
#include "mail/address.h"
#include "mail/smimea.h"

enum { CMS_CERTIFICATES_MAX = 50 /* in one message */ };

struct cms;   /* a parsed SignedData */
struct trust; /* what a signer is checked against */

/*
 * STATUS_BAD_SMIME with a note: not SignedData, bytes left over, or no signer.
 * STATUS_MISSING: CMS, but not signed.
 */
enum status cms_parse(
    struct span der, struct cms **out, struct note *note) MUST_CHECK;
void cms_free(struct cms *cms);
/* The content that is inside, borrowed; false: it is detached. */
bool cms_content(const struct cms *cms, struct span *out);
/* How many signed it: one at least. */
size_t cms_signers(const struct cms *cms);

/*
 * Is that signer's signature over the content valid, whoever made it?  content
 * is in the form of smime_canonical() and only for what is detached, else
 * empty.  STATUS_BAD_SMIME: it is not, or its digest is weaker than SHA-256;
 * STATUS_CRYPTO.
 */
enum status cms_verify(struct cms *cms, size_t signer, struct span content,
    struct note *note) MUST_CHECK;

/* The functions below are for the signer whose signature cms_verify() found
 * valid last. */

/*
 * Is the signer trusted at that time?  STATUS_BAD_SIGNER_TRUST with a
 * note: no chain to an anchor, expired, revoked, perhaps revoked, not for
 * signing mail.  STATUS_NET: perhaps revoked, and the CA cannot be asked now.
 */
enum status cms_check_signer(struct cms *cms, const struct trust *trust,
    int64_t when, struct note *note) MUST_CHECK;

/*
 * Is the signer's certificate for that address, a normal form?  rfc822Name and
 * SmtpUTF8Mailbox (RFC 9598) count, never the name of the subject.  Compared
 * are octets: the domain in the certificate is ASCII, with or without upper
 * case.
 */
bool cms_is_for(const struct cms *cms, struct span address);
/* The first address of the certificate, in normal form; false: none. */
bool cms_first_address(const struct cms *cms, char out[ADDRESS_SIZE]);
/* Its addresses in normal form, at most that many; returns how many. */
size_t cms_addresses(
    const struct cms *cms, char out[][ADDRESS_SIZE], size_t most);
/*
 * Append, in PEM, the certificate to encrypt to the signer with, and those
 * above it in the message.  It is the one that the signer prefers (RFC 8551
 * section
 * 2.5.3), else the signer's own, else another one for that address by the same
 * CA.  Call it after cms_check_signer().  STATUS_MISSING: none can encrypt;
 * STATUS_CRYPTO.
 */
enum status cms_correspondent(struct cms *cms, struct span address, int64_t now,
    struct buf *out) MUST_CHECK;
/* Safe text of who issued the signer's certificate. */
void cms_issuer(const struct cms *cms, char *out, size_t size);
/*
 * Append the fields of RFC 7508's signed attribute as header fields.
 * STATUS_MISSING: no such attribute; STATUS_BAD_PROTECTION: it is malformed, or
 * says that fields were deleted or modified.
 */
enum status cms_header_fields(
    const struct cms *cms, struct buf *out, struct note *note) MUST_CHECK;

struct trust *trust_new(void); /* NULL: no memory */
void trust_free(struct trust *trust);
/*
 * Add the certificates of a file as anchors, the lists of one as revocation
 * lists: PEM, as many as there are, or one in DER.  An unreadable or empty
 * file is kept as a fault: the note about an untrusted signer names it, and as
 * long as one exists, a missing list may be the one that revokes.  name is the
 * file's; both spans are borrowed until trust_free().  STATUS_MEMORY.
 */
enum status trust_add_anchors(
    struct trust *trust, struct span name, struct span file) MUST_CHECK;
enum status trust_add_crls(
    struct trust *trust, struct span name, struct span file) MUST_CHECK;
/* The same for a file that could not be opened: why, with its name. */
void trust_add_anchor_fault(struct trust *trust, struct span text);
void trust_add_crl_fault(struct trust *trust, struct span text);

enum trust_revocation {
	TRUST_REVOCATION_OFF,  /* not checked */
	TRUST_REVOCATION_SOFT, /* unknown counts as not revoked */
	TRUST_REVOCATION_HARD, /* a signer's status must be known */
	TRUST_REVOCATION_COUNT
};
/* "off", "soft", "hard"; false: another word. */
bool trust_revocation_parse(struct span text, enum trust_revocation *out);
/* The default is off. */
void trust_set_revocation(
    struct trust *trust, enum trust_revocation revocation);
/*
 * Where the lists do not tell, the CA itself may be asked: for its lists, by
 * OCSP.  This program asks nobody: it says what to retrieve, and is asked again
 * with what came of that.
 *
 * trust_add_answer(): key: of what was retrieved, as in trust_wants(); an OCSP
 * response, or with `fault` the sentence that says why it is missing, borrowed.
 * (Lists are for trust_add_crls().)  STATUS_USAGE: without
 * trust_set_retrieval().
 */
enum { CMS_URL_SIZE = 512 };
enum status trust_set_retrieval(
    struct trust *trust, bool lists, bool ocsp) MUST_CHECK;
enum status trust_add_answer(struct trust *trust, struct span key,
    struct span answer, bool fault) MUST_CHECK;
/*
 * What would settle what stayed open, borrowed: frames "want", for one
 * certificate each, of frames "place" in the order to ask them in, of
 *	key	64 hexadecimal digits
 *	url	begins with "http://"
 *	request	of OCSP what to send; empty: it is a list
 */
struct span trust_wants(const struct trust *trust);
/*
 * Who may sign for whom besides himself: lines "FROM SIGNER", normal forms,
 * borrowed.  The user decides that; no message does.
 */
void trust_set_identities(struct trust *trust, struct span lines);
struct span trust_identities(const struct trust *trust);
/*
 * Add a DNSSEC-secure record of the sender (RFC 8162 section 6);
 * its data is borrowed.  As soon as one is usable, one must match.
 * STATUS_MEMORY.
 */
enum status trust_add_smimea(
    struct trust *trust, const struct smimea *record) MUST_CHECK;
#endif
