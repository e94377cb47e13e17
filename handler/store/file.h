/*
 * file.h - write files durably, whole or not at all
 *
 * dir is an open directory, or AT_FDCWD.
 *
 * Some file systems cannot sync a directory (CIFS, DrvFs of WSL, some below
 * FUSE: EINVAL and the like).  There a change is as durable as they make it,
 * which is no reason to stop; mailcert doctor says so.
 */
#ifndef STORE_FILE_H
#define STORE_FILE_H
#include <stdint.h>

#include "base/buf.h"

/*
 * A directory as it was after its last change that is known.  Whoever adds,
 * removes or renames a file in it sets its time of change, so a directory that
 * still has its mark holds the same names.  The clock of a file system may
 * stand still for milliseconds: a mark is therefore not the time of our own
 * change, but one of a second before that nobody else will set.
 */
struct dir_mark {
	uint64_t device;
	uint64_t inode;
	int64_t modified[2]; /* seconds, nanoseconds */
	int64_t changed[2];
};

/* As it is now.  False: it cannot be told. */
bool dir_mark_get(int dir, struct dir_mark *out) MUST_CHECK;
bool dir_mark_is(int dir, const struct dir_mark *mark) MUST_CHECK;
/* Was its last change so long ago that the next one will have another time? */
bool dir_mark_is_old(const struct dir_mark *mark) MUST_CHECK;

/* What our own changes of a directory are followed with: each asks for the mark
 * before it, and sets another one after it. */
struct dir_trail {
	struct dir_mark mark;
	bool lost; /* somebody else changed it, too */
};
void dir_trail_before(int dir, struct dir_trail *trail);
void dir_trail_after(int dir, struct dir_trail *trail);

/* Make a private file, written and fsynced; if anything fails, none is left.
 * STATUS_CREATE (it exists already, among others) or STATUS_IO. */
enum status file_create(
    int dir, const char *name, struct span bytes, struct note *note) MUST_CHECK;
/* The same, for a file of which a killed process must not leave a part: write
 * it to a temporary name first.  Some file systems (NFS) cannot give it a name
 * only if that is free; there this is file_create(). */
enum status file_create_whole(
    int dir, const char *name, struct span bytes, struct note *note) MUST_CHECK;
/* Replace (or make) a file durably; STATUS_CREATE or STATUS_IO, and then the
 * old one is untouched, unless it was the last step that failed: the directory
 * that could not be synced holds the new one. */
enum status file_replace(
    int dir, const char *name, struct span bytes, struct note *note) MUST_CHECK;
/* The same; its changes of the directory are followed, if trail is not NULL. */
enum status file_replace_followed(int dir, const char *name, struct span bytes,
    struct dir_trail *trail, struct note *note) MUST_CHECK;
/* The name that a file has while this process writes it: "NAME.PID.new". */
void file_temporary_name(const char *name, char *out, size_t size);
/* Is it such a name, of a process that does not exist any more? */
bool file_is_litter(const char *name);
/* Remove the files that killed processes left behind. */
void dir_sweep(int dir);
/* Read a regular file of the home; STATUS_MISSING: it does not exist;
 * STATUS_PERMISSION: may not be opened; STATUS_DAMAGED: a link, not regular, or
 * larger than out's ceiling; STATUS_MEMORY: too many files are open;
 * STATUS_IO. */
enum status file_read(int dir, const char *name, struct buf *out) MUST_CHECK;
/* Empty a cache of more files than that: nothing tells which ones are needed
 * next. */
void dir_keep_few(int dir, size_t most);
/* fsync a directory; STATUS_OK also if the file system cannot. */
enum status dir_sync(int dir) MUST_CHECK;
/* Can this file system sync directories at all? */
bool dir_can_sync(int dir);
/* Make a directory, 0700, durably: sync its parent.  STATUS_OK also if it
 * exists; STATUS_CREATE, STATUS_IO and errno. */
enum status dir_make(int parent, const char *name) MUST_CHECK;
enum status path_make(const char *path) MUST_CHECK;
/* Make the directory entry of the file at that path durable. */
enum status path_sync_parent(const char *path) MUST_CHECK;
#endif
