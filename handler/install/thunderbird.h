/*
 * thunderbird.h - S/MIME in Thunderbird: the database and settings of a profile
 */
#ifndef INSTALL_THUNDERBIRD_H
#define INSTALL_THUNDERBIRD_H
#include "install/install.h"

/*
 * Install into the profile of --database, or those that it was installed into,
 * or the one that Thunderbird starts with: what nss_install() does, in the
 * database of the profile, and the settings of each identity that has an
 * address of the certificates, in its user.js, once the user has accepted them.
 * STATUS_NO with a note; STATUS_AGAIN with a note: Thunderbird runs.
 */
enum status thunderbird_install(
    struct installation *installation, struct note *note) MUST_CHECK;
/* A correspondent's certificate, into each of those profiles. */
enum status thunderbird_remember(struct installation *installation,
    const struct identity *other, const char *address,
    struct note *note) MUST_CHECK;
enum status thunderbird_remove(
    struct changes *changes, struct note *note) MUST_CHECK;

/* Is what the journal says still there, for the certificate that signs?
 * STATUS_NO and others with a note that says what to do. */
enum status thunderbird_check(const struct journal *journal,
    const struct identities *all, struct note *note) MUST_CHECK;
#endif
