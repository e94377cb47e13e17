/*
 * identifier.h - mail addresses and hosts as ACME identifiers (RFC 8823 section 3)
 */
#ifndef ACME_IDENTIFIER_H
#define ACME_IDENTIFIER_H
#include "base/buf.h"

/* Append {"type":"email","value":ADDRESS}. */
void identifier_write(struct buf *out, struct span address);
/* Append {"type":"dns","value":HOST} (RFC 8555 section 9.7.7). */
void identifier_write_host(struct buf *out, struct span host);
/* Is that what the CA says of the address?  CAs change case. */
bool identifier_names(struct span value, struct span address);
#endif
