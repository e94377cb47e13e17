/*
 * nss.c - install into an NSS database: see nss.h
 *
 * pk12util takes a key only as PKCS #12.  The key holder writes that file, with
 * a passphrase made for it, and both are removed at once; after a crash, by the
 * next run.  What was added is known by its octets and its key's id, never by
 * a nickname, because all generations have the same.
 */
#include "install/nss.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "install/nssdb.h"
#include "install/profile.h"
#include "install/root.h"
#include "install/textfile.h"
#include "install/trial.h"
#include "install/unlock.h"
#include "process/helper.h"

enum {
	PATH_SIZE = 1200,
	PEM_MAX = 64 * 1024,
	SIGNED_MAX = 1024 * 1024,
	NICKNAME_SIZE = 512,
	FLAGS_SIZE = 64
};

static enum status
find_directory(const struct installation *installation, char *out, size_t size,
    struct note *note)
{
	const char *home = getenv("HOME"),
		   *wanted = installation->wishes->database;
	struct span rest = journal_rest(&installation->changes.journal);
	struct journal_entry entry;

	/* A renewal goes where the older one is. */
	if (wanted == NULL)
		while (journal_last(&rest, &entry))
			if (span_eq(entry.verb, SPAN("nss")))
				return span_copy(entry.path, out, size)
				    ? STATUS_OK
				    : STATUS_DAMAGED;
	if (wanted == NULL && (home == NULL || home[0] != '/'))
		return note_set(note, STATUS_CONFIG, "HOME is not set");
	if (wanted == NULL)
		(void)snprintf(out, size, "%s/.pki/nssdb", home);
	else if (wanted[0] != '/' || strlen(wanted) >= size)
		return note_set(
		    note, STATUS_USAGE, "--database must be an absolute path");
	else
		(void)snprintf(out, size, "%s", wanted);
	return STATUS_OK;
}

static void
base64_of(const struct link_facts *link, struct buf *out)
{
	buf_init(out, PEM_MAX);
	nssdb_base64(link->pem, out);
}

/* Enter a certificate, and perhaps its key, into the journal.  key_id: "-"
 * for none. */
static enum status
intend(struct installation *installation, const struct nssdb *db,
    const char *key_id, struct span base64, struct note *note)
{
	enum status status;
	struct buf text;

	if (installation->changes.dry_run)
		return STATUS_OK;
	buf_init(&text, PEM_MAX);
	buf_addf(&text, "%s ", key_id);
	buf_add(&text, base64);
	status = buf_status(&text);
	if (status == STATUS_OK)
		status = journal_add(&installation->changes.journal, "nss",
		    db->directory, buf_span(&text), note);
	buf_clear(&text);
	return status;
}

/* --- a key and its certificate ---------------------------------------------*/

struct handover {
	char file[PATH_SIZE];
	char word[PATH_SIZE]; /* its passphrase */
};

static void
name_handover(const struct installation *installation, struct handover *out)
{
	const char *home = installation->changes.journal.home->path;

	(void)snprintf(
	    out->file, sizeof(out->file), "%.1000s/mail/nss.p12", home);
	(void)snprintf(
	    out->word, sizeof(out->word), "%.1000s/mail/nss.word", home);
}

static void
remove_handover(const struct handover *handover)
{
	(void)unlink(handover->file);
	(void)unlink(handover->word);
	textfile_clean(handover->word);
}

/* Both files enter the journal before they are there. */
static enum status
prepare(struct installation *installation, const struct handover *handover,
    struct buf *word, struct note *note)
{
	struct journal *journal = &installation->changes.journal;
	unsigned char random[32];
	char directory[PATH_SIZE];
	enum status status;
	size_t i;

	(void)snprintf(
	    directory, sizeof(directory), "%.1000s/mail", journal->home->path);
	status = change_dir(&installation->changes, directory, note);
	if (status == STATUS_OK)
		status = journal_add(
		    journal, "passing", handover->file, SPAN(""), note);
	if (status == STATUS_OK)
		status = journal_add(
		    journal, "passing", handover->word, SPAN(""), note);
	if (status == STATUS_OK &&
	    getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		status = STATUS_CRYPTO;
	for (i = 0; status == STATUS_OK && i < sizeof(random); i++)
		buf_addf(word, "%02x", random[i]);
	explicit_bzero(random, sizeof(random));
	return status == STATUS_OK
	    ? textfile_replace(handover->word, 0600, buf_span(word), note)
	    : status;
}

static enum status
write_pkcs12(const struct handover *handover, const struct identity *identity,
    struct span passphrase, struct span word, struct note *note)
{
	struct buf question, answer;
	enum status status;

