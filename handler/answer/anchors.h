/* anchors.h - open the certificate and revocation files that the user names */
#ifndef ANSWER_ANCHORS_H
#define ANSWER_ANCHORS_H
#include "base/buf.h"

/*
 * Append each file of a list of paths (files, or directories whose regular
 * files count), separated by blanks, as two frames: "file", its path, and one
 * of that name, its content.  A path may begin with "~/"; the word "smimea" is
 * none.  A file of a directory that cannot be read is a frame "NAME-fault", a
 * sentence.  STATUS_CONFIG with a note: a path cannot be read, or is larger
 * than 128 MiB; all of them are larger than FRAME_TRUST_MAX.
 */
enum status anchors_add(const char *paths, const char *frame, struct buf *out,
    struct note *note) MUST_CHECK;
/* Is that word in the list? */
bool anchors_has_word(const char *paths, struct span word);
#endif
