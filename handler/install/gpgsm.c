/*
 * gpgsm.c - install into gpgsm: see gpgsm.h
 *
 * gpgsm reads no PKCS #12 of today, so that the key file is written beside its
 * own, under the keygrip that it names; gpg-agent sees it at once.
 */
#include "install/gpgsm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "install/program.h"
#include "install/root.h"
#include "install/textfile.h"
#include "install/trial.h"
#include "install/trustlist.h"

enum {
	PATH_SIZE = 1000,
	GRIP_SIZE = 41,
	LISTING_MAX = 4 * 1024 * 1024,
	SECONDS = 20 /* it may ask for revocation lists */
};

/* What gpgsm has of one certificate. */
struct listed {
	bool there;
	char grip[GRIP_SIZE];
};

static enum status
gpgsm_home(char *out, size_t size, struct note *note)
{
	const char *home = getenv("GNUPGHOME"), *user = getenv("HOME");
	int len;

	if (home != NULL && home[0] != '\0')
		len = snprintf(out, size, "%s", home);
	else if (user != NULL && user[0] == '/')
		len = snprintf(out, size, "%s/.gnupg", user);
	else
		return note_set(note, STATUS_CONFIG, "HOME is not set");
	if (len < 0 || (size_t)len >= size || out[0] != '/')
		return note_set(note, STATUS_CONFIG,
		    "GNUPGHOME is not an absolute path, or too long");
	return STATUS_OK;
}

static enum status
path_below(const char *name, char *out, size_t size, struct note *note)
{
	char home[PATH_SIZE];
	enum status status = gpgsm_home(home, sizeof(home), note);

	if (status == STATUS_OK)
		(void)snprintf(out, size, "%s/%s", home, name);
	return status;
}

static enum status
key_path(const char *grip, char *out, size_t size, struct note *note)
{
	char name[80];

	(void)snprintf(name, sizeof(name), "private-keys-v1.d/%s.key", grip);
	return path_below(name, out, size, note);
}

/* Run it with --batch and at most ten arguments. */
static enum status
gpgsm(const char *const args[], struct span input, struct buf *out,
    struct note *said, int *code, struct note *note)
{
	const char *argv[12] = { "--batch" };
	const struct program program = { .name = "gpgsm",
		.argv = argv,
		.input = input,
		.seconds = SECONDS };
	size_t n;

	for (n = 0; n < 10 && args[n] != NULL; n++)
		argv[n + 1] = args[n];
	return program_run(&program, out, said, code, note);
}

/* The tenth field of a line of --with-colons (GnuPG's doc/DETAILS). */
static struct span
field_ten(struct span line)
{
	size_t i, end;

	for (i = 1; i < 10; i++) {
		end = span_find_byte(line, ':');
		line = span_cut(line, end + 1, line.len);
	}
	return span_cut(line, 0, span_find_byte(line, ':'));
}

static void
take_listing(struct span text, const char *sha1, struct listed *out)
{
	struct span line;

	while (text.len > 0) {
		line = line_take(&text);
		if (span_starts(line, SPAN("fpr:")) &&
		    span_eq(field_ten(line), span_of(sha1)))
			out->there = true;
		if (out->there && out->grip[0] == '\0' &&
		    span_starts(line, SPAN("grp:")))
			(void)span_copy(
			    field_ten(line), out->grip, sizeof(out->grip));
	}
	if (strspn(out->grip, "0123456789ABCDEF") != GRIP_SIZE - 1)
		out->grip[0] = '\0';
}

static enum status
list(const char *sha1, struct listed *out, struct note *note)
{
	char name[48];
	const char *const args[] = { "--disable-dirmngr", "--with-colons",
		"--list-keys", name, NULL };
	struct note said = { "" };
	enum status status;
	struct buf text;
	int code = 0;

	*out = (struct listed){ .there = false };
	(void)snprintf(name, sizeof(name), "0x%s", sha1);
	buf_init(&text, LISTING_MAX);
	status = gpgsm(args, SPAN(""), &text, &said, &code, note);
	if (status == STATUS_OK)
		take_listing(buf_span(&text), sha1, out);
	buf_clear(&text);
	return status;
}

