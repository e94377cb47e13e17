/*
 * on_screen.h - run a full screen, if the terminal and its user want one
 */
#ifndef CMD_ON_SCREEN_H
#define CMD_ON_SCREEN_H
#include "config/config.h"
#include "tui/screen.h"

/* Do the configuration and NO_COLOR allow colours? */
bool on_screen_has_colors(const struct config *config);
/* Does TERM name a terminal that can only print lines? */
bool on_screen_is_dumb(void);

/*
 * Run it on the terminal, in the colours that are allowed.  As screen_run();
 * STATUS_UNABLE also where TERM is dumb, or plain = yes.
 */
enum status on_screen(const struct screen *screen, const struct config *config,
    int tty, int *number) MUST_CHECK;
#endif
