/* date.h - read Date fields (RFC 5322 section 3.3) and RFC 3339 times */
#ifndef MAIL_DATE_H
#define MAIL_DATE_H
#include <stdint.h>

#include "base/buf.h"

/* What date_parse() and date_parse_iso() give at least and at most: 1970 and
 * the end of 9999, five days wider, as a zone of +99:59 is taken. */
#define DATE_LEAST INT64_C(-432000)
#define DATE_MOST INT64_C(253402732799)

/* Seconds since 1970 UTC, with the obsolete forms of RFC 5322 section 4.3.
 * STATUS_BAD_SYNTAX: not a date, or beyond 1970 to 9999. */
enum status date_parse(struct span body, int64_t *out) MUST_CHECK;
/* Append "Sun, 22 Nov 2026 04:13:58 +0000".  Any value of when is fine; its
 * year may have more than four digits then. */
void date_add_mail(struct buf *out, int64_t when);

/* RFC 3339 as ACME writes it: 2026-11-22T04:13:58Z, fractions and offsets
 * taken, nothing else. */
enum status date_parse_iso(struct span text, int64_t *out) MUST_CHECK;
void date_add_iso(struct buf *out, int64_t when);
#endif