/* --- what it can use -------------------------------------------------------*/

static bool
is_key(const struct identity *identity, const char *kind)
{
	return strcmp(identity->link[0].key, kind) == 0;
}

enum status
gpgsm_fits(const struct identities *identities, struct note *note)
{
	const struct identity *signs = &identities->at[identities->signs];
	const struct identity *encrypts = &identities->at[identities->encrypts];

	if (signs->link[0].subject[0] == '\0' ||
	    encrypts->link[0].subject[0] == '\0')
		return note_set(note, STATUS_NO,
		    "gpgsm refuses a certificate with an empty subject");
	if (!is_key(signs, "rsa") && !is_key(signs, "ec"))
		return note_set(note, STATUS_NO,
		    "gpgsm cannot sign with a key of this kind (%s)",
		    key_kind_name(signs->order.key));
	if (!is_key(encrypts, "rsa") && encrypts->order.usage != CSR_SIGN)
		return note_set(note, STATUS_NO,
		    "gpgsm cannot decrypt with a key of this kind (%s)",
		    key_kind_name(encrypts->order.key));
	return STATUS_OK;
}

/* --- certificates ----------------------------------------------------------*/

/* Enter what is not there into the journal, and gather its PEM. */
static enum status
gather(struct installation *installation, const struct identity *identity,
    struct buf *pem, struct note *note)
{
	enum status status = STATUS_OK;
	struct listed listed;
	size_t i;

	for (i = 0; i < identity->links && status == STATUS_OK; i++) {
		status = list(identity->link[i].sha1, &listed, note);
		if (status == STATUS_OK && listed.there) {
			status = change_adopt(&installation->changes, "gpgsm",
			    identity->link[i].sha1, SPAN(""), note);
			continue;
		}
		if (status != STATUS_OK)
			continue;
		if (!installation->changes.dry_run)
			status = journal_add(&installation->changes.journal,
			    "gpgsm", identity->link[i].sha1, SPAN(""), note);
		identity_add_pem(identity, i, i + 1, pem);
		change_say(&installation->changes, "imported into gpgsm:",
		    "import into gpgsm:", identity->link[i].subject);
	}
	return status;
}

static enum status
import(struct span pem, struct note *said, struct note *note)
{
	static const char *const args[] = { "--disable-dirmngr", "--import",
		NULL };
	enum status status;
	struct buf out;
	int code = 0;

	buf_init(&out, LISTING_MAX);
	/* Exit 2 where it has refused one of them: the caller looks. */
	status = gpgsm(args, pem, &out, said, &code, note);
	buf_clear(&out);
	return status;
}

static enum status
install_chain(struct installation *installation,
    const struct identity *identity, struct listed *out, struct note *note)
{
	struct note said = { "" };
	enum status status;
	struct buf pem;

	buf_init(&pem, LISTING_MAX);
	status = gather(installation, identity, &pem, note);
	if (status == STATUS_OK && pem.len > 0 &&
	    !installation->changes.dry_run)
		status = import(buf_span(&pem), &said, note);
	buf_clear(&pem);
	if (status == STATUS_OK)
		status = list(identity->link[0].sha1, out, note);
	if (status == STATUS_OK && !installation->changes.dry_run &&
	    (!out->there || out->grip[0] == '\0'))
		status = note_set(note, STATUS_NO,
		    "gpgsm does not take the certificate %s: %.200s",
		    identity->order.id, said.text);
	return status;
}

/* --- keys ------------------------------------------------------------------*/

