/*
 * passphrase.h - ask for the passphrase of a private key
 *
 * From password_command where there is one, else from the terminal.
 */
#ifndef CMD_PASSPHRASE_H
#define CMD_PASSPHRASE_H
#include "config/config.h"

enum { PASSPHRASE_MAX = 512 };

/*
 * Append the passphrase to out, which the caller wipes.  new_key: for a key
 * that is being made; the terminal then asks twice.  STATUS_NO_PERSON: neither
 * a command nor a terminal; STATUS_DECLINED; STATUS_CONFIG: the command failed.
 */
enum status passphrase_get(const struct config *config, bool new_key,
    struct buf *out, struct note *note) MUST_CHECK;

/*
 * The same for a file that came from elsewhere, or goes there.  name: what to
 * call it on the terminal.  again: the last one was wrong; password_command
 * would give it once more, so only the terminal is asked.
 */
enum status passphrase_of_file(const struct config *config, const char *name,
    bool again, struct buf *out, struct note *note) MUST_CHECK;
/* A new passphrase for such a file: on a terminal asked for twice. */
enum status passphrase_for_file(const struct config *config, const char *name,
    struct buf *out, struct note *note) MUST_CHECK;
#endif
