/*
 * installed.c - can mail programs use the certificates?
 *
 * gpgsm is asked to sign a test text with a certificate that is installed into
 * it.  It may then ask servers for revocation lists, as it does for each mail.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "answer/anchors.h"
#include "answer/retrieval.h"
#include "doctor/doctor_p.h"
#include "install/gpgsm.h"
#include "install/journal.h"
#include "install/program.h"
#include "install/textfile.h"
#include "install/thunderbird.h"

/* looked at: each takes a run of the verifier */
enum {
	CERTIFICATES_MAX = 32,
	SLOW_SECONDS = 10,
	TRUST_MAX = 16 * 1024 * 1024,
	CULPRIT_SIZE = 512
};

/* A place of revocation lists, and what is wrong there. */
struct culprit {
	const struct link_facts *link; /* NULL: no certificate names a place */
	struct note why;               /* empty: it answers in time */
};

/* Look for a place in the chain that does not answer, or is slow; else the
 * first one. */
static struct culprit
find_culprit(const struct doctor *doctor, const struct identity *identity)
{
	struct culprit found = { .link = NULL };
	struct note why;
	enum status status;
	time_t before;
	size_t i;

	for (i = 0; i < identity->links; i++) {
		if (identity->link[i].root ||
		    identity->link[i].place[0] == '\0')
			continue;
		if (found.link == NULL)
			found.link = &identity->link[i];
		before = time(NULL);
		why = (struct note){ "" };
		status = retrieval_probe(
		    doctor->config, identity->link[i].place, &why);
		if (status == STATUS_OK && time(NULL) - before < SLOW_SECONDS)
			continue;
		found.link = &identity->link[i];
		note_say(&found.why, "%.200s",
		    status == STATUS_OK ? "it is slow"
					: note_text(&why, status));
		break;
	}
	return found;
}

/* Why gpgsm fails or waits, as the end of a sentence. */
static void
say_culprit(const struct doctor *doctor, const struct identity *identity,
    char *out, size_t size)
{
	const struct culprit culprit = find_culprit(doctor, identity);
	const struct link_facts *link = culprit.link;

	out[0] = '\0';
	if (link == NULL)
		return;
	if (culprit.why.text[0] != '\0')
		(void)snprintf(out, size,
		    "; gpgsm wants the revocation list from %.200s, which the "
		    "certificate of %.60s names: %.120s; disable-crl-checks in "
		    "gpgsm.conf ignores such lists",
		    link->place, link->subject, culprit.why.text);
	else
		(void)snprintf(out, size,
		    "; gpgsm wants the revocation list from %.200s, which can "
		    "be retrieved: gpgconf --kill dirmngr lets it try again",
		    link->place);
}

/* False: it added a finding. */
static bool
try_gpgsm(const struct doctor *doctor, const struct identity *identity,
    struct findings *out)
{
	const time_t before = time(NULL);
	struct note note = { "" };
	char culprit[CULPRIT_SIZE];
	const enum status status = gpgsm_try(identity, true, &note);
	const long long took = (long long)(time(NULL) - before);

	if (status == STATUS_OK && took < SLOW_SECONDS)
		return true;
	say_culprit(doctor, identity, culprit, sizeof(culprit));
	if (status != STATUS_OK)
		finding_add(out, FINDING_ERROR, "gpgsm",
		    "signing with %s: %.200s%s", identity->order.id,
		    note_text(&note, status), culprit);
	else
		finding_add(out, FINDING_WARNING, "gpgsm",
		    "signing with %s and verifying that take %lld seconds%s",
		    identity->order.id, took, culprit);
	return false;
}

/* verify asks CAs itself if the user wants that.  False: it added a finding. */
static bool
check_retrieval(const struct doctor *doctor, const struct identity *identity,
    struct findings *out)
{
	struct culprit culprit;

	if (!retrieval_is_wanted(doctor->config))
		return true;
	culprit = find_culprit(doctor, identity);
	if (culprit.why.text[0] == '\0')
		return true;
	finding_add(out, FINDING_WARNING, "revocation",
	    "%.300s, the place of the revocation list that the certificate of "
	    "%.60s names: %.120s; verify waits for it "
	    "(retrieve_revocation = no asks nobody)",
	    culprit.link->place, culprit.link->subject, culprit.why.text);
	return false;
}

/* What a program has of the certificates; false: it added a finding. */
static bool
check_journal(const struct journal *journal, struct findings *out)
{
	struct span rest = journal_rest(journal);
	struct journal_entry entry;
	char path[1024];
	bool good = true;

	while (journal_next(&rest, &entry))
		if (span_eq(entry.verb, SPAN("file")) &&
		    span_copy(entry.path, path, sizeof(path)) &&
		    access(path, F_OK) != 0) {
			finding_add(out, FINDING_ERROR, "installed",
			    "%.300s, which mailcert has written for %s, is "
			    "gone; run mailcert install %s",
			    path, journal->name, journal->name);
			good = false;
		}
	return good;
}

/* Is the one that signs still in Thunderbird, if it was installed there? */
static bool
check_thunderbird(const struct doctor *doctor, const struct identities *all,
    struct findings *out)
{
	const char *id = all->at[all->signs].order.id;
	struct note note = { "" };
	struct journal journal;
	enum status status;

