/* resolve.c - DNS answers, cached: see resolve.h */
#include "process/resolve.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "process/helper.h"
#include "store/answers.h"

/* How long to remember that a resolver does not pass DNSSEC on. */
enum { PLAIN_SECONDS = 3600, SOURCE_SIZE = 600 };

void
resolve_begin(
    const struct authres_policy *policy, bool plain, struct buf *question)
{
	struct buf open;

	buf_init(&open, 2048);
	frame_add(&open, "resolver", span_of(policy->resolver));
	frame_add(&open, "anchor", span_of(policy->anchor));
	if (plain)
		frame_add(&open, "plain", SPAN(""));
	frame_add(question, FRAME_OPEN, buf_span(&open));
	if (question->failed == STATUS_OK)
		question->failed = buf_status(&open);
	buf_clear(&open);
}

/* Ask the network program; answer holds the frames. */
static enum status
ask(const struct authres_policy *policy, enum verb_id verb, const char *name,
    bool plain, struct buf *answer, struct note *note)
{
	struct buf question;
	enum status status;

	buf_init(&question, 4096);
	resolve_begin(policy, plain, &question);
	if (name != NULL)
		frame_add(&question, verb == VERB_SMIMEA ? "address" : "name",
		    span_of(name));
	status = helper_ask(verb, &question, answer, note);
	buf_clear(&question);
	/* STATUS_BAD_SYNTAX: the address cannot have such a record. */
	return status == STATUS_AGAIN || status == STATUS_BAD_SYNTAX
	    ? STATUS_DNS
	    : status;
}

/* Do we remember that asking this resolver for DNSSEC only costs time? */
static bool
knows_plain(const struct home *home, const char *source, int64_t now)
{
	struct buf line;
	bool known;

	buf_init(&line, DNS_LINE_MAX);
	known = home->dir >= 0 &&
	    answers_get(home, "plain", source, now, &line) == STATUS_OK;
	buf_clear(&line);
	return known;
}

/* Cache an answer if it is worth it. */
static void
keep(const struct home *home, const char *key, const char *source, bool plain,
    int64_t now, struct span line, const struct dns_answer *answer)
{
	if (home->dir < 0 ||
	    (answer->state != DNS_SECURE && answer->state != DNS_UNVALIDATED))
		return;
	if (answer->ttl > 0)
		answers_put(home, key, source, now + answer->ttl, line);
	if (answer->reason[0] != '\0' && !plain)
		answers_put(
		    home, "plain", source, now + PLAIN_SECONDS, SPAN("plain"));
}

/* Ask for a name that is not cached. */
static enum status
fetch(const struct authres_policy *policy, const struct home *home,
    enum verb_id verb, const char *name, const char *key, const char *source,
    int64_t now, struct buf *out, struct note *note)
{
	const bool plain = knows_plain(home, source, now);
	struct dns_answer parsed;
	struct buf answer;
	struct span line;
	enum status status;

	buf_init(&answer, DNS_LINE_MAX + 4096);
	dns_answer_init(&parsed);
	status = ask(policy, verb, name, plain, &answer, note);
	line = frame_get(buf_span(&answer), "dns");
	if (status == STATUS_OK &&
	    (status = dns_answer_parse(line, &parsed)) == STATUS_USAGE)
		status = helper_malformed(
		    verb, "dns is not a line with a DNS answer", note);
	if (status == STATUS_OK) {
		keep(home, key, source, plain, now, line, &parsed);
		frame_add(out, "dns", line);
	}
	dns_answer_clear(&parsed);
	buf_clear(&answer);
	return status;
}

/* Whose answers they are. */
static void
name_source(const struct authres_policy *policy, char out[SOURCE_SIZE])
{
	(void)snprintf(
	    out, SOURCE_SIZE, "%s %s", policy->resolver, policy->anchor);
}

