/*
 * classic.c - files for mutt's classic back end: see classic.h
 *
 * What smime_keys does, without its prompts: KEYS/HASH.N, CERTIFICATES/HASH.N,
 * the certificates between leaf and root as CERTIFICATES/IHASH.M, and a line
 * in each .index.  HASH is openssl's hash of the subject, N the first number
 * that is free in both directories.
 */
#include "install/classic.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "install/program.h"
#include "install/textfile.h"
#include "install/trial_openssl.h"

enum {
	PATH_SIZE = CLASSIC_PATH_SIZE + 64,
	NUMBERS = 1000, /* of one hash */
	PEM_MAX = 256 * 1024,
	/* neomutt cuts a command at 256 characters, with the files in it: one
	 * to decrypt, two and the roots to verify; Debian's has 55. */
	DECRYPT_LEN_MAX = 200,
	VERIFY_LEN_MAX = 55
};

enum status
classic_fits(const struct identities *identities, struct note *note)
{
	const struct identity *signs = &identities->at[identities->signs];

	return strcmp(signs->link[0].key, "rsa") == 0 ||
		strcmp(signs->link[0].key, "ec") == 0
	    ? STATUS_OK
	    : note_set(note, STATUS_NO,
		  "openssl, as mutt calls it, cannot sign with a key of this "
		  "kind (%s)",
		  key_kind_name(signs->order.key));
}

static bool
exists(const char *directory, const char *name)
{
	char path[PATH_SIZE];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	return lstat(path, &st) == 0;
}

/* Does that file hold just this? */
static bool
holds(const char *directory, const char *name, struct span text)
{
	char path[PATH_SIZE];
	struct note note = { "" };
	struct buf old;
	mode_t mode = 0;
	bool same;

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	buf_init(&old, TEXTFILE_MAX);
	same = textfile_read(path, &old, &mode, &note) == STATUS_OK &&
	    span_eq(buf_span(&old), text);
	buf_clear(&old);
	return same;
}

/* The name of a certificate: the one it has, or a free one.  A key that is
 * there without its certificate is somebody's. */
static enum status
choose_name(const struct classic *classic, const char *hash, struct span pem,
    char out[CLASSIC_NAME_SIZE], struct note *note)
{
	unsigned n;

	for (n = 0; n < NUMBERS; n++) {
		(void)snprintf(out, CLASSIC_NAME_SIZE, "%.8s.%u", hash, n);
		if (holds(classic->certificates, out, pem))
			return STATUS_OK;
		if (!exists(classic->certificates, out) &&
		    !exists(classic->keys, out))
			return STATUS_OK;
	}
	return note_set(note, STATUS_CREATE,
	    "%.200s has too many certificates named %s", classic->certificates,
	    hash);
}

static enum status
place_certificate(struct changes *changes, const struct classic *classic,
    const char *hash, struct span pem, char name[CLASSIC_NAME_SIZE],
    struct note *note)
{
	char path[PATH_SIZE];
	enum status status;

	status = choose_name(classic, hash, pem, name, note);
	if (status != STATUS_OK)
		return status;
	(void)snprintf(
	    path, sizeof(path), "%s/%s", classic->certificates, name);
	return change_file(changes, path, pem, note);
}

/* What stands between leaf and root, in one file; "?" where nothing does. */
static enum status
place_between(struct changes *changes, const struct classic *classic,
    const struct identity *identity, char name[CLASSIC_NAME_SIZE],
    struct note *note)
{
	const size_t end = identity->links -
	    (identity->link[identity->links - 1].root ? 1 : 0);
	enum status status;
	struct buf pem;

	(void)strcpy(name, "?");
	if (end <= 1)
		return STATUS_OK;
	buf_init(&pem, PEM_MAX);
	identity_add_pem(identity, 1, end, &pem);
	status = buf_status(&pem);
	if (status == STATUS_OK)
		status = place_certificate(changes, classic,
		    identity->link[1].hash, buf_span(&pem), name, note);
	buf_clear(&pem);
	return status;
}

static enum status
place_key(struct changes *changes, const struct classic *classic,
    const struct identity *identity, const char *name, struct note *note)
{
	char path[PATH_SIZE];

	(void)snprintf(path, sizeof(path), "%s/%s", classic->keys, name);
	return change_key(changes, path, identity->key, "same", SPAN(""), note);
}

