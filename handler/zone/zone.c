/* zone.c - the zone of a name, and its name servers: see zone.h
 *
 * Input: what the DNS says, by mailcert-net; hostile.
 */
#include "zone/zone.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "process/helper.h"
#include "process/resolve.h"

enum {
	ANSWER_MAX = ZONE_SERVERS_MOST * DNS_LINE_MAX + 8192,
	PAUSE_FIRST_MS = 250,
	PAUSE_MOST_MS = 5000
};

bool
zone_is_configured(const struct config *config, const char *name)
{
	const struct config_dns dns = config_dns_of(config, name);

	return dns.update_key[0] != '\0' || dns.update_server[0] != '\0';
}

/* A server as the network program names it: the text is shown. */
static bool
take_server(struct zone *zone, struct span value)
{
	size_t i;

	for (i = 0; i < value.len; i++)
		if (!ascii_is_alnum(value.at[i]) &&
		    !span_has_byte(SPAN("-_.:@% "), value.at[i]))
			return false;
	return zone->servers < ZONE_SERVERS_MOST && value.len > 0 &&
	    span_copy(value, zone->server[zone->servers++], ZONE_SERVER_SIZE);
}

static bool
take_zone(struct span frames, struct zone *out)
{
	const struct span name = frame_get(frames, "name");
	const struct span apex = frame_get(frames, "zone");
	struct span value;

	if (!dns_name_ok(name) || !dns_name_ok(apex) ||
	    !span_copy(name, out->name, sizeof(out->name)) ||
	    !span_copy(apex, out->apex, sizeof(out->apex)))
		return false;
	while (frame_next(&frames, "server", &value))
		if (!take_server(out, value))
			return false;
	return true;
}

/* Those of dns_servers, which have no other name. */
static void
take_configured(const char *servers, struct zone *zone)
{
	struct span rest = span_of(servers), word;

	zone->servers = 0;
	while (rest.len > 0 && zone->servers < ZONE_SERVERS_MOST) {
		word = span_cut(rest, 0, span_find_byte(rest, ' '));
		rest = span_trim(span_cut(rest, word.len, rest.len));
		(void)snprintf(zone->server[zone->servers++], ZONE_SERVER_SIZE,
		    "%.*s %.*s", (int)word.len, word.at, (int)word.len,
		    word.at);
	}
}

enum status
zone_find(const struct config *config, const char *name, unsigned type,
    struct zone *out, struct note *note)
{
	struct buf question, answer;
	const char *servers;
	enum status status;

	memset(out, 0, sizeof(*out));
	out->type = type;
	buf_init(&question, 8192);
	buf_init(&answer, ANSWER_MAX);
	resolve_begin(&config->authenticate, false, &question);
	frame_add(&question, "name", span_of(name));
	frame_add_number(&question, "type", type);
	status = helper_ask(VERB_ZONE, &question, &answer, note);
	if (status == STATUS_OK && !take_zone(buf_span(&answer), out))
		status = helper_malformed(
		    VERB_ZONE, "it has names or servers that cannot be", note);
	servers = config_dns_of(config, out->name).servers;
	if (status == STATUS_OK && servers[0] != '\0')
		take_configured(servers, out);
	if (status == STATUS_OK && out->servers == 0)
		status = note_set(note, STATUS_NO,
		    "the zone %.200s has no name server; set dns_servers",
		    out->apex);
	buf_clear(&answer);
	buf_clear(&question);
	return status;
}

/* Ask those servers whose index is in ask[]; one line each, in their order. */
static enum status
ask_servers(const struct zone *zone, const bool ask[], struct buf *answer,
    struct note *note)
{
	struct buf question;
	enum status status;
	size_t i;

	buf_init(&question, ZONE_SERVERS_MOST * ZONE_SERVER_SIZE + 8192);
	frame_add(&question, "name", span_of(zone->name));
	frame_add_number(&question, "type", zone->type);
	for (i = 0; i < zone->servers; i++)
		if (ask[i])
			frame_add(
			    &question, "server", span_of(zone->server[i]));
	status = helper_ask(VERB_SERVED, &question, answer, note);
	buf_clear(&question);
	return status;
}

static bool
has_record(const struct dns_answer *answer, struct span data)
{
	size_t i;

	for (i = 0; i < answer->count; i++)
		if (span_eq(buf_span(&answer->record[i]), data))
			return true;
	return false;
}

/* Does that answer show all changes? */
static bool
shows(const struct dns_answer *answer, const struct zone_change *changes,
    size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (changes[i].act == ZONE_REMOVE_ALL
			? answer->count > 0
			: has_record(answer, changes[i].data) !=
			    (changes[i].act == ZONE_ADD))
			return false;
	return true;
}

