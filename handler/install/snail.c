/*
 * snail.c - S/MIME in s-nail: see snail.h
 *
 * HOME/mail/s-nail/ID.pair holds a key and its certificate, ID.chain what
 * stands between that and the root, SHA1.cert somebody else's certificate.
 * s-nail decrypts with the pair that signs:
 * the older ones lie beside it, and the settings say in comments how to use
 * one.  It would want the passphrase of a key in its configuration, so that the
 * pair has none.
 */
#include "install/snail.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "install/program.h"
#include "install/sourced.h"
#include "install/textfile.h"
#include "install/trial.h"
#include "install/unlock.h"

/* Facts in the journal: the certificate that an address has now. */
#define SIGNS "signs"       /* ADDRESS ID */
#define ENCRYPTS "encrypts" /* ADDRESS SHA1 */

enum {
	RC_MAX = 256 * 1024,
	PATH_SIZE = 1200,
	ANSWER_MAX = 64 * 1024,
	MESSAGE_MAX = 1024 * 1024,
	CHAIN_MAX = 256 * 1024,
	SECONDS = 20
};

/* --- what s-nail says of itself --------------------------------------------*/

struct snail {
	char file[PATH_SIZE];     /* of the user's settings */
	char from[256];           /* or empty */
	char pairs[PATH_SIZE];    /* directory */
	char settings[PATH_SIZE]; /* ours */
	struct note complaint;    /* about its configuration */
};

/* A line "mailcert-NAME=VALUE". */
static void
take(struct span text, const char *name, char *out, size_t size)
{
	struct span line;

	out[0] = '\0';
	while (text.len > 0) {
		line = line_take(&text);
		if (span_starts(line, span_of(name)) &&
		    !span_copy(
			span_trim(span_cut(line, strlen(name), line.len)), out,
			size))
			out[0] = '\0';
	}
}

/* For root, HOME is not what counts: s-nail says which file it reads. */
static enum status
take_file(struct span text, struct snail *out, struct note *note)
{
	char file[PATH_SIZE / 2], home[PATH_SIZE / 2];

	take(text, "mailcert-file=", file, sizeof(file));
	take(text, "mailcert-home=", home, sizeof(home));
	if (span_starts(span_of(file), SPAN("~/")))
		(void)snprintf(
		    out->file, sizeof(out->file), "%s%s", home, file + 1);
	else
		(void)snprintf(out->file, sizeof(out->file), "%s", file);
	return out->file[0] == '/'
	    ? STATUS_OK
	    : note_set(note, STATUS_CONFIG,
		  "s-nail does not say which file it reads; MAILRC must be an "
		  "absolute path");
}

static enum status
ask(struct snail *out, struct note *note)
{
	static const char *const args[] = { "-#", "-X",
		"echo \"mailcert-home=$HOME\"", "-X",
		"echo \"mailcert-file=$MAILRC\"", "-X",
		"echo \"mailcert-from=$from\"", "-X", "xit", NULL };
	const struct program program = {
		.name = "s-nail", .argv = args, .seconds = SECONDS
	};
	enum status status;
	struct buf text;
	int code = 0;

	buf_init(&text, ANSWER_MAX);
	status = program_run(&program, &text, &out->complaint, &code, note);
	if (status == STATUS_OK) {
		take(buf_span(&text), "mailcert-from=", out->from,
		    sizeof(out->from));
		status = take_file(buf_span(&text), out, note);
	}
	buf_clear(&text);
	return status;
}

/* --- pairs -----------------------------------------------------------------*/

static void
name_file(const struct snail *snail, struct span id, const char *what,
    char *out, size_t size)
{
	(void)snprintf(out, size, "%.1000s/%.*s.%s", snail->pairs, (int)id.len,
	    id.at, what);
}

static enum status
place_pair(struct installation *installation, const struct snail *snail,
    const struct identity *identity, struct note *note)
{
	char path[PATH_SIZE];
	struct buf passphrase;
	enum status status;

	name_file(
	    snail, span_of(identity->order.id), "pair", path, sizeof(path));
	buf_init(&passphrase, 4096);
	status = unlock_passphrase(
	    installation, identity, access(path, F_OK) == 0, &passphrase, note);
	if (status == STATUS_OK)
		status =
		    change_pair(&installation->changes, path, identity->key,
			identity->link[0].pem, buf_span(&passphrase), note);
	buf_wipe(&passphrase);
	return status;
}

