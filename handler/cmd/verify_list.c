/* verify_list.c - list the S/MIME statuses of mailboxes: see verify_p.h */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "cmd/mail_access.h"
#include "cmd/progress.h"
#include "cmd/verify_p.h"
#include "mail/date.h"
#include "watch/watch.h"

/* A message that waits to be judged with others. */
struct waiting {
	char *where; /* owned */
	size_t at;   /* in listing->bytes */
	size_t len;
	struct watch_smime server; /* what its server says, if it does */
};

struct listing {
	struct session *session;
	const struct verify_options *options;
	struct judging judging;
	struct mail_access access;
	struct buf bytes; /* owned: the messages that wait */
	struct waiting waiting[JUDGING_MOST];
	struct judgement judgement[JUDGING_MOST];
	size_t count;
	struct watch_smime heard; /* of the message that comes next */
	size_t seen, bad;         /* messages; those that are signed/failed */
	bool skipped;             /* a message could not be read */
	struct progress progress; /* how far it is */
	bool utf8;
	enum status ended; /* by our own trouble, not a mailbox's */
};

static bool
has_scheme(const char *operand)
{
	static const char *const schemes[] = {
		"maildir:", "mbox:", "imap:", "imaps:", "jmap:"
	};
	size_t i;

	for (i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		if (span_starts(span_of(operand), span_of(schemes[i])))
			return true;
	return false;
}

/* Does the file begin like an mbox? */
static bool
is_mbox(const char *path)
{
	char front[5] = "";
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const bool yes = fd >= 0 &&
	    pread(fd, front, sizeof(front), 0) == (ssize_t)sizeof(front) &&
	    (memcmp(front, "From ", 5) == 0 ||
		memcmp(front, "\1\1\1\1\n", 5) == 0);

	if (fd >= 0)
		(void)close(fd);
	return yes;
}

static bool
is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool
verify_is_list(
    const struct verify_options *options, char *const operands[], size_t count)
{
	return count > 1 || options->has_smime || options->no_has_smime ||
	    options->has_verified || options->no_has_verified ||
	    options->has_delivered || options->no_has_delivered ||
	    (count == 1 && strcmp(operands[0], "-") != 0 &&
		(has_scheme(operands[0]) || is_directory(operands[0]) ||
		    is_mbox(operands[0])));
}

static void
show_progress(struct listing *listing)
{
	char text[120];

	(void)snprintf(text, sizeof(text), "%zu messages, %zu signed/failed",
	    listing->seen, listing->bad);
	progress_say(&listing->progress, text);
}

static bool
passes(const struct verify_options *options, const struct smime_report *report)
{
	const bool has = report->status != SMIME_STATUS_NULL,
		   now = report->status == SMIME_STATUS_VERIFIED,
		   then = report->at_delivery == SMIME_STATUS_VERIFIED;

	return !(options->has_smime && !has) &&
	    !(options->no_has_smime && has) &&
	    !(options->has_verified && !now) &&
	    !(options->no_has_verified && now) &&
	    !(options->has_delivered && !then) &&
	    !(options->no_has_delivered && then);
}

static const struct watch_smime *
server_of(const struct listing *listing, size_t i)
{
	const struct watch_smime *server = &listing->waiting[i].server;

	return server->offered == 1 ? server : NULL;
}

static void
add_column(const struct listing *listing, const char *text, struct buf *out)
{
	text_show(out, span_of(text[0] != '\0' ? text : "-"), TEXT_NO_LIMIT,
	    listing->utf8);
}

static void
add_line(const struct listing *listing, const struct judgement *judgement,
    size_t i, struct buf *out)
{
	const struct watch_smime *server = server_of(listing, i);
	const struct smime_report *report = &judgement->verified.report;
	const char *status = smime_report_status(report);

	buf_addf(out, "%s\t", status != NULL ? status : "none");
	if (judgement->sender.date != 0)
		date_add_iso(out, judgement->sender.date);
	else
		buf_add_byte(out, '-');
	buf_add_byte(out, '\t');
	add_column(listing, report->from, out);
	buf_add_byte(out, '\t');
	add_column(listing, judgement->sender.id, out);
	buf_add_byte(out, '\t');
	add_column(listing, listing->waiting[i].where, out);
	if (server != NULL) {
		buf_add_byte(out, '\t');
		status = smime_status_name(
		    smime_status_read(span_of(server->status)), false);
		add_column(listing, status != NULL ? status : "none", out);
	}
	buf_add_byte(out, '\n');
}

static void
add_message(struct listing *listing, size_t i)
{
	const struct judgement *judgement = &listing->judgement[i];
	const struct smime_report *report = &judgement->verified.report;
	struct buf *out = &listing->session->out;

	listing->seen++;
	if (!passes(listing->options, report))
		return;
	listing->bad += report->status == SMIME_STATUS_FAILED;
	if (listing->options->json)
		verify_add_json(judgement, listing->waiting[i].where,
		    server_of(listing, i), true, out);
	else
		add_line(listing, judgement, i, out);
}

static void
drop_waiting(struct listing *listing)
{
	size_t i;

	for (i = 0; i < listing->count; i++)
		free(listing->waiting[i].where);
	listing->count = 0;
	buf_clear(&listing->bytes);
}

/* Print what there is, so that a long list need not be kept. */
static enum status
print(struct session *session, struct note *note)
{
	enum status status = buf_status(&session->out);

	if (status == STATUS_OK && session->out.len > 0)
		status = cmd_write(buf_span(&session->out), note);
	buf_cut(&session->out, 0);
	return status;
}

/* Judge and print what waits. */
static enum status
judge_waiting(struct listing *listing, struct note *note)
{
	struct span messages[JUDGING_MOST];
	const char *bytes = listing->bytes.at;
	enum status status;
	size_t i;

	if (listing->count == 0)
		return STATUS_OK;
	for (i = 0; i < listing->count; i++)
		messages[i] = (struct span){ bytes + listing->waiting[i].at,
			listing->waiting[i].len };
	status = judging_judge(&listing->judging, messages, listing->count,
	    listing->judgement, note);
	for (i = 0; status == STATUS_OK && i < listing->count; i++)
		add_message(listing, i);
	drop_waiting(listing);
	if (status == STATUS_OK)
		status = print(listing->session, note);
	if (status == STATUS_OK)
		show_progress(listing);
	return status;
}

static enum status
add_waiting(struct listing *listing, const char *where, struct span message)
{
	struct waiting *waiting = &listing->waiting[listing->count];

	*waiting = (struct waiting){ strdup(where), listing->bytes.len,
		message.len, listing->heard };
	listing->heard = (struct watch_smime){ .offered = 0 };
	if (waiting->where == NULL)
		return STATUS_MEMORY;
	listing->count++;
	buf_add(&listing->bytes, message);
	return buf_status(&listing->bytes);
}

/* A watch_taker's: STATUS_UNCHANGED goes on. */
static enum status
take(void *arg, const char *where, struct span message)
{
	struct listing *listing = arg;
	enum status status = STATUS_OK;

	if (listing->count == JUDGING_MOST ||
	    (listing->count > 0 &&
		listing->bytes.len + message.len > JUDGING_OCTETS))
		status = judge_waiting(listing, &listing->session->note);
	if (status == STATUS_OK)
		status = add_waiting(listing, where, message);
	if (status != STATUS_OK)
		listing->ended = status;
	return status == STATUS_OK ? STATUS_UNCHANGED : STATUS_END;
}

static void
hear(void *arg, const struct watch_smime *said)
{
	struct listing *listing = arg;

	listing->heard = *said;
}

static void
tell(void *arg, const char *what)
{
	struct listing *listing = arg;
	struct note note;

	note_say(&note, "%s", what);
	cmd_say(&note);
	listing->skipped = true;
}

/* A file with one message. */
static enum status
take_file(struct listing *listing, const char *file)
{
	struct session *session = listing->session;
	enum status status;
	struct buf bytes;

	buf_init(&bytes, 0);
	status = session_read(session, file, &bytes);
	if (status == STATUS_OK)
		status =
		    take(listing, file != NULL ? file : "-", buf_span(&bytes));
	buf_clear(&bytes);
	return status == STATUS_UNCHANGED ? STATUS_OK : status;
}

static enum status
take_mailbox(
    struct listing *listing, const char *operand, const struct watch_ids *ids)
{
	struct session *session = listing->session;
	const struct watch_taker taker = { take, tell, hear, listing };
	struct source source = { .kind = SOURCE_MBOX };
	struct note why = { "" };
	char name[SOURCE_NAME_SIZE];
	enum status status;

	if (!has_scheme(operand)) {
		source.kind =
		    is_directory(operand) ? SOURCE_MAILDIR : SOURCE_MBOX;
		if (!span_copy(
			span_of(operand), source.path, sizeof(source.path)))
			return note_set(&session->note, STATUS_USAGE,
			    "%.200s: the path is too long", operand);
	} else if (!source_parse(span_of(operand), &source)) {
		return note_set(&session->note, STATUS_USAGE,
		    "%.200s is not a mailbox; use maildir:DIR, mbox:FILE, "
		    "imaps://USER@HOST/FOLDER or jmap:https://HOST",
		    operand);
	}
	if (source.kind == SOURCE_MBOX && access(source.path, R_OK) != 0)
		return note_set(&session->note, STATUS_MISSING, "%.200s: %s",
		    source.path, strerror(errno));
	status = watch_each(&session->config, &listing->access, &source,
	    ids->count > 0 ? ids : NULL, &taker, &why);
	if (status == STATUS_OK || listing->ended != STATUS_OK)
		return status;
	source_name(&source, name);
	if (span_starts(span_of(why.text), span_of(name)))
		return note_set(&session->note, status, "%s", why.text);
	return note_set(&session->note, status, "%.150s: %.300s", name,
	    note_text(&why, status));
}

/* After an account of JMAP, ids of its messages may follow. */
static size_t
count_ids(char *const operands[], size_t count)
{
	size_t i = 0;

	if (!span_starts(span_of(operands[0]), SPAN("jmap:")))
		return 0;
	while (i + 1 < count && watch_id_ok(operands[i + 1]))
		i++;
	return i;
}

static enum status
take_operand(struct listing *listing, char *const operands[], size_t ids)
{
	const struct watch_ids named = { operands + 1, ids };
	const char *operand = operands[0];

	if (operand == NULL || strcmp(operand, "-") == 0)
		return take_file(listing, NULL);
	return has_scheme(operand) || is_directory(operand) || is_mbox(operand)
	    ? take_mailbox(listing, operand, &named)
	    : take_file(listing, operand);
}

/* What is wrong with one is said at once, of the first at the end. */
static enum status
take_all(struct listing *listing, char *const operands[], size_t count)
{
	struct note *note = &listing->session->note;
	struct note first = { "" };
	enum status status = STATUS_OK, one;
	size_t i = 0, ids;

	do {
		ids = count > 0 ? count_ids(operands + i, count - i) : 0;
		one = take_operand(listing, operands + i, ids);
		i += ids + 1;
		if (listing->ended != STATUS_OK)
			return listing->ended;
		if (one == STATUS_OK)
			continue;
		if (status != STATUS_OK) {
			cmd_say(note);
			continue;
		}
		status = one;
		first = *note;
	} while (i < count);
	one = judge_waiting(listing, note);
	if (one == STATUS_OK)
		*note = first;
	return one != STATUS_OK ? one : status;
}

enum status
verify_list(struct session *session, const struct verify_options *options,
    char *const operands[], size_t count, bool *failed)
{
	struct listing *listing = calloc(1, sizeof(*listing));
	enum status status;

	if (listing == NULL)
		return STATUS_MEMORY;
	listing->session = session;
	listing->options = options;
	listing->access = mail_access_of(&session->config, true);
	listing->utf8 = text_locale_is_utf8();
	/* A list on the same terminal shows how far it is. */
	progress_begin(&listing->progress, &session->config,
	    isatty(STDOUT_FILENO) == 1, NULL, NULL);
	buf_init(&listing->bytes,
	    JUDGING_OCTETS + (size_t)session->config.max_message);
	status = judging_begin(&listing->judging, &session->config,
	    &session->home, verify_how(options), &session->note);
	if (status == STATUS_OK)
		status = take_all(listing, operands, count);
	*failed = listing->bad > 0 || listing->skipped;
	progress_end(&listing->progress);
	judging_end(&listing->judging);
	drop_waiting(listing);
	free(listing);
	return status;
}
