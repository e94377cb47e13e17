/* reporting.c - tell a person what needs one: see reporting.h */
#include "cmd/reporting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "answer/confirm.h"
#include "base/text.h"
#include "deliver/folder.h"
#include "deliver/sendmail.h"
#include "mail/date.h"
#include "process/run.h"
#include "process/words.h"
#include "store/trouble.h"

enum {
	DAY = 24 * 3600,
	COLUMNS = 72,
	SUBJECT_COLUMNS = 56,
	COMMAND_SECONDS = 60,
	LOCK_SECONDS = 10
};

/* Does this process report, or does somebody read what it prints? */
static bool
is_active(const struct reporting *reporting)
{
	return reporting->config->report.kind != REPORT_NOBODY &&
	    reporting->home->dir >= 0 && isatty(STDERR_FILENO) != 1;
}

/* The words of a text, in lines. */
static void
add_wrapped(struct buf *out, struct span text)
{
	size_t column = 0, end;

	while (text.len > 0) {
		end = span_find_byte(text, ' ');
		if (column > 0 && column + 1 + end > COLUMNS) {
			buf_add_byte(out, '\n');
			column = 0;
		}
		if (column > 0)
			buf_add_byte(out, ' ');
		column += (column > 0) + end;
		buf_add(out, span_cut(text, 0, end));
		text = span_cut(text, end + 1, text.len);
	}
	buf_add_byte(out, '\n');
}

static void
add_message_id(struct buf *out)
{
	unsigned char random[16] = { 0 };
	size_t i;

	(void)!getrandom(random, sizeof(random), 0);
	buf_add_text(out, "Message-ID: <report.");
	for (i = 0; i < sizeof(random); i++)
		buf_addf(out, "%02x", random[i]);
	buf_add_text(out, "@mailcert.invalid>\n");
}

static void
add_header(
    const struct reporting *reporting, const char *subject, struct buf *out)
{
	const struct config_report *report = &reporting->config->report;
	const char *address =
	    report->kind == REPORT_MAIL ? report->to : "mailcert@localhost";

	buf_add_text(out, "Date: ");
	date_add_mail(out, (int64_t)time(NULL));
	buf_add_byte(out, '\n');
	add_message_id(out);
	buf_addf(out,
	    "From: mailcert <%s>\nTo: %s\nSubject: mailcert: ", address,
	    address);
	text_show(out, span_of(subject), SUBJECT_COLUMNS, false);
	buf_add_text(out,
	    "\nAuto-Submitted: auto-generated\n"
	    "MIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=us-ascii\n"
	    "Content-Transfer-Encoding: 7bit\n\n");
}

/* Where it was written, for somebody with several machines. */
static void
add_origin(const struct reporting *reporting, struct buf *out)
{
	char host[256] = "";
	struct buf line;

	(void)gethostname(host, sizeof(host) - 1);
	buf_init(&line, 4096);
	buf_addf(&line, "This is mailcert on %s, with the home %s.",
	    host[0] != '\0' ? host : "a machine without a name",
	    reporting->home->path);
	text_show(out, buf_span(&line), TEXT_NO_LIMIT, false);
	buf_add_byte(out, '\n');
	buf_clear(&line);
}

static enum status
pipe_to(const char *program, struct span message, struct note *note)
{
	const char *argv[33];
	struct run run = { .argv = argv,
		.environment = RUN_USER,
		.input = message,
		.seconds = COMMAND_SECONDS };
	struct note said = { "" };
	char command[CONFIG_VALUE_SIZE];
	enum status status;
	int code = 0;

	if (!span_copy(span_of(program), command, sizeof(command)))
		return STATUS_CONFIG;
	argv[words_split(command, argv, 32)] = NULL;
	status = process_run(&run, NULL, &said, &code, note);
	return status == STATUS_OK && code != 0
	    ? note_set(note, STATUS_IO, "%.100s exited with status %d: %.150s",
		  argv[0], code, said.text)
	    : status;
}

