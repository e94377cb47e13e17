/*
 * der.h - read DER, one value at a time (X.690 section 10)
 *
 * Zero-copy, without recursion: the caller, who knows what it should be, reads
 * the inside of a value.  Definite, shortest lengths only, and tags of one
 * octet: all that certificates, revocation lists and attributes have.
 */
#ifndef MAIL_DER_H
#define MAIL_DER_H
#include <stdint.h>

#include "base/span.h"

enum der_tag {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BITS = 0x03,
	DER_OCTETS = 0x04,
	DER_OID = 0x06,
	DER_ENUMERATED = 0x0a,
	DER_UTF8 = 0x0c,
	DER_UTC_TIME = 0x17,
	DER_TIME = 0x18, /* GeneralizedTime */
	DER_VISIBLE = 0x1a,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31
};
/* Context-specific tags, "[n] IMPLICIT" and "[n] EXPLICIT" or constructed. */
#define DER_PRIMITIVE(n) (0x80 | (n))
#define DER_CONTEXT(n) (0xa0 | (n))

/* Which tag comes next?  0: nothing is left. */
unsigned char der_tag(struct span s);
/*
 * Take a value of that tag off the front of *s: *value is its content.  False,
 * with *s where it was, if another one is there or it does not fit into *s.
 */
bool der_take(struct span *s, unsigned char tag, struct span *value);
/* The same for any tag; *value is the whole, identifier and length included. */
bool der_take_whole(struct span *s, struct span *value);
/*
 * UTCTime or GeneralizedTime as RFC 5280 section 4.1.2.5 writes them: with
 * seconds, in Zulu time.
 */
bool der_take_time(struct span *s, int64_t *out);
#endif
