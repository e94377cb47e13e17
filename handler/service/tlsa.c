/* tlsa.c - keep TLSA records ahead of the key: see tlsa.h */
#include "service/tlsa.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64url.h"
#include "mail/date.h"
#include "process/helper.h"
#include "zone/zone.h"

enum {
	DATA_SIZE = 3 + 32, /* usage, selector, matching; SHA-256 */
	DANE_EE = 3,        /* RFC 7218 */
	SPKI = 1,
	SHA256 = 1,
	USUAL_TTL = 3600,
	JUDGE_MAX = 1024 * 1024,
	NAMES_MAX = 64 /* in the journal of one server */
};

/* In the journal: of which key we have added the record, "SINCE TTL KEY"; whose
 * record is ours and in use; and since when all are gone, "SINCE TTL -". */
#define ADDED "tlsa"
#define OURS "tlsa-used"
#define GONE "tlsa-gone"

enum status
tlsa_key(const struct order *order, char out[65], struct note *note)
{
	struct buf key, question, answer;
	enum status status;

	buf_init(&key, sizeof(order->public));
	buf_init(&question, sizeof(order->public) + 1024);
	buf_init(&answer, 2048);
	status = base64url_decode(&key, span_of(order->public));
	if (status == STATUS_OK) {
		frame_add(&question, "message", buf_span(&key));
		status = helper_ask(VERB_DIGEST, &question, &answer, note);
	}
	if (status == STATUS_OK &&
	    (frame_get(buf_span(&answer), "digest").len != 64 ||
		!span_copy(frame_get(buf_span(&answer), "digest"), out, 65)))
		status = helper_malformed(
		    VERB_DIGEST, "digest is not 64 hexadecimal digits", note);
	buf_clear(&answer);
	buf_clear(&question);
	buf_clear(&key);
	return status;
}

static void
service_name(const char *host, const struct service_at *at, struct buf *out)
{
	buf_addf(out, "_%u._tcp.%s", (unsigned)at->port, host);
}

void
tlsa_add_line(const struct tlsa *tlsa, size_t i, struct buf *out)
{
	service_name(tlsa->host, &tlsa->at[i], out);
	buf_addf(out, ". %d IN TLSA %d %d %d %s", USUAL_TTL, DANE_EE, SPKI,
	    SHA256, tlsa->key);
}

static int
digit(char c)
{
	return ascii_is_digit(c) ? c - '0' : ascii_lower(c) - 'a' + 10;
}

/* The data of the record for a key. */
static void
make_data(const char key[65], char out[DATA_SIZE])
{
	size_t i;

	out[0] = DANE_EE;
	out[1] = SPKI;
	out[2] = SHA256;
	for (i = 0; i < 32; i++)
		out[3 + i] =
		    (char)(digit(key[2 * i]) << 4 | digit(key[2 * i + 1]));
}

/* What they are by name. */
static enum status
find_named(const struct config *config, const char *name, struct zone *zone,
    struct dns_answer *out, struct note *note)
{
	enum status status;

	status = zone_find(config, name, ZONE_TLSA, zone, note);
	return status == STATUS_OK ? zone_look(zone, out, note) : status;
}

enum status
tlsa_find(const struct config *config, const char *host,
    const struct service_at *at, struct dns_answer *out, struct note *note)
{
	struct zone *zone = calloc(1, sizeof(*zone));
	enum status status;
	struct buf name;

	if (zone == NULL)
		return STATUS_MEMORY;
	buf_init(&name, 512);
	service_name(host, at, &name);
	status = buf_status(&name);
	if (status == STATUS_OK)
		status = find_named(config, name.at, zone, out, note);
	buf_clear(&name);
	free(zone);
	return status;
}

enum status
tlsa_judge(const struct dns_answer *answer,
    const struct tlsa_question *question, struct tlsa_count *out,
    struct note *note)
{
	struct buf asked, verdicts;
	enum status status;
	struct span rest, one;
	size_t i;