/* Both indexes get a line for each address. */
static enum status
place_lines(struct changes *changes, const struct classic *classic,
    const struct identity *identity, const char *name, const char *between,
    bool current, struct note *note)
{
	static const char *const purposes[] = { "se", "s", "e" };
	char keys[PATH_SIZE], certificates[PATH_SIZE], line[512];
	enum status status = STATUS_OK;
	size_t i;

	(void)snprintf(keys, sizeof(keys), "%s/.index", classic->keys);
	(void)snprintf(certificates, sizeof(certificates), "%s/.index",
	    classic->certificates);
	for (i = 0; i < identity->order.addresses && status == STATUS_OK; i++) {
		/* A line has no quotes; mutt finds the key by its settings. */
		if (strpbrk(identity->order.address[i], " \t") != NULL)
			continue;
		(void)snprintf(line, sizeof(line),
		    "%.300s %s mailcert-%s %s t %s", identity->order.address[i],
		    name, identity->order.id, between,
		    purposes[identity->order.usage]);
		status = change_line(changes, keys, line, note);
		/* Mail is encrypted to the newest only. */
		if (status == STATUS_OK)
			status = current
			    ? change_line(changes, certificates, line, note)
			    : change_unline(changes, certificates, line, note);
	}
	return status;
}

static enum status
install_one(struct changes *changes, const struct classic *classic,
    const struct identity *identity, bool current, char name[CLASSIC_NAME_SIZE],
    char between[CLASSIC_NAME_SIZE], struct note *note)
{
	enum status status;

	status = place_certificate(changes, classic, identity->link[0].hash,
	    identity->link[0].pem, name, note);
	if (status == STATUS_OK)
		status = place_key(changes, classic, identity, name, note);
	if (status == STATUS_OK)
		status =
		    place_between(changes, classic, identity, between, note);
	return status == STATUS_OK ? place_lines(changes, classic, identity,
					 name, between, current, note)
				   : status;
}

/* --- a test ----------------------------------------------------------------*/

static enum status
try_out(struct installation *installation, const struct classic *classic,
    struct note *note)
{
	const bool alone = strcmp(classic->above, "?") == 0;
	char key[PATH_SIZE], certificate[PATH_SIZE], above[PATH_SIZE];

	(void)snprintf(
	    key, sizeof(key), "%s/%s", classic->keys, classic->signs);
	(void)snprintf(certificate, sizeof(certificate), "%s/%s",
	    classic->certificates, classic->signs);
	/* Where nothing stands above it, mutt names the certificate again. */
	(void)snprintf(above, sizeof(above), "%s/%s", classic->certificates,
	    alone ? classic->signs : classic->above);
	return trial_openssl(installation, key, certificate, above, note);
}

/* --- the whole -------------------------------------------------------------*/

/* The directory above, too: ~/.smime. */
static enum status
make_directory(struct changes *changes, const char *path, struct note *note)
{
	char parent[CLASSIC_PATH_SIZE];
	enum status status = STATUS_OK;
	char *slash;

	(void)strcpy(parent, path);
	slash = strrchr(parent, '/');
	if (slash != NULL && slash != parent) {
		*slash = '\0';
		status = change_dir(changes, parent, note);
	}
	return status == STATUS_OK ? change_dir(changes, path, note) : status;
}

enum status
classic_install(struct installation *installation, struct classic *classic,
    struct note *note)
{
	const struct identities *all = installation->identities;
	struct changes *changes = &installation->changes;
	char name[CLASSIC_NAME_SIZE], above[CLASSIC_NAME_SIZE];
	enum status status;
	size_t i;

	status = classic_fits(all, note);
	if (status == STATUS_OK)
		status = make_directory(changes, classic->keys, note);
	if (status == STATUS_OK)
		status = make_directory(changes, classic->certificates, note);
	for (i = 0; i < all->count && status == STATUS_OK; i++) {
		status = install_one(changes, classic, &all->at[i],
		    i == all->signs || i == all->encrypts, name, above, note);
		if (i == all->signs) {
			(void)strcpy(classic->signs, name);
			(void)strcpy(classic->above, above);
		}
		if (i == all->encrypts)
			(void)strcpy(classic->encrypts, name);
	}
	return status == STATUS_OK ? try_out(installation, classic, note)
				   : status;
}

/* --- correspondents --------------------------------------------------------*/

#define REMEMBERED "remembered"

