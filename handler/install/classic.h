/*
 * classic.h - mutt's classic S/MIME back end: files for openssl in ~/.smime
 */
#ifndef INSTALL_CLASSIC_H
#define INSTALL_CLASSIC_H
#include "install/install.h"

enum { CLASSIC_PATH_SIZE = 1000, CLASSIC_NAME_SIZE = 16 };

struct classic {
	char keys[CLASSIC_PATH_SIZE];         /* directory: smime_keys */
	char certificates[CLASSIC_PATH_SIZE]; /* smime_certificates */
	/* Set by classic_install(): "HASH.N" of the two certificates. */
	char signs[CLASSIC_NAME_SIZE];
	char encrypts[CLASSIC_NAME_SIZE];
	char above[CLASSIC_NAME_SIZE]; /* the file above the one that signs */
};

/* Can openssl, as mutt calls it, use these certificates?  STATUS_NO with a
 * note. */
enum status classic_fits(
    const struct identities *identities, struct note *note) MUST_CHECK;
/* Write keys, certificates and indexes; sign a test text. */
enum status classic_install(struct installation *installation,
    struct classic *classic, struct note *note) MUST_CHECK;
/* Write a correspondent's certificate, and a line for that address.  The line
 * replaces older ones that mailcert wrote. */
enum status classic_remember(struct changes *changes,
    const struct classic *classic, const struct identity *other,
    const char *address, struct note *note) MUST_CHECK;
/* Append settings for a muttrc: mailcert decrypts, because mutt would only try
 * the default key, and verifies, because openssl does not say who signed.
 * STATUS_CONFIG with a note. */
enum status classic_add_commands(struct changes *changes,
    const struct classic *classic, struct buf *out,
    struct note *note) MUST_CHECK;
#endif
