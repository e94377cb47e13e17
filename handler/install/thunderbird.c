/*
 * thunderbird.c - S/MIME in Thunderbird: see thunderbird.h
 *
 * An identity names its certificates in preferences: by a nickname, which all
 * generations share, and by a "dbkey" of serial number and issuer, which
 * counts.  They go into user.js, which Thunderbird reads at each start and
 * never writes.  It copies them into prefs.js, which is read here, and changed
 * only by --remove: there, what equals a line that we wrote gets back the
 * value from before, which the journal has.
 *
 * Verbs of the journal, besides those of nss.c:
 *	profile DIRECTORY	installed into that one
 *	prefs PATH		prefs.js: the copies are removed
 *	before PATH NAME [VALUE]	what it said before our first line
 *	pref PATH NAME VALUE	a line that we wrote into user.js
 */
#include "install/thunderbird.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64url.h"
#include "base/text.h"
#include "install/nss.h"
#include "install/prefs.h"
#include "install/profile.h"
#include "install/textfile.h"
#include "mail/address.h"

enum {
	DIRECTORY_SIZE = 1000,
	PATH_SIZE = 1100,
	LINES_MAX = 256 * 1024,
	NICKNAME_SIZE = 512,
	DBKEY_MAX = 64 * 1024
};

/* The lines that a profile shall have, and what they are made from. */
struct settings {
	const struct journal *journal;
	const struct identities *all;
	char prefs_path[PATH_SIZE];
	char user_path[PATH_SIZE];
	char signs[NICKNAME_SIZE]; /* nicknames */
	char encrypts[NICKNAME_SIZE];
	struct buf prefs; /* owned: prefs.js */
	struct buf user;  /* owned: user.js */
	struct buf lines; /* owned */
	size_t matches;   /* identities with an address of a certificate */
};

static void
settings_clear(struct settings *settings)
{
	buf_clear(&settings->prefs);
	buf_clear(&settings->user);
	buf_clear(&settings->lines);
}

/* --- lines -----------------------------------------------------------------*/

static void
add_number(struct buf *out, size_t number)
{
	int shift;

	for (shift = 24; shift >= 0; shift -= 8)
		buf_add_byte(out, (char)(number >> shift));
}

/* RFC 4648 section 4. */
static void
add_base64(struct buf *out, struct span octets)
{
	struct buf text;
	size_t i;

	buf_init(&text, DBKEY_MAX);
	base64url_encode(&text, octets);
	for (i = 0; i < text.len; i++)
		buf_add_byte(out,
		    text.at[i] == '-'       ? '+'
			: text.at[i] == '_' ? '/'
					    : text.at[i]);
	for (; i % 4 != 0; i++)
		buf_add_byte(out, '=');
	buf_clear(&text);
}

/* What Thunderbird finds a certificate by: module and slot, which are 0, two
 * lengths, serial number, issuer. */
static void
add_dbkey(struct buf *out, const struct link_facts *link)
{
	struct buf octets;

	buf_init(&octets, DBKEY_MAX);
	add_number(&octets, 0);
	add_number(&octets, 0);
	add_number(&octets, link->serial.len);
	add_number(&octets, link->issuer.len);
	buf_add(&octets, link->serial);
	buf_add(&octets, link->issuer);
	add_base64(out, buf_span(&octets));
	buf_clear(&octets);
}

static void
begin_line(struct settings *settings, struct span id, const char *name)
{
	buf_add_text(&settings->lines, "user_pref(\"mail.identity.");
	buf_add(&settings->lines, id);
	buf_addf(&settings->lines, ".%s\", ", name);
}

/* kind: "signing" or "encryption". */
static void
add_certificate(struct settings *settings, struct span id, const char *kind,
    const struct identity *identity, const char *nickname)
{
	char name[40];

	(void)snprintf(name, sizeof(name), "%s_cert_name", kind);
	begin_line(settings, id, name);
	pref_quote(span_of(nickname), &settings->lines);
	buf_add_text(&settings->lines, ");\n");
	(void)snprintf(name, sizeof(name), "%s_cert_dbkey", kind);
	begin_line(settings, id, name);
	buf_add_byte(&settings->lines, '"');
	add_dbkey(&settings->lines, &identity->link[0]);
	buf_add_text(&settings->lines, "\");\n");
}