	buf_init(&question, PEM_MAX);
	buf_init(&answer, 4096);
	helper_open(&question, identity->key, handover->file);
	frame_add(&question, "form", SPAN("modern"));
	frame_add(&question, "chain", identity->link[0].pem);
	frame_add(&question, "name", span_of(identity->order.address[0]));
	if (passphrase.len > 0)
		frame_add(&question, "passphrase", passphrase);
	frame_add(&question, "lock", word);
	frame_add(&question, "replace", SPAN("yes"));
	status = helper_ask(VERB_EXPORT, &question, &answer, note);
	buf_clear(&answer);
	buf_wipe(&question);
	return status;
}

static enum status
hand_over(struct installation *installation, const struct nssdb *db,
    const struct identity *identity, struct note *note)
{
	struct handover handover = { .file = "" };
	const char *const args[] = { "-i", handover.file, "-w", handover.word,
		"-k", "/dev/null", NULL };
	struct buf word, passphrase, out;
	enum status status;

	buf_init(&word, 128);
	buf_init(&passphrase, 4096);
	buf_init(&out, SIGNED_MAX);
	name_handover(installation, &handover);
	status = prepare(installation, &handover, &word, note);
	if (status == STATUS_OK)
		status = unlock_passphrase(
		    installation, identity, false, &passphrase, note);
	if (status == STATUS_OK)
		status = write_pkcs12(&handover, identity,
		    buf_span(&passphrase), buf_span(&word), note);
	if (status == STATUS_OK)
		status = nssdb_tool(db, "pk12util", args, SPAN(""), &out, note);
	remove_handover(&handover);
	buf_clear(&out);
	buf_wipe(&passphrase);
	buf_wipe(&word);
	return status;
}

/* Is it wholly there? */
static bool
has_identity(
    const struct nssdb *db, const struct identity *identity, struct span base64)
{
	struct span trust, nickname;

	return nssdb_find(db, base64, &trust, &nickname) &&
	    nssdb_has_key(db, span_of(identity->link[0].key_id));
}

static enum status
install_identity(struct installation *installation, const struct nssdb *db,
    const struct identity *identity, struct note *note)
{
	struct changes *changes = &installation->changes;
	enum status status;
	struct buf base64, line;

	base64_of(&identity->link[0], &base64);
	buf_init(&line, PEM_MAX);
	buf_addf(&line, "%s ", identity->link[0].key_id);
	buf_add(&line, buf_span(&base64));
	if (has_identity(db, identity, buf_span(&base64))) {
		status = change_adopt(
		    changes, "nss", db->directory, buf_span(&line), note);
	} else {
		status = intend(installation, db, identity->link[0].key_id,
		    buf_span(&base64), note);
		if (status == STATUS_OK && !changes->dry_run)
			status = hand_over(installation, db, identity, note);
		if (status == STATUS_OK)
			change_say(changes, "imported into NSS:",
			    "import into NSS:", identity->order.id);
	}
	buf_clear(&line);
	buf_clear(&base64);
	return status;
}

/* --- what stands above -----------------------------------------------------*/

/* Does a list of flags, "SSL,S/MIME,code", trust it to issue for mail? */
static bool
is_trusted(struct span flags)
{
	flags = span_cut(flags, span_find_byte(flags, ',') + 1, flags.len);
	return span_has_byte(
	    span_cut(flags, 0, span_find_byte(flags, ',')), 'C');
}

static enum status
add_link(struct installation *installation, const struct nssdb *db,
    const struct link_facts *link, const char *flags, struct span base64,
    struct note *note)
{
	char nickname[64];
	const char *const args[] = { "-A", "-n", nickname, "-t", flags, "-a",
		NULL };
	enum status status;
	struct buf out;