static enum status
place(struct installation *installation, const struct identity *identity,
    const char *path, struct note *note)
{
	const struct install_wishes *wishes = installation->wishes;
	enum status status = STATUS_OK;
	struct buf passphrase;

	buf_init(&passphrase, 4096);
	if (identity->order.locked && !installation->changes.dry_run)
		status = wishes->passphrase(
		    wishes->arg, &identity->order, &passphrase, note);
	if (status == STATUS_OK)
		status = change_key(&installation->changes, path, identity->key,
		    "gpg", buf_span(&passphrase), note);
	buf_wipe(&passphrase);
	return status;
}

static enum status
install_key(struct installation *installation, const struct identity *identity,
    const char *grip, struct note *note)
{
	struct changes *changes = &installation->changes;
	char path[PATH_SIZE + 100];
	enum status status;

	status = path_below("private-keys-v1.d", path, sizeof(path), note);
	if (status == STATUS_OK)
		status = change_dir(changes, path, note);
	/* Before the certificate is imported, only gpgsm could say. */
	if (status == STATUS_OK)
		status = key_path(grip[0] != '\0' ? grip : "KEYGRIP", path,
		    sizeof(path), note);
	if (status != STATUS_OK)
		return status;
	/* The user's own, perhaps protected: it stays. */
	if (access(path, F_OK) == 0)
		return change_adopt(changes, "file", path, SPAN(""), note);
	return place(installation, identity, path, note);
}

/* --- trust -----------------------------------------------------------------*/

/* The root to be trusted; NULL where it is already. */
static enum status
find_untrusted(const struct identity *identity, const struct link_facts **out,
    struct note *note)
{
	const struct link_facts *root = identity_root(identity);
	char path[PATH_SIZE + 100];
	enum status status;
	bool trusted = false;

	*out = NULL;
	if (root == NULL)
		return note_set(note, STATUS_CONFIG,
		    "cannot find the root certificate above \"%.100s\"; name "
		    "its file in smime_anchors",
		    identity->link[identity->links - 1].subject);
	status = path_below("trustlist.txt", path, sizeof(path), note);
	if (status == STATUS_OK)
		status = trustlist_has(path, root->sha1, &trusted, note);
	if (!trusted)
		*out = root;
	return status;
}

static enum status
trust(struct installation *installation, const struct link_facts *root,
    struct note *note)
{
	char path[PATH_SIZE + 100];
	enum status status;

	status = path_below("trustlist.txt", path, sizeof(path), note);
	return status == STATUS_OK
	    ? trustlist_add(&installation->changes, path, root->sha1, note)
	    : status;
}

/* --- consent, before anything is written -----------------------------------*/

/* Is its key a locked one that gpg-agent does not have yet? */
static enum status
is_unlocking(const struct identity *identity, bool *out, struct note *note)
{
	char path[PATH_SIZE + 100];
	struct listed listed;
	enum status status;

	*out = identity->order.locked;
	if (!identity->order.locked)
		return STATUS_OK;
	status = list(identity->link[0].sha1, &listed, note);
	if (status == STATUS_OK && listed.grip[0] != '\0') {
		status = key_path(listed.grip, path, sizeof(path), note);
		*out = status == STATUS_OK && access(path, F_OK) != 0;
	}
	return status;
}

static enum status
ask_unlock(const struct installation *installation,
    const struct identity *identity, struct note *note)
{
	const struct install_wishes *wishes = installation->wishes;
	char question[600];

	if (wishes->unlock || installation->changes.dry_run)
		return STATUS_OK;
	(void)snprintf(question, sizeof(question),
	    "The key of certificate %s has a passphrase.  gpg-agent would "
	    "keep it without\none, until you run gpgsm --passwd 0x%s.\n"
	    "Install it so?",
	    identity->order.id, identity->link[0].sha1);
	if (!wishes->again && wishes->ask != NULL && wishes->ask(question))
		return STATUS_OK;
	return note_set(note, STATUS_NO,
	    "the key of certificate %s has a passphrase, and gpg-agent would "
	    "keep it without one; use --unlock to allow that",
	    identity->order.id);
}

