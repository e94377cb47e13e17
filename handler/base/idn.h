/*
 * idn.h - convert domain names between U-labels and A-labels (IDNA2008)
 *
 * libidn2 is loaded only when a name is not plain ASCII; a process
 * must call idn_load() before it enters its sandbox.
 */
#ifndef BASE_IDN_H
#define BASE_IDN_H
#include "base/span.h"
#include "base/status.h"

/* Load libidn2.  Without it names beyond ASCII are refused, not guessed. */
void idn_load(void);
/*
 * Write the lower-case A-label form, NUL-terminated: U-labels as A-labels (RFC
 * 5891 section 5), ASCII labels without regard to case, and no other mapping.
 * STATUS_BAD_SYNTAX if domain is not a name that IDNA2008 allows as it stands
 * (upper case beyond ASCII, compatibility characters and dots, characters that
 * are ignored, anything but form NFC), or is longer than size.
 */
enum status idn_to_ascii(struct span domain, char *out, size_t size) MUST_CHECK;
#endif