	*out = (struct tlsa_count){ .records = answer->count };
	if (answer->count == 0)
		return STATUS_OK;
	buf_init(&asked, JUDGE_MAX);
	buf_init(&verdicts, JUDGE_MAX);
	frame_add(&asked, "chain", question->chain);
	frame_add(&asked, "host", span_of(question->host));
	/* From other mail servers, no person can be asked for (RFC 7672). */
	frame_add(&asked, "smtp",
	    strcmp(question->at->service->name, "smtp") == 0 ? SPAN("yes")
							     : SPAN(""));
	frame_add(
	    &asked, "trusted", question->trusted ? SPAN("yes") : SPAN(""));
	for (i = 0; i < answer->count; i++)
		frame_add(&asked, "record", buf_span(&answer->record[i]));
	status = helper_ask(VERB_DANE, &asked, &verdicts, note);
	rest = buf_span(&verdicts);
	while (status == STATUS_OK && frame_next(&rest, "verdict", &one)) {
		out->fit += span_eq(one, SPAN("fits"));
		out->unusable += span_eq(one, SPAN("unusable"));
	}
	buf_clear(&verdicts);
	buf_clear(&asked);
	return status;
}

/* What the records of one service say of the key. */
struct standing {
	struct tlsa_count count;
	bool exact; /* one is the key's own */
	int64_t ttl;
};

static enum status
judge(const struct tlsa *tlsa, size_t i, const struct dns_answer *answer,
    struct standing *out, struct note *note)
{
	const struct tlsa_question question = { .at = &tlsa->at[i],
		.host = tlsa->host,
		.chain = tlsa->chain,
		.trusted = true };
	char data[DATA_SIZE];
	size_t k;

	make_data(tlsa->key, data);
	*out = (struct standing){ .ttl = answer->ttl > 0 ? answer->ttl
							 : USUAL_TTL };
	for (k = 0; k < answer->count; k++)
		out->exact |= span_eq(buf_span(&answer->record[k]),
		    (struct span){ data, DATA_SIZE });
	return tlsa_judge(answer, &question, &out->count, note);
}

/* "SINCE TTL KEY" of that key: when it may be used.  False: not added by us. */
static bool
when_usable(struct span text, const char *key, int64_t *out)
{
	const size_t first = span_find_byte(text, ' ');
	const struct span rest = span_cut(text, first + 1, text.len);
	const size_t second = span_find_byte(rest, ' ');
	int64_t since, ttl;

	if (!frame_number(span_cut(text, 0, first), &since) ||
	    !frame_number(span_cut(rest, 0, second), &ttl) ||
	    !span_eq(span_cut(rest, second + 1, rest.len), span_of(key)))
		return false;
	*out = since + ttl;
	return true;
}

static enum status
remember(const struct tlsa *tlsa, const char *name, int64_t now, int64_t ttl,
    struct note *note)
{
	enum status status;
	struct buf text;

	buf_init(&text, 256);
	buf_addf(
	    &text, "%lld %lld %s", (long long)now, (long long)ttl, tlsa->key);
	status = buf_status(&text);
	if (status == STATUS_OK)
		status = journal_set(
		    tlsa->journal, ADDED, name, buf_span(&text), note);
	buf_clear(&text);
	return status;
}

/* Not before that time. */
static enum status
say_when(const char *name, int64_t when, struct note *note)
{
	struct buf text;

	buf_init(&text, 64);
	date_add_iso(&text, when);
	(void)note_set(note, STATUS_AGAIN,
	    "the TLSA record of the new key is at %.120s; others may have the "
	    "old ones until %s, then mailcert renew puts the key to use",
	    name, text.at != NULL ? text.at : "");
	buf_clear(&text);
	return STATUS_AGAIN;
}

/* Add the record, and know since when every name server shows it. */
static enum status
add_record(const struct tlsa *tlsa, const struct zone *zone, const char *name,
    int64_t now, int64_t ttl, struct note *note)
{
	const struct zone_waiting waiting = { .seconds = -1 };
	char data[DATA_SIZE];
	const struct zone_change change = {
		.act = ZONE_ADD, .ttl = ttl, .data = { data, DATA_SIZE }
	};
	enum status status;

	make_data(tlsa->key, data);
	status = remember(tlsa, name, now, ttl, note);
	if (status == STATUS_OK)
		status =
		    zone_update(tlsa->config, zone, &change, 1, false, note);
	if (status == STATUS_OK)
		status =
		    zone_wait(zone, &change, 1, &waiting, tlsa->config, note);
	return status == STATUS_OK ? say_when(name, now + ttl, note) : status;
}