enum status
resolve(const struct authres_policy *policy, const struct home *home,
    enum verb_id verb, const char *name, int64_t now, struct buf *out,
    struct note *note)
{
	char key[AUTHRES_DOMAIN_SIZE + 80], source[SOURCE_SIZE];
	enum status status = STATUS_MISSING;
	struct buf line;

	(void)snprintf(key, sizeof(key), "%s.%s", verb_row(verb)->name, name);
	name_source(policy, source);
	buf_init(&line, DNS_LINE_MAX);
	if (home->dir >= 0)
		status = answers_get(home, key, source, now, &line);
	if (status == STATUS_OK)
		frame_add(out, "dns", buf_span(&line));
	else
		status = fetch(
		    policy, home, verb, name, key, source, now, out, note);
	buf_clear(&line);
	return status == STATUS_OK ? buf_status(out) : status;
}

/* Was there a failure not long ago? */
static bool
remembers(const struct home *home, const char *key, const char *source,
    int64_t now, struct dns_answer *out)
{
	struct buf line;
	bool known;

	buf_init(&line, DNS_LINE_MAX);
	known = home->dir >= 0 &&
	    answers_get(home, key, source, now, &line) == STATUS_OK &&
	    dns_answer_parse(buf_span(&line), out) == STATUS_OK;
	buf_clear(&line);
	return known;
}

static void
remember(const struct home *home, const char *key, const char *source,
    int64_t now, const struct dns_answer *answer)
{
	const int64_t seconds = answer->state == DNS_TROUBLE
	    ? RESOLVE_TROUBLE_SECONDS
	    : RESOLVE_FAILED_SECONDS;
	struct buf line;

	if (answer->state == DNS_SECURE && answer->count > 0)
		return;
	buf_init(&line, DNS_LINE_MAX);
	dns_answer_write(answer, &line);
	if (buf_status(&line) == STATUS_OK)
		answers_put(home, key, source, now + seconds,
		    span_trim(buf_span(&line)));
	buf_clear(&line);
}

enum status
resolve_smimea(const struct authres_policy *policy, const struct home *home,
    const char *address, const char *owner, int64_t now, bool again,
    struct dns_answer *out, bool *remembered, struct note *note)
{
	char key[DNS_NAME_SIZE + 16], source[SOURCE_SIZE];
	struct home nowhere = { .dir = -1 };
	struct buf answer;
	enum status status;

	dns_answer_init(out);
	(void)snprintf(key, sizeof(key), "failed.%s", owner);
	name_source(policy, source);
	*remembered = !again && remembers(home, key, source, now, out);
	if (*remembered)
		return STATUS_OK;
	dns_answer_clear(out);
	dns_answer_init(out);
	buf_init(&answer, DNS_LINE_MAX + 4096);
	status = resolve(policy, again ? &nowhere : home, VERB_SMIMEA, address,
	    now, &answer, note);
	if (status == STATUS_OK &&
	    dns_answer_parse(frame_get(buf_span(&answer), "dns"), out) !=
		STATUS_OK)
		status = helper_malformed(
		    VERB_SMIMEA, "dns is not a line with a DNS answer", note);
	if (status == STATUS_OK)
		remember(home, key, source, now, out);
	buf_clear(&answer);
	return status;
}

enum status
resolve_check(const struct authres_policy *policy, enum dns_state *out,
    struct note *reason, struct note *note)
{
	char shown[DNS_REASON_SIZE];
	struct buf answer;
	struct span frames;
	enum status status;

	buf_init(&answer, 4096);
	status = ask(policy, VERB_CHECK, NULL, false, &answer, note);
	frames = buf_span(&answer);
	if (status == STATUS_OK &&
	    !dns_state_parse(frame_get(frames, "state"), out))
		status = helper_malformed(
		    VERB_CHECK, "state is not the state of an answer", note);
	if (status == STATUS_OK) {
		text_show_in(
		    shown, sizeof(shown), frame_get(frames, "reason"), true);
		note_say(reason, "%s", shown);
	}
	buf_clear(&answer);
	return status;
}
