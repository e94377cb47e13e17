/*
 * word.h - unfold unstructured text and decode encoded words (RFC 2047)
 *
 * RFC 2047, with the language suffix of RFC 2231 section 5.  Decoded once and
 * strictly; what is not an encoded word to the letter stays as it is.  No
 * character set name of a message ever reaches iconv: UTF-8, US-ASCII,
 * ISO-8859-1 and Windows-1252 are decoded here, all others stay as they are.
 */
#ifndef MAIL_WORD_H
#define MAIL_WORD_H
#include "base/buf.h"

struct words {
	bool any;           /* at least one encoded word */
	bool other_charset; /* one in a set beside UTF-8 and US-ASCII */
	bool bad_text;      /* octets that its set does not have, or that
			     * are not well-formed UTF-8 */
};

/*
 * Append body, unfolded and decoded, as UTF-8.  Octets of other character
 * sets come out as they are (other_charset is set then).
 * STATUS_BAD_SIZE: out's ceiling is reached.
 */
enum status words_decode(
    struct buf *out, struct span body, struct words *words) MUST_CHECK;

/* Decode base64 (RFC 2045 section 6.8) leniently, as mail demands: line endings
 * and blanks are skipped.  False at any other foreign octet. */
bool base64_decode(struct buf *out, struct span text);
/* Decode quoted-printable (RFC 2045 section 6.7). */
void quoted_printable_decode(struct buf *out, struct span text);
#endif