/* address: NULL for lines that the user completes. */
static void
add_new(struct settings *settings, struct span id, const char *address)
{
	const struct identity *signs = &settings->all->at[settings->all->signs],
			      *encrypts =
				  &settings->all->at[settings->all->encrypts];
	const size_t before = settings->lines.len;

	if (signs->order.usage != CSR_ENCRYPT &&
	    (address == NULL || order_is_for(&signs->order, address))) {
		add_certificate(
		    settings, id, "signing", signs, settings->signs);
		begin_line(settings, id, "sign_mail");
		buf_add_text(&settings->lines, "true);\n");
	}
	if (encrypts->order.usage != CSR_SIGN && identity_fits(encrypts) &&
	    (address == NULL || order_is_for(&encrypts->order, address)))
		add_certificate(
		    settings, id, "encryption", encrypts, settings->encrypts);
	if (address != NULL && settings->lines.len > before)
		settings->matches++;
}

/* --- what is kept ----------------------------------------------------------*/

/* Is something installed for that address? */
static bool
is_installed_for(const struct journal *journal, const char *address)
{
	struct span rest = journal_rest(journal);
	struct journal_entry entry;

	while (journal_next(&rest, &entry))
		if (span_eq(entry.verb, SPAN("for")) &&
		    address_compare(entry.path, span_of(address)) !=
			ADDRESS_OTHER)
			return true;
	return false;
}

/* Lines of an identity that stand in user.js already and are not replaced:
 * those of certificates with other addresses. */
static enum status
keep_old(struct settings *settings, struct span id)
{
	const struct span old =
	    block_find("thunderbird", buf_span(&settings->user));
	struct pref pref, new;
	enum status status;
	struct span its, rest;
	size_t at = 0;

	while ((status = prefs_next(old, &at, &pref)) == STATUS_OK)
		if (pref_identity(pref.name, &its, &rest) && span_eq(its, id) &&
		    prefs_find(buf_span(&settings->lines), pref.name, &new) ==
			STATUS_END) {
			buf_add(&settings->lines, pref.whole);
			buf_add_byte(&settings->lines, '\n');
		}
	return status == STATUS_END ? STATUS_OK : status;
}

/* The address in its normal form.  False: it is not one. */
static bool
take_address(struct span value, char out[ADDRESS_SIZE])
{
	struct mailbox mailbox;
	struct buf text;
	bool good;

	buf_init(&text, PREFS_MAX);
	good = pref_string(value, &text) &&
	    address_parse(span_trim(buf_span(&text)), &mailbox) == STATUS_OK &&
	    address_normal(&mailbox, out) == STATUS_OK;
	buf_clear(&text);
	return good;
}

/* One identity of prefs.js. */
static enum status
add_identity(struct settings *settings, const struct pref *pref, struct span id)
{
	char address[ADDRESS_SIZE];
	struct pref last;

	/* The last one of that name counts. */
	if (prefs_find(buf_span(&settings->prefs), pref->name, &last) !=
		STATUS_OK ||
	    last.whole.at != pref->whole.at ||
	    !take_address(pref->value, address))
		return STATUS_OK;
	add_new(settings, id, address);
	return is_installed_for(settings->journal, address)
	    ? keep_old(settings, id)
	    : STATUS_OK;
}

static enum status
not_understood(const char *path, struct span text, size_t at, struct note *note)
{
	return note_set(note, STATUS_CONFIG,
	    "%.200s, line %zu, is not a preference; repair it, or start and "
	    "leave Thunderbird, which writes prefs.js again",
	    path, prefs_line(text, at));
}

static enum status
add_identities(struct settings *settings, struct note *note)
{
	const struct span text = buf_span(&settings->prefs);
	enum status status;
	struct pref pref;
	struct span id, rest;
	size_t at = 0;

	while ((status = prefs_next(text, &at, &pref)) == STATUS_OK) {
		if (!pref_identity(pref.name, &id, &rest) ||
		    !span_eq(rest, SPAN("useremail")))
			continue;
		if (add_identity(settings, &pref, id) != STATUS_OK)
			return note_set(note, STATUS_CONFIG,
			    "%.200s: the lines of mailcert were changed; "
			    "remove them with both markers",
			    settings->user_path);
	}
	return status == STATUS_END
	    ? buf_status(&settings->lines)
	    : not_understood(settings->prefs_path, text, at, note);
}

