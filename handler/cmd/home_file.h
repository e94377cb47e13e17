/*
 * home_file.h - a whole home as one encrypted file
 */
#ifndef CMD_HOME_FILE_H
#define CMD_HOME_FILE_H
#include "cmd/session.h"
#include "order/import.h"

/* Write it to file, or to standard output (NULL), with a passphrase that is
 * asked for.  force: replace the file. */
enum status home_file_export(
    struct session *session, const char *file, bool force) MUST_CHECK;

/*
 * Put the home that the file holds in place of the session's, which must be
 * empty: beside it first, and then with one rename.  name: what to call the
 * file; json: print what was imported as JSON.  STATUS_CREATE with a note: the
 * home is not empty, or cannot be replaced.
 */
enum status home_file_import(struct session *session, struct import_file *file,
    const char *name, bool json) MUST_CHECK;
#endif
