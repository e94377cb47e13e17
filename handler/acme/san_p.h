/* san_p.h - mail addresses in subjectAltName (RFC 5280, RFC 9598) */
#ifndef ACME_SAN_P_H
#define ACME_SAN_P_H
#include <stddef.h>

#include "base/span.h"

struct GENERAL_NAME_st;
struct stack_st_GENERAL_NAME;

/* rfc822Name, or SmtpUTF8Mailbox where an address is beyond ASCII.  NULL: no
 * memory.  Owned by the caller: GENERAL_NAMES_free(). */
struct stack_st_GENERAL_NAME *san_make(
    const struct span *addresses, size_t count);
/* The address of a name of either kind; empty where it is another.  Borrowed
 * from the name. */
struct span san_address(const struct GENERAL_NAME_st *name);
/* Is it a name of either kind? */
bool san_is_address(const struct GENERAL_NAME_st *name);
/* And of that address (in any case)? */
bool san_is(const struct GENERAL_NAME_st *name, struct span address);
#endif