static enum status
say_what(const struct tlsa *tlsa, size_t i, struct note *note)
{
	struct buf line;

	buf_init(&line, 1024);
	tlsa_add_line(tlsa, i, &line);
	(void)note_set(note, STATUS_NO,
	    "no TLSA record fits the new key; add \"%.180s\", and install it "
	    "when the old records have expired everywhere",
	    line.at != NULL ? line.at : "");
	buf_clear(&line);
	return STATUS_NO;
}

static enum status
prepare_one(const struct tlsa *tlsa, size_t i, const char *name,
    const struct zone *zone, const struct standing *standing, int64_t now,
    struct note *note)
{
	const struct span added = journal_get(tlsa->journal, ADDED, name);
	int64_t usable = 0;

	if (standing->exact && when_usable(added, tlsa->key, &usable))
		return now < usable ? say_when(name, usable, note) : STATUS_OK;
	/* None, or none that anybody checks: nothing can break. */
	if (standing->count.fit > 0 ||
	    standing->count.unusable == standing->count.records)
		return STATUS_OK;
	return zone_is_configured(tlsa->config, zone->name)
	    ? add_record(tlsa, zone, name, now, standing->ttl, note)
	    : say_what(tlsa, i, note);
}

/* What the DNS says; it may say nothing. */
static enum status
look(const struct tlsa *tlsa, size_t i, const char *name, struct zone *zone,
    struct standing *out, struct note *note)
{
	struct dns_answer answer;
	enum status status;

	dns_answer_init(&answer);
	status = find_named(tlsa->config, name, zone, &answer, note);
	if (status == STATUS_OK)
		status = judge(tlsa, i, &answer, out, note);
	dns_answer_clear(&answer);
	return status;
}

/* Do it with each service, under its name.  A later one may wait for less. */
enum status
tlsa_prepare(
    const struct tlsa *tlsa, int64_t now, struct buf *warn, struct note *note)
{
	struct zone *zone = calloc(1, sizeof(*zone));
	struct standing standing = { .exact = false };
	enum status status = STATUS_OK, one;
	struct note why = { "" };
	struct buf name;
	size_t i;

	if (zone == NULL)
		return STATUS_MEMORY;
	buf_init(&name, 512);
	for (i = 0; i < tlsa->count; i++) {
		buf_cut(&name, 0);
		service_name(tlsa->host, &tlsa->at[i], &name);
		one = buf_status(&name);
		if (one == STATUS_OK)
			one = look(tlsa, i, name.at, zone, &standing, &why);
		if (one == STATUS_OK)
			one = prepare_one(
			    tlsa, i, name.at, zone, &standing, now, &why);
		else if (one != STATUS_MEMORY) {
			buf_addf(warn,
			    "it is not known whether %s has TLSA records: %s\n",
			    name.at, note_text(&why, one));
			one = STATUS_OK;
		}
		if (one != STATUS_OK &&
		    (status == STATUS_OK || status == STATUS_AGAIN)) {
			status = one;
			*note = why;
		}
	}
	buf_clear(&name);
	free(zone);
	return status;
}

static enum status
remove_record(const struct tlsa *tlsa, const char *name, const char *key,
    struct note *note)
{
	struct zone *zone = calloc(1, sizeof(*zone));
	char data[DATA_SIZE];
	const struct zone_change change = { .act = ZONE_REMOVE,
		.data = { data, DATA_SIZE } };
	enum status status;

	if (zone == NULL)
		return STATUS_MEMORY;
	make_data(key, data);
	status = zone_find(tlsa->config, name, ZONE_TLSA, zone, note);
	if (status == STATUS_OK)
		status =
		    zone_update(tlsa->config, zone, &change, 1, false, note);
	free(zone);
	return status;
}

/* --- leaving ------------------------------------------------------------------ */

/* One name at which mailcert has added records. */
struct leaving {
	const struct config *config;
	struct journal *journal;
	char name[DNS_NAME_SIZE];
	char key[2][65]; /* in use, and added; or empty */
};