/* Before it is there, in a dry run, it is what the database will call it. */
static enum status
find_nickname(const char *directory, const struct identity *identity,
    bool dry_run, char *out, struct note *note)
{
	enum status status;
	struct note why = { "" };

	if (!identity_fits(identity)) {
		out[0] = '\0';
		return STATUS_OK;
	}
	status = nss_nickname(directory, identity, out, NICKNAME_SIZE, &why);
	if (status == STATUS_NO && dry_run) {
		(void)snprintf(
		    out, NICKNAME_SIZE, "%s", identity->order.address[0]);
		return STATUS_OK;
	}
	if (status != STATUS_OK)
		*note = why;
	return status;
}

/* The caller clears it, whatever the status. */
static enum status
settings_make(struct settings *out, const struct journal *journal,
    const struct identities *all, const char *directory, bool dry_run,
    struct note *note)
{
	enum status status;
	mode_t mode;

	*out = (struct settings){ .journal = journal, .all = all };
	buf_init(&out->prefs, PREFS_MAX);
	buf_init(&out->user, TEXTFILE_MAX);
	buf_init(&out->lines, LINES_MAX);
	(void)snprintf(
	    out->prefs_path, sizeof(out->prefs_path), "%s/prefs.js", directory);
	(void)snprintf(
	    out->user_path, sizeof(out->user_path), "%s/user.js", directory);
	status = find_nickname(
	    directory, &all->at[all->signs], dry_run, out->signs, note);
	if (status == STATUS_OK)
		status = find_nickname(directory, &all->at[all->encrypts],
		    dry_run, out->encrypts, note);
	if (status == STATUS_OK)
		status = textfile_read_most(
		    out->prefs_path, PREFS_MAX, &out->prefs, &mode, note);
	if (status == STATUS_OK || status == STATUS_MISSING)
		status = textfile_read(out->user_path, &out->user, &mode, note);
	return status == STATUS_OK || status == STATUS_MISSING
	    ? add_identities(out, note)
	    : status;
}

/* --- writing them ----------------------------------------------------------*/

static bool
is_written(const struct settings *settings)
{
	return span_eq(block_find("thunderbird", buf_span(&settings->user)),
	    buf_span(&settings->lines));
}

/* Is "NAME VALUE", or "NAME", of that name? */
static bool
is_of(struct span text, const char *name)
{
	return span_eq(
	    span_cut(text, 0, span_find_byte(text, ' ')), span_of(name));
}

/* The journal's text of an entry with that verb, path and name. */
static bool
find_entry(const struct journal *journal, const char *verb, const char *path,
    const char *name, struct span *out)
{
	struct span rest = journal_rest(journal);
	struct journal_entry entry;

	while (journal_next(&rest, &entry))
		if (span_eq(entry.verb, span_of(verb)) &&
		    span_eq(entry.path, span_of(path)) &&
		    is_of(entry.text, name)) {
			*out = entry.text;
			return true;
		}
	return false;
}

/* pref: NULL for one that is not there. */
static enum status
record_entry(struct journal *journal, const char *verb, const char *path,
    const char *name, const struct pref *pref, struct note *note)
{
	enum status status;
	struct buf text;

	buf_init(&text, JOURNAL_MAX);
	buf_add_text(&text, name);
	if (pref != NULL) {
		buf_add_byte(&text, ' ');
		pref_canonical(pref->value, &text);
	}
	status = buf_status(&text);
	if (status == STATUS_OK)
		status =
		    journal_add(journal, verb, path, buf_span(&text), note);
	buf_clear(&text);
	return status;
}

/* Before it is written: the line, and what stands in prefs.js under that name
 * while Thunderbird has never seen it. */
static enum status
record_line(struct journal *journal, const struct settings *settings,
    const struct pref *line, struct note *note)
{
	const char *path = settings->prefs_path;
	enum status status = STATUS_OK;
	struct pref before;
	struct span text;
	bool found;

	if (!find_entry(journal, "before", path, line->name, &text)) {
		found = prefs_find(buf_span(&settings->prefs), line->name,
			    &before) == STATUS_OK;
		status = record_entry(journal, "before", path, line->name,
		    found ? &before : NULL, note);
	}
	return status == STATUS_OK
	    ? record_entry(journal, "pref", path, line->name, line, note)
	    : status;
}

