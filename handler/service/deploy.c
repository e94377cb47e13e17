/* deploy.c - put a certificate into a mail server: see deploy.h */
#include "service/deploy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "service/tlsa.h"

enum { LINES_MAX = 64 * 1024, LOCK_SECONDS = 10, LOOK_AGAIN_MS = 200 };

/* The subject of facts about the server as such in its journal. */
#define SERVER "server"

/* One that is at work. */
struct deployment {
	const struct config *config;
	const struct daemon_kind *kind;
	const struct deploy_wishes *wishes;
	struct identity identity; /* owned: its facts */
	struct daemon_site site;  /* owned: its changes and lines */
	struct journal tlsa;      /* owned: which records were added for it */
	struct service_at at[SERVICES_MAX];
	size_t count;
	/* Addresses to look at: of the wishes, or in the journal. */
	char address[SIGHT_ADDRESSES_MAX][DAEMON_PATH_SIZE];
	const char *addresses[SIGHT_ADDRESSES_MAX];
	size_t address_count;
	bool done; /* the journal says that the certificate is there */
};

/* --- what is to be done ----------------------------------------------------- */

static enum status
choose_path(const struct journal *journal, const char *verb, const char *wished,
    const char *usual, char out[DAEMON_PATH_SIZE], struct note *note)
{
	struct span chosen = journal_get(journal, verb, SERVER);

	if (wished != NULL)
		chosen = span_of(wished);
	else if (chosen.len == 0)
		chosen = span_of(usual);
	return span_starts(chosen, SPAN("/")) &&
		span_copy(chosen, out, DAEMON_PATH_SIZE - 100)
	    ? STATUS_OK
	    : note_set(note, STATUS_CONFIG,
		  "the path of the %s is not absolute, or is too long", verb);
}

/* Beside the configuration, which only root may write. */
static enum status
choose_paths(struct deployment *d, struct note *note)
{
	const struct journal *journal = &d->site.changes.journal;
	char directory[DAEMON_PATH_SIZE], usual[DAEMON_PATH_SIZE];
	enum status status;
	struct stat st;

	status = choose_path(journal, "config", d->wishes->config,
	    d->kind->config, d->site.config, note);
	if (status != STATUS_OK)
		return status;
	if (stat(d->site.config, &st) != 0)
		return note_set(note, STATUS_NO,
		    "%.200s: %s; --config names the configuration",
		    d->site.config, strerror(errno));
	daemon_directory(d->site.config, directory);
	(void)snprintf(usual, sizeof(usual), "%.900s/mailcert.pem",
	    S_ISDIR(st.st_mode) ? d->site.config : directory);
	return choose_path(
	    journal, "pair", d->wishes->pair, usual, d->site.pair, note);
}

static void
add_service(struct deployment *d, const struct service_at *at)
{
	size_t i;

	for (i = 0; i < d->count; i++)
		if (service_at_is_same(&d->at[i], at))
			return;
	if (d->count < SERVICES_MAX)
		d->at[d->count++] = *at;
}

static void
add_address(struct deployment *d, struct span address)
{
	const size_t i = d->address_count;
	size_t k;

	for (k = 0; k < i; k++)
		if (span_eq(address, span_of(d->address[k])))
			return;
	if (i < SIGHT_ADDRESSES_MAX &&
	    span_copy(address, d->address[i], sizeof(d->address[i]))) {
		d->addresses[i] = d->address[i];
		d->address_count++;
	}
}

/* The services of one line of the journal. */
static void
add_services(struct deployment *d, struct span words)
{
	struct service_at at;
	size_t end;

	for (; words.len > 0;
	     words = span_trim(span_cut(words, end, words.len))) {
		end = span_find_byte(words, ' ');
		if (service_at_parse(span_cut(words, 0, end), &at))
			add_service(d, &at);
	}
}

/* Where it will be looked for: as the user says, or as before, or where it was
 * ordered for, as far as that server speaks so. */
static enum status
choose_services(
    struct deployment *d, const struct order *order, struct note *note)
{
	const struct journal *journal = &d->site.changes.journal;
	struct span rest = journal_rest(journal);
	struct journal_entry entry;
	struct sight_addresses named;
	size_t i;

