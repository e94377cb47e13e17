/*
 * confinement.h - decide what to do where the kernel cannot confine programs
 */
#ifndef CMD_CONFINEMENT_H
#define CMD_CONFINEMENT_H
#include "config/config.h"
#include "store/home.h"

/* What is missing, as "landlock", "seccomp filters" or both; "": nothing. */
const char *confinement_lacks(void);

/*
 * Ask once, before anything of a stranger's is read.  Where something is
 * missing and the configuration says "sandbox = required", what nobody watches
 * is refused with STATUS_CONFIG, and a person is warned on standard error; with
 * "best-effort" the log is told.
 */
enum status confinement_check(const struct config *config,
    const struct home *home, bool unattended, struct note *note) MUST_CHECK;
#endif