/* What stands between leaf and root. */
static enum status
place_chain(struct installation *installation, const struct snail *snail,
    const struct identity *identity, struct note *note)
{
	const size_t end = identity->links -
	    (identity->link[identity->links - 1].root ? 1 : 0);
	char path[PATH_SIZE];
	enum status status;
	struct buf pem;

	if (end <= 1)
		return STATUS_OK;
	name_file(
	    snail, span_of(identity->order.id), "chain", path, sizeof(path));
	buf_init(&pem, CHAIN_MAX);
	identity_add_pem(identity, 1, end, &pem);
	status = buf_status(&pem);
	if (status == STATUS_OK)
		status = change_file(
		    &installation->changes, path, buf_span(&pem), note);
	buf_clear(&pem);
	return status;
}

/* Which generations each address has, the oldest first. */
static enum status
remember(struct installation *installation, const struct identity *identity,
    bool signs, struct note *note)
{
	const struct span id = span_of(identity->order.id);
	struct journal *journal = &installation->changes.journal;
	enum status status = STATUS_OK;
	size_t i;

	if (installation->changes.dry_run)
		return STATUS_OK;
	for (i = 0; i < identity->order.addresses && status == STATUS_OK; i++) {
		status = journal_add(
		    journal, "pair", identity->order.address[i], id, note);
		if (status == STATUS_OK && signs)
			status = journal_set(journal, SIGNS,
			    identity->order.address[i], id, note);
	}
	return status;
}

static enum status
place_all(struct installation *installation, const struct snail *snail,
    struct note *note)
{
	const struct identities *all = installation->identities;
	enum status status;
	size_t i;

	status = sourced_directory(installation, note);
	if (status == STATUS_OK)
		status = change_dir(&installation->changes, snail->pairs, note);
	for (i = 0; i < all->count && status == STATUS_OK; i++) {
		if (!identity_fits(&all->at[i]))
			continue;
		status = place_pair(installation, snail, &all->at[i], note);
		if (status == STATUS_OK)
			status =
			    place_chain(installation, snail, &all->at[i], note);
		if (status == STATUS_OK)
			status = remember(
			    installation, &all->at[i], i == all->signs, note);
	}
	return status;
}

/* --- settings --------------------------------------------------------------*/

/* Is it the last line with its verb and address? */
static bool
is_latest(const struct journal *journal, const struct journal_entry *entry,
    const char *verb)
{
	char address[ACME_VALUE_SIZE];

	return span_eq(entry->verb, span_of(verb)) &&
	    span_copy(entry->path, address, sizeof(address)) &&
	    journal_get(journal, verb, address).at == entry->text.at;
}

static void
add_set(const struct snail *snail, const char *before, const char *variable,
    struct span address, struct span id, const char *what, struct buf *out)
{
	char path[PATH_SIZE];

	name_file(snail, id, what, path, sizeof(path));
	buf_addf(out, "%sset smime-sign-%s-%.*s=\"%s\"\n", before, variable,
	    (int)address.len, address.at, path);
}

static void
add_address(const struct installation *installation, const struct snail *snail,
    struct span address, struct span id, struct buf *out)
{
	const struct journal *journal = &installation->changes.journal;
	struct span rest = journal_rest(journal);
	struct journal_entry entry;
	char chain[PATH_SIZE];
	bool first = true;

	add_set(snail, "", "cert", address, id, "pair", out);
	name_file(snail, id, "chain", chain, sizeof(chain));
	if (access(chain, F_OK) == 0)
		add_set(snail, "", "include-certs", address, id, "chain", out);
	while (journal_next(&rest, &entry)) {
		if (!span_eq(entry.verb, SPAN("pair")) ||
		    !span_eq(entry.path, address) || span_eq(entry.text, id))
			continue;
		if (first)
			buf_addf(out,
			    "# Mail to another certificate of %.*s: type one "
			    "of these to read it.\n",
			    (int)address.len, address.at);
		first = false;
		add_set(snail, "#", "cert", address, entry.text, "pair", out);
	}
}

