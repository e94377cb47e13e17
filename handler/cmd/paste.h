/*
 * paste.h - read a token or thumbprint as people paste it
 *
 * From mail programs, terminals and JSON: a whole Subject field, folded or in
 * encoded words (RFC 2047), a member of a JSON object, in quotes, with no-break
 * spaces, a byte order mark or zero-width characters in between.
 */
#ifndef CMD_PASTE_H
#define CMD_PASTE_H
#include "acme/token.h"
#include "base/span.h"
#include "base/status.h"

enum { PASTE_MAX = 64 * 1024 };

/*
 * Copy the characters of base64url and the padding in text, which a stranger
 * may have written, to out; the caller checks that they are a token or a
 * thumbprint.  name: the JSON member that may hold it ("token").  A sandboxed
 * child reads it.
 *
 * STATUS_BAD_TOKEN: another character, which the note names, more than one
 * member of that name, or more than size - 1 characters.  STATUS_BAD_CHARSET:
 * an encoded word in another character set.  *out is written only on
 * STATUS_OK.
 */
enum status paste_take(struct span text, const char *name, char *out,
    size_t size, struct note *note) MUST_CHECK;

/* The same in this process. */
enum status paste_clean(struct span text, const char *name, char *out,
    size_t size, struct note *note) MUST_CHECK;
#endif
