/*
 * helper.h - find our own programs, in the build tree or installed
 */
#ifndef PROCESS_HELPER_H
#define PROCESS_HELPER_H
#include "base/verb.h"
#include "process/run.h"
#include "reply/response.h"

/* Write the path of a helper; STATUS_CREATE: it is not installed. */
enum status helper_path(
    const char *name, char *out, size_t size, struct note *note) MUST_CHECK;

/*
 * Ask one of our programs: question holds what the verb takes (base/verb.h),
 * and gets its end here; answer, with its ceiling, takes the whole answer, of
 * which frame_get() returns the frames.  Both are checked against the table.
 *
 * A status other than STATUS_OK comes from the program, with its sentence as
 * the note, or from running it.  STATUS_BUG: the question is not what the verb
 * takes, the program ended without an answer, or the answer is not one that the
 * verb can give.  STATUS_AGAIN: it took too long and was killed. STATUS_CREATE:
 * it is not installed, or cannot be run.
 */
enum status helper_ask(enum verb_id verb, struct buf *question,
    struct buf *answer, struct note *note) MUST_CHECK;

/* A program that keeps running for the next question.  Zero: it does not run
 * yet.  The owner ends it with helper_end(). */
struct helper_kept {
	struct run_stay stay;
	int questions;
};
/* The same of a program that keeps running; after HELPER_QUESTIONS_MAX, start
 * another one.  STATUS_AGAIN also if another process killed it. */
enum { HELPER_QUESTIONS_MAX = 64 };
enum status helper_ask_kept(struct helper_kept *kept, enum verb_id verb,
    struct buf *question, struct buf *answer, struct note *note) MUST_CHECK;
void helper_end(struct helper_kept *kept);
/* The same of the one that talks to a CA, about the same subject. */
enum status helper_ask_resident(enum verb_id verb, const char *subject,
    struct buf *question, struct buf *answer, struct note *note) MUST_CHECK;
/* Returns STATUS_BUG: a value in the answer is not what the verb must give;
 * what: which, and what it should be. */
enum status helper_malformed(
    enum verb_id verb, const char *what, struct note *note);
/* End the one that talks to a CA, if it runs: at the end, and before a long
 * wait. */
void helper_dismiss(void);

/* The first that any helper printed on standard error, as one line of safe
 * text; empty if they printed nothing, as they should. */
const char *helper_said(void);

/* response_compute() in mailcert-verify. */
enum status helper_response(const char *part1, const char *part2,
    const char *thumbprint, enum token_join join, struct response *out,
    struct note *note) MUST_CHECK;

/* Begin a question to the key holder: the key file it reads, and the one it
 * makes, or a second key; or NULL. */
void helper_open(struct buf *question, const char *file, const char *other);
/* Make a private key of that kind (acme/key_kind.h); the file must not
 * exist. */
enum status helper_make_key(
    const char *kind, const char *file, struct note *note) MUST_CHECK;
/* Compute the thumbprint of an account key file, by mailcert-key. */
enum status helper_thumbprint(
    const char *file, char out[44], struct note *note) MUST_CHECK;
#endif
