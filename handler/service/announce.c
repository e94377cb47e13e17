/* announce.c - let a mail server announce a proof: see announce.h */
#include "service/announce.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "acme/service.h"
#include "service/dovecot.h"
#include "store/order.h"

enum {
	TEXT_MAX = 32 * 1024,
	LOCK_SECONDS = 10,
	SEE_SECONDS = 10,
	LOOK_AGAIN_MS = 200
};

#define JOURNAL "announce-dovecot"
#define OUR_FILE "99-mailcert-acme.conf"
#define SETTING "imap_capability"
#define SERVER "server"

/* --- the file ------------------------------------------------------------------ */

/* The setting with our values in it: what is there, without older ones. */
static void
add_setting(const struct announcement *what, struct span there, struct buf *out)
{
	struct span word;
	size_t end, i;

	if (there.len == 0)
		buf_add_byte(out, '+');
	for (; there.len > 0;
	     there = span_trim(span_cut(there, end, there.len))) {
		end = span_find_byte(there, ' ');
		word = span_cut(there, 0, end);
		if (span_starts_nocase(word, SPAN("ACME=")))
			continue;
		/* "+ACME=..." was ours alone. */
		if (span_starts_nocase(word, SPAN("+ACME=")))
			word = SPAN("+");
		buf_add(out, word);
		if (!span_eq(word, SPAN("+")))
			buf_add_byte(out, ' ');
	}
	for (i = 0; i < what->count; i++) {
		if (i > 0 && strcmp(what->value[i], what->value[i - 1]) == 0)
			continue;
		buf_add_text(out, i > 0 ? " " : "");
		proof_add_capability(
		    PROOF_CAPABILITY_IMAP, what->value[i], out);
	}
}

static void
add_file(struct span setting, bool in_protocol, struct buf *out)
{
	buf_addf(out,
	    "# mailcert service publish --remove dovecot takes this away\n"
	    "%s" SETTING " = %.*s\n%s",
	    in_protocol ? "protocol imap {\n  " : "", (int)setting.len,
	    setting.at, in_protocol ? "}\n" : "");
}

/*
 * The text that makes Dovecot have that setting for IMAP.  In a configuration
 * with imap_capability in a section "protocol imap", a line outside is silently
 * without effect; and a second section beside some others is an error.
 */
static enum status
find_text(const struct daemon_site *site, struct span setting, struct buf *out,
    struct note *note)
{
	enum status status;
	struct buf value;
	bool taken = false;
	int in_protocol;

	buf_init(&value, TEXT_MAX);
	for (in_protocol = 0; in_protocol < 2 && !taken; in_protocol++) {
		buf_cut(out, 0);
		buf_cut(&value, 0);
		add_file(setting, in_protocol == 1, out);
		status = buf_status(out);
		if (status == STATUS_OK)
			status = dovecot_try(
			    site, buf_span(out), "imap", SETTING, &value, note);
		if (status != STATUS_OK)
			break;
		taken = span_eq(buf_span(&value), setting);
	}
	buf_clear(&value);
	if (status == STATUS_OK && !taken)
		status = note_set(note, STATUS_NO,
		    "%.150s sets " SETTING
		    " in a section that a file of mailcert "
		    "does not change; add ACME=... there by hand",
		    site->config);
	return status;
}

/* --- the wire -------------------------------------------------------------------- */

/* One service, at all addresses.  why: the last that does not show it; missing
 * takes a line for each. */
static enum status
see_one(const struct config *config, const struct announcement *what, size_t i,
    struct helper_kept *kept, bool *seen, struct buf *missing, struct note *why,
    struct note *note)
{
	const struct sight_of of = { .host = what->host,
		.at = what->at[i],
		.address = what->address,
		.addresses = what->addresses };
	enum sight_verdict verdict;
	struct sighting sighting;
	struct buf answer, text;
	enum status status;
	struct span rest;