	for (i = 0; i < d->wishes->count; i++)
		add_service(d, &d->wishes->at[i]);
	for (i = 0; i < d->wishes->addresses; i++)
		add_address(d, span_of(d->wishes->address[i]));
	while (d->wishes->count == 0 && journal_next(&rest, &entry)) {
		if (span_eq(entry.verb, SPAN("look")))
			add_services(d, entry.path);
		if (span_eq(entry.verb, SPAN("at")) &&
		    d->wishes->addresses == 0)
			add_address(d, entry.path);
	}
	if (d->count == 0) {
		for (i = 0; i < order->services; i++)
			if (d->kind
				->serves[order->service[i].service->protocol])
				add_service(d, &order->service[i]);
		sight_addresses(order, &named);
		for (i = 0; d->wishes->addresses == 0 && i < named.count; i++)
			add_address(d, span_of(named.address[i]));
	}
	return d->count > 0
	    ? STATUS_OK
	    : note_set(note, STATUS_USAGE,
		  "where does %s serve?  Name a --service", d->kind->name);
}

/* Everything that a later run needs, before the first change. */
static enum status
record(struct deployment *d, struct note *note)
{
	struct journal *journal = &d->site.changes.journal;
	enum status status;
	struct buf text;
	size_t i;

	status = journal_add(
	    journal, "for", d->identity.order.address[0], SPAN(""), note);
	if (status == STATUS_OK)
		status = journal_set(
		    journal, "config", SERVER, span_of(d->site.config), note);
	if (status == STATUS_OK)
		status = journal_set(
		    journal, "pair", SERVER, span_of(d->site.pair), note);
	for (i = 0; i < d->address_count && status == STATUS_OK; i++)
		status =
		    journal_add(journal, "at", d->address[i], SPAN(""), note);
	/* All in one line, the last: a part of it would pass for the whole. */
	buf_init(&text, 1024);
	for (i = 0; i < d->count; i++) {
		buf_add_text(&text, i > 0 ? " " : "");
		service_at_add(&d->at[i], &text);
	}
	if (status == STATUS_OK)
		status = buf_status(&text);
	if (status == STATUS_OK)
		status = journal_add(journal, "look", text.at, SPAN(""), note);
	buf_clear(&text);
	return status;
}

/* --- the pair ----------------------------------------------------------------- */

static void
beside(const char *path, const char *end, char out[DAEMON_PATH_SIZE + 16])
{
	(void)snprintf(out, DAEMON_PATH_SIZE + 16, "%s%s", path, end);
}

/* Give it to whoever may read it. */
static enum status
hand_over(struct deployment *d, const char *path, struct note *note)
{
	enum status status;
	mode_t mode = 0600;
	uid_t uid = 0;
	gid_t gid = 0;

	status = d->kind->owner(&d->site, &uid, &gid, &mode, note);
	if (status == STATUS_OK &&
	    ((geteuid() == 0 && chown(path, uid, gid) != 0) ||
		chmod(path, mode) != 0))
		status = note_set(
		    note, STATUS_IO, "%.200s: %s", path, strerror(errno));
	return status;
}

/* Keep the old one, until the new one is seen; of a run that was killed, the
 * one that it kept. */
static enum status
keep_old(const char *pair, struct note *note)
{
	char old[DAEMON_PATH_SIZE + 16];

	beside(pair, ".mailcert.old", old);
	if (link(pair, old) == 0 || errno == ENOENT || errno == EEXIST)
		return STATUS_OK;
	return note_set(
	    note, STATUS_CREATE, "%.200s: %s", old, strerror(errno));
}

static enum status
write_pair(struct deployment *d, const char *path, struct note *note)
{
	enum status status;
	struct buf chain;

	if (d->identity.order.locked)
		return note_set(note, STATUS_NO,
		    "the key of %s has a passphrase, and a server has nobody "
		    "to ask for it",
		    d->identity.order.id);
	buf_init(&chain, LINES_MAX);
	identity_add_pem(&d->identity, 0, d->identity.links, &chain);
	status = buf_status(&chain);
	if (status == STATUS_OK)
		status = change_export_pair(
		    path, d->identity.key, buf_span(&chain), note);
	buf_clear(&chain);
	return status;
}

