/*
 * child.h - run a parser in a sandboxed child
 *
 * The work is done in a forked child that has entered the sandbox: no files
 * but the ones named, no network, no keys.  What comes back is one struct of
 * fixed size, read once; the caller checks every field of it again.
 */
#ifndef PROCESS_CHILD_H
#define PROCESS_CHILD_H
#include "base/span.h"
#include "base/status.h"

typedef void child_work(const void *arg, void *report);

/*
 * keep: descriptors that the child may keep; all others but its pipe are
 * closed.  NULL: it has no system calls but read, write and exit
 * (sandbox_enter_strict()).  An array, even an empty one: it may also map files
 * and allocate memory (sandbox_enter()).
 *
 * STATUS_BUG with a note: the child crashed, or reported too little or too
 * much. STATUS_AGAIN: it took too long and was killed.  *report is written only
 * on STATUS_OK.
 */
enum status child_run(child_work *work, const void *arg, void *report,
    size_t size, const int *keep, size_t kept, struct note *note) MUST_CHECK;
#endif
