/*
 * file.h - durable files, whole or not at all
 *
 * dir is an open directory, or AT_FDCWD.
 */
#ifndef STORE_FILE_H
#define STORE_FILE_H
#include "base/buf.h"

/* A new file, private, written and fsynced; where anything fails, none is
 * left.  STATUS_CREATE (it exists already, among others) or STATUS_IO. */
enum status file_create(
    int dir, const char *name, struct span bytes, struct note *note) MUST_CHECK;
/* Replace (or make) a file durably; STATUS_CREATE or STATUS_IO, and then the
 * old one is untouched. */
enum status file_replace(
    int dir, const char *name, struct span bytes, struct note *note) MUST_CHECK;
/* Read a regular file of ours; STATUS_NO: not there; STATUS_CONFIG: a link,
 * not regular, or larger than out's ceiling. */
enum status file_read(int dir, const char *name, struct buf *out) MUST_CHECK;
/* A cache with more files than that starts anew: which one will be wanted next
 * nobody knows. */
void dir_keep_few(int dir, size_t most);
/* fsync a directory. */
enum status dir_sync(int dir) MUST_CHECK;
#endif
