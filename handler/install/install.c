/* install.c - the programs that certificates go into: see install.h */
#include "install/install.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "install/alpine.h"
#include "install/gpgsm.h"
#include "install/mutt.h"
#include "install/nss.h"
#include "install/snail.h"
#include "install/thunderbird.h"

enum { LINES_MAX = 64 * 1024, LOCK_SECONDS = 10, NAME_SIZE = 32 };

static const struct install_program programs[] = {
	{ "gpgsm", gpgsm_install, gpgsm_remember, gpgsm_undo, gpgsm_undone,
	    NULL },
	{ "mutt", mutt_install, mutt_remember, gpgsm_undo, gpgsm_undone, NULL },
	{ "neomutt", mutt_install, mutt_remember, gpgsm_undo, gpgsm_undone,
	    NULL },
	{ "s-nail", snail_install, snail_remember, NULL, NULL, NULL },
	{ "alpine", alpine_install, alpine_remember, alpine_undo, NULL, NULL },
	{ "nss", nss_install, nss_remember, nss_undo, NULL, nss_remove },
	{ "thunderbird", thunderbird_install, thunderbird_remember, NULL, NULL,
	    thunderbird_remove },
};

enum { PROGRAMS = sizeof(programs) / sizeof(*programs) };

const struct install_program *
install_find(const char *name)
{
	size_t i;

	for (i = 0; i < PROGRAMS; i++)
		if (strcmp(programs[i].name, name) == 0)
			return &programs[i];
	return NULL;
}

void
install_names(struct buf *out)
{
	size_t i;

	for (i = 0; i < PROGRAMS; i++)
		buf_addf(out, "%s%s", i > 0 ? ", " : "", programs[i].name);
}

/* For which addresses, before anything is done: install_again() completes it
 * even where we are killed. */
static enum status
remember_addresses(struct installation *installation, struct note *note)
{
	const struct identities *all = installation->identities;
	enum status status = STATUS_OK;
	size_t i, k;

	for (i = 0; i < all->count; i++)
		for (k = 0;
		     k < all->at[i].order.addresses && status == STATUS_OK; k++)
			status = journal_add(&installation->changes.journal,
			    "for", all->at[i].order.address[k], SPAN(""), note);
	return status;
}

/* And which certificates are in there, wholly. */
static enum status
remember_certificates(struct installation *installation, struct note *note)
{
	const struct identities *all = installation->identities;
	enum status status = STATUS_OK;
	size_t i;

	for (i = 0; i < all->count && status == STATUS_OK; i++)
		status = journal_add(&installation->changes.journal,
		    "certificate", all->at[i].order.id, SPAN(""), note);
	return status;
}

/* Does it only say for whom and where: was nothing changed? */
static bool
is_for_nothing(const struct journal *journal)
{
	struct span rest = journal_rest(journal);
	struct journal_entry entry;

	while (journal_next(&rest, &entry))
		if (!span_eq(entry.verb, SPAN("for")) &&
		    !span_eq(entry.verb, SPAN("profile")))
			return false;
	return true;
}

static enum status
run(struct installation *installation, const struct install_program *program,
    struct note *note)
{
	struct journal *journal = &installation->changes.journal;
	const bool first = journal->text.len == 0;
	enum status status = STATUS_OK;

	if (installation->changes.dry_run)
		return program->install(installation, note);
	status = remember_addresses(installation, note);
	if (status == STATUS_OK)
		status = program->install(installation, note);
	if (status == STATUS_OK)
		return remember_certificates(installation, note);
	/* What was refused at once is not for a renewal to do by itself.  If
	 * this fails, that is refused again. */
	if (first && is_for_nothing(journal) &&
	    journal_forget(journal, NULL) == STATUS_OK)
		journal_close(journal);
	return status;
}

enum status
install_into(const struct home *home, const struct install_program *program,
    const char *wanted, struct span anchors,
    const struct install_wishes *wishes, bool dry_run, struct buf *out,
    struct note *note)
{
	struct identities identities = { .count = 0 };
	struct installation installation = { .wishes = wishes,
		.identities = &identities };
	enum status status;
	int lock = -1;