/* root: the one to be trusted, or NULL. */
static enum status
consent(const struct installation *installation, const struct link_facts **root,
    struct note *note)
{
	const struct identities *all = installation->identities;
	enum status status;
	bool unlocking;
	size_t i;

	status = find_untrusted(&all->at[all->signs], root, note);
	if (status == STATUS_OK && *root != NULL)
		status = root_accept(installation, *root, note);
	for (i = 0; i < all->count && status == STATUS_OK; i++) {
		status = is_unlocking(&all->at[i], &unlocking, note);
		if (status == STATUS_OK && unlocking)
			status = ask_unlock(installation, &all->at[i], note);
	}
	return status;
}

/* --- the whole -------------------------------------------------------------*/

/* As a mail program does it, revocation lists included. */
static enum status
sign(const struct identity *identity, struct buf *out, struct note *note)
{
	char user[48];
	const char *const args[] = { "--pinentry-mode", "error", "--local-user",
		user, "--sign", NULL };
	struct note said = { "" };
	enum status status;
	int code = 0;

	(void)snprintf(user, sizeof(user), "0x%s", identity->link[0].sha1);
	status = gpgsm(args, SPAN(TRIAL_TEXT), out, &said, &code, note);
	if (status == STATUS_AGAIN)
		return note_set(note, STATUS_NO,
		    "gpgsm did not sign a test text within %d seconds",
		    SECONDS);
	if (status == STATUS_OK && code != 0)
		status = note_set(note, STATUS_NO,
		    "gpgsm cannot sign a test text: %.200s", said.text);
	return status;
}

static enum status
verify_signed(struct span signed_data, struct note *note)
{
	const char *const args[] = { "--verify", NULL };
	struct note said = { "" };
	enum status status;
	struct buf out;
	int code = 0;

	buf_init(&out, LISTING_MAX);
	status = gpgsm(args, signed_data, &out, &said, &code, note);
	buf_clear(&out);
	if (status == STATUS_AGAIN)
		return note_set(note, STATUS_NO,
		    "gpgsm did not verify a test text within %d seconds",
		    SECONDS);
	if (status == STATUS_OK && code != 0)
		status = note_set(note, STATUS_NO,
		    "gpgsm cannot verify a test text: %.200s", said.text);
	return status;
}

enum status
gpgsm_try(const struct identity *identity, bool verify, struct note *note)
{
	enum status status;
	struct buf out;

	buf_init(&out, LISTING_MAX);
	status = sign(identity, &out, note);
	if (status == STATUS_OK)
		status = trial_judge(identity, buf_span(&out), note);
	if (status == STATUS_OK && verify)
		status = verify_signed(buf_span(&out), note);
	buf_clear(&out);
	return status;
}

/* It does not say what it wants; most often it is this. */
static enum status
explain(const struct identity *identity, enum status status,
    const struct note *why, struct note *note)
{
	size_t i;

	for (i = 0; i < identity->links; i++)
		if (!identity->link[i].root &&
		    identity->link[i].place[0] != '\0')
			return note_set(note, status,
			    "%.120s; gpgsm wants the revocation list from "
			    "%.90s: try again when its server answers, or set "
			    "disable-crl-checks in gpgsm.conf",
			    why->text, identity->link[i].place);
	return note_set(note, status, "%.300s", why->text);
}

static enum status
try_out(struct installation *installation, const struct identity *identity,
    struct note *note)
{
	struct note why = { "" };
	enum status status;

	if (installation->changes.dry_run)
		return STATUS_OK;
	status = gpgsm_try(identity, false, &why);
	if (status != STATUS_OK)
		return explain(identity, status, &why, note);
	buf_addf(&installation->changes.said,
	    "gpgsm has signed a test text, and it verifies\n");
	return STATUS_OK;
}

