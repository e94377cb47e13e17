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
cmd_function cmd_handle, cmd_watch, cmd_show, cmd_is_challenge, cmd_respond,
    cmd_expect, cmd_ca, cmd_account, cmd_order, cmd_finish, cmd_renew,
    cmd_revoke, cmd_status, cmd_verify, cmd_doctor, cmd_mutt_rc,
    cmd_mutt_decrypt, cmd_mutt_verify, cmd_install, cmd_remember, cmd_import,
    cmd_export, cmd_csr, cmd_setup, cmd_smimea, cmd_service;

/* Print "mailcert: refused: NAME: sentence" or "mailcert: sentence", and return
 * the exit status.  With --json, a command that printed nothing prints an
 * object with the last failure. */
int cmd_fail(enum status status, const struct note *note);
/* Print a warning or a hint, "mailcert: " and the note, on standard error. */
void cmd_say(const struct note *note);
/* The same for each line of a text. */
void cmd_say_lines(struct span lines);
/* Add the members of that object: "error", "message" and "status", an exit
 * status. */
void cmd_add_error(struct json_writer *json, enum status status,
    const struct note *note, int code);
/* Add a time as RFC 3339 text; 0 becomes null. */
void cmd_add_time(struct json_writer *json, const char *name, int64_t when);
/* Load the configuration.  False: it failed and said why; *code is the exit
 * status. */
bool cmd_config(
    const struct invocation *invocation, struct config *out, int *code);
/* Warn about the records that were skipped, and close the home. */
void cmd_home_close(struct home *home);
/* Write to standard output.  STATUS_IO says why not. */
enum status cmd_write(struct span text, struct note *note) MUST_CHECK;
/* The same, and say it; return the exit status. */
int cmd_print(struct span text);
#endif
