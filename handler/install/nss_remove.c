/* nss_remove.c - take certificates and keys out of NSS databases: see nss.h */
#include <unistd.h>

#include "install/nss_p.h"
#include "install/profile.h"
#include "install/textfile.h"

/* Is every certificate of that nickname one that we have added? */
bool
nss_is_all_ours(
    const struct journal *journal, const struct nssdb *db, struct span nickname)
{
	struct span rest = buf_span(&db->certs), line, found, entries;
	struct journal_entry entry;
	bool ours;

	while (rest.len > 0) {
		line = span_trim(line_take(&rest));
		line = span_cut(line, span_find_byte(line, '\t') + 1, line.len);
		found = span_cut(line, 0, span_find_byte(line, '\t'));
		if (!span_eq(found, nickname))
			continue;
		line = span_cut(line, found.len + 1, line.len);
		ours = false;
		entries = journal_rest(journal);
		while (!ours && journal_next(&entries, &entry))
			ours = span_eq(entry.verb, SPAN("nss")) &&
			    span_eq(span_cut(entry.text,
					span_find_byte(entry.text, ' ') + 1,
					entry.text.len),
				line);
		if (!ours)
			return false;
	}
	return true;
}

/* certutil -D takes the newest of a nickname: they are all ours, and all of
 * them go. */
enum status
nss_remove_certificate(const struct journal *journal, const struct nssdb *db,
    struct span base64, struct note *note)
{
	char name[NSS_NICKNAME_SIZE];
	const char *const args[] = { "-D", "-n", name, NULL };
	struct span flags, nickname;
	enum status status;
	struct buf out;

	if (!nssdb_find(db, base64, &flags, &nickname))
		return STATUS_OK;
	if (!span_copy(nickname, name, sizeof(name)))
		return STATUS_DAMAGED;
	if (!nss_is_all_ours(journal, db, nickname))
		return note_set(note, STATUS_NO,
		    "the nickname \"%.100s\" in %.200s belongs to a "
		    "certificate of yours as well; remove one of them by hand",
		    name, db->directory);
	buf_init(&out, NSS_OUTPUT_MAX);
	status = nssdb_tool(db, "certutil", args, SPAN(""), &out, note);
	buf_clear(&out);
	return status;
}

static enum status
remove_key(const struct nssdb *db, struct span key_id, struct note *note)
{
	char id[64];
	const char *const args[] = { "-F", "-k", id, "-f", "/dev/null", NULL };
	enum status status;
	struct buf out;

	if (key_id.len != 40 || !nssdb_has_key(db, key_id) ||
	    !span_copy(key_id, id, sizeof(id)))
		return STATUS_OK;
	buf_init(&out, NSS_OUTPUT_MAX);
	status = nssdb_tool(db, "certutil", args, SPAN(""), &out, note);
	buf_clear(&out);
	return status;
}

static enum status
restore_trust(const struct nssdb *db, struct span text, struct note *note)
{
	const size_t space = span_find_byte(text, ' ');
	char flags[NSS_FLAGS_SIZE + 1], name[NSS_NICKNAME_SIZE];
	const char *const args[] = { "-M", "-n", name, "-t", flags, NULL };
	enum status status;
	struct buf out;

	if (!span_copy(span_cut(text, 0, space), flags, sizeof(flags)) ||
	    !span_copy(span_cut(text, space + 1, text.len), name, sizeof(name)))
		return STATUS_DAMAGED;
	buf_init(&out, NSS_OUTPUT_MAX);
	status = nssdb_tool(db, "certutil", args, SPAN(""), &out, note);
	buf_clear(&out);
	return status;
}

enum status
nss_undo(struct changes *changes, const struct journal_entry *entry,
    struct note *note)
{
	const size_t space = span_find_byte(entry->text, ' ');
	char directory[NSS_DIRECTORY_SIZE];
	enum status status;
	struct nssdb db;

	if (!span_starts(entry->verb, SPAN("nss")))
		return STATUS_OK;
	if (!span_copy(entry->path, directory, sizeof(directory)))
		return STATUS_DAMAGED;
	if (span_eq(entry->verb, SPAN("nss-made")))
		return nss_undo_made(directory, entry->text, note);
	if (span_eq(entry->verb, SPAN("nss-ready")) || !nss_is_there(directory))
		return STATUS_OK;
	status = nssdb_open(directory, &db, note);
	if (status == STATUS_OK && span_eq(entry->verb, SPAN("nss-trust"))) {
		status = restore_trust(&db, entry->text, note);
	} else if (status == STATUS_OK) {
		status = remove_key(&db, span_cut(entry->text, 0, space), note);
		if (status == STATUS_OK)
			status = nss_remove_certificate(&changes->journal, &db,
			    span_cut(entry->text, space + 1, entry->text.len),
			    note);
	}
	nssdb_close(&db);
	return status;
}

static bool
names_directory(const struct journal_entry *entry)
{
	return span_eq(entry->verb, SPAN("nss")) ||
	    span_eq(entry->verb, SPAN("profile"));
}

/* Does an entry before this one name the same directory? */
static bool
is_named_before(
    const struct journal *journal, const struct journal_entry *entry)
{
	struct span rest = journal_rest(journal);
	struct journal_entry other;

	while (journal_next(&rest, &other) && other.verb.at < entry->verb.at)
		if (names_directory(&other) && span_eq(other.path, entry->path))
			return true;
	return false;
}

/* A directory at a time; once all are locked, everything is undone. */
static enum status
lock_and_undo(struct changes *changes, struct span rest, change_undoer *undo,
    const char *program, struct note *note)
{
	struct journal_entry entry;
	char directory[NSS_DIRECTORY_SIZE];
	enum status status;
	int lock = -1;

	do
		if (!journal_next(&rest, &entry))
			return changes_undo(changes, undo, note);
	while (!names_directory(&entry) ||
	    is_named_before(&changes->journal, &entry));
	if (!span_copy(entry.path, directory, sizeof(directory)))
		return STATUS_DAMAGED;
	status = profile_lock(directory, program, &lock, note);
	if (status == STATUS_OK)
		status = lock_and_undo(changes, rest, undo, program, note);
	if (lock >= 0)
		(void)close(lock);
	return status;
}

enum status
nss_remove_with(struct changes *changes, change_undoer *undo,
    const char *program, struct note *note)
{
	return lock_and_undo(
	    changes, journal_rest(&changes->journal), undo, program, note);
}

enum status
nss_remove(struct changes *changes, struct note *note)
{
	return nss_remove_with(changes, nss_undo, "a program", note);
}