static enum status
place_pair(struct deployment *d, struct note *note)
{
	char new[DAEMON_PATH_SIZE + 16];
	const char *pair = d->site.pair;
	enum status status = STATUS_OK;

	if (access(pair, F_OK) == 0 &&
	    !journal_has(&d->site.changes.journal, "file", pair))
		return note_set(note, STATUS_CREATE,
		    "%.200s exists and was not made by mailcert; move it away",
		    pair);
	change_say(&d->site.changes, "wrote", "write", pair);
	if (d->site.changes.dry_run)
		return STATUS_OK;
	beside(pair, ".mailcert.new", new);
	status =
	    journal_add(&d->site.changes.journal, "file", pair, SPAN(""), note);
	(void)unlink(new);
	if (status == STATUS_OK)
		status = write_pair(d, new, note);
	if (status == STATUS_OK)
		status = hand_over(d, new, note);
	if (status == STATUS_OK)
		status = keep_old(pair, note);
	if (status == STATUS_OK && rename(new, pair) != 0)
		status = note_set(
		    note, STATUS_CREATE, "%.200s: %s", pair, strerror(errno));
	(void)unlink(new);
	return status == STATUS_OK ? path_sync_parent(pair) : status;
}

static void
forget_old(const char *pair)
{
	char old[DAEMON_PATH_SIZE + 16];

	beside(pair, ".mailcert.old", old);
	(void)unlink(old);
}

/* --- the wire ------------------------------------------------------------------- */

/* Does a server of that service show the certificate, at one address at least?
 * Others may be other machines.  why: what it shows. */
static enum status
see_one(struct deployment *d, const struct service_at *at,
    struct helper_kept *kept, bool *seen, struct note *why, struct note *note)
{
	const struct sight_of of = { .host = d->identity.order.address[0],
		.at = *at,
		.address = d->addresses,
		.addresses = d->address_count };
	const struct span leaf = span_of(d->identity.link[0].sha256);
	struct sighting sighting;
	enum status status;
	struct buf answer;
	struct span rest;

	buf_init(&answer, SIGHT_ANSWER_MAX);
	status = sight_look(d->config, &of, kept, &answer, note);
	rest = buf_span(&answer);
	*seen = false;
	while (status == STATUS_OK && sight_next(&rest, &sighting)) {
		*seen |= span_eq_nocase(sighting.leaf, leaf);
		if (sighting.leaf.len > 0)
			note_say(why, "%s on port %u shows another certificate",
			    at->service->name, (unsigned)at->port);
		else if (sighting.fault.len > 0)
			note_say(why, "%s on port %u: %.*s", at->service->name,
			    (unsigned)at->port, (int)sighting.fault.len,
			    sighting.fault.at);
		else
			note_say(why, "%s on port %u offers no STARTTLS",
			    at->service->name, (unsigned)at->port);
	}
	buf_clear(&answer);
	return status;
}

/* All services; until: a server takes a moment to read its files. */
static enum status
see(struct deployment *d, int seconds, bool *seen, struct note *why,
    struct note *note)
{
	const struct timespec pause = { .tv_nsec = LOOK_AGAIN_MS * 1000000L };
	int tries = seconds * 1000 / LOOK_AGAIN_MS;
	struct helper_kept kept = { .questions = 0 };
	enum status status = STATUS_OK;
	size_t i = 0;

	*seen = true;
	while (i < d->count && status == STATUS_OK) {
		status = see_one(d, &d->at[i], &kept, seen, why, note);
		if (*seen)
			i++;
		else if (tries-- > 0)
			(void)nanosleep(&pause, NULL);
		else
			break;
	}
	helper_end(&kept);
	return status;
}

/* --- the whole -------------------------------------------------------------------- */

/* The old pair, or of a first time nothing; and the server reads that. */
static enum status
restore(struct deployment *d, struct note *note)
{
	char old[DAEMON_PATH_SIZE + 16];
	struct changes *changes = &d->site.changes;
	enum status status = STATUS_OK;
	struct note unheard = { "" };

	beside(d->site.pair, ".mailcert.old", old);
	if (rename(old, d->site.pair) == 0)
		status = path_sync_parent(d->site.pair);
	else if (journal_get(&changes->journal, "certificate", SERVER).len == 0)
		status = changes_undo(changes, d->kind->undo, note);
	/* One that does not run reads its files when it starts. */
	if (status == STATUS_OK &&
	    d->kind->reload(&d->site, &unheard) != STATUS_OK)
		home_log(changes->journal.home, unheard.text);
	return status;
}

