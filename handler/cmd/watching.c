/* watching.c - answer what mailboxes hold: see watching.h */
#include "cmd/watching.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "answer/rules.h"
#include "base/text.h"
#include "cmd/answering.h"
#include "cmd/reporting.h"
#include "process/helper.h"
#include "watch/filter.h"

enum {
	DAY = 24 * 3600,
	LONGEST_ORDER = 31 * DAY,
	TROUBLE_SECONDS = 3600, /* before a person hears of a mailbox */
	TOLD_MOST = 100 /* refusals in one look that are told one by one */
};

enum status
watching_sources(const struct config *config, char *const operands[],
    size_t operand_count, struct source *out, size_t most, size_t *count,
    struct note *note)
{
	size_t i;

	*count = 0;
	if (operand_count == 0 && config->watch[0] == '\0')
		return note_set(note, STATUS_USAGE,
		    "name a mailbox, such as maildir:~/Maildir or "
		    "imaps://USER@HOST, or set watch");
	if (operand_count == 0 &&
	    !sources_parse(span_of(config->watch), out, most, count))
		return note_set(
		    note, STATUS_CONFIG, "watch names too many mailboxes");
	if (operand_count > most)
		return note_set(note, STATUS_USAGE,
		    "more than %zu mailboxes are named", most);
	for (i = 0; i < operand_count; i++)
		if (!source_parse(span_of(operands[i]), &out[i]))
			return note_set(note, STATUS_USAGE,
			    "%.200s is not a mailbox; use maildir:DIR, "
			    "mbox:FILE, imaps://USER@HOST/FOLDER or "
			    "jmap:https://HOST",
			    operands[i]);
	if (operand_count > 0)
		*count = operand_count;
	return STATUS_OK;
}

/* Where answers go without a person: only where they leave. */
static enum status
choose_destination(
    const struct config *config, struct destination *out, struct note *note)
{
	if (config->draft[0] != '\0' &&
	    destination_parse(config->draft, out) != STATUS_OK)
		return STATUS_CONFIG;
	if (config->draft[0] == '\0')
		out->kind = config->smtp.kind == SERVER_SMTP
		    ? DESTINATION_SMTP
		    : DESTINATION_SENDMAIL;
	switch (out->kind) {
	case DESTINATION_MUA:
	case DESTINATION_STAGE:
	case DESTINATION_STDOUT:
	case DESTINATION_FILE:
		return note_set(note, STATUS_CONFIG,
		    "draft = %.100s needs a person; use smtp, sendmail, "
		    "imap, maildir:DIR or mbox:FILE",
		    config->draft);
	case DESTINATION_MAILDIR:
	case DESTINATION_MBOX:
	case DESTINATION_SENDMAIL:
	case DESTINATION_SMTP:
	case DESTINATION_IMAP:
		break;
	}
	return STATUS_OK;
}

enum status
watching_begin(struct watching *watching, const struct invocation *invocation,
    const struct config *config, const struct home *home,
    const struct source *sources, size_t count, struct note *note)
{
	enum status status;

	*watching = (struct watching){ .invocation = invocation,
		.config = config,
		.home = home,
		.access = { .config = config } };
	status = choose_destination(config, &watching->destination, note);
	return status == STATUS_OK
	    ? watcher_open(config, home, &watching->access, sources, count,
		  &watching->watcher, note)
	    : status;
}

enum status
watching_begin_configured(struct watching *watching,
    const struct config *config, const struct home *home, struct note *note)
{
	static struct source sources[SOURCES_MAX];
	enum status status;
	size_t count = 0;

	status = watching_sources(
	    config, NULL, 0, sources, SOURCES_MAX, &count, note);
	return status == STATUS_OK
	    ? watching_begin(watching, NULL, config, home, sources, count, note)
	    : status;
}

void
watching_end(struct watching *watching)
{
	watcher_close(watching->watcher);
	watching->watcher = NULL;
	judged_clear(&watching->known);
}

static bool
is_awaited(const void *record, const void *arg)
{
	const int64_t *now = arg;

	return expectation_is_awaited(record, *now);
}

/* The domain as challenges write it; false: they may write it otherwise. */
static bool
is_plain_domain(struct span domain)
{
	return domain.len > 0 && domain.len < 256 && span_is_ascii(domain) &&
	    span_find(domain, SPAN("xn--")) == domain.len &&
	    !span_has_byte(domain, '[');
}

static void
want(struct watch_wanted *wanted, const struct expectation *one, int64_t now,
    bool *any)
{
	const int64_t oldest =
	    one->created > now ? now - LONGEST_ORDER : one->created - DAY;
	const char *at = strrchr(one->from_normal, '@');
	const struct span domain = span_of(at != NULL ? at + 1 : "");
	size_t i;

	if (wanted->count++ == 0 || oldest < wanted->since)
		wanted->since = oldest;
	if (one->created > wanted->newest)
		wanted->newest = one->created;
	for (i = 0; i < wanted->domains; i++)
		if (span_eq(span_of(wanted->domain[i]), domain))
			return;
	if (*any || !is_plain_domain(domain) ||
	    wanted->domains == WATCH_DOMAINS_MAX ||
	    !span_copy(domain, wanted->domain[wanted->domains],
		sizeof(wanted->domain[0])))
		*any = true;
	else
		wanted->domains++;
}

