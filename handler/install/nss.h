/*
 * nss.h - certificates and keys for programs that use NSS: Evolution, browsers
 */
#ifndef INSTALL_NSS_H
#define INSTALL_NSS_H
#include "install/install.h"

/*
 * Install into the database of --database, or ~/.pki/nssdb: every generation
 * with its key, the chain, and the root as trusted for mail once it is
 * accepted.  cmsutil signs a test text.  STATUS_NO with a note.
 */
enum status nss_install(
    struct installation *installation, struct note *note) MUST_CHECK;
/*
 * A correspondent's certificate and its chain, where the user's own is, in
 * place of an older one that was remembered for that address.  STATUS_NO with a
 * note.
 */
enum status nss_remember(struct installation *installation,
    const struct identity *other, const char *address,
    struct note *note) MUST_CHECK;
change_undoer nss_undo;
#endif
