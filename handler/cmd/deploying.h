/*
 * deploying.h - run the user's command for each new certificate
 */
#ifndef CMD_DEPLOYING_H
#define CMD_DEPLOYING_H
#include "config/config.h"
#include "store/order.h"

/*
 * Run deploy_hook, if it is set, for each certificate in use that it has not
 * seen, one after the other.  One that fails is reported, and run again the
 * next time.  Where another process does that now, this one leaves it alone.
 * Returns the first failure: STATUS_NO with a note, or what the home says.
 */
enum status deploying(const struct config *config, const struct home *home,
    struct note *note) MUST_CHECK;
/* After a new certificate: put it to use, by installing_again(),
 * publishing_new() and that. */
enum status deploying_new(const struct config *config, const struct home *home,
    const struct order *order, struct note *note) MUST_CHECK;
#endif