/* The next answer of the network program. */
static enum status
next_answer(struct span *frames, struct dns_answer *out, struct note *note)
{
	enum status status = STATUS_USAGE;
	struct span line;

	dns_answer_init(out);
	if (frame_next(frames, "dns", &line))
		status = dns_answer_parse(line, out);
	return status == STATUS_USAGE
	    ? helper_malformed(VERB_SERVED, "an answer is missing", note)
	    : status;
}

/* There must be no more of them than servers were asked. */
static enum status
end_answers(struct span frames, struct note *note)
{
	struct span line;

	return frame_next(&frames, "dns", &line)
	    ? helper_malformed(
		  VERB_SERVED, "there are more answers than servers", note)
	    : STATUS_OK;
}

/* Ask all that have not shown the changes yet; why: what the first of them that
 * does not is short of. */
static enum status
look_once(const struct zone *zone, const struct zone_change *changes,
    size_t count, bool missing[], size_t *left, struct note *why,
    struct note *note)
{
	struct dns_answer answer;
	struct buf answers;
	enum status status;
	struct span frames;
	size_t i;

	buf_init(&answers, ANSWER_MAX);
	status = ask_servers(zone, missing, &answers, note);
	frames = buf_span(&answers);
	*left = 0;
	for (i = 0; status == STATUS_OK && i < zone->servers; i++) {
		if (!missing[i])
			continue;
		status = next_answer(&frames, &answer, note);
		missing[i] = answer.state != DNS_UNVALIDATED ||
		    !shows(&answer, changes, count);
		if (missing[i] && (*left)++ == 0)
			note_say(why, "%.150s %s%.120s", zone->server[i],
			    answer.state == DNS_UNVALIDATED
				? "does not have it yet"
				: "does not answer: ",
			    answer.state == DNS_UNVALIDATED ? ""
							    : answer.reason);
		dns_answer_clear(&answer);
	}
	if (status == STATUS_OK)
		status = end_answers(frames, note);
	buf_clear(&answers);
	return status;
}

static int64_t
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
sleep_ms(int64_t ms)
{
	const struct timespec pause = { (time_t)(ms / 1000),
		(long)(ms % 1000) * 1000000 };

	(void)nanosleep(&pause, NULL);
}

static void
tell(const struct zone_waiting *waiting, const struct zone *zone, size_t left,
    const struct note *why)
{
	char line[500];

	if (waiting->tell == NULL)
		return;
	(void)snprintf(line, sizeof(line),
	    "%zu of %zu name servers of %.250s show it; %.200s",
	    zone->servers - left, zone->servers, zone->apex, why->text);
	waiting->tell(waiting->arg, line);
}

enum status
zone_wait(const struct zone *zone, const struct zone_change *changes,
    size_t count, const struct zone_waiting *waiting,
    const struct config *config, struct note *note)
{
	const int64_t seconds =
	    waiting->seconds >= 0 ? waiting->seconds : config->dns_patience;
	const int64_t until = now_ms() + seconds * 1000;
	bool missing[ZONE_SERVERS_MOST];
	int64_t pause = PAUSE_FIRST_MS;
	enum status status = STATUS_OK;
	struct note why = { "" };
	size_t left = zone->servers, before;

	memset(missing, true, sizeof(missing));
	while (status == STATUS_OK && left > 0) {
		before = left;
		status =
		    look_once(zone, changes, count, missing, &left, &why, note);
		if (status != STATUS_OK || left == 0)
			break;
		if (now_ms() + pause > until)
			return note_set(note, STATUS_AGAIN,
			    "%zu of %zu name servers of %.100s show it: %.200s",
			    zone->servers - left, zone->servers, zone->apex,
			    why.text);
		if (left != before || pause == PAUSE_FIRST_MS)
			tell(waiting, zone, left, &why);
		sleep_ms(pause);
		pause = pause * 3 / 2 < PAUSE_MOST_MS ? pause * 3 / 2
						      : PAUSE_MOST_MS;
	}
	return status;
}

enum status
zone_look(const struct zone *zone, struct dns_answer *out, struct note *note)
{
	bool ask[ZONE_SERVERS_MOST] = { false };
	enum status status = STATUS_OK;
	struct buf answers;
	struct span frames;
	size_t i;

	for (i = 0; status == STATUS_OK && i < zone->servers; i++) {
		ask[i] = true;
		buf_init(&answers, ANSWER_MAX);
		status = ask_servers(zone, ask, &answers, note);
		frames = buf_span(&answers);
		dns_answer_clear(out);
		if (status == STATUS_OK)
			status = next_answer(&frames, out, note);
		if (status == STATUS_OK)
			status = end_answers(frames, note);
		buf_clear(&answers);
		ask[i] = false;
		if (status == STATUS_OK && out->state == DNS_UNVALIDATED)
			return STATUS_OK;
	}
	return status != STATUS_OK
	    ? status
	    : note_set(note, STATUS_AGAIN,
		  "no name server of %.200s answers: %.100s", zone->apex,
		  out->reason);
}