/* Was it awaited before?  It is from now on. */
static bool
is_known(struct watching *watching, const struct expectation *one)
{
	const uint64_t key = judged_key_of(span_of(one->id));
	const bool known = judged_has(&watching->known, key);

	judged_add(&watching->known, key);
	return known;
}

static bool
may_bounce(const void *record, const void *arg)
{
	const int64_t *since = arg;
	const struct expectation *one = record;

	return expectation_may_bounce(one) && one->answered > *since;
}

/* The answers that may come back.  A day is enough: the order of one that was
 * not delivered has failed by then. */
static enum status
want_bounces(struct watching *watching, int64_t now, struct note *note)
{
	const int64_t since = now - DAY;
	struct record_search search = { .ids = 0 };
	struct watch_wanted *wanted = &watching->wanted;
	struct expectation *all = NULL;
	enum status status;
	size_t i;

	expectation_search_undelivered(&search, since);
	status = expectations_find(watching->home, &search, may_bounce, &since,
	    &all, &wanted->sent, note);
	for (i = 0; i < wanted->sent; i++)
		if ((wanted->count == 0 && i == 0) ||
		    all[i].answered < wanted->since)
			wanted->since = all[i].answered;
	free(all);
	return status;
}

/* What is awaited now. */
static enum status
load_wanted(struct watching *watching, struct note *note)
{
	const int64_t now = (int64_t)time(NULL);
	struct record_search search = { .ids = 0 };
	struct expectation *all = NULL;
	struct watch_wanted *wanted = &watching->wanted;
	enum status status;
	struct rules rules;
	size_t count = 0, i;
	bool any = false;

	rules_before(watching->config, &rules);
	expectation_search_awaited(&search, now);
	status = expectations_find(
	    watching->home, &search, is_awaited, &now, &all, &count, note);
	*wanted = (struct watch_wanted){ .auto_submitted =
					     rules.challenge.auto_submitted };
	for (i = 0; i < count; i++) {
		want(wanted, &all[i], now, &any);
		wanted->grown = !is_known(watching, &all[i]) || wanted->grown;
	}
	if (any)
		wanted->domains = 0;
	free(all);
	return status == STATUS_OK ? want_bounces(watching, now, note) : status;
}

/* Is there any use in handing the message over once more? */
static bool
is_passing(enum status status)
{
	switch (status) {
	case STATUS_AGAIN:
	case STATUS_DNS:
	case STATUS_NET:
	case STATUS_LOGIN:
	case STATUS_IO:
	case STATUS_CREATE:
	case STATUS_CRYPTO:
	case STATUS_BUG: /* a child was killed: memory is short, say */
	case STATUS_CONFIG:
	case STATUS_DAMAGED:
	case STATUS_PERMISSION:
		return true;
	default:
		return false;
	}
}

/* Could it have been the challenge that is awaited?  Somebody who waits for it
 * must learn why it is not answered. */
static bool
concerns_us(enum status status)
{
	return status != STATUS_NO_CHALLENGE && status != STATUS_BAD_REPLY &&
	    status != STATUS_NO_EXPECTATION && status != STATUS_BAD_TO &&
	    status != STATUS_BAD_AUTO && status != STATUS_BAD_LIST &&
	    status != STATUS_BAD_REPEAT && status != STATUS_BAD_CLOCK;
}

static void
say(const char *where, enum status status, const struct note *note)
{
	struct note line;

	note_say(&line, "%.120s: %s%s%s%.150s", where,
	    status_is_refusal(status) ? "refused: " : "",
	    status_is_refusal(status) ? status_name(status) : "",
	    status_is_refusal(status) ? ": " : "", note_text(note, status));
	cmd_say(&line);
}

/* One report for each reason, however many messages there are: strangers can
 * write what looks like the awaited challenge. */
static void
report_refusal(const struct reporting *reporting, const char *where,
    enum status status, const struct note *note)
{
	struct note text;
	char key[64];

	(void)snprintf(key, sizeof(key), "refused %s", status_name(status));
	note_say(&text, "a challenge is not answered: %.180s (%.100s)",
	    note_text(note, status), where);
	reporting_trouble(reporting, key, text.text);
}

/* Is it a report, and no challenge?  What becomes of it is settled for good: an
 * answer is recorded before it is sent. */
