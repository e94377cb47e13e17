/*
 * imap_name.h - names of folders on the wire (RFC 3501 section 5.1.3)
 *
 * Modified UTF-7: printable ASCII as it is, "&" as "&-", all else as UTF-16 in
 * base64 between "&" and "-".
 */
#ifndef HELPERS_MAIL_IMAP_NAME_H
#define HELPERS_MAIL_IMAP_NAME_H
#include "base/buf.h"

/* Append the name as servers have it.  False: it is not UTF-8. */
bool imap_name_encode(struct span name, struct buf *out);
/* Append it as people read it; a name that is not modified UTF-7 as it is. */
void imap_name_decode(struct span name, struct buf *out);
#endif