static void
add_correspondent(const struct snail *snail, struct span address,
    struct span sha1, struct buf *out)
{
	char path[PATH_SIZE];

	name_file(snail, sha1, "cert", path, sizeof(path));
	buf_addf(out, "set smime-encrypt-%.*s=\"%s\"\n", (int)address.len,
	    address.at, path);
}

static void
build(const struct installation *installation, const struct snail *snail,
    struct buf *out)
{
	const struct journal *journal = &installation->changes.journal;
	const struct span from = journal_get(journal, "from", "unset");
	struct span rest = journal_rest(journal);
	struct journal_entry entry;

	buf_addf(out,
	    "# Written by mailcert install s-nail; what you change here is "
	    "lost.\n"
	    "# While smime-sign is set, s-nail sends no mail from an address "
	    "that is not here.\n"
	    "set smime-sign\n");
	if (from.len > 0)
		buf_addf(out, "set from=\"%.*s\"\n", (int)from.len, from.at);
	while (journal_next(&rest, &entry))
		if (is_latest(journal, &entry, SIGNS))
			add_address(
			    installation, snail, entry.path, entry.text, out);
		else if (is_latest(journal, &entry, ENCRYPTS))
			add_correspondent(snail, entry.path, entry.text, out);
}

static enum status
write_settings(struct installation *installation, const struct snail *snail,
    struct note *note)
{
	enum status status;
	struct buf text;

	buf_init(&text, RC_MAX);
	build(installation, snail, &text);
	status = buf_status(&text);
	if (status == STATUS_OK)
		status = sourced_write(
		    installation, snail->settings, buf_span(&text), note);
	buf_clear(&text);
	return status;
}

/* Where the user has set no From, the certificate's address is it. */
static enum status
remember_from(struct installation *installation, const struct snail *snail,
    struct note *note)
{
	const struct identities *all = installation->identities;
	struct journal *journal = &installation->changes.journal;

	if (installation->changes.dry_run || snail->from[0] != '\0' ||
	    journal_has(journal, "from", "unset"))
		return STATUS_OK;
	return journal_add(journal, "from", "unset",
	    span_of(all->at[all->signs].order.address[0]), note);
}

/* --- a test ----------------------------------------------------------------*/

/* It prints the message instead of sending it. */
static enum status
sign(const char *address, const char *settings, struct buf *out,
    struct note *note)
{
	char from[ACME_VALUE_SIZE + 8], command[PATH_SIZE + 16];
	const char *const args[] = { "-:/", "-Smta=test", "-SDEAD=/dev/null",
		from, "-X", command, "-s", "test", address, NULL };
	const struct program program = { .name = "s-nail",
		.argv = args,
		.input = SPAN("mailcert has signed this text to try the "
			      "installation.\n"),
		.seconds = SECONDS };
	struct note said = { "" };
	enum status status;
	int code = 0;

	(void)snprintf(from, sizeof(from), "-Sfrom=%s", address);
	(void)snprintf(command, sizeof(command), "source \"%s\"", settings);
	status = program_run(&program, out, &said, &code, note);
	return status == STATUS_OK && code != 0
	    ? note_set(note, STATUS_NO,
		  "s-nail cannot sign a test message: %.200s", said.text)
	    : status;
}

static enum status
try_out(struct installation *installation, const struct snail *snail,
    struct note *note)
{
	const struct identities *all = installation->identities;
	const struct identity *signs = &all->at[all->signs];
	enum status status;
	struct span message;
	struct buf out;

	if (installation->changes.dry_run)
		return STATUS_OK;
	buf_init(&out, MESSAGE_MAX);
	status = sign(signs->order.address[0], snail->settings, &out, note);
	message = buf_span(&out);
	/* As in an mbox. */
	if (span_starts(message, SPAN("From ")))
		(void)line_take(&message);
	if (status == STATUS_OK)
		status = trial_judge_message(signs, message, note);
	if (status == STATUS_OK)
		buf_add_text(&installation->changes.said,
		    "s-nail has signed a test message, and it verifies\n");
	buf_clear(&out);
	return status;
}

