/*
 * mutt.c - S/MIME in mutt and neomutt: see mutt.h
 *
 * The settings go into a file of our own, HOME/mail/PROGRAM.rc, that the user's
 * configuration sources once: a renewal changes that file only.  The back end
 * is one for the whole program, because it counts at its start only.
 */
#include "install/mutt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "install/classic.h"
#include "install/gpgsm.h"
#include "install/settings.h"
#include "install/sourced.h"

enum { RC_MAX = 256 * 1024, PATH_SIZE = 1200 };

/* --- which back end --------------------------------------------------------*/

enum back_end { GPGME, CLASSIC };

static const char *const back_ends[] = { "gpgme", "classic" };

/* It was chosen before; false: it was not. */
static bool
chosen_before(const struct installation *installation, enum back_end *out)
{
	const struct journal *journal = &installation->changes.journal;
	size_t i;

	for (i = 0; i < 2; i++)
		if (journal_has(journal, "back-end", back_ends[i])) {
			*out = (enum back_end)i;
			return true;
		}
	return false;
}

static enum status
fits(const struct identities *identities, enum back_end back_end,
    struct note *note)
{
	return back_end == GPGME ? gpgsm_fits(identities, note)
				 : classic_fits(identities, note);
}

/* The other one would do; why: what the first one lacks. */
static enum status
offer_classic(const struct installation *installation, enum back_end *out,
    const struct note *why, struct note *note)
{
	const struct install_wishes *wishes = installation->wishes;
	const char *program = installation->changes.journal.name;
	char question[800];

	(void)snprintf(question, sizeof(question),
	    "%s uses gpgsm (crypt_use_gpgme is set), but %s.\n"
	    "Its classic back end can, for all certificates: openssl with "
	    "files in ~/.smime.\nUse that, with crypt_use_gpgme=no?",
	    program, why->text);
	if (!wishes->again && wishes->ask != NULL && wishes->ask(question)) {
		*out = CLASSIC;
		return STATUS_OK;
	}
	return note_set(note, STATUS_NO,
	    "%.200s; use --back-end classic, which sets crypt_use_gpgme=no",
	    why->text);
}

/* What was chosen before cannot use this certificate; why: what it lacks. */
static enum status
refuse_chosen(const struct installation *installation, enum back_end back_end,
    const struct note *why, struct note *note)
{
	const char *program = installation->changes.journal.name;
	struct note unused = { "" };

	if (back_end == GPGME &&
	    classic_fits(installation->identities, &unused) == STATUS_OK)
		return note_set(note, STATUS_NO,
		    "%.100s; order one with an RSA key, or use the classic "
		    "back end: mailcert install --remove %s, then install "
		    "--back-end classic %s",
		    why->text, program, program);
	return note_set(note, STATUS_NO, "%.250s", why->text);
}

static enum status
choose(const struct installation *installation, const struct settings *settings,
    enum back_end *out, struct note *note)
{
	const struct install_wishes *wishes = installation->wishes;
	const char *program = installation->changes.journal.name;
	struct note why = { "" };
	bool before;

	before = chosen_before(installation, out);
	if (wishes->back_end != NULL) {
		if (before && strcmp(back_ends[*out], wishes->back_end) != 0)
			return note_set(note, STATUS_USAGE,
			    "%s uses the back end %s already, for all "
			    "certificates; mailcert install --remove %s first",
			    program, back_ends[*out], program);
		*out = strcmp(wishes->back_end, "gpgme") == 0 ? GPGME : CLASSIC;
		return fits(installation->identities, *out, note);
	}
	if (before) {
		if (fits(installation->identities, *out, &why) == STATUS_OK)
			return STATUS_OK;
		return refuse_chosen(installation, *out, &why, note);
	}
	*out = settings->gpgme ? GPGME : CLASSIC;
	if (fits(installation->identities, *out, &why) == STATUS_OK)
		return STATUS_OK;
	if (*out == GPGME &&
	    classic_fits(installation->identities, note) == STATUS_OK)
		return offer_classic(installation, out, &why, note);
	return note_set(note, STATUS_NO, "%.250s", why.text);
}

