/*
 * installing.h - what install, finish and renew share
 */
#ifndef CMD_INSTALLING_H
#define CMD_INSTALLING_H
#include "config/config.h"
#include "install/install.h"

/* Set how the user is asked. */
void installing_wishes(
    const struct config *config, struct install_wishes *wishes);
/* After a new certificate: install it where an older one of its address is, and
 * say so.  Nobody is asked. */
enum status installing_again(const struct config *config,
    const struct home *home, const struct order *order,
    struct note *note) MUST_CHECK;
/* Take away what a mail server announces for an order that needs it no more, and
 * say so. */
enum status installing_tidy(
    const struct home *home, struct note *note) MUST_CHECK;
/* The same at the end of a command that has a status already: a failure is
 * said, and renew tries again. */
void installing_tidy_late(const struct home *home);
#endif
