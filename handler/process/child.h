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

/*
 * From now on, every child calls this before its work.  It is for whoever keeps
 * passwords in the memory of this process, of which a child has a copy: what
 * was taken over must find none that it could slip into its report.  The same
 * function counts once; at most CHILD_WIPES.
 */
enum { CHILD_WIPES = 4 };
typedef void child_wipe(void);
void child_add_wipe(child_wipe *wipe);
#endif