static enum status
deliver_report(
    const struct reporting *reporting, struct span message, struct note *note)
{
	const struct config_report *report = &reporting->config->report;
	const struct envelope envelope = { report->to, { report->to }, 1 };
	enum outcome outcome = OUTCOME_NOTHING;

	switch (report->kind) {
	case REPORT_MAILDIR:
		return deliver_maildir(
		    report->to, "new", "", message, &outcome, note);
	case REPORT_MAIL:
		return sendmail_send(reporting->config->sendmail, &envelope,
		    message, &outcome, note);
	case REPORT_COMMAND:
		return pipe_to(report->to, message, note);
	case REPORT_NOBODY:
		break;
	}
	return STATUS_OK;
}

/* One message; more: what is said below the sentence. */
static enum status
send_report(const struct reporting *reporting, const char *subject,
    const char *text, const char *more)
{
	struct note note = { "" }, line;
	struct buf message, shown;
	enum status status;

	buf_init(&message, 32 * 1024);
	buf_init(&shown, 16 * 1024);
	add_header(reporting, subject, &message);
	text_show(&shown, span_of(text), TEXT_NO_LIMIT, false);
	add_wrapped(&message, buf_span(&shown));
	buf_add_byte(&message, '\n');
	if (more[0] != '\0') {
		add_wrapped(&message, span_of(more));
		buf_add_byte(&message, '\n');
	}
	add_origin(reporting, &message);
	status = buf_status(&message);
	if (status == STATUS_OK)
		status = deliver_report(reporting, buf_span(&message), &note);
	if (status != STATUS_OK) {
		note_say(
		    &line, "cannot report: %.250s", note_text(&note, status));
		home_log(reporting->home, line.text);
	}
	buf_clear(&shown);
	buf_clear(&message);
	return status;
}

/* The record as it is, or a new one. */
static enum status
open_trouble(const struct reporting *reporting, const char *key,
    const char *text, struct trouble *out)
{
	enum status status = trouble_load(reporting->home, key, out, NULL);

	if (status == STATUS_MISSING) {
		*out = (struct trouble){ .created = (int64_t)time(NULL) };
		(void)snprintf(out->key, sizeof(out->key), "%s", key);
		status = STATUS_OK;
	}
	(void)snprintf(out->text, sizeof(out->text), "%s", text);
	return status;
}

/* Record that it is told, then tell it: where the record cannot be written,
 * nobody is told at each run of a timer. */
static void
tell(const struct reporting *reporting, struct trouble *trouble,
    const char *more)
{
	struct note note = { "" };

	trouble->told = (int64_t)time(NULL);
	if (trouble_save(reporting->home, trouble, &note) != STATUS_OK) {
		home_log(reporting->home, note.text);
		return;
	}
	if (send_report(reporting, trouble->text, trouble->text, more) ==
	    STATUS_OK)
		return;
	trouble->told = 0;
	(void)!trouble_save(reporting->home, trouble, &note);
}

/* One process at a time: a watcher and a timer may see the same. */
static bool
begin(const struct reporting *reporting, int *lock)
{
	return is_active(reporting) &&
	    home_lock_on(reporting->home, "report", LOCK_SECONDS, lock, NULL) ==
	    STATUS_OK;
}

static bool
is_due(const struct trouble *trouble)
{
	const int64_t now = (int64_t)time(NULL);

	return trouble->told == 0 || trouble->told > now ||
	    now - trouble->told >= DAY;
}

void
reporting_trouble(
    const struct reporting *reporting, const char *key, const char *text)
{
	struct trouble trouble;
	int lock = -1;

	if (!begin(reporting, &lock))
		return;
	if (open_trouble(reporting, key, text, &trouble) == STATUS_OK &&
	    is_due(&trouble))
		tell(reporting, &trouble,
		    "mailcert status says what to do.  You are told again once "
		    "a day until it is resolved.");
	(void)close(lock);
}

