/*
 * nss.c - install into an NSS database: see nss.h
 *
 * pk12util takes a key only as PKCS #12.  The key holder writes that file, with
 * a passphrase of 256 random bits made for it, and both are removed at once;
 * after a crash, by the next run.  What was added is known by its octets and
 * its key's id, never by a nickname, because all generations have the same.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "install/nss_p.h"
#include "install/profile.h"
#include "install/root.h"
#include "install/textfile.h"
#include "install/trial.h"
#include "install/unlock.h"
#include "process/helper.h"

enum { PATH_SIZE = 1200, PEM_MAX = 64 * 1024 };

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

enum status
nss_lock(const struct installation *installation,
    char directory[NSS_DIRECTORY_SIZE], int *lock, struct note *note)
{
	enum status status =
	    find_directory(installation, directory, NSS_DIRECTORY_SIZE, note);

	return status == STATUS_OK
	    ? profile_lock(directory, "a program", lock, note)
	    : status;
}

void
nss_base64(const struct link_facts *link, struct buf *out)
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
	frame_add(&question, "form", SPAN("passing"));
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
	buf_init(&out, NSS_OUTPUT_MAX);
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

	nss_base64(&identity->link[0], &base64);
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
	buf_init(&out, NSS_OUTPUT_MAX);
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
	char name[NSS_NICKNAME_SIZE], text[NSS_NICKNAME_SIZE + NSS_FLAGS_SIZE];
	const char *const args[] = { "-M", "-n", name, "-t", ",C,", NULL };
	enum status status = STATUS_OK;
	struct buf out;

	if (!span_copy(nickname, name, sizeof(name)) ||
	    flags.len > NSS_FLAGS_SIZE)
		return STATUS_DAMAGED;
	(void)snprintf(
	    text, sizeof(text), "%.*s %s", (int)flags.len, flags.at, name);
	if (!installation->changes.dry_run)
		status = journal_add(&installation->changes.journal,
		    "nss-trust", db->directory, span_of(text), note);
	buf_init(&out, NSS_OUTPUT_MAX);
	if (status == STATUS_OK && !installation->changes.dry_run)
		status = nssdb_tool(db, "certutil", args, SPAN(""), &out, note);
	buf_clear(&out);
	if (status == STATUS_OK)
		change_say(&installation->changes,
		    "trusted in NSS:", "trust in NSS:", name);
	return status;
}

/* issues: it may vouch for others; a root then gets trust. */
enum status
nss_install_link(struct installation *installation, const struct nssdb *db,
    const struct link_facts *link, bool issues, struct note *note)
{
	const bool trusted = link->root && issues;
	struct span flags, nickname;
	struct buf base64, line;
	enum status status;

	nss_base64(link, &base64);
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

enum status
nss_accept_root(const struct installation *installation, const struct nssdb *db,
    const struct link_facts *root, struct note *note)
{
	enum status status = STATUS_OK;
	struct span flags, nickname;
	struct buf base64;

	nss_base64(root, &base64);
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
	status = nss_accept_root(installation, db, root, note);
	for (i = 0; i < all->count && status == STATUS_OK; i++) {
		nss_base64(&all->at[i].link[0], &base64);
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

	nss_base64(&identity->link[0], &base64);
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
	char name[NSS_NICKNAME_SIZE];
	enum status status;
	struct nssdb db;
	struct buf out;

	if (installation->changes.dry_run)
		return STATUS_OK;
	buf_init(&out, NSS_OUTPUT_MAX);
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
		status = nss_install_link(
		    installation, db, &signs->link[i], true, note);
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
	make =
	    make && nss_is_to_make(&installation->changes.journal, directory);
	status = make ? nssdb_imagine(directory, &db, note)
		      : nssdb_open(directory, &db, note);
	if (status == STATUS_OK)
		status = consent(installation, &db, note);
	if (status == STATUS_OK && make)
		status = nss_make(installation, &db, directory, note);
	if (status == STATUS_OK)
		status = install_all(installation, &db, note);
	nssdb_close(&db);
	return status == STATUS_OK ? try_out(installation, directory, note)
				   : status;
}

enum status
nss_install(struct installation *installation, struct note *note)
{
	char directory[NSS_DIRECTORY_SIZE];
	enum status status;
	int lock = -1;

	status = nss_lock(installation, directory, &lock, note);
	if (status == STATUS_OK)
		status = nss_install_into(installation, directory, false, note);
	if (lock >= 0)
		(void)close(lock);
	return status;
}
