/* fd.h - read and write a descriptor to the end */
#ifndef BASE_FD_H
#define BASE_FD_H
#include <sys/types.h>

#include "base/buf.h"

/* Write all of it, whatever signals come.  STATUS_IO. */
enum status fd_write(int fd, struct span bytes) MUST_CHECK;
/*
 * Append all that fd gives, waiting at most `seconds` for each piece.
 * STATUS_BAD_SIZE as soon as the ceiling is passed; STATUS_IO and errno,
 * ETIMEDOUT if nothing came.
 */
enum status fd_read(int fd, struct buf *out, int seconds) MUST_CHECK;
/* The same for a regular file of that size: memory for it and no more. */
enum status fd_read_file(int fd, size_t size, struct buf *out) MUST_CHECK;
/* Open the terminal that the process belongs to; -1: no terminal. */
int fd_terminal(void);
#endif
