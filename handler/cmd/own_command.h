/*
 * own_command.h - run another command of mailcert, with our home and settings
 */
#ifndef CMD_OWN_COMMAND_H
#define CMD_OWN_COMMAND_H
#include "cmd/cmd.h"

enum { OWN_WORDS_MAX = 12 };

/*
 * Run "mailcert WORDS..." in an environment and on a terminal as struct run has
 * them; words ends with NULL.  seconds: 0: no limit.  *code is its exit status.
 * As process_run().
 */
enum status own_command(const struct invocation *invocation,
    const struct config *config, const char *const *words, int seconds,
    int *code) MUST_CHECK;
/* The same in the foreground of the user's terminal, for as long as it takes:
 * it may ask.  STATUS_USAGE: there are too many words. */
enum status own_command_on(int tty, const struct invocation *invocation,
    const struct config *config, const char *const *words,
    int *code) MUST_CHECK;
#endif