	buf_init(&installation.lines, LINES_MAX);
	status = home_lock_on(home, "install", LOCK_SECONDS, &lock, note);
	if (status != STATUS_OK)
		return status;
	status = changes_begin(
	    home, program->name, dry_run, &installation.changes, note);
	if (status == STATUS_OK)
		status =
		    identities_load(home, wanted, anchors, &identities, note);
	if (status == STATUS_OK)
		status = run(&installation, program, note);
	buf_add(out, buf_span(&installation.changes.said));
	if (status == STATUS_OK)
		buf_add(out, buf_span(&installation.lines));
	identities_clear(&identities);
	changes_end(&installation.changes);
	buf_clear(&installation.lines);
	(void)close(lock);
	return status;
}

enum status
install_remove(const struct home *home, const struct install_program *program,
    bool dry_run, struct buf *out, struct note *note)
{
	struct changes changes;
	enum status status;
	int lock = -1;

	status = home_lock_on(home, "install", LOCK_SECONDS, &lock, note);
	if (status != STATUS_OK)
		return status;
	status = changes_begin(home, program->name, dry_run, &changes, note);
	if (status == STATUS_OK && changes.journal.text.len == 0)
		note_say(note, "mailcert has installed nothing into %s",
		    program->name);
	else if (status == STATUS_OK)
		status = program->remove != NULL
		    ? program->remove(&changes, note)
		    : changes_undo(&changes, program->undo, note);
	if (status == STATUS_OK && !dry_run && program->undone != NULL)
		program->undone();
	buf_add(out, buf_span(&changes.said));
	changes_end(&changes);
	(void)close(lock);
	return status;
}

/* --- after a renewal -------------------------------------------------------*/

/* Is one of its addresses installed there, and not yet that certificate? */
static bool
is_missing_in(const struct journal *journal, const struct order *order)
{
	struct span rest = journal_rest(journal);
	struct journal_entry entry;
	char address[ACME_VALUE_SIZE];

	if (journal_has(journal, "certificate", order->id))
		return false;
	while (journal_next(&rest, &entry))
		if (span_eq(entry.verb, SPAN("for")) &&
		    span_copy(entry.path, address, sizeof(address)) &&
		    order_is_for(order, address))
			return true;
	return false;
}

static enum status
concerns(const struct home *home, const char *name, const struct order *order,
    bool *out, struct note *note)
{
	struct journal journal;
	enum status status;

	status = journal_open(home, name, &journal, note);
	*out = status == STATUS_OK && is_missing_in(&journal, order);
	journal_close(&journal);
	return status;
}

static enum status
again(const struct home *home, const char *name, const struct order *order,
    struct span anchors, const struct install_wishes *wishes, struct buf *out,
    struct note *note)
{
	const struct install_program *program = install_find(name);
	enum status status;
	struct buf said;
	bool wanted;

	if (program == NULL)
		return STATUS_OK;
	status = concerns(home, name, order, &wanted, note);
	if (status != STATUS_OK || !wanted)
		return status;
	buf_init(&said, LINES_MAX);
	status = install_into(home, program, order->address[0], anchors, wishes,
	    false, &said, note);
	if (status == STATUS_OK)
		buf_addf(out, "installed %s into %s\n", order->id, name);
	buf_clear(&said);
	return status;
}

/* Take the next name off the list. */
static bool
take_name(struct span *list, char *out, size_t size)
{
	const size_t end = span_find_byte(*list, '\n');
	const struct span name = span_cut(*list, 0, end);

	if (list->len == 0)
		return false;
	*list = span_cut(*list, end + 1, list->len);
	if (!span_copy(name, out, size))
		out[0] = '\0';
	return true;
}

enum status
install_is_wanted(const struct home *home, const struct order *order, bool *out,
    struct note *note)
{
	enum status status;
	struct span rest;
	struct buf names;
	char name[NAME_SIZE];

	*out = false;
	buf_init(&names, LINES_MAX);
	status = journal_list(home, &names, note);
	rest = buf_span(&names);
	while (status == STATUS_OK && !*out &&
	    take_name(&rest, name, sizeof(name)))
		if (install_find(name) != NULL)
			status = concerns(home, name, order, out, note);
	buf_clear(&names);
	return status;
}

static enum status
search_in(const struct home *home, const char *name,
    struct record_search *search, struct note *note)
{
	struct journal_entry entry;
	char address[ACME_VALUE_SIZE];
	struct journal journal;
	enum status status;
	struct span rest;