	(void)snprintf(nickname, sizeof(nickname), "mailcert %s", link->sha1);
	status = intend(installation, db, "-", base64, note);
	buf_init(&out, SIGNED_MAX);
	if (status == STATUS_OK && !installation->changes.dry_run)
		status =
		    nssdb_tool(db, "certutil", args, link->pem, &out, note);
	buf_clear(&out);
	if (status == STATUS_OK)
		change_say(&installation->changes,
		    "added to NSS:", "add to NSS:", link->subject);
	return status;
}

/* A root that is there and not trusted: the flags it has enter the journal. */
static enum status
trust_root(struct installation *installation, const struct nssdb *db,
    struct span flags, struct span nickname, struct note *note)
{
	char name[NICKNAME_SIZE], text[NICKNAME_SIZE + FLAGS_SIZE];
	const char *const args[] = { "-M", "-n", name, "-t", ",C,", NULL };
	enum status status = STATUS_OK;
	struct buf out;

	if (!span_copy(nickname, name, sizeof(name)) || flags.len > FLAGS_SIZE)
		return STATUS_DAMAGED;
	(void)snprintf(
	    text, sizeof(text), "%.*s %s", (int)flags.len, flags.at, name);
	if (!installation->changes.dry_run)
		status = journal_add(&installation->changes.journal,
		    "nss-trust", db->directory, span_of(text), note);
	buf_init(&out, SIGNED_MAX);
	if (status == STATUS_OK && !installation->changes.dry_run)
		status = nssdb_tool(db, "certutil", args, SPAN(""), &out, note);
	buf_clear(&out);
	if (status == STATUS_OK)
		change_say(&installation->changes,
		    "trusted in NSS:", "trust in NSS:", name);
	return status;
}

/* issues: it may vouch for others; a root then gets trust. */
static enum status
install_link(struct installation *installation, const struct nssdb *db,
    const struct link_facts *link, bool issues, struct note *note)
{
	const bool trusted = link->root && issues;
	struct span flags, nickname;
	struct buf base64, line;
	enum status status;

	base64_of(link, &base64);
	if (!nssdb_find(db, buf_span(&base64), &flags, &nickname)) {
		status = add_link(installation, db, link,
		    trusted ? ",C," : ",,", buf_span(&base64), note);
	} else if (trusted && !is_trusted(flags)) {
		status = trust_root(installation, db, flags, nickname, note);
	} else {
		buf_init(&line, PEM_MAX);
		buf_addf(&line, "- ");
		buf_add(&line, buf_span(&base64));
		status = change_adopt(&installation->changes, "nss",
		    db->directory, buf_span(&line), note);
		buf_clear(&line);
	}
	buf_clear(&base64);
	return status;
}

/* --- consent, and a test ---------------------------------------------------*/

static enum status
accept_root(const struct installation *installation, const struct nssdb *db,
    const struct link_facts *root, struct note *note)
{
	enum status status = STATUS_OK;
	struct span flags, nickname;
	struct buf base64;

	base64_of(root, &base64);
	if (!nssdb_find(db, buf_span(&base64), &flags, &nickname) ||
	    !is_trusted(flags))
		status = root_accept(installation, root, note);
	buf_clear(&base64);
	return status;
}

static enum status
consent(struct installation *installation, const struct nssdb *db,
    struct note *note)
{
	const struct identities *all = installation->identities;
	const struct link_facts *root = identity_root(&all->at[all->signs]);
	enum status status;
	struct buf base64;
	size_t i;

	if (root == NULL)
		return note_set(note, STATUS_CONFIG,
		    "cannot find the root certificate of %s; name its file in "
		    "smime_anchors",
		    all->at[all->signs].order.id);
	status = accept_root(installation, db, root, note);
	for (i = 0; i < all->count && status == STATUS_OK; i++) {
		base64_of(&all->at[i].link[0], &base64);
		status = unlock_accept(installation, &all->at[i],
		    has_identity(db, &all->at[i], buf_span(&base64)), note);
		buf_clear(&base64);
	}
	return status;
}

static enum status
sign(const struct nssdb *db, const char *nickname, struct buf *out,
    struct note *note)
{
	const char *const args[] = { "-S", "-N", nickname, "-H", "SHA256", "-f",
		"/dev/null", NULL };