static bool
take_bounce(
    const struct watching *watching, struct span message, enum status *out)
{
	const struct span head = span_cut(message, 0, FILTER_HEAD_MAX);
	struct note note = { "" };
	enum status status;

	if (!filter_is_report(head))
		return false;
	status =
	    answering_bounce(watching->config, watching->home, message, &note);
	if (status == STATUS_OK && note.text[0] != '\0')
		cmd_say(&note);
	*out = is_passing(status)     ? STATUS_AGAIN
	    : status == STATUS_MEMORY ? status
				      : STATUS_BAD_REPEAT;
	return status != STATUS_MISSING ||
	    !filter_passes(head, watching->wanted.auto_submitted);
}

static enum status
take(void *arg, const char *where, struct span message)
{
	struct watching *watching = arg;
	const struct reporting reporting = { watching->config, watching->home };
	const bool told = watching->refusals < TOLD_MOST;
	struct note note = { "" };
	enum status status;
	bool intent = false;

	if (take_bounce(watching, message, &status))
		return status;
	status = answering_unattended(watching->invocation, watching->config,
	    watching->home, &watching->destination, where, message, told,
	    &intent, &note);
	if (status == STATUS_MEMORY)
		return status;
	if (status == STATUS_OK) {
		watching->answered++;
		reporting_resolved_all(&reporting, "refused ");
		return STATUS_OK;
	}
	watching->refused[status]++;
	watching->refusals++;
	if (told && (intent || concerns_us(status))) {
		say(where, status, &note);
		report_refusal(&reporting, where, status, &note);
	}
	if (intent || status == STATUS_BAD_REPEAT)
		return STATUS_BAD_REPEAT;
	return is_passing(status) ? STATUS_AGAIN : STATUS_UNCHANGED;
}

/* A server that is away is back by itself; a wrong password is not right
 * later. */
static bool
is_passing_trouble(enum status status)
{
	return status == STATUS_NET || status == STATUS_AGAIN ||
	    status == STATUS_IO;
}

/* Does the sentence begin with the name of the mailbox, or of its server? */
static bool
names_it(const char *sentence, const char *name)
{
	const size_t len = span_find(span_of(sentence), SPAN(": "));

	return len > 0 && strlen(name) >= len &&
	    strncmp(sentence, name, len) == 0;
}

static void
tell(void *arg, const char *what)
{
	const struct watching *watching = arg;
	struct note line;

	note_say(&line, "%.300s", what);
	cmd_say(&line);
	home_log(watching->home, line.text);
}

static void
tell_trouble(void *arg, const struct watch_trouble *trouble)
{
	const struct watching *watching = arg;
	const struct reporting reporting = { watching->config, watching->home };
	const char *sentence = trouble->status == STATUS_OK
	    ? "can be looked through again"
	    : note_text(trouble->note, trouble->status);
	const bool named = names_it(sentence, trouble->name);
	struct note line;
	char key[256];

	note_say(&line, "%.150s%s%.300s", named ? "" : trouble->name,
	    named ? "" : ": ", sentence);
	if (trouble->first || trouble->status == STATUS_OK) {
		cmd_say(&line);
		home_log(watching->home, line.text);
	}
	(void)snprintf(key, sizeof(key), "mailbox %.240s", trouble->name);
	if (trouble->status == STATUS_OK)
		reporting_resolved(&reporting, key);
	else if (!is_passing_trouble(trouble->status) ||
	    trouble->lasts >= TROUBLE_SECONDS)
		reporting_trouble(&reporting, key, line.text);
}

/* Log how many refusals were not told one by one. */
static void
log_rest(const struct watching *watching)
{
	struct buf line;
	size_t i;

	if (watching->refusals <= TOLD_MOST)
		return;
	buf_init(&line, 2048);
	buf_addf(
	    &line, "refused %zu messages in one look:", watching->refusals);
	for (i = 0; i < STATUS_COUNT; i++)
		if (watching->refused[i] > 0)
			buf_addf(&line, " %s %zu", status_name(i),
			    watching->refused[i]);
	if (buf_status(&line) == STATUS_OK)
		home_log(watching->home, line.at);
	buf_clear(&line);
}

enum status
watching_look(struct watching *watching, bool again, struct note *note)
{
	const struct watch_taker taker = { take, tell, NULL, watching };
	enum status status;

	status = load_wanted(watching, note);
	if (status != STATUS_OK)
		return status;
	if (watching->wanted.count == 0 && watching->wanted.sent == 0) {
		watcher_rest(watching->watcher);
		return STATUS_OK;
	}
	memset(watching->refused, 0, sizeof(watching->refused));
	watching->refusals = 0;
	status = watcher_look(watching->watcher, &watching->wanted, again,
	    &taker, tell_trouble, watching, note);
	log_rest(watching);
	helper_dismiss();
	return status;
}

void
watching_wait(struct watching *watching, int most, int also)
{
	const struct watch_wanted *wanted = &watching->wanted;

	watcher_wait(watching->watcher, wanted->count > 0 || wanted->sent > 0,
	    most, also);
}
