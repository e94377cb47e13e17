/*
 * nss_p.h - what the files of nss.h share
 *
 * What was added to a database is in the journal as "nss DIRECTORY KEY-ID
 * BASE64", and known by its octets and its key's id, never by a nickname,
 * because all generations have the same.
 */
#ifndef INSTALL_NSS_P_H
#define INSTALL_NSS_P_H
#include "install/nss.h"
#include "install/nssdb.h"

enum {
	NSS_DIRECTORY_SIZE = 1000,
	NSS_OUTPUT_MAX = 1024 * 1024, /* of its tools */
	NSS_NICKNAME_SIZE = 512,
	NSS_FLAGS_SIZE = 64
};

/* Find the database that is meant, and keep programs from using it.  The caller
 * closes *lock, if it is not -1, whatever this returns. */
enum status nss_lock(const struct installation *installation,
    char directory[NSS_DIRECTORY_SIZE], int *lock,
    struct note *note) MUST_CHECK;
/* Its certificate in base64 without line ends, as certutil has it.  The caller
 * owns *out. */
void nss_base64(const struct link_facts *link, struct buf *out);
/* Ask the user to accept the root, unless the database trusts it. */
enum status nss_accept_root(const struct installation *installation,
    const struct nssdb *db, const struct link_facts *root,
    struct note *note) MUST_CHECK;
/* Add a certificate of a chain.  issues: it may vouch for others; a root then
 * gets trust. */
enum status nss_install_link(struct installation *installation,
    const struct nssdb *db, const struct link_facts *link, bool issues,
    struct note *note) MUST_CHECK;

/* --- nss_make.c */

/* Is there a database? */
bool nss_is_there(const char *directory);
/* Is there none, or one that we were killed over? */
bool nss_is_to_make(const struct journal *journal, const char *directory);
/* Make it, in place of the imagined one (nssdb_imagine()) that consent was
 * asked for. */
enum status nss_make(struct installation *installation, struct nssdb *db,
    const char *directory, struct note *note) MUST_CHECK;
/* Undo "nss-made DIRECTORY LIST": remove the files of the list if the database
 * is empty and no program has begun to use it. */
enum status nss_undo_made(
    const char *directory, struct span list, struct note *note) MUST_CHECK;

/* --- nss_remove.c */

/* Is every certificate of that nickname one that we have added? */
bool nss_is_all_ours(const struct journal *journal, const struct nssdb *db,
    struct span nickname);
/* Remove a certificate, and all of its nickname.  STATUS_NO with a note: one of
 * them is not ours. */
enum status nss_remove_certificate(const struct journal *journal,
    const struct nssdb *db, struct span base64, struct note *note) MUST_CHECK;
#endif