	buf_init(&answer, SIGHT_ANSWER_MAX);
	buf_init(&text, TEXT_MAX);
	status = sight_look(config, &of, kept, &answer, note);
	rest = buf_span(&answer);
	*seen = false;
	while (status == STATUS_OK && sight_next(&rest, &sighting)) {
		verdict = sight_judge(&sighting, span_of(what->value[i]));
		/* At one address: others may be other machines, about which
		 * check and the CA have the last word. */
		if (verdict == SIGHT_ANNOUNCED) {
			*seen = true;
			continue;
		}
		buf_cut(&text, 0);
		sight_explain(&sighting, verdict, &text);
		note_say(why, "%s on port %u at %.*s: %.200s",
		    of.at.service->name, (unsigned)of.at.port,
		    (int)sighting.address.len, sighting.address.at,
		    text.at != NULL ? text.at : "");
		buf_addf(missing, "not yet: %s\n", why->text);
	}
	buf_clear(&text);
	buf_clear(&answer);
	return status;
}

static enum status
see(const struct config *config, const struct announcement *what,
    struct buf *said, struct note *note)
{
	const struct timespec pause = { .tv_nsec = LOOK_AGAIN_MS * 1000000L };
	int tries = SEE_SECONDS * 1000 / LOOK_AGAIN_MS;
	struct helper_kept kept = { .questions = 0 };
	enum status status = STATUS_OK;
	struct note why = { "" };
	struct buf missing;
	bool seen = true;
	size_t i = 0;

	buf_init(&missing, TEXT_MAX);
	while (i < what->count && status == STATUS_OK) {
		buf_cut(&missing, 0);
		status = see_one(
		    config, what, i, &kept, &seen, &missing, &why, note);
		if (status == STATUS_OK && seen) {
			buf_add(said, buf_span(&missing));
			i++;
		} else if (status == STATUS_OK && tries-- > 0) {
			(void)nanosleep(&pause, NULL);
		} else if (status == STATUS_OK) {
			status = note_set(note, STATUS_NO, "%.300s", why.text);
		}
	}
	buf_clear(&missing);
	helper_end(&kept);
	return status;
}

/* --- the whole --------------------------------------------------------------------- */

static enum status
choose_config(struct daemon_site *site, const char *wished, struct note *note)
{
	struct span chosen =
	    journal_get(&site->changes.journal, "config", SERVER);

	if (wished != NULL)
		chosen = span_of(wished);
	else if (chosen.len == 0)
		chosen = span_of(daemon_dovecot.config);
	return span_copy(chosen, site->config, sizeof(site->config) - 100)
	    ? STATUS_OK
	    : note_set(note, STATUS_CONFIG,
		  "the path of the configuration is "
		  "too long");
}

static enum status
record(struct daemon_site *site, const struct announcement *what,
    struct note *note)
{
	struct journal *journal = &site->changes.journal;
	enum status status;

	status =
	    journal_set(journal, "config", SERVER, span_of(site->config), note);
	if (status == STATUS_OK)
		status = journal_set(journal, "order", SERVER,
		    span_of(what->id != NULL ? what->id : "-"), note);
	return status;
}

static enum status
take_away(struct daemon_site *site, struct note *note)
{
	enum status status = changes_undo(&site->changes, NULL, note);
	struct note unheard = { "" };

	/* One that does not run reads its files when it starts. */
	if (status == STATUS_OK && !site->changes.dry_run &&
	    dovecot_reload(site, &unheard) == STATUS_OK)
		change_say(&site->changes, "reloaded", "reload", "dovecot");
	return status;
}

/* *begun: there may be something to take away. */
static enum status
put(const struct config *config, const struct announcement *what,
    struct daemon_site *site, bool *begun, struct note *note)
{
	struct buf there, setting, text;
	char path[DAEMON_PATH_SIZE];
	enum status status;

