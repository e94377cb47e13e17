/*
 * trial_openssl.h - sign a test text with installed files, by openssl
 */
#ifndef INSTALL_TRIAL_OPENSSL_H
#define INSTALL_TRIAL_OPENSSL_H
#include "install/install.h"

/*
 * As mutt's classic back end does, for a program that cannot be asked to sign.
 * key, certificate: as installed.  above: a file with what stands above it;
 * NULL: it is written, from the chain of the one that signs.  A dry run does
 * nothing.  STATUS_NO with a note: it cannot sign, or the signature does not
 * verify.
 */
enum status trial_openssl(struct installation *installation, const char *key,
    const char *certificate, const char *above, struct note *note) MUST_CHECK;
#endif