/* --- the file of settings --------------------------------------------------*/

/* An address as a regular expression in single quotes: mutt takes one
 * backslash away.  What the quotes could not hold matches as any character. */
static void
add_pattern(struct span address, struct buf *out)
{
	size_t i;

	for (i = 0; i < address.len; i++) {
		if (span_has_byte(SPAN("'\"`$\\;#~"), address.at[i])) {
			buf_add_byte(out, '.');
			continue;
		}
		if (!ascii_is_alnum(address.at[i]) &&
		    !span_has_byte(SPAN("@-_"), address.at[i]) &&
		    (unsigned char)address.at[i] < 0x80)
			buf_add_text(out, "\\\\");
		buf_add_byte(out, address.at[i]);
	}
}

/* text: "SIGNS ENCRYPTS" of the journal. */
static void
add_keys(struct span text, struct buf *out)
{
	const size_t space = span_find_byte(text, ' ');
	const struct span signs = span_cut(text, 0, space);
	const struct span encrypts = span_cut(text, space + 1, text.len);

	buf_addf(out, "smime_sign_as=\"%.*s\" smime_default_key=\"%.*s\"",
	    (int)signs.len, signs.at, (int)encrypts.len, encrypts.at);
}

/* Is it the last line for its address? */
static bool
is_latest(const struct journal *journal, const struct journal_entry *entry)
{
	char address[ACME_VALUE_SIZE];
	struct span latest;

	if (!span_copy(entry->path, address, sizeof(address)))
		return false;
	latest = journal_get(journal, "keys", address);
	return latest.at == entry->text.at;
}

/* The first identity is for every From that is nobody's; each has its own. */
static void
add_identities(const struct journal *journal, struct buf *out)
{
	struct span rest = journal_rest(journal);
	struct journal_entry entry;
	struct buf hooks;
	size_t count = 0;

	buf_init(&hooks, RC_MAX);
	while (journal_next(&rest, &entry)) {
		if (!span_eq(entry.verb, SPAN("keys")) ||
		    !is_latest(journal, &entry))
			continue;
		if (count++ == 0) {
			buf_add_text(out, "set ");
			add_keys(entry.text, out);
			buf_add_text(out, "\n");
			buf_add_text(&hooks, "send2-hook . 'set ");
			add_keys(entry.text, &hooks);
			buf_add_text(&hooks, "'\n");
		}
		buf_add_text(&hooks, "send2-hook '~f ");
		add_pattern(entry.path, &hooks);
		buf_add_text(&hooks, "$' 'set ");
		add_keys(entry.text, &hooks);
		buf_add_text(&hooks, "'\n");
	}
	if (count > 1)
		buf_add(out, buf_span(&hooks));
	buf_clear(&hooks);
}

/* What Debian sets in smime.rc, for programs without it. */
static void
add_commands(struct buf *out)
{
	buf_add_text(out,
	    "set smime_encrypt_with=aes256 smime_sign_digest_alg=sha256\n"
	    "set smime_sign_command='openssl smime -sign -md %d -signer %c "
	    "-inkey %k -passin stdin -in %f -certfile %i -outform DER'\n"
	    "set smime_encrypt_command='openssl smime -encrypt -%a -outform "
	    "DER -in %f %c'\n"
	    "set smime_verify_command='openssl smime -verify -inform DER -in "
	    "%s %C -content %f'\n"
	    "set smime_verify_opaque_command='openssl smime -verify -inform "
	    "DER -in %s %C'\n"
	    "set smime_pk7out_command='openssl smime -verify -in %f -noverify "
	    "-pk7out'\n"
	    "set smime_get_cert_command='openssl pkcs7 -print_certs -in %f'\n"
	    "set smime_get_signer_cert_command='openssl smime -verify -in %f "
	    "-noverify -signer %c -out /dev/null'\n"
	    "set smime_get_cert_email_command='openssl x509 -in %f -noout "
	    "-email'\n"
	    "set smime_import_cert_command='smime_keys add_cert %f'\n");
}

