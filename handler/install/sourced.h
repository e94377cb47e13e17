/*
 * sourced.h - a file of settings of our own, which the user's file sources once
 *
 * HOME/mail/PROGRAM.rc: a renewal changes that file only, and the user's has
 * one line of mailcert, between markers.
 */
#ifndef INSTALL_SOURCED_H
#define INSTALL_SOURCED_H
#include "install/install.h"

/* Text that mutt and s-nail take in double quotes as it is. */
bool sourced_is_plain(const char *text);
/* The path of our file.  STATUS_CONFIG with a note: it cannot be quoted. */
enum status sourced_path(const struct installation *installation, char *out,
    size_t size, struct note *note) MUST_CHECK;
/* Make HOME/mail, which sourced_write() does by itself. */
enum status sourced_directory(
    struct installation *installation, struct note *note) MUST_CHECK;
enum status sourced_write(struct installation *installation, const char *path,
    struct span text, struct note *note) MUST_CHECK;
/*
 * Write the line that sources path: into the file that has it already, that of
 * --config, or this one; once the user has seen and accepted it.  Otherwise
 * the line is left to the user.  STATUS_NO with a note: --config names a file,
 * and nobody has accepted the change.
 */
enum status sourced_offer(struct installation *installation, const char *path,
    const char *file, struct note *note) MUST_CHECK;
#endif