static enum status
record(
    struct journal *journal, const struct settings *settings, struct note *note)
{
	const struct span lines = buf_span(&settings->lines);
	enum status status;
	struct pref line;
	size_t at = 0;

	status =
	    journal_add(journal, "prefs", settings->prefs_path, SPAN(""), note);
	while (status == STATUS_OK &&
	    (status = prefs_next(lines, &at, &line)) == STATUS_OK)
		status = record_line(journal, settings, &line, note);
	return status == STATUS_END ? STATUS_OK : status;
}

/* The lines as a difference, safe to be shown. */
static void
show(const struct settings *settings, const char *mark, struct buf *out)
{
	struct span rest = buf_span(&settings->lines);

	while (rest.len > 0) {
		buf_add_text(out, mark);
		text_show(out, span_trim(line_take(&rest)), TEXT_NO_LIMIT,
		    text_locale_is_utf8());
		buf_add_byte(out, '\n');
	}
}

static bool
accepts(
    const struct installation *installation, const struct settings *settings)
{
	const struct install_wishes *wishes = installation->wishes;
	struct buf question;
	bool good;

	if (wishes->yes || installation->changes.dry_run ||
	    journal_has(
		&installation->changes.journal, "block", settings->user_path))
		return true;
	if (wishes->again || wishes->ask == NULL)
		return false;
	buf_init(&question, 2 * LINES_MAX);
	buf_addf(&question, "To be written to %s, between markers:\n",
	    settings->user_path);
	show(settings, "+ ", &question);
	buf_add_text(&question, "Write it?");
	good = buf_status(&question) == STATUS_OK && wishes->ask(question.at);
	buf_clear(&question);
	return good;
}

static enum status
leave_to_user(struct installation *installation,
    const struct settings *settings, struct note *note)
{
	if (installation->wishes->again)
		return note_set(note, STATUS_NO,
		    "%.180s needs other lines for it; run mailcert install "
		    "thunderbird, which shows them",
		    settings->user_path);
	buf_addf(&installation->lines,
	    "Add these lines to %s, while Thunderbird does not run:\n\n",
	    settings->user_path);
	show(settings, "", &installation->lines);
	return STATUS_OK;
}

/* No identity has an address of theirs. */
static void
say_missing(struct installation *installation, struct settings *settings)
{
	const struct identities *all = settings->all;

	buf_addf(&installation->lines,
	    "No identity in %s has the address %s.  Once there is one, run "
	    "this command again,\nor add these lines to %s, with the number "
	    "of the identity for N:\n\n",
	    settings->prefs_path, all->at[all->signs].order.address[0],
	    settings->user_path);
	buf_cut(&settings->lines, 0);
	add_new(settings, SPAN("idN"), NULL);
	show(settings, "", &installation->lines);
}

static enum status
write_settings(struct installation *installation, struct settings *settings,
    struct note *note)
{
	struct changes *changes = &installation->changes;
	enum status status = STATUS_OK;

	if (!is_written(settings)) {
		if (!accepts(installation, settings))
			return leave_to_user(installation, settings, note);
		if (changes->dry_run)
			show(settings, "+ ", &installation->lines);
		else
			status = record(&changes->journal, settings, note);
		if (status == STATUS_OK)
			status = change_block(changes, settings->user_path,
			    buf_span(&settings->lines), note);
	}
	if (status == STATUS_OK && settings->matches == 0 &&
	    !installation->wishes->again)
		say_missing(installation, settings);
	return status;
}

static enum status
configure(
    struct installation *installation, const char *directory, struct note *note)
{
	struct settings settings;
	enum status status;

	status = settings_make(&settings, &installation->changes.journal,
	    installation->identities, directory, installation->changes.dry_run,
	    note);
	if (status == STATUS_OK)
		status = write_settings(installation, &settings, note);
	settings_clear(&settings);
	return status;
}

/* --- the whole -------------------------------------------------------------*/

static enum status
install_profile(
    struct installation *installation, const char *directory, struct note *note)
{
	struct changes *changes = &installation->changes;
	enum status status = STATUS_OK;
	char line[PATH_SIZE];