static enum status
add_classic(struct installation *installation, const struct classic *classic,
    const struct settings *settings, struct buf *out, struct note *note)
{
	buf_addf(out, "set smime_keys=\"%s\" smime_certificates=\"%s\"\n",
	    classic->keys, classic->certificates);
	/* It asks for a passphrase even of a key without one: as rarely as
	 * neomutt lets it. */
	buf_add_text(out, "set smime_timeout=32767\n");
	if (!settings->signs)
		add_commands(out);
	return classic_add_commands(&installation->changes, classic, out, note);
}

/* from: of the first certificate, where the user has set none. */
static enum status
build(struct installation *installation, enum back_end back_end,
    const struct classic *classic, const struct settings *settings,
    struct buf *out, struct note *note)
{
	const struct journal *journal = &installation->changes.journal;
	const struct span from = journal_get(journal, "from", "unset");
	enum status status = STATUS_OK;

	buf_addf(out,
	    "# Written by mailcert install %s; what you change here is lost.\n"
	    "set crypt_use_gpgme=%s smime_is_default=yes crypt_autosign=yes\n"
	    "set smime_self_encrypt=yes\n",
	    journal->name, back_end == GPGME ? "yes" : "no");
	if (from.len > 0)
		buf_addf(out, "set from=\"%.*s\"\n", (int)from.len, from.at);
	if (back_end == CLASSIC)
		status =
		    add_classic(installation, classic, settings, out, note);
	add_identities(journal, out);
	return status == STATUS_OK ? buf_status(out) : status;
}

static enum status
write_rc(struct installation *installation, enum back_end back_end,
    const struct classic *classic, const struct settings *settings,
    const char *path, struct note *note)
{
	enum status status;
	struct buf text;

	buf_init(&text, RC_MAX);
	status = build(installation, back_end, classic, settings, &text, note);
	if (status == STATUS_OK)
		status =
		    sourced_write(installation, path, buf_span(&text), note);
	buf_clear(&text);
	return status;
}

/* --- the whole -------------------------------------------------------------*/

static enum status
install_back_end(struct installation *installation, enum back_end back_end,
    struct classic *classic, struct note *note)
{
	return back_end == CLASSIC
	    ? classic_install(installation, classic, note)
	    : gpgsm_install(installation, note);
}

/* Which keys each address has from now on. */
static enum status
remember_keys(struct installation *installation, enum back_end back_end,
    const struct classic *classic, struct note *note)
{
	const struct identities *all = installation->identities;
	const struct identity *signs = &all->at[all->signs];
	char text[128];
	enum status status = STATUS_OK;
	size_t i;

	if (installation->changes.dry_run)
		return STATUS_OK;
	if (back_end == CLASSIC)
		(void)snprintf(text, sizeof(text), "%s %s", classic->signs,
		    classic->encrypts);
	else
		(void)snprintf(text, sizeof(text), "0x%s 0x%s",
		    signs->link[0].sha1, all->at[all->encrypts].link[0].sha1);
	for (i = 0; i < signs->order.addresses && status == STATUS_OK; i++)
		status = journal_set(&installation->changes.journal, "keys",
		    signs->order.address[i], span_of(text), note);
	return status;
}

/* Where the user has set no From, the certificate's address is it. */
static enum status
remember_from(struct installation *installation,
    const struct settings *settings, struct note *note)
{
	const struct identities *all = installation->identities;
	struct journal *journal = &installation->changes.journal;
	const char *address = all->at[all->signs].order.address[0];

	if (installation->changes.dry_run || settings->from[0] != '\0' ||
	    journal_has(journal, "from", "unset") || !sourced_is_plain(address))
		return STATUS_OK;
	return journal_add(journal, "from", "unset", span_of(address), note);
}

