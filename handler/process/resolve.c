/* resolve.c - DNS answers, cached: see resolve.h */
#include "process/resolve.h"

#include <stdio.h>
#include <string.h>

#include "base/frame.h"
#include "base/text.h"
#include "process/helper.h"
#include "store/answers.h"

/* For how long it is believed that a resolver passes no DNSSEC on. */
enum { PLAIN_SECONDS = 3600 };

/* Ask the network program: one line. */
static enum status
ask(const struct authres_policy *policy, const char *kind, const char *name,
    bool plain, struct buf *line, struct note *note)
{
	const char *const argv[] = { "mailcert-net", kind, policy->resolver,
		plain ? "plain" : policy->anchor, name, NULL };
	enum status status;
	int code = 0;

	status = helper_run_line(argv, SPAN(""), line, &code, note);
	if (status == STATUS_AGAIN)
		status = STATUS_DNS;
	if (status == STATUS_OK && code != 0)
		status = note_set(
		    note, STATUS_DNS, "the network program gave up (%d)", code);
	return status;
}

/* Did we learn before that asking this resolver for DNSSEC only costs time? */
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

/* Keep what is worth keeping of an answer. */
static void
keep(const struct home *home, const char *key, const char *source, bool plain,
    int64_t now, struct span line)
{
	struct dns_answer answer;

	dns_answer_init(&answer);
	if (dns_answer_parse(line, &answer) == STATUS_OK &&
	    (answer.state == DNS_SECURE || answer.state == DNS_UNVALIDATED)) {
		if (answer.ttl > 0)
			answers_put(home, key, source, now + answer.ttl, line);
		if (answer.reason[0] != '\0' && !plain)
			answers_put(home, "plain", source, now + PLAIN_SECONDS,
			    SPAN("plain"));
	}
	dns_answer_clear(&answer);
}

enum status
resolve(const struct authres_policy *policy, const struct home *home,
    const char *kind, const char *name, int64_t now, struct buf *out,
    struct note *note)
{
	char key[AUTHRES_DOMAIN_SIZE + 80], source[600];
	enum status status = STATUS_NO;
	struct buf line;
	bool plain;

	(void)snprintf(key, sizeof(key), "%s.%s", kind, name);
	(void)snprintf(
	    source, sizeof(source), "%s %s", policy->resolver, policy->anchor);
	buf_init(&line, DNS_LINE_MAX);
	if (home->dir >= 0)
		status = answers_get(home, key, source, now, &line);
	if (status != STATUS_OK) {
		buf_clear(&line);
		plain = knows_plain(home, source, now);
		status = ask(policy, kind, name, plain, &line, note);
		if (status == STATUS_OK && home->dir >= 0)
			keep(home, key, source, plain, now, buf_span(&line));
	}
	if (status == STATUS_OK)
		frame_add(out, "dns", buf_span(&line));
	buf_clear(&line);
	return status == STATUS_OK ? buf_status(out) : status;
}

enum status
resolve_check(const struct authres_policy *policy, enum dns_state *out,
    struct note *reason, struct note *note)
{
	char shown[DNS_REASON_SIZE];
	struct buf line;
	struct span text;
	enum status status;
	size_t end;

	buf_init(&line, 1024);
	status = ask(policy, "check", NULL, false, &line, note);
	text = buf_span(&line);
	end = span_find_byte(text, ' ');
	if (status == STATUS_OK &&
	    !dns_state_parse(span_cut(text, 0, end), out))
		status = STATUS_DNS;
	if (status == STATUS_OK) {
		text_show_in(shown, sizeof(shown),
		    span_cut(text, end + 1, text.len), true);
		(void)note_set(reason, status, "%s", shown);
	}
	buf_clear(&line);
	return status;
}
