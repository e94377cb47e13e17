/*
 * confinement.h - decide what to do where the kernel cannot confine programs
 */
#ifndef CMD_CONFINEMENT_H
#define CMD_CONFINEMENT_H
#include "config/config.h"
#include "store/home.h"

/*
 * Call it once, before reading anything of a stranger.  If something is missing
 * and the configuration says "sandbox = required", refuse an unattended command
 * with STATUS_CONFIG, and warn a user on standard error; with "best-effort",
 * write to the log.
 */
enum status confinement_check(const struct config *config,
    const struct home *home, bool unattended, struct note *note) MUST_CHECK;
#endif
