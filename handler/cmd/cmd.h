/*
 * cmd.h - declare the commands, and what they share
 *
 * Only this room knows argv, standard output and error, and the exit status.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H
#include <unistd.h>

#include "base/json_writer.h"
#include "cmd/options.h"
#include "config/config.h"
#include "store/home.h"

struct invocation {
	const char *home;         /* -C, or NULL */
	const char *settings[64]; /* -o, in order */
	size_t count;
};

typedef int cmd_function(
    const struct invocation *invocation, int argc, char *argv[]);
cmd_function cmd_handle, cmd_show, cmd_is_challenge, cmd_respond, cmd_expect,
    cmd_ca, cmd_account, cmd_order, cmd_finish, cmd_renew, cmd_revoke,
    cmd_status, cmd_verify, cmd_doctor, cmd_mutt_rc, cmd_install;

/* Print "mailcert: refused: NAME: sentence" or "mailcert: sentence" and give
 * the exit status.  With --json the last failure becomes the object that is
 * printed where the command printed nothing. */
int cmd_fail(enum status status, const struct note *note);
/* A warning or a hint, no failure: "mailcert: " and the note, likewise on
 * standard error. */
void cmd_say(const struct note *note);
/* The members of that object: "error", "message" and "status", an exit. */
void cmd_add_error(struct json_writer *json, enum status status,
    const struct note *note, int code);
/* A time as the RFC 3339 text of a member; 0 becomes null. */
void cmd_add_time(struct json_writer *json, const char *name, int64_t when);
/* "usage: " and that, on standard error. */
void cmd_say_usage(const char *usage);
/* Load the configuration or fail aloud; *code is the exit status then. */
bool cmd_config(
    const struct invocation *invocation, struct config *out, int *code);
/* Tell what was skipped in the home, and close it. */
void cmd_home_close(struct home *home);
/* Write to standard output; the exit status. */
int cmd_print(struct span text);
#endif
