/* helper.c - where our own programs are: see helper.h */
#include "process/helper.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base64url.h"
#include "base/frame.h"
#include "base/text.h"
#include "process/run.h"

enum { HELPER_SUBJECT_SIZE = 4096 };

#ifndef LIBEXECDIR
#define LIBEXECDIR "/usr/local/libexec/mailcert"
#endif

enum status
helper_path(const char *name, char *out, size_t size, struct note *note)
{
	static const char *const places[] = { "%.*s/%s",
		"%.*s/../libexec/mailcert/%s" };
	char self[512];
	ssize_t len;
	size_t i;
	char *slash;

	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[len > 0 ? len : 0] = '\0';
	slash = strrchr(self, '/');
	for (i = 0; slash != NULL && i < 2; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		(void)snprintf(
		    out, size, places[i], (int)(slash - self), self, name);
#pragma GCC diagnostic pop
		if (access(out, R_OK) == 0)
			return STATUS_OK;
	}
	(void)snprintf(out, size, "%s/%s", LIBEXECDIR, name);
	if (access(out, R_OK) == 0)
		return STATUS_OK;
	return note_set(note, STATUS_CREATE, "%s is not installed", name);
}

/* The seconds that each may take for one request, including its waits. */
static int
seconds_of(const char *name)
{
	static const struct {
		const char *name;
		int seconds;
	} limits[] = {
		{ "mailcert-key", 150 },   /* a new RSA key, slow machine */
		{ "mailcert-verify", 60 }, /* 10 of CPU time at most */
		{ "mailcert-net", 60 },    /* limits itself, name by name */
		{ "mailcert-https", 45 },  /* limits itself to less */
		{ "mailcert-mail", 300 },  /* limits itself to less */
	};
	size_t i;

	for (i = 0; i < sizeof(limits) / sizeof(*limits); i++)
		if (strcmp(limits[i].name, name) == 0)
			return limits[i].seconds;
	return 60;
}

/* What a helper printed first beside its answers. */
static struct note heard;

static void
keep_said(const char *name, const struct note *said)
{
	if (said->text[0] != '\0' && heard.text[0] == '\0')
		note_say(&heard, "%s: %.250s", name, said->text);
}

/* Start the helper for one question, or ask the one that keeps running. */
static enum status
run_or_ask(const struct verb_row *row, struct span input, struct run_stay *stay,
    struct buf *out, int *code, struct note *note)
{
	char path[600];
	const char *const argv[] = { path, row->name, NULL };
	struct run run = { .argv = argv,
		.input = input,
		.stay = stay,
		.seconds = seconds_of(row->program) };
	struct note said = { "" }, why = { "" };
	enum status status;

	status = helper_path(row->program, path, sizeof(path), note);
	if (status != STATUS_OK)
		return status;
	status = process_run(&run, out, &said, code, &why);
	keep_said(row->program, &said);
	if (status == STATUS_CREATE)
		return note_set(note, status, "%.250s", why.text);
	if (status == STATUS_AGAIN)
		return note_set(note, status,
		    "%s was still running after %d seconds; try again later",
		    row->program, run.seconds);
	/* It answered too much, or did not read the whole question: we killed
	 * it, so its exit status says nothing. */
	if (status == STATUS_BAD_SIZE || status == STATUS_IO) {
		*code = 0;
		return note_set(note, STATUS_BUG, "%.250s", why.text);
	}
	return status;
}

/* The one that talks to the CA. */
static struct helper_kept resident;

void
helper_end(struct helper_kept *kept)
{
	process_end(&kept->stay);
	kept->questions = 0;
}

void
helper_dismiss(void)
{
	helper_end(&resident);
}

const char *
helper_said(void)
{
	return heard.text;
}

enum status
helper_malformed(enum verb_id verb, const char *what, struct note *note)
{
	const struct verb_row *row = verb_row(verb);

	return note_set(note, STATUS_BUG,
	    "the answer of %s %s is malformed: %.200s", row->program, row->name,
	    what);
}

/* Judge the answer and the exit status. */
static enum status
take_answer(enum verb_id verb, struct span answer, int code, struct note *note)
{
	const struct verb_row *row = verb_row(verb);
	struct note said = { "" };
	enum status status = STATUS_BUG;

	if (code != 0)
		return note_set(note, STATUS_BUG,
		    "%s ended without an answer (%d)", row->program, code);
	if (!verb_answer_ok(verb, answer, &status, &said))
		return helper_malformed(verb, said.text, note);
	/* Our question did not fit the table of verbs. */
	if (status == STATUS_USAGE)
		return note_set(note, STATUS_BUG, "%s refused to %s",
		    row->program, row->name);
	if (status != STATUS_OK && note != NULL)
		*note = said;
	return status;
}