static void
take_keys(struct leaving *leaving)
{
	const struct span added =
	    journal_get(leaving->journal, ADDED, leaving->name);
	const struct span used =
	    journal_get(leaving->journal, OURS, leaving->name);

	leaving->key[0][0] = leaving->key[1][0] = '\0';
	(void)span_copy(used, leaving->key[0], 65);
	if (added.len > 64)
		(void)span_copy(span_cut(added, added.len - 64, added.len),
		    leaving->key[1], 65);
	if (strcmp(leaving->key[0], leaving->key[1]) == 0)
		leaving->key[1][0] = '\0';
}

/* Do it with each name of the journal, once. */
static enum status
for_each_name(const struct config *config, struct journal *journal,
    enum status (*act)(struct leaving *leaving, void *arg, struct note *note),
    void *arg, struct note *note)
{
	struct leaving leaving = { .config = config, .journal = journal };
	char(*name)[DNS_NAME_SIZE] = calloc(NAMES_MAX, sizeof(*name));
	struct span rest = journal_rest(journal);
	enum status status = STATUS_OK, one;
	struct journal_entry entry;
	struct note why = { "" };
	size_t count = 0, i;

	if (name == NULL)
		return STATUS_MEMORY;
	/* The journal may grow meanwhile. */
	while (count < NAMES_MAX && journal_next(&rest, &entry)) {
		if (!span_eq(entry.verb, SPAN(ADDED)))
			continue;
		for (i = 0; i < count; i++)
			if (span_eq(entry.path, span_of(name[i])))
				break;
		if (i == count &&
		    span_copy(entry.path, name[count], sizeof(*name)))
			count++;
	}
	for (i = 0; i < count; i++) {
		(void)strcpy(leaving.name, name[i]);
		take_keys(&leaving);
		one = act(&leaving, arg, &why);
		if (one != STATUS_OK &&
		    (status == STATUS_OK || status == STATUS_AGAIN)) {
			status = one;
			*note = why;
		}
	}
	free(name);
	return status;
}

static enum status
remove_ours(const struct leaving *leaving, struct note *note)
{
	const struct tlsa tlsa = { .config = leaving->config };
	enum status status = STATUS_OK;
	size_t i;

	if (!zone_is_configured(leaving->config, leaving->name))
		return note_set(note, STATUS_NO,
		    "remove the record \"%.200s. IN TLSA 3 1 1 %s\"; nobody uses "
		    "that key any more",
		    leaving->name,
		    leaving->key[leaving->key[0][0] == '\0' ? 1 : 0]);
	for (i = 0; i < 2 && status == STATUS_OK; i++)
		if (leaving->key[i][0] != '\0')
			status = remove_record(
			    &tlsa, leaving->name, leaving->key[i], note);
	return status;
}

/* How many records are there, and how many did mailcert add? */
static enum status
count_ours(const struct leaving *leaving, size_t *all, size_t *ours,
    int64_t *ttl, struct note *note)
{
	struct zone *zone = calloc(1, sizeof(*zone));
	struct dns_answer answer;
	char data[DATA_SIZE];
	enum status status;
	size_t i, k;

	if (zone == NULL)
		return STATUS_MEMORY;
	*ours = 0;
	dns_answer_init(&answer);
	status =
	    find_named(leaving->config, leaving->name, zone, &answer, note);
	*all = answer.count;
	*ttl = answer.ttl > 0 ? answer.ttl : USUAL_TTL;
	for (k = 0; k < 2; k++) {
		if (leaving->key[k][0] == '\0')
			continue;
		make_data(leaving->key[k], data);
		for (i = 0; i < answer.count; i++)
			*ours += span_eq(buf_span(&answer.record[i]),
			    (struct span){ data, DATA_SIZE });
	}
	dns_answer_clear(&answer);
	free(zone);
	return status;
}

struct may_leave {
	int64_t now;
	bool dry_run;
	struct buf *warn;
};

static enum status
say_gone(const struct leaving *leaving, int64_t when, struct note *note)
{
	struct buf text;

	buf_init(&text, 64);
	date_add_iso(&text, when);
	(void)note_set(note, STATUS_AGAIN,
	    "the TLSA records at %.120s fit no other key and are removed; "
	    "others may have them until %s: repeat this command then",
	    leaving->name, text.at != NULL ? text.at : "");
	buf_clear(&text);
	return STATUS_AGAIN;
}