	/* One that cannot be read is a finding of check_programs(). */
	status = journal_open(&doctor->home, "thunderbird", &journal, &note);
	if (status != STATUS_OK || !journal_has(&journal, "certificate", id)) {
		journal_close(&journal);
		return true;
	}
	status = thunderbird_check(&journal, all, &note);
	journal_close(&journal);
	if (status != STATUS_OK)
		finding_add(out, FINDING_ERROR, "thunderbird", "%s: %s", id,
		    note_text(&note, status));
	return status == STATUS_OK;
}

static bool
check_identity(const struct doctor *doctor, const struct order *order,
    bool in_gpgsm, struct span anchors, struct findings *out)
{
	struct identities identities = { .count = 0 };
	struct note note = { "" };
	const struct identity *signs;
	enum status status;
	char path[1024];
	bool good = true, missing = false;

	status = identities_load(
	    &doctor->home, order->id, anchors, &identities, &note);
	if (status != STATUS_OK) {
		finding_add(out, FINDING_ERROR, "certificate", "%s: %s",
		    order->id, note_text(&note, status));
		return false;
	}
	signs = &identities.at[identities.signs];
	if (program_find("gpgsm", path, sizeof(path)) &&
	    gpgsm_fits(&identities, &note) != STATUS_OK) {
		finding_add(out, FINDING_WARNING, "gpgsm",
		    "%s (%.100s): %.200s; order again with subject = address "
		    "and an RSA key, or use the classic back end of mutt",
		    order->id, order->address[0], note.text);
		good = false;
	} else if (in_gpgsm) {
		good = try_gpgsm(doctor, signs, out);
	}
	/* try_gpgsm() has named the place already. */
	if (good)
		good = check_retrieval(doctor, signs, out);
	good = check_thunderbird(doctor, &identities, out) && good;
	if (install_is_wanted(&doctor->home, order, &missing, &note) !=
		STATUS_OK ||
	    missing) {
		finding_add(out, FINDING_WARNING, "installed",
		    "%s is not installed where an older certificate of %.100s "
		    "is; run mailcert install",
		    order->id, order->address[0]);
		good = false;
	}
	identities_clear(&identities);
	return good;
}

/* Is that certificate in gpgsm, by whichever program? */
static bool
is_in_gpgsm(const struct journal *journal, const struct order *order)
{
	struct span rest = journal_rest(journal);
	struct journal_entry entry;

	if (!journal_has(journal, "certificate", order->id))
		return false;
	while (journal_next(&rest, &entry))
		if (span_eq(entry.verb, SPAN("gpgsm")))
			return true;
	return false;
}

/* Walk the programs that something was installed into. */
static bool
check_programs(const struct doctor *doctor, struct span names,
    const struct order *order, bool *in_gpgsm, struct findings *out)
{
	struct journal journal;
	struct note note = { "" };
	bool good = true;
	char name[32];
	enum status status;

	while (names.len > 0) {
		if (!span_copy(
			span_trim(line_take(&names)), name, sizeof(name)))
			continue;
		status = journal_open(&doctor->home, name, &journal, &note);
		if (status != STATUS_OK && order == NULL)
			finding_add(out, FINDING_ERROR, "installed", "%s",
			    note_text(&note, status));
		good = good && status == STATUS_OK;
		if (status == STATUS_OK && order == NULL)
			good = check_journal(&journal, out) && good;
		else if (status == STATUS_OK)
			*in_gpgsm = *in_gpgsm || is_in_gpgsm(&journal, order);
		journal_close(&journal);
	}
	return good;
}

void
doctor_installed(const struct doctor *doctor, struct findings *out)
{
	struct note note = { "" };
	struct buf names, anchors;
	enum status status;
	size_t i, looked = 0;
	bool good, in_gpgsm;

	if (doctor->home.dir < 0)
		return;
	buf_init(&names, 4096);
	buf_init(&anchors, TRUST_MAX);
	status = journal_list(&doctor->home, &names, &note);
	/* Anchors that cannot be read are what doctor_trust() reports. */
	if (status == STATUS_OK &&
	    anchors_add_roots(doctor->config->authenticate.smime_anchors,
		&anchors, NULL) != STATUS_OK)
		buf_clear(&anchors);
	if (status != STATUS_OK)
		finding_add(out, FINDING_ERROR, "installed", "%s",
		    note_text(&note, status));
	good = status == STATUS_OK &&
	    check_programs(doctor, buf_span(&names), NULL, &in_gpgsm, out);
	for (i = 0; i < doctor->order_count && looked < CERTIFICATES_MAX; i++) {
		/* A server's is not for mail programs. */
		if (!order_is_current(&doctor->orders[i]) ||
		    order_is_server(&doctor->orders[i]))
			continue;
		looked++;
		in_gpgsm = false;
		(void)check_programs(doctor, buf_span(&names),
		    &doctor->orders[i], &in_gpgsm, out);
		good = check_identity(doctor, &doctor->orders[i], in_gpgsm,
			   buf_span(&anchors), out) &&
		    good;
	}
	if (good)
		finding_add(out, FINDING_OK, "installed", "%s",
		    names.len > 0 ? "mail programs have the certificates"
				  : "no certificate in a mail program");
	buf_clear(&anchors);
	buf_clear(&names);
}
