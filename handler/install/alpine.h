/*
 * alpine.h - S/MIME in alpine: ~/.alpine-smime, and two settings of ~/.pinerc
 */
#ifndef INSTALL_ALPINE_H
#define INSTALL_ALPINE_H
#include "install/install.h"

/*
 * Write keys and certificates under the names that alpine looks for, sign a
 * test text with them, and set what alpine needs in ~/.pinerc; while alpine
 * runs, or where that is not accepted, the settings are left to the user.
 * STATUS_NO with a note: alpine cannot use the key, or the address cannot be
 * the name of a file.
 */
enum status alpine_install(
    struct installation *installation, struct note *note) MUST_CHECK;
/* A correspondent's certificate, as the one that alpine encrypts to that
 * address with.  STATUS_NO, STATUS_CREATE with a note. */
enum status alpine_remember(struct installation *installation,
    const struct identity *other, const char *address,
    struct note *note) MUST_CHECK;
change_undoer alpine_undo;
#endif
