/*
 * acts.h - commands with actions, each of which has options of its own
 */
#ifndef CMD_ACTS_H
#define CMD_ACTS_H
#include "cmd/cmd.h"

struct cmd_act {
	const char *name;
	cmd_function *run; /* argv[0] is the action */
	const char *summary;
};

/*
 * Run the action that argv[1] names, or print the help; acts ends with a row
 * without a name, and line->about is the first paragraph of the help.  more
 * adds what follows the list of actions; or NULL.
 */
int cmd_act(const struct cmd_line *line, const struct cmd_act *acts,
    void (*more)(struct buf *out), const struct invocation *invocation,
    int argc, char *argv[]);
#endif
