/* fd.h - whole reads and writes, and programs started without a shell */
#ifndef BASE_FD_H
#define BASE_FD_H
#include <sys/types.h>

#include "base/buf.h"

/* Write all of it, whatever signals come.  STATUS_IO. */
enum status fd_write(int fd, struct span bytes) MUST_CHECK;
/*
 * Append all that fd gives, waiting at most `seconds` for each piece.
 * STATUS_BAD_SIZE as soon as the ceiling is passed; STATUS_IO.
 */
enum status fd_read(int fd, struct buf *out, int seconds) MUST_CHECK;
/* The same for a regular file of that size: memory for it and no more. */
enum status fd_read_file(int fd, size_t size, struct buf *out) MUST_CHECK;

/*
 * Run argv[0] (an absolute path) with a fixed environment, input on its
 * standard input, and collect its standard output up to out's ceiling; out
 * NULL: standard output and error stay ours.  *code is what it exited with, or
 * 128 + signal.  STATUS_IO: it exited with 0, but did not read all of its
 * input.  STATUS_CREATE: it could not be started, and so did nothing.
 */
enum status program_run(const char *const argv[], struct span input,
    struct buf *out, int *code) MUST_CHECK;
#endif
