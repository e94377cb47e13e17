/* anchors.h - files of certificates and revocation lists that the user named */
#ifndef ANCHORS_H
#define ANCHORS_H
#include "base/buf.h"

/*
 * Append each file of a list of paths (files, or directories whose regular
 * files count), separated by blanks, as a frame of that name.  A path may
 * begin with "~/"; the word "smimea" is none.  STATUS_CONFIG with a note: one
 * cannot be read.
 */
enum status anchors_add(const char *paths, const char *frame, struct buf *out,
    struct note *note) MUST_CHECK;
/* Is that word in the list? */
bool anchors_has_word(const char *paths, struct span word);
#endif