	buf_init(&there, TEXT_MAX);
	buf_init(&setting, TEXT_MAX);
	buf_init(&text, TEXT_MAX);
	status = dovecot_path(site, OUR_FILE, path, note);
	if (status == STATUS_OK)
		status = dovecot_get(site, "imap", SETTING, &there, note);
	if (status == STATUS_OK) {
		add_setting(what, buf_span(&there), &setting);
		status = buf_status(&setting);
	}
	if (status == STATUS_OK)
		status = find_text(site, buf_span(&setting), &text, note);
	if (status == STATUS_OK) {
		change_say(&site->changes, "wrote", "write", path);
		change_say(&site->changes, "reloaded", "reload", "dovecot");
	}
	if (status == STATUS_OK && !what->dry_run) {
		*begun = true;
		status = record(site, what, note);
		if (status == STATUS_OK)
			status = dovecot_put(site, path, buf_span(&text),
			    "imap", SETTING, buf_span(&setting), note);
		if (status == STATUS_OK)
			status = dovecot_reload(site, note);
		if (status == STATUS_OK)
			status = see(config, what, &site->changes.said, note);
	}
	buf_clear(&text);
	buf_clear(&setting);
	buf_clear(&there);
	return status;
}

/* Begin with the journal: the caller ends the changes and closes the lock. */
static enum status
begin(const struct home *home, bool dry_run, struct daemon_site *site,
    int *lock, struct note *note)
{
	enum status status;

	status = home_lock_on(home, "install", LOCK_SECONDS, lock, note);
	if (status != STATUS_OK)
		return status;
	status = changes_begin(home, JOURNAL, dry_run, &site->changes, note);
	if (status != STATUS_OK) {
		changes_end(&site->changes);
		(void)close(*lock);
	}
	return status;
}

enum status
announce_on_dovecot(const struct config *config, const struct home *home,
    const struct announcement *what, struct buf *out, struct note *note)
{
	struct daemon_site *site = calloc(1, sizeof(*site));
	struct note unheard = { "" };
	enum status status;
	bool begun = false;
	int lock = -1;

	if (site == NULL)
		return STATUS_MEMORY;
	status = begin(home, what->dry_run, site, &lock, note);
	if (status != STATUS_OK) {
		free(site);
		return status;
	}
	status = choose_config(site, what->config, note);
	if (status == STATUS_OK)
		status = put(config, what, site, &begun, note);
	if (status == STATUS_OK)
		buf_add(out, buf_span(&site->changes.said));
	else if (begun && take_away(site, &unheard) != STATUS_OK)
		status = note_set(note, STATUS_NO,
		    "%.150s may announce an old value: %.150s", site->config,
		    unheard.text);
	changes_end(&site->changes);
	(void)close(lock);
	free(site);
	return status;
}

enum status
announce_no_more(
    const struct home *home, bool dry_run, struct buf *out, struct note *note)
{
	struct daemon_site *site = calloc(1, sizeof(*site));
	enum status status;
	int lock = -1;

	if (site == NULL)
		return STATUS_MEMORY;
	status = begin(home, dry_run, site, &lock, note);
	if (status != STATUS_OK) {
		free(site);
		return status;
	}
	status = choose_config(site, NULL, note);
	if (status == STATUS_OK && site->changes.journal.text.len > 0)
		status = take_away(site, note);
	buf_add(out, buf_span(&site->changes.said));
	changes_end(&site->changes);
	(void)close(lock);
	free(site);
	return status;
}

/* Does its order still need it?  Of another client's nobody knows. */
static enum status
is_needed(const struct home *home, const char *id, bool *out, struct note *note)
{
	struct order *order;
	enum status status;

	*out = true;
	if (strcmp(id, "-") == 0)
		return STATUS_OK;
	if ((order = calloc(1, sizeof(*order))) == NULL)
		return STATUS_MEMORY;
	status = order_load(home, id, order, note);
	*out = status == STATUS_OK && order_is_open(order) &&
	    order->proof.met == 0;
	free(order);
	return status == STATUS_MISSING ? STATUS_OK : status;
}

enum status
announce_tidy(const struct home *home, struct buf *out, struct note *note)
{
	char id[RECORD_ID_SIZE] = "";
	struct journal journal;
	enum status status;
	bool needed = true;

	status = journal_open(home, JOURNAL, &journal, note);
	if (status == STATUS_OK && journal.text.len > 0)
		status = span_copy(journal_get(&journal, "order", SERVER), id,
			     sizeof(id))
		    ? is_needed(home, id, &needed, note)
		    : STATUS_DAMAGED;
	journal_close(&journal);
	return status == STATUS_OK && !needed
	    ? announce_no_more(home, false, out, note)
	    : status;
}