static void
take_directories(const struct settings *settings, struct classic *out)
{
	const char *home = getenv("HOME");

	(void)strcpy(out->keys, settings->keys);
	(void)strcpy(out->certificates, settings->certificates);
	if (out->keys[0] == '\0')
		(void)snprintf(out->keys, sizeof(out->keys),
		    "%.900s/.smime/keys", home != NULL ? home : "");
	if (out->certificates[0] == '\0')
		(void)snprintf(out->certificates, sizeof(out->certificates),
		    "%.900s/.smime/certificates", home != NULL ? home : "");
}

static enum status
begin(struct installation *installation, const struct settings *settings,
    enum back_end *back_end, struct classic *classic, struct note *note)
{
	const char *program = installation->changes.journal.name;
	enum status status;

	if (settings->complaint.text[0] != '\0')
		buf_addf(&installation->changes.said, "%s says: %s\n", program,
		    settings->complaint.text);
	status = choose(installation, settings, back_end, note);
	if (status != STATUS_OK)
		return status;
	take_directories(settings, classic);
	if (!sourced_is_plain(classic->keys) ||
	    !sourced_is_plain(classic->certificates))
		return note_set(note, STATUS_CONFIG,
		    "smime_keys or smime_certificates of %s has a quotation "
		    "mark in its path",
		    program);
	if (installation->changes.dry_run)
		return STATUS_OK;
	return journal_add(&installation->changes.journal, "back-end",
	    back_ends[*back_end], SPAN(""), note);
}

/* The prompt cannot be switched off. */
static void
say_prompt(struct installation *installation)
{
	const struct identities *all = installation->identities;
	size_t i;

	for (i = 0; i < all->count; i++)
		if (all->at[i].order.locked)
			return;
	buf_addf(&installation->changes.said,
	    "%s will ask for an S/MIME passphrase; the key has none: press "
	    "Enter\n",
	    installation->changes.journal.name);
}

enum status
mutt_install(struct installation *installation, struct note *note)
{
	struct settings settings;
	struct classic classic = { .signs = "" };
	enum back_end back_end = GPGME;
	const bool before = chosen_before(installation, &back_end);
	enum status status;
	char rc[PATH_SIZE], file[PATH_SIZE];

	status =
	    settings_ask(installation->changes.journal.name, &settings, note);
	if (status == STATUS_OK)
		status = sourced_path(installation, rc, sizeof(rc), note);
	if (status == STATUS_OK)
		status =
		    begin(installation, &settings, &back_end, &classic, note);
	if (status == STATUS_OK)
		status =
		    install_back_end(installation, back_end, &classic, note);
	if (status == STATUS_OK)
		status = remember_keys(installation, back_end, &classic, note);
	if (status == STATUS_OK)
		status = remember_from(installation, &settings, note);
	if (status == STATUS_OK)
		status = write_rc(
		    installation, back_end, &classic, &settings, rc, note);
	if (status == STATUS_OK && back_end == CLASSIC && !before)
		say_prompt(installation);
	if (status == STATUS_OK)
		status = settings_file(installation->changes.journal.name, file,
		    sizeof(file), note);
	return status == STATUS_OK ? sourced_offer(installation, rc, file, note)
				   : status;
}

enum status
mutt_remember(struct installation *installation, const struct identity *other,
    const char *address, struct note *note)
{
	struct classic classic = { .signs = "" };
	enum back_end back_end = GPGME;
	struct settings settings;
	enum status status;

	if (!chosen_before(installation, &back_end) || back_end == GPGME)
		return gpgsm_remember(installation, other, address, note);
	status =
	    settings_ask(installation->changes.journal.name, &settings, note);
	if (status != STATUS_OK)
		return status;
	take_directories(&settings, &classic);
	return classic_remember(
	    &installation->changes, &classic, other, address, note);
}
