/*
 * on_screen.h - run a full screen, if the terminal and its user want one
 */
#ifndef CMD_ON_SCREEN_H
#define CMD_ON_SCREEN_H
#include "config/config.h"
#include "tui/screen.h"

/*
 * Run it on the terminal, in the colours that the configuration and NO_COLOR
 * allow.  As screen_run(); STATUS_UNABLE also where TERM is dumb.
 */
enum status on_screen(const struct screen *screen, const struct config *config,
    int tty, int *number) MUST_CHECK;
#endif