/* Only ours: whoever has them in a cache would refuse the key before. */
static enum status
take_back_early(
    const struct leaving *leaving, int64_t now, int64_t ttl, struct note *note)
{
	enum status status;
	struct buf text;

	status = remove_ours(leaving, note);
	if (status != STATUS_OK)
		return status;
	buf_init(&text, 64);
	buf_addf(&text, "%lld %lld -", (long long)now, (long long)ttl);
	status = buf_status(&text);
	if (status == STATUS_OK)
		status = journal_set(leaving->journal, GONE, leaving->name,
		    buf_span(&text), note);
	buf_clear(&text);
	return status == STATUS_OK ? say_gone(leaving, now + ttl, note)
				   : status;
}

static enum status
may_leave_one(struct leaving *leaving, void *arg, struct note *note)
{
	const struct may_leave *how = arg;
	size_t all = 0, ours = 0;
	struct note why = { "" };
	enum status status;
	int64_t ttl, usable;

	if (how->dry_run)
		return STATUS_OK;
	status = count_ours(leaving, &all, &ours, &ttl, &why);
	if (status == STATUS_MEMORY)
		return status;
	if (status != STATUS_OK) {
		buf_addf(how->warn,
		    "it is not known which TLSA records %s has: %s\n",
		    leaving->name, note_text(&why, status));
		return STATUS_OK;
	}
	if (all == 0 &&
	    when_usable(journal_get(leaving->journal, GONE, leaving->name), "-",
		&usable) &&
	    how->now < usable)
		return say_gone(leaving, usable, note);
	return all > 0 && all == ours
	    ? take_back_early(leaving, how->now, ttl, note)
	    : STATUS_OK;
}

enum status
tlsa_may_leave(const struct config *config, struct journal *journal,
    int64_t now, bool dry_run, struct buf *warn, struct note *note)
{
	struct may_leave how = { now, dry_run, warn };

	return for_each_name(config, journal, may_leave_one, &how, note);
}

struct leave {
	bool dry_run;
	struct buf *said;
};

static enum status
leave_one(struct leaving *leaving, void *arg, struct note *note)
{
	const struct leave *how = arg;
	size_t all = 0, ours = 0;
	struct note unheard = { "" };
	enum status status;
	int64_t ttl;

	status = count_ours(leaving, &all, &ours, &ttl, &unheard);
	if (status == STATUS_MEMORY || (status == STATUS_OK && ours == 0))
		return status;
	status = how->dry_run ? STATUS_OK : remove_ours(leaving, note);
	if (status == STATUS_OK)
		buf_addf(how->said, "%s our TLSA records at %s\n",
		    how->dry_run ? "would remove" : "removed", leaving->name);
	return status;
}

enum status
tlsa_leave(const struct config *config, struct journal *journal, bool dry_run,
    struct buf *said, struct note *note)
{
	struct leave how = { dry_run, said };
	enum status status;

	status = for_each_name(config, journal, leave_one, &how, note);
	return status == STATUS_OK && !dry_run ? journal_forget(journal, note)
					       : status;
}

/* --- afterwards -------------------------------------------------------------- */

static enum status
finish_one(const struct tlsa *tlsa, const char *name, struct note *note)
{
	const struct span added = journal_get(tlsa->journal, ADDED, name);
	const struct span used = journal_get(tlsa->journal, OURS, name);
	enum status status = STATUS_OK;
	char old[65];
	int64_t usable;

	if (!when_usable(added, tlsa->key, &usable) ||
	    span_eq(used, span_of(tlsa->key)))
		return STATUS_OK;
	if (used.len == 64 && span_copy(used, old, sizeof(old)))
		status = remove_record(tlsa, name, old, note);
	return status == STATUS_OK
	    ? journal_set(tlsa->journal, OURS, name, span_of(tlsa->key), note)
	    : status;
}

enum status
tlsa_finish(const struct tlsa *tlsa, struct note *note)
{
	enum status status = STATUS_OK;
	struct buf name;
	size_t i;

	buf_init(&name, 512);
	for (i = 0; i < tlsa->count && status == STATUS_OK; i++) {
		buf_cut(&name, 0);
		service_name(tlsa->host, &tlsa->at[i], &name);
		status = buf_status(&name);
		if (status == STATUS_OK)
			status = finish_one(tlsa, name.at, note);
	}
	buf_clear(&name);
	return status;
}