/* --- the whole -------------------------------------------------------------*/

/* An address that can be part of the name of a variable, and an argument. */
static bool
is_nameable(const char *address)
{
	if (*address == '-')
		return false;
	for (; *address != '\0'; address++)
		if (!ascii_is_alnum(*address) &&
		    !span_has_byte(SPAN("@.-_+"), *address))
			return false;
	return true;
}

static enum status
not_nameable(const char *address, struct note *note)
{
	return note_set(note, STATUS_NO,
	    "s-nail has no setting for the address %.100s: only letters, "
	    "digits and . - _ + can stand in one",
	    address);
}

static enum status
check(struct installation *installation, const struct snail *snail,
    struct note *note)
{
	const struct identities *all = installation->identities;
	char path[PATH_SIZE];
	enum status status;
	size_t i, k;

	for (i = 0; i < all->count; i++)
		for (k = 0; k < all->at[i].order.addresses; k++)
			if (!is_nameable(all->at[i].order.address[k]))
				return not_nameable(
				    all->at[i].order.address[k], note);
	status = identities_fit(all, "s-nail", note);
	for (i = 0; i < all->count && status == STATUS_OK; i++)
		if (identity_fits(&all->at[i])) {
			name_file(snail, span_of(all->at[i].order.id), "pair",
			    path, sizeof(path));
			status = unlock_accept(installation, &all->at[i],
			    access(path, F_OK) == 0, note);
		}
	return status;
}

static enum status
find(const struct installation *installation, struct snail *snail,
    struct note *note)
{
	enum status status = sourced_path(
	    installation, snail->settings, sizeof(snail->settings), note);

	if (status == STATUS_OK) {
		(void)strcpy(snail->pairs, snail->settings);
		*strrchr(snail->pairs, '.') = '\0';
	}
	return status;
}

static enum status
begin(struct installation *installation, struct snail *snail, struct note *note)
{
	enum status status = ask(snail, note);

	if (status == STATUS_OK)
		status = find(installation, snail, note);
	if (status != STATUS_OK)
		return status;
	if (snail->complaint.text[0] != '\0')
		buf_addf(&installation->changes.said, "s-nail says: %s\n",
		    snail->complaint.text);
	return check(installation, snail, note);
}

enum status
snail_install(struct installation *installation, struct note *note)
{
	struct snail snail = { .from = "" };
	enum status status;

	status = begin(installation, &snail, note);
	if (status == STATUS_OK)
		status = place_all(installation, &snail, note);
	if (status == STATUS_OK)
		status = remember_from(installation, &snail, note);
	if (status == STATUS_OK)
		status = write_settings(installation, &snail, note);
	if (status == STATUS_OK)
		status = try_out(installation, &snail, note);
	return status == STATUS_OK
	    ? sourced_offer(installation, snail.settings, snail.file, note)
	    : status;
}

/* --- correspondents --------------------------------------------------------*/

static enum status
check_correspondent(
    const struct identity *other, const char *address, struct note *note)
{
	return is_nameable(address) ? identity_is_rsa(other, "s-nail", note)
				    : not_nameable(address, note);
}

enum status
snail_remember(struct installation *installation, const struct identity *other,
    const char *address, struct note *note)
{
	const struct link_facts *leaf = &other->link[0];
	struct changes *changes = &installation->changes;
	struct snail snail = { .from = "" };
	enum status status;
	char path[PATH_SIZE];

	status = check_correspondent(other, address, note);
	if (status == STATUS_OK)
		status = find(installation, &snail, note);
	if (status != STATUS_OK)
		return status;
	name_file(&snail, span_of(leaf->sha1), "cert", path, sizeof(path));
	status = change_file(changes, path, leaf->pem, note);
	if (status == STATUS_OK && !changes->dry_run)
		status = journal_set(&changes->journal, ENCRYPTS, address,
		    span_of(leaf->sha1), note);
	return status == STATUS_OK ? write_settings(installation, &snail, note)
				   : status;
}
