/*
 * overview.h - the overview on the user's terminal: mailcert alone
 */
#ifndef CMD_OVERVIEW_H
#define CMD_OVERVIEW_H
#include "cmd/cmd.h"

/* Run it until the user leaves; plain, or where the terminal cannot show it:
 * print the listing of status.  Returns the exit status. */
int overview_run(const struct invocation *invocation, bool plain);
#endif