static void
resolve(const struct reporting *reporting, const struct trouble *trouble)
{
	struct buf more, subject;

	if (trouble_forget(reporting->home, trouble->key, NULL) != STATUS_OK ||
	    trouble->told == 0)
		return;
	buf_init(&more, 1024);
	buf_init(&subject, 1024);
	buf_addf(&subject, "resolved: %s", trouble->text);
	buf_add_text(&more, "This is resolved.  It began at ");
	date_add_iso(&more, trouble->created);
	buf_add_byte(&more, '.');
	if (buf_status(&more) == STATUS_OK && buf_status(&subject) == STATUS_OK)
		(void)!send_report(
		    reporting, subject.at, trouble->text, more.at);
	buf_clear(&subject);
	buf_clear(&more);
}

void
reporting_resolved(const struct reporting *reporting, const char *key)
{
	struct trouble trouble;
	int lock = -1;

	/* Mostly nobody was told: take no lock then. */
	if (!is_active(reporting) ||
	    trouble_load(reporting->home, key, &trouble, NULL) != STATUS_OK ||
	    !begin(reporting, &lock))
		return;
	if (trouble_load(reporting->home, key, &trouble, NULL) == STATUS_OK)
		resolve(reporting, &trouble);
	(void)close(lock);
}

void
reporting_resolved_all(const struct reporting *reporting, const char *prefix)
{
	struct trouble *all = NULL;
	size_t count = 0, i;

	if (!is_active(reporting) ||
	    troubles_load(reporting->home, &all, &count, NULL) != STATUS_OK)
		return;
	for (i = 0; i < count; i++)
		if (span_starts(span_of(all[i].key), span_of(prefix)))
			reporting_resolved(reporting, all[i].key);
	free(all);
}

/* The warning that is due with so many days left; 0: none. */
static int64_t
level_of(int64_t left)
{
	static const int64_t days[] = { 1, 3, 7, 14 };
	size_t i;

	for (i = 0; i < sizeof(days) / sizeof(*days); i++)
		if (left <= days[i] * DAY)
			return days[i];
	return 0;
}

void
reporting_expiry(
    const struct reporting *reporting, const struct order *order, int64_t now)
{
	const int64_t level = level_of(order->expires - now);
	struct trouble trouble;
	struct buf text;
	char key[64];
	int lock = -1;

	if (level == 0 || order->expires <= now || !begin(reporting, &lock))
		return;
	(void)snprintf(key, sizeof(key), "expiry %s", order->id);
	buf_init(&text, sizeof(trouble.text));
	buf_addf(&text, "%.200s: certificate %s has not been renewed; it ends ",
	    order->address[0], order->id);
	confirm_add_time(&text, order->expires, now);
	if (buf_status(&text) == STATUS_OK &&
	    open_trouble(reporting, key, text.at, &trouble) == STATUS_OK &&
	    (trouble.told == 0 || level < trouble.level)) {
		trouble.level = level;
		tell(reporting, &trouble, "");
	}
	buf_clear(&text);
	(void)close(lock);
}

static void
key_of(const char *what, const char *id, char out[64])
{
	(void)snprintf(out, 64, "%s %s", what, id);
}

static void
tell_of(const struct reporting *reporting, const char *key,
    const struct order *order, const char *text)
{
	struct note line;

	note_say(&line, "%.100s: %.200s", order->address[0], text);
	reporting_trouble(reporting, key, line.text);
}

void
reporting_order(const struct reporting *reporting, const struct order *order,
    bool needs_a_person, const char *text)
{
	char key[64];

	key_of("order", order->id, key);
	if (needs_a_person) {
		tell_of(reporting, key, order, text);
		return;
	}
	reporting_resolved(reporting, key);
	if (order->state != ORDER_ISSUED)
		return;
	key_of("expiry", order->replaces, key);
	reporting_resolved(reporting, key);
}

void
reporting_renewal(const struct reporting *reporting, const struct order *order,
    const char *text)
{
	char key[64];

	key_of("renew", order->id, key);
	if (text == NULL) {
		reporting_resolved(reporting, key);
		return;
	}
	tell_of(reporting, key, order, text);
	if (order_is_current(order))
		reporting_expiry(reporting, order, (int64_t)time(NULL));
}
