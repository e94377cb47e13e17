/*
 * unlock.h - let the user accept that a key lies there without its passphrase
 *
 * Some programs keep a key only in the clear, or want its passphrase in their
 * configuration.  That is agreed to first, once for each program.
 */
#ifndef INSTALL_UNLOCK_H
#define INSTALL_UNLOCK_H
#include "install/install.h"

/* Before anything is written: is a locked key to be installed that is not
 * there yet?  STATUS_NO with a note that says how to accept it. */
enum status unlock_accept(struct installation *installation,
    const struct identity *identity, bool there, struct note *note) MUST_CHECK;
/* Append the passphrase of a locked key that is not there yet; nothing
 * otherwise. */
enum status unlock_passphrase(const struct installation *installation,
    const struct identity *identity, bool there, struct buf *out,
    struct note *note) MUST_CHECK;
#endif
