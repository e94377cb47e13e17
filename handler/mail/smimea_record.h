/*
 * smimea_record.h - certificates in SMIMEA records (RFC 8162, RFC 6698)
 *
 * To make a record of a certificate, and to tell what records that were looked
 * up are good for.  Lives in the verifier.
 */
#ifndef MAIL_SMIMEA_RECORD_H
#define MAIL_SMIMEA_RECORD_H
#include <stdint.h>

#include "mail/cms.h"
#include "mail/dns_answer.h"

/*
 * Append the data of the record, as on the wire, for a chain in PEM, the leaf
 * first, or one certificate in DER.  Usages 0 and 2 are about the CA that has
 * issued it: the next one of the chain; 1 and 3 about the leaf.
 * kind->data is not used.  STATUS_BAD_FILE with a note: no certificate is
 * there, or none of its CA.
 */
enum status smimea_make(struct span chain, const struct smimea *kind,
    struct buf *out, struct note *note) MUST_CHECK;

struct smimea_question {
	const struct dns_answer *answer;
	/* What exact certificates are checked against. */
	const struct trust *trust;
	struct span address; /* in normal form */
	int64_t now;
};
/*
 * Append a frame "record" for each record of the answer.  Its value is frames:
 *
 *	usage, selector, matching	numbers
 *	data	in hexadecimal digits
 *	fault	a sentence: why nothing can be done with it; or missing
 *	certificate	that it holds as a whole; or missing.  Frames:
 *		pem	in PEM
 *		sha256	fingerprint, 64 hexadecimal digits
 *		issuer	safe text
 *		address	each of its mail addresses, safe text
 *		starts, expires	seconds since 1970
 *		capability	each algorithm of its S/MIME capabilities (RFC
 *			4262), the preferred one first, safe text
 *		fault	why nobody may encrypt to it: it has expired, was
 *			revoked, is of another address, ...; or missing
 *
 * STATUS_BAD_SIZE: they do not fit; STATUS_MEMORY, STATUS_CRYPTO.
 */
enum status smimea_describe(
    const struct smimea_question *question, struct buf *out) MUST_CHECK;
/*
 * The same of a chain to compare, as a frame "compared" whose value is the
 * frames of a certificate, and "match" for each record that names it: its
 * number, from 0.  STATUS_BAD_FILE with a note.
 */
enum status smimea_compare(const struct smimea_question *question,
    struct span chain, struct buf *out, struct note *note) MUST_CHECK;
#endif
