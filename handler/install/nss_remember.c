/* nss_remember.c - correspondents' certificates in NSS databases: see nss.h */
#include <unistd.h>

#include "install/nss_p.h"
#include "install/textfile.h"

/* A fact of the journal: ADDRESS BASE64. */
#define ENCRYPTS "encrypts"

/* certutil -D takes the newest of a nickname: is there only one? */
static bool
is_alone(const struct nssdb *db, struct span nickname)
{
	struct span rest = buf_span(&db->certs), line;
	size_t count = 0;

	while (rest.len > 0) {
		line = line_take(&rest);
		line = span_cut(line, span_find_byte(line, '\t') + 1, line.len);
		count += span_eq(
		    span_cut(line, 0, span_find_byte(line, '\t')), nickname);
	}
	return count == 1;
}

/* NSS may choose it still.  One that shares its nickname stays: NSS chooses
 * the newest then. */
static enum status
forget_older(struct changes *changes, const struct nssdb *db,
    const char *address, struct span base64, struct note *note)
{
	const struct span old =
	    journal_get(&changes->journal, ENCRYPTS, address);
	struct span flags, nickname;

	if (old.len == 0 || span_eq(old, base64) ||
	    !nssdb_find(db, old, &flags, &nickname) ||
	    !is_alone(db, nickname) ||
	    !nss_is_all_ours(&changes->journal, db, nickname))
		return STATUS_OK;
	change_say(changes, "removed from NSS an older certificate of",
	    "remove from NSS an older certificate of", address);
	return changes->dry_run
	    ? STATUS_OK
	    : nss_remove_certificate(&changes->journal, db, old, note);
}

static enum status
remember_in(struct installation *installation, const struct nssdb *db,
    const struct identity *other, const char *address, struct note *note)
{
	struct changes *changes = &installation->changes;
	enum status status;
	struct buf base64;
	size_t i;

	nss_base64(&other->link[0], &base64);
	status = forget_older(changes, db, address, buf_span(&base64), note);
	for (i = 0; i < other->links && status == STATUS_OK; i++)
		status = nss_install_link(
		    installation, db, &other->link[i], i > 0, note);
	if (status == STATUS_OK && !changes->dry_run)
		status = journal_set(&changes->journal, ENCRYPTS, address,
		    buf_span(&base64), note);
	buf_clear(&base64);
	return status;
}

enum status
nss_remember_in(struct installation *installation, const char *directory,
    const struct identity *other, const char *address, struct note *note)
{
	const struct link_facts *root = identity_root(other);
	enum status status;
	struct nssdb db;

	status = identity_is_rsa(other, "NSS", note);
	if (status != STATUS_OK)
		return status;
	status = nssdb_open(directory, &db, note);
	if (status == STATUS_OK && root != NULL && root != &other->link[0])
		status = nss_accept_root(installation, &db, root, note);
	if (status == STATUS_OK)
		status = remember_in(installation, &db, other, address, note);
	nssdb_close(&db);
	return status;
}

enum status
nss_remember(struct installation *installation, const struct identity *other,
    const char *address, struct note *note)
{
	char directory[NSS_DIRECTORY_SIZE];
	enum status status;
	int lock = -1;

	status = nss_lock(installation, directory, &lock, note);
	if (status == STATUS_OK)
		status = nss_remember_in(
		    installation, directory, other, address, note);
	if (lock >= 0)
		(void)close(lock);
	return status;
}
