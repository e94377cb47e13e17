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
/* While no program uses the databases: changes_undo() with nss_undo(). */
enum status nss_remove(struct changes *changes, struct note *note) MUST_CHECK;

/* The same for a program that has such databases in its profiles. */

/* Install into that database; make it first if make says so, and it is not
 * there. */
enum status nss_install_into(struct installation *installation,
    const char *directory, bool make, struct note *note) MUST_CHECK;
/* What nss_remember() does, in that database. */
enum status nss_remember_in(struct installation *installation,
    const char *directory, const struct identity *other, const char *address,
    struct note *note) MUST_CHECK;
/* changes_undo() with undo, which calls nss_undo(), while the databases of the
 * journal and its profiles ("profile DIRECTORY") are locked against programs.
 * STATUS_AGAIN with a note: one runs.  program: for the note. */
enum status nss_remove_with(struct changes *changes, change_undoer *undo,
    const char *program, struct note *note) MUST_CHECK;
/* The nickname of a certificate there.  STATUS_NO with a note: the certificate
 * or its key is not there. */
enum status nss_nickname(const char *directory, const struct identity *identity,
    char *out, size_t size, struct note *note) MUST_CHECK;
#endif