/* What stopped it, and what has become of the server. */
static enum status
fail(struct deployment *d, enum status status, struct note *note)
{
	const struct note why = *note;
	struct note failed = { "" };
	const enum status restored = restore(d, &failed);

	buf_cut(&d->site.changes.said, 0);
	if (restored != STATUS_OK)
		return note_set(note, restored,
		    "%.120s; and the old certificate cannot be restored: %.120s",
		    note_text(&why, status), note_text(&failed, restored));
	return note_set(note, status, "%.200s; what was there before is back",
	    note_text(&why, status));
}

/* Let the server read what is there now, and look. */
static enum status
put_to_use(struct deployment *d, bool *manual, struct note *note)
{
	struct note why = { "" };
	enum status status;
	bool seen = false;

	status = d->kind->use(&d->site, manual, note);
	if (status == STATUS_OK && d->site.changes.dry_run)
		change_say(
		    &d->site.changes, "reloaded", "reload", d->kind->name);
	if (status != STATUS_OK || d->site.changes.dry_run || *manual)
		return status;
	status = d->kind->reload(&d->site, note);
	if (status == STATUS_OK)
		status = see(d, DEPLOY_SEE_SECONDS, &seen, &why, note);
	if (status == STATUS_OK && !seen)
		status = note_set(note, STATUS_NO, "%.250s", why.text);
	if (status == STATUS_OK)
		change_say(
		    &d->site.changes, "reloaded", "reload", d->kind->name);
	return status;
}

/* The records that others check the key against. */
enum tlsa_act { TLSA_SHOW, TLSA_PREPARE, TLSA_FINISH };

static enum status
with_tlsa(struct deployment *d, enum tlsa_act act, struct note *note)
{
	struct tlsa tlsa = { .config = d->config,
		.journal = &d->tlsa,
		.host = d->identity.order.address[0],
		.at = d->at,
		.count = d->count };
	enum status status;
	struct buf chain;
	size_t i;

	status = tlsa_key(&d->identity.order, tlsa.key, note);
	if (status != STATUS_OK)
		return status;
	if (act == TLSA_FINISH)
		return tlsa_finish(&tlsa, note);
	if (act == TLSA_PREPARE) {
		buf_init(&chain, LINES_MAX);
		identity_add_pem(&d->identity, 0, d->identity.links, &chain);
		tlsa.chain = buf_span(&chain);
		status = buf_status(&chain);
		if (status == STATUS_OK)
			status = tlsa_prepare(&tlsa, (int64_t)time(NULL),
			    &d->site.changes.said, note);
		buf_clear(&chain);
		return status;
	}
	buf_add_text(&d->site.lines,
	    "the records of its key, for a server with DANE:\n");
	for (i = 0; i < tlsa.count; i++) {
		tlsa_add_line(&tlsa, i, &d->site.lines);
		buf_add_byte(&d->site.lines, '\n');
	}
	return STATUS_OK;
}

static enum status
deploy(struct deployment *d, struct note *note)
{
	struct journal *journal = &d->site.changes.journal;
	const char *id = d->identity.order.id;
	struct note why = { "" };
	enum status status;
	bool manual = false, seen = false;

	d->done =
	    span_eq(journal_get(journal, "certificate", SERVER), span_of(id)) &&
	    access(d->site.pair, F_OK) == 0;
	if (d->done && !d->wishes->dry_run) {
		status = see(d, 0, &seen, &why, note);
		if (status != STATUS_OK || seen)
			return status;
	}
	status = d->wishes->dry_run ? STATUS_OK : record(d, note);
	if (status == STATUS_OK && !d->done && !d->wishes->dry_run) {
		status = with_tlsa(d, TLSA_PREPARE, note);
		/* Nothing was changed: the old key stays in use. */
		if (status != STATUS_OK)
			return status;
	}
	if (status == STATUS_OK && !d->done)
		status = place_pair(d, note);
	if (status == STATUS_OK)
		status = put_to_use(d, &manual, note);
	if (d->wishes->dry_run)
		return status == STATUS_OK ? with_tlsa(d, TLSA_SHOW, note)
					   : status;
	if (status != STATUS_OK)
		return fail(d, status, note);
	forget_old(d->site.pair);
	if (manual)
		return STATUS_OK;
	/* Until this is done, too, the next run does it all again. */
	status = with_tlsa(d, TLSA_FINISH, note);
	return status == STATUS_OK
	    ? journal_set(journal, "certificate", SERVER, span_of(id), note)
	    : status;
}