/* "ADDRESS HASH.N remembered ..." of that address. */
static bool
is_remembered(struct span line, const char *address)
{
	const size_t space = span_find_byte(line, ' ');
	const struct span rest = span_cut(line, space + 1, line.len);

	return span_eq(span_cut(line, 0, space), span_of(address)) &&
	    span_starts(span_cut(rest, span_find_byte(rest, ' '), rest.len),
		SPAN(" " REMEMBERED " "));
}

/* mutt asks which one, where there are two. */
static enum status
forget_older(struct changes *changes, const char *index, const char *address,
    const char *line, struct note *note)
{
	struct span rest = journal_rest(&changes->journal);
	enum status status = STATUS_OK;
	struct journal_entry entry;
	char old[512];

	while (status == STATUS_OK && journal_next(&rest, &entry))
		if (span_eq(entry.verb, SPAN("line")) &&
		    span_eq(entry.path, span_of(index)) &&
		    is_remembered(entry.text, address) &&
		    span_copy(entry.text, old, sizeof(old)) &&
		    strcmp(old, line) != 0)
			status = change_unline(changes, index, old, note);
	return status;
}

enum status
classic_remember(struct changes *changes, const struct classic *classic,
    const struct identity *other, const char *address, struct note *note)
{
	char name[CLASSIC_NAME_SIZE], between[CLASSIC_NAME_SIZE];
	char index[PATH_SIZE], line[512];
	enum status status;

	if (strpbrk(address, " \t\n") != NULL)
		return note_set(note, STATUS_NO,
		    "the address has a blank, and mutt's index cannot hold it");
	status = place_certificate(changes, classic, other->link[0].hash,
	    other->link[0].pem, name, note);
	if (status == STATUS_OK)
		status = place_between(changes, classic, other, between, note);
	if (status != STATUS_OK)
		return status;
	(void)snprintf(
	    index, sizeof(index), "%s/.index", classic->certificates);
	(void)snprintf(line, sizeof(line), "%.300s %s " REMEMBERED " %s t e",
	    address, name, between);
	status = forget_older(changes, index, address, line, note);
	return status == STATUS_OK ? change_line(changes, index, line, note)
				   : status;
}

/* --- commands --------------------------------------------------------------*/

/* Append "set NAME='COMMAND'".  STATUS_NO: it is longer than most. */
static enum status
add_command(struct buf *out, const char *name, const char *command, size_t most)
{
	if (strlen(command) > most)
		return STATUS_NO;
	buf_addf(out, "set %s='%s'\n", name, command);
	return STATUS_OK;
}

static enum status
add_decrypt(const struct classic *classic, const char *mailcert,
    struct buf *out, struct note *note)
{
	char command[4096];

	(void)snprintf(command, sizeof(command),
	    "%s mutt-decrypt \"%s\" \"%s\" %%f", mailcert, classic->keys,
	    classic->certificates);
	return add_command(out, "smime_decrypt_command", command,
		   DECRYPT_LEN_MAX) == STATUS_OK
	    ? STATUS_OK
	    : note_set(note, STATUS_CONFIG,
		  "the paths of mailcert and of the directory of keys are "
		  "too long for mutt; put mailcert on the PATH");
}

/* False: openssl goes on with it. */
static bool
add_verify(const char *mailcert, struct buf *out)
{
	char command[600];

	/* %C is "-CAfile FILE" or "-CApath DIRECTORY". */
	(void)snprintf(
	    command, sizeof(command), "%s mutt-verify -%%C %%s %%f", mailcert);
	if (add_command(out, "smime_verify_command", command, VERIFY_LEN_MAX) !=
	    STATUS_OK)
		return false;
	(void)snprintf(
	    command, sizeof(command), "%s mutt-verify -%%C %%s", mailcert);
	return add_command(out, "smime_verify_opaque_command", command,
		   VERIFY_LEN_MAX) == STATUS_OK;
}

enum status
classic_add_commands(struct changes *changes, const struct classic *classic,
    struct buf *out, struct note *note)
{
	enum status status;
	char mailcert[512];

	if (program_own_name(mailcert, sizeof(mailcert), note) != STATUS_OK)
		return STATUS_CONFIG;
	status = add_decrypt(classic, mailcert, out, note);
	if (status == STATUS_OK && !add_verify(mailcert, out))
		buf_addf(&changes->said,
		    "openssl verifies signatures, because the path %s is too "
		    "long for mutt; put mailcert on the PATH\n",
		    mailcert);
	return status;
}