static enum status
install_one(struct installation *installation, const struct identity *identity,
    struct note *note)
{
	struct listed listed;
	enum status status;

	status = install_chain(installation, identity, &listed, note);
	return status == STATUS_OK
	    ? install_key(installation, identity, listed.grip, note)
	    : status;
}

/* A generation that gpgsm does not take only loses old mail: it is said. */
static void
install_old(struct installation *installation, const struct identity *identity)
{
	struct note why = { "" };
	enum status status;

	status = install_one(installation, identity, &why);
	if (status != STATUS_OK)
		buf_addf(&installation->changes.said,
		    "mail to the old certificate %s cannot be read here: "
		    "%s\n",
		    identity->order.id, note_text(&why, status));
}

static enum status
install_all(struct installation *installation, struct note *note)
{
	const struct identities *all = installation->identities;
	enum status status = STATUS_OK;
	size_t i;

	for (i = 0; i < all->count && status == STATUS_OK; i++)
		if (i == all->signs || i == all->encrypts)
			status = install_one(installation, &all->at[i], note);
		else
			install_old(installation, &all->at[i]);
	return status;
}

enum status
gpgsm_install(struct installation *installation, struct note *note)
{
	const struct identities *all = installation->identities;
	const struct link_facts *root = NULL;
	char home[PATH_SIZE];
	enum status status;

	status = gpgsm_fits(all, note);
	if (status == STATUS_OK)
		status = gpgsm_home(home, sizeof(home), note);
	if (status == STATUS_OK)
		status = consent(installation, &root, note);
	if (status == STATUS_OK)
		status = change_dir(&installation->changes, home, note);
	if (status == STATUS_OK)
		status = install_all(installation, note);
	if (status == STATUS_OK && root != NULL)
		status = trust(installation, root, note);
	return status == STATUS_OK
	    ? try_out(installation, &all->at[all->signs], note)
	    : status;
}

enum status
gpgsm_remember(struct installation *installation, const struct identity *other,
    const char *address, struct note *note)
{
	const struct link_facts *root = NULL;
	struct listed listed;
	enum status status;

	(void)address;
	status = identity_is_rsa(other, "gpgsm", note);
	if (status == STATUS_OK && other->link[0].subject[0] == '\0')
		return note_set(note, STATUS_NO,
		    "gpgsm refuses a certificate with an empty subject");
	if (status == STATUS_OK)
		status = find_untrusted(other, &root, note);
	if (status == STATUS_OK && root != NULL)
		status = root_accept(installation, root, note);
	if (status == STATUS_OK)
		status = install_chain(installation, other, &listed, note);
	return status == STATUS_OK && root != NULL
	    ? trust(installation, root, note)
	    : status;
}

enum status
gpgsm_undo(struct changes *changes, const struct journal_entry *entry,
    struct note *note)
{
	char sha1[41], name[48];
	const char *const args[] = { "--yes", "--disable-dirmngr",
		"--delete-keys", name, NULL };
	struct note said = { "" };
	struct listed listed;
	enum status status;
	struct buf out;
	int code = 0;

	(void)changes;
	if (!span_eq(entry->verb, SPAN("gpgsm")))
		return STATUS_OK;
	if (!span_copy(entry->path, sha1, sizeof(sha1)))
		return STATUS_DAMAGED;
	status = list(sha1, &listed, note);
	if (status != STATUS_OK || !listed.there)
		return status;
	(void)snprintf(name, sizeof(name), "0x%s", sha1);
	buf_init(&out, LISTING_MAX);
	status = gpgsm(args, SPAN(""), &out, &said, &code, note);
	if (status == STATUS_OK && code != 0)
		status = note_set(note, STATUS_NO,
		    "gpgsm cannot delete the certificate %s: %.200s", name,
		    said.text);
	buf_clear(&out);
	return status;
}

void
gpgsm_undone(void)
{
	trustlist_reload();
}