/* A journal of its own: the records go after everything else is undone, and
 * also if that was killed. */
static enum status
open_tlsa(const struct home *home, const struct daemon_kind *kind,
    struct journal *out, struct note *note)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "tlsa-%s", kind->name);
	return journal_open(home, name, out, note);
}

enum status
deploy_into(const struct config *config, const struct home *home,
    const struct daemon_kind *kind, const struct order *order,
    const struct deploy_wishes *wishes, struct buf *out, struct note *note)
{
	struct deployment *d = calloc(1, sizeof(*d));
	enum status status;
	int lock = -1;

	if (d == NULL)
		return STATUS_MEMORY;
	d->config = config;
	d->kind = kind;
	d->wishes = wishes;
	buf_init(&d->site.lines, LINES_MAX);
	status = home_lock_on(home, "install", LOCK_SECONDS, &lock, note);
	if (status != STATUS_OK) {
		free(d);
		return status;
	}
	status = changes_begin(
	    home, kind->journal, wishes->dry_run, &d->site.changes, note);
	if (status == STATUS_OK)
		status = open_tlsa(home, kind, &d->tlsa, note);
	if (status == STATUS_OK)
		status = choose_paths(d, note);
	if (status == STATUS_OK)
		status = choose_services(d, order, note);
	if (status == STATUS_OK)
		status =
		    identity_load(home, order, SPAN(""), &d->identity, note);
	if (status == STATUS_OK)
		status = deploy(d, note);
	buf_add(out, buf_span(&d->site.changes.said));
	if (status == STATUS_OK)
		buf_add(out, buf_span(&d->site.lines));
	buf_clear(&d->identity.facts);
	buf_clear(&d->site.lines);
	journal_close(&d->tlsa);
	changes_end(&d->site.changes);
	(void)close(lock);
	free(d);
	return status;
}

/* --- removing, and renewals --------------------------------------------------------- */

static enum status
leave(
    struct daemon_site *site, const struct daemon_kind *kind, struct note *note)
{
	struct changes *changes = &site->changes;
	struct note unheard = { "" };
	enum status status = STATUS_OK;

	if (!span_copy(journal_get(&changes->journal, "config", SERVER),
		site->config, sizeof(site->config)) ||
	    !span_copy(journal_get(&changes->journal, "pair", SERVER),
		site->pair, sizeof(site->pair)))
		return STATUS_DAMAGED;
	if (kind->may_leave != NULL)
		status = kind->may_leave(site, note);
	if (status == STATUS_OK && !changes->dry_run)
		forget_old(site->pair);
	if (status == STATUS_OK)
		status = changes_undo(changes, kind->undo, note);
	/* One that does not run reads its files when it starts. */
	if (status == STATUS_OK && !changes->dry_run &&
	    kind->reload(site, &unheard) == STATUS_OK)
		change_say(changes, "reloaded", "reload", kind->name);
	return status;
}

/* First what others check the key against must allow it, then the server goes
 * back, then the records go. */
static enum status
remove_all(const struct config *config, struct daemon_site *site,
    struct journal *tlsa, const struct daemon_kind *kind, struct note *note)
{
	struct changes *changes = &site->changes;
	const bool installed = changes->journal.text.len > 0;
	enum status status = STATUS_OK;

	if (installed)
		status = tlsa_may_leave(config, tlsa, (int64_t)time(NULL),
		    changes->dry_run, &changes->said, note);
	if (status == STATUS_OK && installed)
		status = leave(site, kind, note);
	if (status == STATUS_OK && tlsa->text.len > 0)
		status = tlsa_leave(
		    config, tlsa, changes->dry_run, &changes->said, note);
	return status;
}

