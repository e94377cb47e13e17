/* nss_make.c - make an NSS database where it is missing: see nss_p.h */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "install/nss_p.h"
#include "install/profile.h"

enum { PATH_SIZE = 1200 };

static const char *const database_files[] = { "cert9.db", "key4.db",
	"pkcs11.txt" };

static void
name_file(const char *directory, size_t i, char out[PATH_SIZE])
{
	(void)snprintf(
	    out, PATH_SIZE, "%.1000s/%s", directory, database_files[i]);
}

static bool
has_file(const char *directory, size_t i)
{
	char path[PATH_SIZE];

	name_file(directory, i, path);
	return access(path, F_OK) == 0;
}

/* Remove those files of a database that are in the list: we made them, and
 * nobody has used them. */
static enum status
unmake(const char *directory, struct span list, struct note *note)
{
	char path[PATH_SIZE];
	size_t i;

	for (i = 0; i < 3; i++) {
		name_file(directory, i, path);
		if (span_find(list, span_of(database_files[i])) < list.len &&
		    unlink(path) != 0 && errno != ENOENT)
			return note_set(note, STATUS_IO, "%.200s: %s", path,
			    strerror(errno));
	}
	return STATUS_OK;
}

/* Does a database hold something?  One that cannot be read may be half made. */
static bool
holds_something(const char *directory)
{
	struct note note;
	struct nssdb db;
	bool holds;

	holds = has_file(directory, 0) &&
	    nssdb_open(directory, &db, &note) == STATUS_OK &&
	    !nssdb_is_empty(&db);
	nssdb_close(&db);
	return holds;
}

/* Were we killed while it was made? */
static bool
is_half_made(const struct journal *journal, const char *directory)
{
	return journal_has(journal, "nss-made", directory) &&
	    !journal_has(journal, "nss-ready", directory) &&
	    !profile_is_started(directory) && !holds_something(directory);
}

bool
nss_is_to_make(const struct journal *journal, const char *directory)
{
	return is_half_made(journal, directory) ||
	    (!has_file(directory, 0) && !has_file(directory, 1));
}

/* Which of its files will be ours enters the journal before they are there,
 * and afterwards, that it is whole. */
static enum status
make_database(
    struct installation *installation, const char *directory, struct note *note)
{
	struct journal *journal = &installation->changes.journal;
	char list[64] = "";
	enum status status = STATUS_OK;
	struct nssdb db;
	size_t i;

	if (is_half_made(journal, directory))
		status = unmake(directory,
		    journal_get(journal, "nss-made", directory), note);
	for (i = 0; i < 3; i++)
		if (!has_file(directory, i))
			(void)snprintf(list + strlen(list),
			    sizeof(list) - strlen(list), "%s%s",
			    list[0] != '\0' ? " " : "", database_files[i]);
	if (status == STATUS_OK)
		status = journal_set(
		    journal, "nss-made", directory, span_of(list), note);
	if (status == STATUS_OK) {
		status = nssdb_make(directory, &db, note);
		nssdb_close(&db);
	}
	return status == STATUS_OK
	    ? journal_add(journal, "nss-ready", directory, SPAN(""), note)
	    : status;
}

/* Make it, in place of the one that consent was asked for. */
enum status
nss_make(struct installation *installation, struct nssdb *db,
    const char *directory, struct note *note)
{
	enum status status;

	change_say(&installation->changes, "made an NSS database in",
	    "make an NSS database in", directory);
	if (installation->changes.dry_run)
		return STATUS_OK;
	nssdb_close(db);
	status = make_database(installation, directory, note);
	return status == STATUS_OK ? nssdb_open(directory, db, note) : status;
}

/* Remove a database that we made, and that is still empty.  A program that has
 * started since keeps its passwords under the key in it. */
enum status
nss_undo_made(const char *directory, struct span list, struct note *note)
{
	return profile_is_started(directory) || holds_something(directory)
	    ? STATUS_OK
	    : unmake(directory, list, note);
}

bool
nss_is_there(const char *directory)
{
	return has_file(directory, 0);
}