/* stay: the program that keeps running, or NULL. */
static enum status
ask(enum verb_id verb, struct run_stay *stay, struct buf *question,
    struct buf *answer, int *code, struct note *note)
{
	const struct verb_row *row = verb_row(verb);
	struct note why = { "" };
	enum status status;

	frame_add(question, FRAME_END, SPAN(""));
	status = buf_status(question);
	if (status == STATUS_OK &&
	    !verb_question_ok(verb, buf_span(question), &why))
		status = note_set(note, STATUS_BUG, "%s %s: %.200s",
		    row->program, row->name, why.text);
	if (status == STATUS_OK)
		status = run_or_ask(
		    row, buf_span(question), stay, answer, code, note);
	return status == STATUS_OK
	    ? take_answer(verb, buf_span(answer), *code, note)
	    : status;
}

enum status
helper_ask(enum verb_id verb, struct buf *question, struct buf *answer,
    struct note *note)
{
	int code = 0;

	return ask(verb, NULL, question, answer, &code, note);
}

enum status
helper_ask_kept(struct helper_kept *kept, enum verb_id verb,
    struct buf *question, struct buf *answer, struct note *note)
{
	enum status status;
	int code = 0;

	if (kept->questions >= HELPER_QUESTIONS_MAX)
		helper_end(kept);
	kept->questions++;
	kept->stay.answered = frame_ended;
	status = ask(verb, &kept->stay, question, answer, &code, note);
	/* Another process killed it: the next one may succeed. */
	if (status == STATUS_BUG && code == 128 + SIGKILL)
		status = note_set(note, STATUS_AGAIN,
		    "%s was killed; try again later", verb_row(verb)->program);
	/* The helper exits after such an answer. */
	if (verb_fault(status))
		helper_end(kept);
	return status;
}

enum status
helper_ask_resident(enum verb_id verb, const char *subject,
    struct buf *question, struct buf *answer, struct note *note)
{
	static char last[HELPER_SUBJECT_SIZE];

	if (strcmp(subject, last) != 0)
		helper_dismiss();
	(void)snprintf(last, sizeof(last), "%s", subject);
	return helper_ask_kept(&resident, verb, question, answer, note);
}

enum status
helper_response(const char *part1, const char *part2, const char *thumbprint,
    enum token_join join, struct response *out, struct note *note)
{
	struct buf question, answer;
	struct span digest;
	enum status status;

	buf_init(&question, 8192);
	buf_init(&answer, 2048);
	frame_add(&question, "part1", span_of(part1));
	frame_add(&question, "part2", span_of(part2));
	frame_add(&question, "thumbprint", span_of(thumbprint));
	frame_add(&question, "join", span_of(token_join_name(join)));
	status = helper_ask(VERB_RESPONSE, &question, &answer, note);
	digest = frame_get(buf_span(&answer), "digest");
	if (status == STATUS_OK &&
	    (digest.len != SHA256_TEXT_LEN || !base64url_is_text(digest) ||
		!span_copy(digest, out->digest, sizeof(out->digest))))
		status = helper_malformed(VERB_RESPONSE,
		    "digest is not 43 characters of base64url", note);
	buf_clear(&answer);
	buf_clear(&question);
	return status;
}

void
helper_open(struct buf *question, const char *file, const char *other)
{
	struct buf open;

	buf_init(&open, 8192);
	if (file != NULL)
		frame_add(&open, "file", span_of(file));
	if (other != NULL)
		frame_add(&open, "new", span_of(other));
	frame_add(question, FRAME_OPEN, buf_span(&open));
	if (question->failed == STATUS_OK)
		question->failed = buf_status(&open);
	buf_clear(&open);
}

enum status
helper_thumbprint(const char *file, char out[44], struct note *note)
{
	struct buf question, answer;
	struct span thumbprint;
	enum status status;

	buf_init(&question, 8192);
	buf_init(&answer, 2048);
	helper_open(&question, file, NULL);
	status = helper_ask(VERB_THUMBPRINT, &question, &answer, note);
	thumbprint = frame_get(buf_span(&answer), "thumbprint");
	if (status == STATUS_OK &&
	    (thumbprint.len != SHA256_TEXT_LEN ||
		!base64url_is_text(thumbprint) ||
		!span_copy(thumbprint, out, SHA256_TEXT_LEN + 1)))
		status = helper_malformed(VERB_THUMBPRINT,
		    "thumbprint is not 43 characters of base64url", note);
	buf_clear(&answer);
	buf_clear(&question);
	return status;
}

enum status
helper_make_key(const char *kind, const char *file, struct note *note)
{
	struct buf question, answer;
	enum status status;

	buf_init(&question, 8192);
	buf_init(&answer, 2048);
	helper_open(&question, NULL, file);
	frame_add(&question, "kind", span_of(kind));
	status = helper_ask(VERB_GENERATE, &question, &answer, note);
	buf_clear(&answer);
	buf_clear(&question);
	return status;
}
