/*
 * textfile.h - read and replace text files that belong to the user
 *
 * Configuration files, lists, indexes: mode and links stay as they are, a
 * crash leaves the old file or the new one.  What mailcert adds to a file of
 * several authors stands between markers, for each program its own.
 */
#ifndef INSTALL_TEXTFILE_H
#define INSTALL_TEXTFILE_H
#include <sys/types.h>

#include "base/buf.h"

enum { TEXTFILE_MAX = 1024 * 1024 };

/* Read it, and its mode.  STATUS_MISSING: it does not exist; out is empty and
 * *mode is left alone.  STATUS_IO with a note: not a regular file, larger than
 * TEXTFILE_MAX, or it cannot be read. */
enum status textfile_read(const char *path, struct buf *out, mode_t *mode,
    struct note *note) MUST_CHECK;
/* The same for a file that may be larger. */
enum status textfile_read_most(const char *path, size_t most, struct buf *out,
    mode_t *mode, struct note *note) MUST_CHECK;
/* Replace it, or the file that a link of that name points to; or make it. */
enum status textfile_replace(const char *path, mode_t mode, struct span text,
    struct note *note) MUST_CHECK;

/* Remove what textfile_replace() has left if it was killed. */
void textfile_clean(const char *path);
/* Append text without what stands between the markers of that name, markers
 * included.  STATUS_CONFIG with a note that names path: the end marker is
 * missing. */
enum status block_strip(const char *name, struct span text, const char *path,
    struct buf *out, struct note *note) MUST_CHECK;
/* What stands between those markers; empty: nothing, or no end marker. */
struct span block_find(const char *name, struct span text);
/* Append lines between markers of that name. */
void block_add(const char *name, struct span lines, struct buf *out);
/* The first line of text; *text continues after it.  With its newline, which
 * the last one may lack. */
struct span line_take(struct span *text);
#endif
