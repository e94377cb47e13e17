/*
 * text.h - make hostile bytes safe for a terminal, a log line or JSON
 *
 * The only place where hostile bytes become printable ones.  Controls (C0,
 * C1, DEL), escape sequences, bidi and zero-width characters, blank fillers
 * and octets that are not UTF-8 come out visible: \x1b, <U+202E>.  What is
 * left is one line of plain text.  Widths come from our own table, because a
 * locale may be hostile too.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H
#include <stdint.h>

#include "base/buf.h"

enum { TEXT_NO_LIMIT = 0 };

/*
 * Take one character off the front of *s.  False if the octets are not
 * well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates); then one
 * octet is taken and *c is its value.
 */
bool utf8_take(struct span *s, uint32_t *c);
bool utf8_is_text(struct span s);
void utf8_add(struct buf *out, uint32_t c);

/*
 * Append s, made safe, in at most `columns` columns (TEXT_NO_LIMIT: all of
 * it); what was cut shows as an ellipsis.  With utf8 false only ASCII comes
 * out.  At most one combining mark is kept per character.
 */
void text_show(struct buf *out, struct span s, size_t columns, bool utf8);
/* The same into an array, always NUL-terminated, cut to fit. */
void text_show_in(char *out, size_t size, struct span s, bool utf8);
/* Is anything in s hidden, misleading or not UTF-8, so that text_show would
 * have to escape it? */
bool text_has_hidden(struct span s);
/* Is the array NUL-terminated within its size, and all of it text that may be
 * shown as it stands?  For what comes back from a process that read strangers'
 * bytes. */
bool text_is_shown(const char *text, size_t size);
/* Does s mix Latin letters with look-alikes of another script? */
bool text_mixes_scripts(struct span s);
/* Columns that shown text takes. */
size_t text_width(struct span shown);
/* Does this process talk to its user in UTF-8?  Asks LC_ALL, LC_CTYPE, LANG. */
bool text_locale_is_utf8(void);
/* Append s as a JSON string with its quotes; octets that are not UTF-8 are
 * shown as text_show shows them. */
void text_json(struct buf *out, struct span s);
#endif
