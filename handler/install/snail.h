/*
 * snail.h - S/MIME in s-nail: pairs of key and certificate, and its settings
 */
#ifndef INSTALL_SNAIL_H
#define INSTALL_SNAIL_H
#include "install/install.h"

/*
 * Write a pair for each generation, a file of settings that the user's
 * ~/.mailrc sources, and have s-nail sign a test message.  STATUS_NO with a
 * note: it is not installed, cannot use the key, or a passphrase would be lost.
 */
enum status snail_install(
    struct installation *installation, struct note *note) MUST_CHECK;
/* Write a correspondent's certificate, and the setting that makes s-nail
 * encrypt to that address.  STATUS_NO with a note: s-nail cannot. */
enum status snail_remember(struct installation *installation,
    const struct identity *other, const char *address,
    struct note *note) MUST_CHECK;
#endif