	status = journal_open(home, name, &journal, note);
	rest = journal_rest(&journal);
	while (status == STATUS_OK && journal_next(&rest, &entry))
		if (span_eq(entry.verb, SPAN("for")) &&
		    span_copy(entry.path, address, sizeof(address)))
			order_search_for(search, address);
	journal_close(&journal);
	return status;
}

enum status
install_search(
    const struct home *home, struct record_search *search, struct note *note)
{
	enum status status;
	char name[NAME_SIZE];
	struct buf names;
	struct span rest;

	buf_init(&names, LINES_MAX);
	status = journal_list(home, &names, note);
	rest = buf_span(&names);
	while (status == STATUS_OK && take_name(&rest, name, sizeof(name)))
		if (install_find(name) != NULL)
			status = search_in(home, name, search, note);
	buf_clear(&names);
	return status;
}

enum status
install_again(const struct home *home, const struct order *order,
    struct span anchors, const struct install_wishes *wishes, struct buf *out,
    struct note *note)
{
	enum status status, first;
	struct note why = { "" };
	char name[NAME_SIZE];
	struct span rest;
	struct buf names;

	buf_init(&names, LINES_MAX);
	first = journal_list(home, &names, note);
	rest = buf_span(&names);
	while (take_name(&rest, name, sizeof(name))) {
		why.text[0] = '\0';
		status = again(home, name, order, anchors, wishes, out, &why);
		if (status != STATUS_OK && first == STATUS_OK)
			first = note_set(note, status,
			    "cannot install certificate %s into %s: %.200s",
			    order->id, name, note_text(&why, status));
	}
	buf_clear(&names);
	return first;
}

/* --- correspondents --------------------------------------------------------*/

/* What install_correspondent() installs, and how. */
struct correspondent {
	struct identity identity;
	const char *address;
	const struct install_wishes *wishes;
	bool dry_run;
};

static enum status
remember_in(const struct home *home, const struct install_program *program,
    const struct correspondent *other, struct buf *out, struct note *note)
{
	struct installation installation = { .wishes = other->wishes };
	enum status status;

	status = changes_begin(
	    home, program->name, other->dry_run, &installation.changes, note);
	if (status == STATUS_OK)
		status = program->remember(
		    &installation, &other->identity, other->address, note);
	buf_add(out, buf_span(&installation.changes.said));
	if (status == STATUS_OK && !other->dry_run)
		buf_addf(out, "%s can encrypt to %s\n", program->name,
		    other->address);
	changes_end(&installation.changes);
	return status;
}

static enum status
remember_everywhere(const struct home *home, struct correspondent *other,
    struct buf *out, struct note *note)
{
	const struct install_program *program;
	enum status status, first;
	struct note why = { "" };
	char name[NAME_SIZE];
	struct span rest;
	size_t done = 0;
	struct buf names;

	buf_init(&names, LINES_MAX);
	first = journal_list(home, &names, note);
	rest = buf_span(&names);
	while (take_name(&rest, name, sizeof(name))) {
		program = install_find(name);
		if (program == NULL || program->remember == NULL)
			continue;
		done++;
		status = remember_in(home, program, other, out, &why);
		if (status != STATUS_OK && first == STATUS_OK)
			first = note_set(note, status, "%s: %.250s", name,
			    note_text(&why, status));
	}
	buf_clear(&names);
	if (first == STATUS_OK && done == 0)
		return note_set(note, STATUS_NO,
		    "no certificate is installed into a mail program; "
		    "mailcert install does that");
	return first;
}

enum status
install_correspondent(const struct home *home, struct span chain,
    const char *address, struct span anchors,
    const struct install_wishes *wishes, bool dry_run, struct buf *out,
    struct note *note)
{
	struct correspondent *other = calloc(1, sizeof(*other));
	enum status status;
	int lock = -1;

	if (other == NULL)
		return STATUS_MEMORY;
	other->address = address;
	other->wishes = wishes;
	other->dry_run = dry_run;
	status = home_lock_on(home, "install", LOCK_SECONDS, &lock, note);
	if (status == STATUS_OK) {
		status =
		    identity_describe(chain, anchors, &other->identity, note);
		if (status == STATUS_OK)
			status = remember_everywhere(home, other, out, note);
		buf_clear(&other->identity.facts);
		(void)close(lock);
	}
	free(other);
	return status;
}