	if (installation->wishes->tell != NULL) {
		(void)snprintf(line, sizeof(line),
		    "the profile of Thunderbird is %s", directory);
		installation->wishes->tell(line);
	}
	if (!changes->dry_run)
		status = journal_add(
		    &changes->journal, "profile", directory, SPAN(""), note);
	if (status == STATUS_OK)
		status = nss_install_into(installation, directory, true, note);
	return status == STATUS_OK ? configure(installation, directory, note)
				   : status;
}

static enum status
install_locked(
    struct installation *installation, const char *directory, struct note *note)
{
	enum status status;
	int lock = -1;

	status = profile_check(directory, note);
	if (status == STATUS_OK)
		status = profile_lock(directory, "Thunderbird", &lock, note);
	if (status == STATUS_OK)
		status = install_profile(installation, directory, note);
	if (lock >= 0)
		(void)close(lock);
	return status;
}

static bool
is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Take the next profile that it was installed into; *n counts them.  The journal
 * may change between two calls. */
static bool
take_profile(const struct journal *journal, size_t *n, char out[DIRECTORY_SIZE])
{
	struct span rest = journal_rest(journal);
	struct journal_entry entry;
	size_t i = 0;

	while (journal_next(&rest, &entry))
		if (span_eq(entry.verb, SPAN("profile")) && i++ == *n) {
			++*n;
			return span_copy(entry.path, out, DIRECTORY_SIZE);
		}
	return false;
}

/* All that it was installed into, and that are left. */
static enum status
install_where_it_was(
    struct installation *installation, bool *found, struct note *note)
{
	const struct journal *journal = &installation->changes.journal;
	char directory[DIRECTORY_SIZE];
	enum status status = STATUS_OK;
	size_t n = 0;

	while (status == STATUS_OK && take_profile(journal, &n, directory))
		if (is_directory(directory)) {
			*found = true;
			status = install_locked(installation, directory, note);
		}
	return status;
}

enum status
thunderbird_install(struct installation *installation, struct note *note)
{
	const struct install_wishes *wishes = installation->wishes;
	char directory[DIRECTORY_SIZE];
	enum status status;
	bool found = false;

	if (wishes->config != NULL)
		return note_set(note, STATUS_USAGE,
		    "thunderbird takes no --config; --database names its "
		    "profile");
	if (wishes->database != NULL)
		return wishes->database[0] == '/' &&
			span_copy(span_of(wishes->database), directory,
			    sizeof(directory))
		    ? install_locked(installation, directory, note)
		    : note_set(note, STATUS_USAGE,
			  "--database must be an absolute path");
	status = install_where_it_was(installation, &found, note);
	if (status != STATUS_OK || found)
		return status;
	status = profile_find(directory, sizeof(directory), note);
	return status == STATUS_OK
	    ? install_locked(installation, directory, note)
	    : status;
}

static enum status
remember_locked(struct installation *installation, const char *directory,
    const struct identity *other, const char *address, struct note *note)
{
	enum status status;
	int lock = -1;

	status = profile_lock(directory, "Thunderbird", &lock, note);
	if (status == STATUS_OK)
		status = nss_remember_in(
		    installation, directory, other, address, note);
	if (lock >= 0)
		(void)close(lock);
	return status;
}

enum status
thunderbird_remember(struct installation *installation,
    const struct identity *other, const char *address, struct note *note)
{
	const struct journal *journal = &installation->changes.journal;
	char directory[DIRECTORY_SIZE];
	enum status status = STATUS_OK;
	size_t n = 0;

	while (status == STATUS_OK && take_profile(journal, &n, directory))
		if (is_directory(directory))
			status = remember_locked(
			    installation, directory, other, address, note);
	return status;
}

/* --- and back --------------------------------------------------------------*/

/* Did a line that we wrote say that? */
static bool
is_ours(
    const struct journal *journal, const char *path, const struct pref *pref)
{
	struct journal_entry entry = { SPAN("pref"), span_of(path), SPAN("") };
	struct buf text;
	bool ours;

	buf_init(&text, JOURNAL_MAX);
	buf_addf(&text, "%s ", pref->name);
	pref_canonical(pref->value, &text);
	entry.text = buf_span(&text);
	ours = buf_status(&text) == STATUS_OK && journal_knows(journal, &entry);
	buf_clear(&text);
	return ours;
}

