/*
 * alpine.c - S/MIME in alpine: see alpine.h
 *
 * A pair private/NAME.key, public/NAME.crt for each certificate, NAME being the
 * address and a number.  alpine decrypts with any pair, and signs with the one
 * for the address in From that its directory lists last, whatever its name: so
 * a new pair gets a name that the file system puts behind the others
 * (install/last_name.h).
 *
 * alpine overwrites ~/.pinerc when it ends: it is changed only while no alpine
 * runs.
 */
#include "install/alpine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "install/last_name.h"
#include "install/pinerc.h"
#include "install/root.h"
#include "install/running.h"
#include "install/textfile.h"
#include "install/trial_openssl.h"

enum {
	PATH_SIZE = 1200,
	NAME_LEN_MAX = 200,
	NAME_SIZE = ACME_VALUE_SIZE + 16,
	TOP_SIZE = 800,
	SHOWN_MAX = 100, /* of a name */
	ITEM_SIZE = ACME_VALUE_SIZE + SHOWN_MAX + 16
};

#define FEATURES "feature-list"
#define SIGN "smime-sign-by-default"
#define HEADERS "customized-hdrs"

struct alpine {
	char top[TOP_SIZE];     /* ~/.alpine-smime */
	char config[PATH_SIZE]; /* ~/.pinerc */
};

static enum status
find(const struct installation *installation, struct alpine *out,
    struct note *note)
{
	const char *home = getenv("HOME"),
		   *config = installation->wishes->config;

	if (home == NULL || home[0] != '/' || strlen(home) > TOP_SIZE - 32)
		return note_set(
		    note, STATUS_CONFIG, "HOME is not set, or too long");
	(void)snprintf(out->top, sizeof(out->top), "%s/.alpine-smime", home);
	(void)snprintf(out->config, sizeof(out->config), "%s/.pinerc", home);
	if (config != NULL &&
	    !span_copy(span_of(config), out->config, sizeof(out->config)))
		return note_set(note, STATUS_USAGE,
		    "the path %.100s... is too long", config);
	return STATUS_OK;
}

/* --- what it can use -------------------------------------------------------*/

/* An address comes from a certificate: it must stay in its directory, and be
 * one word of the configuration. */
static bool
is_file_name(const char *address)
{
	if (address[0] == '.' || strlen(address) > NAME_LEN_MAX)
		return false;
	for (; *address != '\0'; address++)
		if ((unsigned char)*address <= ' ' ||
		    span_has_byte(SPAN("/\\\",;<>()\177"), *address))
			return false;
	return true;
}

static enum status
check_address(const char *address, struct note *note)
{
	return is_file_name(address)
	    ? STATUS_OK
	    : note_set(note, STATUS_NO,
		  "the address %.100s cannot be the name of a file, which "
		  "alpine needs",
		  address);
}

static enum status
check_addresses(const struct identities *all, struct note *note)
{
	enum status status = STATUS_OK;
	size_t i, k;

	for (i = 0; i < all->count; i++)
		for (k = 0;
		     k < all->at[i].order.addresses && status == STATUS_OK; k++)
			status =
			    check_address(all->at[i].order.address[k], note);
	return status;
}