enum status
deploy_remove(const struct config *config, const struct home *home,
    const struct daemon_kind *kind, bool dry_run, struct buf *out,
    struct note *note)
{
	struct daemon_site *site = calloc(1, sizeof(*site));
	struct journal tlsa = { .home = NULL };
	enum status status;
	int lock = -1;

	if (site == NULL)
		return STATUS_MEMORY;
	status = home_lock_on(home, "install", LOCK_SECONDS, &lock, note);
	if (status != STATUS_OK) {
		free(site);
		return status;
	}
	status =
	    changes_begin(home, kind->journal, dry_run, &site->changes, note);
	if (status == STATUS_OK)
		status = open_tlsa(home, kind, &tlsa, note);
	if (status == STATUS_OK)
		status = remove_all(config, site, &tlsa, kind, note);
	buf_add(out, buf_span(&site->changes.said));
	journal_close(&tlsa);
	changes_end(&site->changes);
	(void)close(lock);
	free(site);
	return status;
}

/* Was the one that is there made after that order? */
static enum status
is_older(const struct home *home, struct span there, const struct order *order,
    bool *out, struct note *note)
{
	struct order *newer;
	char id[RECORD_ID_SIZE];
	enum status status;

	*out = false;
	if (there.len == 0)
		return STATUS_OK;
	if (!span_copy(there, id, sizeof(id)))
		return STATUS_DAMAGED;
	if ((newer = calloc(1, sizeof(*newer))) == NULL)
		return STATUS_MEMORY;
	status = order_load(home, id, newer, note);
	*out = status == STATUS_OK &&
	    (newer->created != order->created ? newer->created > order->created
					      : strcmp(id, order->id) >= 0);
	free(newer);
	return status == STATUS_MISSING ? STATUS_OK : status;
}

/* Is an older certificate of its host there, or a change begun? */
static enum status
is_wanted(const struct home *home, const struct daemon_kind *kind,
    const struct order *order, bool *out, struct note *note)
{
	struct journal journal;
	enum status status;
	bool older = false;

	status = journal_open(home, kind->journal, &journal, note);
	*out = status == STATUS_OK && order_is_current(order) &&
	    journal_has(&journal, "for", order->address[0]);
	if (*out)
		status =
		    is_older(home, journal_get(&journal, "certificate", SERVER),
			order, &older, note);
	*out = *out && !older;
	journal_close(&journal);
	return status;
}

enum status
deploy_again(const struct config *config, const struct home *home,
    const struct order *order, struct buf *out, struct note *note)
{
	const struct deploy_wishes wishes = { .config = NULL };
	enum status status, first = STATUS_OK;
	struct note why = { "" };
	struct buf said;
	bool wanted;
	size_t i;

	for (i = 0; daemon_kinds[i] != NULL; i++) {
		why.text[0] = '\0';
		buf_init(&said, LINES_MAX);
		status = is_wanted(home, daemon_kinds[i], order, &wanted, &why);
		if (status == STATUS_OK && wanted)
			status = deploy_into(config, home, daemon_kinds[i],
			    order, &wishes, &said, &why);
		buf_clear(&said);
		if (status == STATUS_OK && wanted)
			buf_addf(out, "installed %s into %s\n", order->id,
			    daemon_kinds[i]->name);
		if (status != STATUS_OK && first == STATUS_OK)
			first = note_set(note, status,
			    "cannot install certificate %s into %s: %.220s",
			    order->id, daemon_kinds[i]->name,
			    note_text(&why, status));
	}
	return first;
}

enum status
deploy_search(
    const struct home *home, struct record_search *search, struct note *note)
{
	char host[ACME_VALUE_SIZE];
	enum status status = STATUS_OK;
	struct journal_entry entry;
	struct journal journal;
	struct span rest;
	size_t i;

	for (i = 0; daemon_kinds[i] != NULL && status == STATUS_OK; i++) {
		status = journal_open(
		    home, daemon_kinds[i]->journal, &journal, note);
		rest = journal_rest(&journal);
		while (status == STATUS_OK && journal_next(&rest, &entry))
			if (span_eq(entry.verb, SPAN("for")) &&
			    span_copy(entry.path, host, sizeof(host)))
				order_search_for(search, host);
		journal_close(&journal);
	}
	return status;
}
