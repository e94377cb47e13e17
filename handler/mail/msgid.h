/* msgid.h - read message identifiers (RFC 5322 section 3.6.4) */
#ifndef MAIL_MSGID_H
#define MAIL_MSGID_H
#include "base/buf.h"

enum { MSGID_MAX = 250, REFERENCES_MAX = 900 };

/* Take one "<left@right>" off the front of *s, blanks before it skipped.
 * Printable US-ASCII only, MSGID_MAX octets at the most. */
bool msgid_take(struct span *s, struct span *out);
/* Exactly one, and nothing else? */
bool msgid_parse(struct span body, struct span *out);
#endif
