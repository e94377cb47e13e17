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
	USUAL_TTL = 3600
};

/* In the journal: of which key we have added the record, "SINCE TTL KEY", and
 * whose record is ours and in use. */
#define ADDED "tlsa"
#define OURS "tlsa-used"

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
add_name(const struct tlsa *tlsa, size_t i, struct buf *out)
{
	buf_addf(out, "_%u._tcp.%s", (unsigned)tlsa->at[i].port, tlsa->host);
}

void
tlsa_add_line(const struct tlsa *tlsa, size_t i, struct buf *out)
{
	add_name(tlsa, i, out);
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

/* What the records of one service say of the key. */
struct standing {
	bool any;   /* there are some */
	bool exact; /* one is the key's own */
	bool chain; /* one speaks of a chain, which we do not judge */
	int64_t ttl;
};

static void
judge(const struct dns_answer *answer, const char data[DATA_SIZE],
    struct standing *out)
{
	struct span record;
	size_t i;

	*out = (struct standing){ .any = answer->count > 0,
		.ttl = answer->ttl > 0 ? answer->ttl : USUAL_TTL };
	for (i = 0; i < answer->count; i++) {
		record = buf_span(&answer->record[i]);
		out->exact |= span_eq(record, (struct span){ data, DATA_SIZE });
		out->chain |= record.len > 0 && record.at[0] != DANE_EE;
	}
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
	if (!standing->any || standing->exact || standing->chain)
		return STATUS_OK;
	return zone_is_configured(tlsa->config, zone->name)
	    ? add_record(tlsa, zone, name, now, standing->ttl, note)
	    : say_what(tlsa, i, note);
}

/* What the DNS says; it may say nothing. */
static enum status
look(const struct tlsa *tlsa, const char *name, struct zone *zone,
    struct standing *out, struct note *note)
{
	struct dns_answer answer;
	char data[DATA_SIZE];
	enum status status;

	make_data(tlsa->key, data);
	dns_answer_init(&answer);
	status = zone_find(tlsa->config, name, ZONE_TLSA, zone, note);
	if (status == STATUS_OK)
		status = zone_look(zone, &answer, note);
	if (status == STATUS_OK)
		judge(&answer, data, out);
	dns_answer_clear(&answer);
	return status;
}

/* Do it with each service, under its name.  A later one may wait for less. */
enum status
tlsa_prepare(
    const struct tlsa *tlsa, int64_t now, struct buf *warn, struct note *note)
{
	struct zone *zone = calloc(1, sizeof(*zone));
	struct standing standing = { .any = false };
	enum status status = STATUS_OK, one;
	struct note why = { "" };
	struct buf name;
	size_t i;

	if (zone == NULL)
		return STATUS_MEMORY;
	buf_init(&name, 512);
	for (i = 0; i < tlsa->count; i++) {
		buf_cut(&name, 0);
		add_name(tlsa, i, &name);
		one = buf_status(&name);
		if (one == STATUS_OK)
			one = look(tlsa, name.at, zone, &standing, &why);
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

/* --- afterwards -------------------------------------------------------------- */

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
		add_name(tlsa, i, &name);
		status = buf_status(&name);
		if (status == STATUS_OK)
			status = finish_one(tlsa, name.at, note);
	}
	buf_clear(&name);
	return status;
}