/* Does alpine look elsewhere, because the user has told it to? */
static enum status
check_config(struct span text, struct note *note)
{
	static const char *const names[] = { "smime-public-cert-directory",
		"smime-public-cert-container", "smime-private-key-directory",
		"smime-private-key-container", "smime-cacert-directory",
		"smime-cacert-container" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (span_trim(pinerc_value(text, names[i])).len > 0)
			return note_set(note, STATUS_NO,
			    "alpine is set to use other files than those in "
			    "~/.alpine-smime; unset %s first",
			    names[i]);
	return STATUS_OK;
}

/* --- files -----------------------------------------------------------------*/

/* directory: "private", "public", "ca". */
static void
name_file(const struct alpine *alpine, const char *directory, const char *name,
    const char *extension, char *out, size_t size)
{
	(void)snprintf(out, size, "%.880s/%s/%.280s.%s", alpine->top, directory,
	    name, extension);
}

/* alpine compares octets, and writes addresses in lower case. */
static void
lower(const char *address, char out[ACME_VALUE_SIZE])
{
	size_t i;

	for (i = 0; address[i] != '\0' && i + 1 < ACME_VALUE_SIZE; i++)
		out[i] = ascii_lower(address[i]);
	out[i] = '\0';
}

static enum status
make_directories(
    struct changes *changes, const struct alpine *alpine, struct note *note)
{
	static const char *const names[] = { "private", "public", "ca" };
	enum status status = change_dir(changes, alpine->top, note);
	char path[PATH_SIZE];
	size_t i;

	for (i = 0; i < 3 && status == STATUS_OK; i++) {
		(void)snprintf(
		    path, sizeof(path), "%s/%s", alpine->top, names[i]);
		status = change_dir(changes, path, note);
	}
	return status;
}

static enum status
place_pair(struct changes *changes, const struct alpine *alpine,
    const struct identity *identity, const char *name, struct note *note)
{
	char key[PATH_SIZE], certificate[PATH_SIZE];
	enum status status;

	name_file(alpine, "private", name, "key", key, sizeof(key));
	name_file(
	    alpine, "public", name, "crt", certificate, sizeof(certificate));
	status =
	    change_key(changes, key, identity->key, "same", SPAN(""), note);
	/* From here on alpine sees the pair. */
	return status == STATUS_OK
	    ? change_file(changes, certificate, identity->link[0].pem, note)
	    : status;
}

/* The name that a certificate has for good. */
static enum status
place(struct changes *changes, const struct alpine *alpine,
    const struct identity *identity, struct note *note)
{
	const char *id = identity->order.id;
	struct span known = journal_get(&changes->journal, "name", id);
	char address[ACME_VALUE_SIZE], name[NAME_SIZE], path[PATH_SIZE];
	enum status status = STATUS_OK;

	lower(identity->order.address[0], address);
	(void)snprintf(path, sizeof(path), "%s/private", alpine->top);
	if (!span_copy(known, name, sizeof(name)) || name[0] == '\0') {
		status = last_name(changes, alpine->top, path, address, name,
		    sizeof(name), note);
		if (status == STATUS_OK && !changes->dry_run)
			status = journal_set(
			    &changes->journal, "name", id, span_of(name), note);
	}
	return status == STATUS_OK
	    ? place_pair(changes, alpine, identity, name, note)
	    : status;
}

/* For mail that is encrypted to oneself: alpine knows the certificate of a
 * recipient by that name.  One that is there is the user's. */
static enum status
place_own(struct changes *changes, const struct alpine *alpine,
    const struct identity *identity, struct note *note)
{
	char address[ACME_VALUE_SIZE], path[PATH_SIZE];
	enum status status = STATUS_OK;
	size_t i;

	for (i = 0; i < identity->order.addresses && status == STATUS_OK; i++) {
		lower(identity->order.address[i], address);
		name_file(alpine, "public", address, "crt", path, sizeof(path));
		if (access(path, F_OK) != 0 ||
		    journal_has(&changes->journal, "file", path))
			status = change_file(
			    changes, path, identity->link[0].pem, note);
	}
	return status;
}

/* Would alpine sign with it? */
static enum status
check_last(const struct changes *changes, const struct alpine *alpine,
    const struct identity *identity, struct note *note)
{
	const struct span known =
	    journal_get(&changes->journal, "name", identity->order.id);
	char path[PATH_SIZE], name[NAME_SIZE];

	(void)snprintf(path, sizeof(path), "%s/private", alpine->top);
	if (changes->dry_run || !span_copy(known, name, sizeof(name)))
		return STATUS_OK;
	return last_name_is(path, &changes->journal, name)
	    ? STATUS_OK
	    : note_set(note, STATUS_NO,
		  "alpine would sign with another certificate, since this file "
		  "system lists its key later; mailcert install --remove "
		  "alpine, then install %s again",
		  identity->order.id);
}

/* Everything above the leaf, so that signatures carry it. */
static enum status
place_above(struct changes *changes, const struct alpine *alpine,
    const struct identity *identity, struct note *note)
{
	enum status status = STATUS_OK;
	char path[PATH_SIZE], name[64];
	size_t i;

	for (i = 1; i < identity->links && status == STATUS_OK; i++) {
		(void)snprintf(name, sizeof(name), "mailcert-%.40s",
		    identity->link[i].sha1);
		name_file(alpine, "ca", name, "crt", path, sizeof(path));
		status =
		    change_file(changes, path, identity->link[i].pem, note);
	}
	return status;
}

static enum status
place_all(struct installation *installation, const struct alpine *alpine,
    struct note *note)
{
	const struct identities *all = installation->identities;
	const struct identity *signs = &all->at[all->signs];
	struct changes *changes = &installation->changes;
	enum status status;
	size_t i;

	status = make_directories(changes, alpine, note);
	if (status == STATUS_OK)
		status = place_above(changes, alpine, signs, note);
	for (i = 0; i < all->count && status == STATUS_OK; i++)
		if (i != all->signs && identity_fits(&all->at[i]))
			status = place(changes, alpine, &all->at[i], note);
	if (status == STATUS_OK)
		status = place(changes, alpine, signs, note);
	if (status == STATUS_OK)
		status =
		    place_own(changes, alpine, &all->at[all->encrypts], note);
	return status == STATUS_OK ? check_last(changes, alpine, signs, note)
				   : status;
}

static enum status
try_out(struct installation *installation, const struct alpine *alpine,
    struct note *note)
{
	const struct identities *all = installation->identities;
	char name[NAME_SIZE], key[PATH_SIZE], certificate[PATH_SIZE];

	if (installation->changes.dry_run)
		return STATUS_OK;
	if (!span_copy(journal_get(&installation->changes.journal, "name",
			   all->at[all->signs].order.id),
		name, sizeof(name)))
		return STATUS_DAMAGED;
	name_file(alpine, "private", name, "key", key, sizeof(key));
	name_file(
	    alpine, "public", name, "crt", certificate, sizeof(certificate));
	return trial_openssl(installation, key, certificate, NULL, note);
}

/* The root that alpine would trust from now on is accepted first. */
static enum status
consent(const struct installation *installation, const struct alpine *alpine,
    struct note *note)
{
	const struct identities *all = installation->identities;
	const struct link_facts *root = identity_root(&all->at[all->signs]);
	char path[PATH_SIZE], name[64];

	if (root == NULL)
		return STATUS_OK;
	(void)snprintf(name, sizeof(name), "mailcert-%.40s", root->sha1);
	name_file(alpine, "ca", name, "crt", path, sizeof(path));
	return access(path, F_OK) == 0 ? STATUS_OK
				       : root_accept(installation, root, note);
}

/* --- the configuration -----------------------------------------------------*/

struct item {
	const char *name;
	char text[ITEM_SIZE];
	bool missing;
};

/* The user's name, where it needs no quoting in a list or an address; else
 * empty. */
static struct span
personal_name(struct span text)
{
	struct span name = span_trim(pinerc_value(text, "personal-name"));
	size_t i;

	if (name.len >= 2 && name.at[0] == '"' && name.at[name.len - 1] == '"')
		name = span_cut(name, 1, name.len - 1);
	for (i = 0; i < name.len; i++)
		if (!ascii_is_alnum(name.at[i]) && name.at[i] != ' ' &&
		    name.at[i] != '-' && name.at[i] != '\'')
			return SPAN("");
	return name.len < SHOWN_MAX ? name : SPAN("");
}

/* What the configuration lacks.  A From of the user's stays. */
static void
find_missing(const struct installation *installation, struct span text,
    struct item item[2])
{
	const struct identities *all = installation->identities;
	const char *address = all->at[all->signs].order.address[0];
	const struct span name = personal_name(text);

	item[0].name = FEATURES;
	(void)strcpy(item[0].text, SIGN);
	item[0].missing = !pinerc_has(text, FEATURES, SIGN);
	item[1].name = HEADERS;
	if (name.len > 0)
		(void)snprintf(item[1].text, sizeof(item[1].text),
		    "From: %.*s <%s>", (int)name.len, name.at, address);
	else
		(void)snprintf(
		    item[1].text, sizeof(item[1].text), "From: %s", address);
	item[1].missing = !pinerc_has(text, HEADERS, "From:");
}

static enum status
add_item(struct changes *changes, const char *path, const struct item *item,
    struct note *note)
{
	char whole[sizeof(item->text) + 32];
	struct buf old, text;
	enum status status;
	mode_t mode = 0600;
	bool added = false;

	(void)snprintf(whole, sizeof(whole), "%s=%s", item->name, item->text);
	buf_init(&old, TEXTFILE_MAX);
	buf_init(&text, TEXTFILE_MAX + sizeof(whole));
	status = textfile_read(path, &old, &mode, note);
	if (status == STATUS_OK)
		pinerc_add(
		    buf_span(&old), item->name, item->text, &text, &added);
	if (status == STATUS_OK || status == STATUS_MISSING)
		status = buf_status(&text);
	/* alpine may rewrite the line in another form: undo both forms. */
	if (status == STATUS_OK && !changes->dry_run)
		status = journal_add(
		    &changes->journal, "item", path, span_of(whole), note);
	if (status == STATUS_OK && !added)
		status = change_line(changes, path, whole, note);
	if (status == STATUS_OK && added && !changes->dry_run)
		status = textfile_replace(path, mode, buf_span(&text), note);
	if (status == STATUS_OK && added)
		change_say(
		    changes, "added a setting to", "add a setting to", path);
	buf_clear(&text);
	buf_clear(&old);
	return status;
}

static bool
accepts(const struct installation *installation, const char *path,
    const struct item item[2])
{
	const struct install_wishes *wishes = installation->wishes;
	char question[2000];

	if (wishes->yes ||
	    journal_has(&installation->changes.journal, "item", path))
		return true;
	(void)snprintf(question, sizeof(question),
	    "In %s would be added:\n%s%s%s%s%s%s%s%s%sWrite it?", path,
	    item[0].missing ? "+ " : "", item[0].missing ? item[0].name : "",
	    item[0].missing ? "=" : "", item[0].missing ? SIGN "\n" : "",
	    item[1].missing ? "+ " : "", item[1].missing ? item[1].name : "",
	    item[1].missing ? "=" : "", item[1].missing ? item[1].text : "",
	    item[1].missing ? "\n" : "");
	return !wishes->again && wishes->ask != NULL && wishes->ask(question);
}

static void
leave_to_user(struct installation *installation, const char *path,
    const struct item item[2], bool running)
{
	struct buf *lines = &installation->lines;
	size_t i;

	buf_addf(lines,
	    "%sAdd to these settings in %s, while alpine does not run:\n\n",
	    running ? "alpine runs, and would undo a change.  " : "", path);
	for (i = 0; i < 2; i++)
		if (item[i].missing)
			buf_addf(lines, "%s=%s\n", item[i].name, item[i].text);
}

static enum status
configure(struct installation *installation, const char *path, struct span text,
    struct note *note)
{
	struct changes *changes = &installation->changes;
	enum status status = STATUS_OK;
	struct item item[2];
	bool running;
	size_t i;

	find_missing(installation, text, item);
	if (!item[0].missing && !item[1].missing)
		return STATUS_OK;
	running = program_is_running("alpine");
	if (running ||
	    (changes->dry_run ? installation->wishes->config == NULL
			      : !accepts(installation, path, item))) {
		leave_to_user(installation, path, item, running);
		return STATUS_OK;
	}
	for (i = 0; i < 2 && status == STATUS_OK; i++)
		if (item[i].missing)
			status = add_item(changes, path, &item[i], note);
	return status;
}

static enum status
undo_item(const char *path, struct span whole, struct note *note)
{
	const size_t equals = span_find_byte(whole, '=');
	char name[64], item[ITEM_SIZE];
	struct buf old, text;
	enum status status;
	mode_t mode = 0600;

	if (!span_copy(span_cut(whole, 0, equals), name, sizeof(name)) ||
	    !span_copy(
		span_cut(whole, equals + 1, whole.len), item, sizeof(item)))
		return STATUS_DAMAGED;
	buf_init(&old, TEXTFILE_MAX);
	buf_init(&text, TEXTFILE_MAX);
	textfile_clean(path);
	status = textfile_read(path, &old, &mode, note);
	if (status == STATUS_OK)
		pinerc_remove(buf_span(&old), name, item, &text);
	if (status == STATUS_OK)
		status = buf_status(&text);
	if (status == STATUS_OK && !span_eq(buf_span(&old), buf_span(&text)))
		status = textfile_replace(path, mode, buf_span(&text), note);
	buf_clear(&text);
	buf_clear(&old);
	return status == STATUS_MISSING ? STATUS_OK : status;
}

enum status
alpine_undo(struct changes *changes, const struct journal_entry *entry,
    struct note *note)
{
	char path[PATH_SIZE];

	(void)changes;
	if (!span_copy(entry->path, path, sizeof(path)))
		return STATUS_DAMAGED;
	if (span_eq(entry->verb, SPAN("scratch")))
		last_name_clean(path);
	if (!span_eq(entry->verb, SPAN("item")))
		return STATUS_OK;
	if (program_is_running("alpine"))
		return note_set(note, STATUS_NO,
		    "alpine runs, and would undo the change of %.200s; leave "
		    "it first",
		    path);
	return undo_item(path, entry->text, note);
}

/* --- the whole -------------------------------------------------------------*/

enum status
alpine_install(struct installation *installation, struct note *note)
{
	const struct identities *all = installation->identities;
	struct alpine alpine;
	enum status status;
	struct buf text;
	mode_t mode = 0;

	buf_init(&text, TEXTFILE_MAX);
	status = find(installation, &alpine, note);
	if (status == STATUS_OK)
		status = textfile_read(alpine.config, &text, &mode, note);
	if (status == STATUS_OK || status == STATUS_MISSING)
		status = check_config(buf_span(&text), note);
	if (status == STATUS_OK)
		status = check_addresses(all, note);
	if (status == STATUS_OK)
		status = identities_fit(all, "alpine", note);
	if (status == STATUS_OK)
		status = consent(installation, &alpine, note);
	if (status == STATUS_OK)
		status = place_all(installation, &alpine, note);
	if (status == STATUS_OK)
		status = try_out(installation, &alpine, note);
	if (status == STATUS_OK)
		status = configure(
		    installation, alpine.config, buf_span(&text), note);
	buf_clear(&text);
	return status;
}

enum status
alpine_remember(struct installation *installation, const struct identity *other,
    const char *address, struct note *note)
{
	struct changes *changes = &installation->changes;
	char name[ACME_VALUE_SIZE], path[PATH_SIZE];
	struct alpine alpine;
	enum status status;

	status = find(installation, &alpine, note);
	if (status == STATUS_OK)
		status = check_address(address, note);
	if (status == STATUS_OK)
		status = identity_is_rsa(other, "alpine", note);
	if (status != STATUS_OK)
		return status;
	lower(address, name);
	name_file(&alpine, "public", name, "crt", path, sizeof(path));
	return change_file(changes, path, other->link[0].pem, note);
}