	return nssdb_tool(db, "cmsutil", args, SPAN(TRIAL_TEXT), out, note);
}

enum status
nss_nickname(const char *directory, const struct identity *identity, char *out,
    size_t size, struct note *note)
{
	struct span flags, nickname;
	struct buf base64;
	enum status status;
	struct nssdb db;

	base64_of(&identity->link[0], &base64);
	status = nssdb_open(directory, &db, note);
	if (status == STATUS_OK &&
	    (!has_identity(&db, identity, buf_span(&base64)) ||
		!nssdb_find(&db, buf_span(&base64), &flags, &nickname) ||
		!span_copy(nickname, out, size)))
		status = note_set(note, STATUS_NO,
		    "certificate %s and its key are not in the database in "
		    "%.200s",
		    identity->order.id, directory);
	nssdb_close(&db);
	buf_clear(&base64);
	return status;
}

static enum status
try_out(
    struct installation *installation, const char *directory, struct note *note)
{
	const struct identities *all = installation->identities;
	const struct identity *signs = &all->at[all->signs];
	char name[NICKNAME_SIZE];
	enum status status;
	struct nssdb db;
	struct buf out;

	if (installation->changes.dry_run)
		return STATUS_OK;
	buf_init(&out, SIGNED_MAX);
	status = nss_nickname(directory, signs, name, sizeof(name), note);
	if (status == STATUS_OK) {
		status = nssdb_imagine(directory, &db, note);
		if (status == STATUS_OK)
			status = sign(&db, name, &out, note);
		nssdb_close(&db);
	}
	if (status == STATUS_OK)
		status = trial_judge(signs, buf_span(&out), note);
	if (status == STATUS_OK)
		buf_add_text(&installation->changes.said,
		    "cmsutil has signed a test text, and it verifies\n");
	buf_clear(&out);
	return status;
}

/* --- the database itself ---------------------------------------------------*/

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

static bool
is_to_make(const struct journal *journal, const char *directory)
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
static enum status
replace_imagined(struct installation *installation, struct nssdb *db,
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

/* One of ours that nobody has put anything into goes again.  A program that
 * has started since keeps its passwords under the key in it. */
static enum status
undo_made(const char *directory, struct span list, struct note *note)
{
	return profile_is_started(directory) || holds_something(directory)
	    ? STATUS_OK
	    : unmake(directory, list, note);
}

/* --- the whole -------------------------------------------------------------*/

static enum status
install_all(struct installation *installation, const struct nssdb *db,
    struct note *note)
{
	const struct identities *all = installation->identities;
	const struct identity *signs = &all->at[all->signs];
	enum status status = STATUS_OK;
	size_t i;

	for (i = 0; i < all->count && status == STATUS_OK; i++)
		if (identity_fits(&all->at[i]))
			status = install_identity(
			    installation, db, &all->at[i], note);
	for (i = 1; i < signs->links && status == STATUS_OK; i++)
		status =
		    install_link(installation, db, &signs->link[i], true, note);
	return status;
}

enum status
nss_install_into(struct installation *installation, const char *directory,
    bool make, struct note *note)
{
	struct handover handover = { .file = "" };
	enum status status;
	struct nssdb db = { .directory = "" };

	status = identities_fit(installation->identities, "NSS", note);
	if (status != STATUS_OK)
		return status;
	/* Of a run that was killed. */
	name_handover(installation, &handover);
	if (!installation->changes.dry_run)
		remove_handover(&handover);
	make = make && is_to_make(&installation->changes.journal, directory);
	status = make ? nssdb_imagine(directory, &db, note)
		      : nssdb_open(directory, &db, note);
	if (status == STATUS_OK)
		status = consent(installation, &db, note);
	if (status == STATUS_OK && make)
		status = replace_imagined(installation, &db, directory, note);
	if (status == STATUS_OK)
		status = install_all(installation, &db, note);
	nssdb_close(&db);
	return status == STATUS_OK ? try_out(installation, directory, note)
				   : status;
}

enum status
nss_install(struct installation *installation, struct note *note)
{
	char directory[1000];
	enum status status;
	int lock = -1;

	status =
	    find_directory(installation, directory, sizeof(directory), note);
	if (status == STATUS_OK)
		status = profile_lock(directory, "a program", &lock, note);
	if (status == STATUS_OK)
		status = nss_install_into(installation, directory, false, note);
	if (lock >= 0)
		(void)close(lock);
	return status;
}

/* --- and back --------------------------------------------------------------*/

/* Is every certificate of that nickname one that we have added? */
static bool
is_all_ours(
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
static enum status
remove_certificate(const struct journal *journal, const struct nssdb *db,
    struct span base64, struct note *note)
{
	char name[NICKNAME_SIZE];
	const char *const args[] = { "-D", "-n", name, NULL };
	struct span flags, nickname;
	enum status status;
	struct buf out;

	if (!nssdb_find(db, base64, &flags, &nickname))
		return STATUS_OK;
	if (!span_copy(nickname, name, sizeof(name)))
		return STATUS_DAMAGED;
	if (!is_all_ours(journal, db, nickname))
		return note_set(note, STATUS_NO,
		    "the nickname \"%.100s\" in %.200s belongs to a "
		    "certificate of yours as well; remove one of them by hand",
		    name, db->directory);
	buf_init(&out, SIGNED_MAX);
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
	buf_init(&out, SIGNED_MAX);
	status = nssdb_tool(db, "certutil", args, SPAN(""), &out, note);
	buf_clear(&out);
	return status;
}

static enum status
restore_trust(const struct nssdb *db, struct span text, struct note *note)
{
	const size_t space = span_find_byte(text, ' ');
	char flags[FLAGS_SIZE + 1], name[NICKNAME_SIZE];
	const char *const args[] = { "-M", "-n", name, "-t", flags, NULL };
	enum status status;
	struct buf out;

	if (!span_copy(span_cut(text, 0, space), flags, sizeof(flags)) ||
	    !span_copy(span_cut(text, space + 1, text.len), name, sizeof(name)))
		return STATUS_DAMAGED;
	buf_init(&out, SIGNED_MAX);
	status = nssdb_tool(db, "certutil", args, SPAN(""), &out, note);
	buf_clear(&out);
	return status;
}

enum status
nss_undo(struct changes *changes, const struct journal_entry *entry,
    struct note *note)
{
	const size_t space = span_find_byte(entry->text, ' ');
	char directory[1000];
	enum status status;
	struct nssdb db;

	if (!span_starts(entry->verb, SPAN("nss")))
		return STATUS_OK;
	if (!span_copy(entry->path, directory, sizeof(directory)))
		return STATUS_DAMAGED;
	if (span_eq(entry->verb, SPAN("nss-made")))
		return undo_made(directory, entry->text, note);
	if (span_eq(entry->verb, SPAN("nss-ready")) || !has_file(directory, 0))
		return STATUS_OK;
	status = nssdb_open(directory, &db, note);
	if (status == STATUS_OK && span_eq(entry->verb, SPAN("nss-trust"))) {
		status = restore_trust(&db, entry->text, note);
	} else if (status == STATUS_OK) {
		status = remove_key(&db, span_cut(entry->text, 0, space), note);
		if (status == STATUS_OK)
			status = remove_certificate(&changes->journal, &db,
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
	char directory[1000];
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

/* --- correspondents --------------------------------------------------------*/

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
	    !is_all_ours(&changes->journal, db, nickname))
		return STATUS_OK;
	change_say(changes, "removed from NSS an older certificate of",
	    "remove from NSS an older certificate of", address);
	return changes->dry_run
	    ? STATUS_OK
	    : remove_certificate(&changes->journal, db, old, note);
}

static enum status
remember_in(struct installation *installation, const struct nssdb *db,
    const struct identity *other, const char *address, struct note *note)
{
	struct changes *changes = &installation->changes;
	enum status status;
	struct buf base64;
	size_t i;

	base64_of(&other->link[0], &base64);
	status = forget_older(changes, db, address, buf_span(&base64), note);
	for (i = 0; i < other->links && status == STATUS_OK; i++)
		status = install_link(
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
		status = accept_root(installation, &db, root, note);
	if (status == STATUS_OK)
		status = remember_in(installation, &db, other, address, note);
	nssdb_close(&db);
	return status;
}

enum status
nss_remember(struct installation *installation, const struct identity *other,
    const char *address, struct note *note)
{
	char directory[1000];
	enum status status;
	int lock = -1;

	status =
	    find_directory(installation, directory, sizeof(directory), note);
	if (status == STATUS_OK)
		status = profile_lock(directory, "a program", &lock, note);
	if (status == STATUS_OK)
		status = nss_remember_in(
		    installation, directory, other, address, note);
	if (lock >= 0)
		(void)close(lock);
	return status;
}
