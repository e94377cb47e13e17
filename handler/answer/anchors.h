/* anchors.h - open the certificate and revocation files that the user names */
#ifndef ANSWER_ANCHORS_H
#define ANSWER_ANCHORS_H
#include "base/buf.h"

/*
 * Append each file of a list of paths, separated by blanks, as two frames:
 * "file", its path, and `frame`, its content.  A directory stands for the
 * regular files in it.  A path may begin with "~/"; the word "smimea" is not a
 * path.  For an unreadable file of a directory, append a frame "NAME-fault"
 * with a sentence instead.  STATUS_CONFIG with a note: a path cannot be read or
 * is larger than 128 MiB, or all of them together exceed FRAME_TRUST_MAX.
 */
enum status anchors_add(const char *paths, const char *frame, struct buf *out,
    struct note *note) MUST_CHECK;
/* The same for one path, as it stands. */
enum status anchors_add_path(struct span path, const char *frame,
    struct buf *out, struct note *note) MUST_CHECK;
/* Append the files in which root certificates are looked for, as "anchor": those
 * of that list, and those that the system trusts. */
enum status anchors_add_roots(
    const char *anchors, struct buf *out, struct note *note) MUST_CHECK;
/* Append what changes when one of those files does, or the list of them, without
 * reading them. */
void anchors_mark(const char *paths, struct buf *out);
/* Is that word in the list? */
bool anchors_has_word(const char *paths, struct span word);
#endif
