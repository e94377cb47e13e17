/*
 * secret.h - run a command of the user that prints a password
 */
#ifndef PROCESS_SECRET_H
#define PROCESS_SECRET_H
#include "base/buf.h"

/*
 * Append the first line that the command prints.  The user's own shell runs it
 * with the user's own environment, on the terminal if there is one: it may ask
 * for a passphrase itself.  name: of the setting, for messages; what: it
 * prints.  STATUS_CONFIG with a note; others: process_run().
 */
enum status secret_command(const char *command, const char *name,
    const char *what, struct buf *out, struct note *note) MUST_CHECK;
#endif
