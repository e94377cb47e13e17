/* resolve.c - DNS answers, cached: see resolve.h */
#include "resolve.h"

#include <stdio.h>
#include <string.h>

#include "base/frame.h"
#include "helper.h"
#include "store/answers.h"

/* Ask the network program: one line. */
static enum status
ask(const struct authres_policy *policy, const char *kind, const char *name,
    struct buf *line, struct note *note)
{
	const char *const argv[] = { "mailcert-net", kind, policy->resolver,
		policy->anchor, name, NULL };
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

/* Is it worth keeping, and until when? */
static bool
may_keep(struct span line, int64_t now, int64_t *until)
{
	struct dns_answer answer;
	bool keep;

	dns_answer_init(&answer);
	keep = dns_answer_parse(line, &answer) == STATUS_OK &&
	    (answer.state == DNS_SECURE || answer.state == DNS_UNVALIDATED) &&
	    answer.ttl > 0;
	*until = now + answer.ttl;
	dns_answer_clear(&answer);
	return keep;
}

enum status
resolve(const struct authres_policy *policy, const struct home *home,
    const char *kind, const char *name, int64_t now, struct buf *out,
    struct note *note)
{
	char key[AUTHRES_DOMAIN_SIZE + 80], source[600];
	enum status status = STATUS_NO;
	struct buf line;
	int64_t until;

	(void)snprintf(key, sizeof(key), "%s.%s", kind, name);
	(void)snprintf(
	    source, sizeof(source), "%s %s", policy->resolver, policy->anchor);
	buf_init(&line, DNS_LINE_MAX);
	if (home->dir >= 0)
		status = answers_get(home, key, source, now, &line);
	if (status != STATUS_OK) {
		buf_clear(&line);
		status = ask(policy, kind, name, &line, note);
		if (status == STATUS_OK &&
		    may_keep(buf_span(&line), now, &until))
			answers_put(home, key, source, until, buf_span(&line));
	}
	if (status == STATUS_OK)
		frame_add(out, "dns", buf_span(&line));
	buf_clear(&line);
	return status == STATUS_OK ? buf_status(out) : status;
}

enum status
resolve_check(
    const struct authres_policy *policy, enum dns_state *out, struct note *note)
{
	struct buf line;
	enum status status;

	buf_init(&line, 64);
	status = ask(policy, "check", NULL, &line, note);
	if (status == STATUS_OK && !dns_state_parse(buf_span(&line), out))
		status = STATUS_DNS;
	buf_clear(&line);
	return status;
}
