/*
 * gpgsm.h - certificates and keys for gpgsm, and whatever works through it
 */
#ifndef INSTALL_GPGSM_H
#define INSTALL_GPGSM_H
#include "install/install.h"

/* Can gpgsm use the certificate that signs and the one that decrypts?
 * STATUS_NO with a note that says what it cannot do. */
enum status gpgsm_fits(
    const struct identities *identities, struct note *note) MUST_CHECK;
/* Sign a test text with it, and verify that; verify: gpgsm does so as well, as
 * with mail that arrives.  STATUS_NO with a note: it cannot, or takes too
 * long. */
enum status gpgsm_try(
    const struct identity *identity, bool verify, struct note *note) MUST_CHECK;
/*
 * Import the chains, place the keys, trust the root, sign a test text.
 * STATUS_NO with a note: gpgsm is not installed, or refuses something.
 */
enum status gpgsm_install(
    struct installation *installation, struct note *note) MUST_CHECK;
/* Import somebody's chain, and trust its root, to encrypt to that address. */
enum status gpgsm_remember(struct installation *installation,
    const struct identity *other, const char *address,
    struct note *note) MUST_CHECK;
change_undoer gpgsm_undo;
void gpgsm_undone(void);
#endif