/* Where a statement ends that is taken out: with its line, if that has nothing
 * else. */
static size_t
end_of(struct span text, const struct pref *pref)
{
	const size_t from = (size_t)(pref->whole.at - text.at),
		     to = from + pref->whole.len;

	return (from == 0 || text.at[from - 1] == '\n') && to < text.len &&
		text.at[to] == '\n'
	    ? to + 1
	    : to;
}

/* Append prefs.js as it was, up to and with one statement; *from is where it
 * goes on. */
static void
restore(const struct journal *journal, const char *path, struct span text,
    const struct pref *pref, size_t *from, struct buf *out)
{
	const size_t value = (size_t)(pref->value.at - text.at);
	struct span before, id, rest;

	if (!pref_identity(pref->name, &id, &rest) ||
	    !find_entry(journal, "before", path, pref->name, &before) ||
	    !is_ours(journal, path, pref))
		return;
	if (span_has_byte(before, ' ')) {
		buf_add(out, span_cut(text, *from, value));
		buf_add(out,
		    span_cut(
			before, span_find_byte(before, ' ') + 1, before.len));
		*from = value + pref->value.len;
	} else {
		buf_add(out,
		    span_cut(text, *from, (size_t)(pref->whole.at - text.at)));
		*from = end_of(text, pref);
	}
}

static enum status
restore_all(const struct journal *journal, const char *path, struct span text,
    struct buf *out, struct note *note)
{
	enum status status;
	struct pref pref;
	size_t at = 0, from = 0;

	while ((status = prefs_next(text, &at, &pref)) == STATUS_OK)
		restore(journal, path, text, &pref, &from, out);
	if (status != STATUS_END)
		return not_understood(path, text, at, note);
	buf_add(out, span_cut(text, from, text.len));
	return buf_status(out);
}

static enum status
undo_prefs(const struct journal *journal, const char *path, struct note *note)
{
	struct buf old, text;
	enum status status;
	mode_t mode = 0600;

	buf_init(&old, PREFS_MAX);
	buf_init(&text, PREFS_MAX + JOURNAL_MAX);
	status = textfile_read_most(path, PREFS_MAX, &old, &mode, note);
	if (status == STATUS_OK)
		status =
		    restore_all(journal, path, buf_span(&old), &text, note);
	if (status == STATUS_OK && !span_eq(buf_span(&old), buf_span(&text)))
		status = textfile_replace(path, mode, buf_span(&text), note);
	buf_clear(&text);
	buf_clear(&old);
	return status == STATUS_MISSING ? STATUS_OK : status;
}

static enum status
undo(struct changes *changes, const struct journal_entry *entry,
    struct note *note)
{
	char path[PATH_SIZE];

	if (!span_eq(entry->verb, SPAN("prefs")))
		return nss_undo(changes, entry, note);
	return span_copy(entry->path, path, sizeof(path))
	    ? undo_prefs(&changes->journal, path, note)
	    : STATUS_DAMAGED;
}

enum status
thunderbird_remove(struct changes *changes, struct note *note)
{
	return nss_remove_with(changes, undo, "Thunderbird", note);
}

/* --- and whether it is still so --------------------------------------------*/

static enum status
check_profile(const struct journal *journal, const struct identities *all,
    const char *directory, struct note *note)
{
	struct settings settings;
	enum status status;

	if (!is_directory(directory))
		return note_set(note, STATUS_NO,
		    "the profile %.180s is gone; run mailcert install "
		    "--remove thunderbird, then install it again",
		    directory);
	status = settings_make(&settings, journal, all, directory, false, note);
	if (status == STATUS_OK &&
	    journal_has(journal, "block", settings.user_path) &&
	    !is_written(&settings))
		status = note_set(note, STATUS_NO,
		    "%.180s does not name the certificate; leave Thunderbird "
		    "and run mailcert install thunderbird",
		    settings.user_path);
	settings_clear(&settings);
	return status;
}

enum status
thunderbird_check(const struct journal *journal, const struct identities *all,
    struct note *note)
{
	char directory[DIRECTORY_SIZE];
	enum status status = STATUS_OK;
	size_t n = 0;

	while (status == STATUS_OK && take_profile(journal, &n, directory))
		status = check_profile(journal, all, directory, note);
	return status;
}
