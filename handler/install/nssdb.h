/*
 * nssdb.h - certificates and keys in an NSS database, through its own tools
 *
 * A nickname belongs to a subject: all generations of one share it.  So a
 * certificate is known by its octets here, as the base64 of its DER in one
 * line, and a key by its id (acme/chain.h).  The password of the database must
 * be empty.
 */
#ifndef INSTALL_NSSDB_H
#define INSTALL_NSSDB_H
#include "base/buf.h"

struct nssdb {
	char directory[1000];
	char name[1008]; /* "sql:DIRECTORY" */
	struct buf
	    certs; /* owned: "TRUST<TAB>NICKNAME<TAB>BASE64", a line each */
	struct buf keys; /* owned: what certutil -K prints */
};

/* The base64 of a certificate in PEM, in one line. */
void nssdb_base64(struct span pem, struct buf *out);
/* Read what is there.  STATUS_NO with a note: it is not a database, has a
 * password, or certutil is not installed.  Owned by the caller:
 * nssdb_close(), also after a failure. */
enum status nssdb_open(
    const char *directory, struct nssdb *out, struct note *note) MUST_CHECK;
void nssdb_close(struct nssdb *db);
/* Is it there?  Then its trust flags and nickname, spans into certs. */
bool nssdb_find(const struct nssdb *db, struct span base64, struct span *trust,
    struct span *nickname);
bool nssdb_has_key(const struct nssdb *db, struct span key_id);
/* Has it neither certificates nor keys? */
bool nssdb_is_empty(const struct nssdb *db);
/* Make one without a password.  Afterwards *out is as if opened. */
enum status nssdb_make(
    const char *directory, struct nssdb *out, struct note *note) MUST_CHECK;
/* One that holds nothing, for a dry run: nothing is made. */
enum status nssdb_imagine(
    const char *directory, struct nssdb *out, struct note *note) MUST_CHECK;

/* Run certutil, pk12util or cmsutil on it, with at most 14 arguments after
 * "-d"; what it prints into out.  STATUS_NO with a note: it fails. */
enum status nssdb_tool(const struct nssdb *db, const char *tool,
    const char *const args[], struct span input, struct buf *out,
    struct note *note) MUST_CHECK;
#endif
