/*
 * helper.h - find our own programs, in the build tree or installed
 */
#ifndef PROCESS_HELPER_H
#define PROCESS_HELPER_H
#include "base/verb.h"
#include "reply/response.h"

/* Write the path of a helper; STATUS_CREATE: it is not there. */
enum status helper_path(
    const char *name, char *out, size_t size, struct note *note) MUST_CHECK;

/*
 * Ask one of our programs: question holds what the verb takes (base/verb.h),
 * and gets its end here; answer, with its ceiling, takes the whole answer, of
 * which frame_get() gives the frames.  Both are checked against the table.
 *
 * A status other than STATUS_OK is what the program says, with its sentence as
 * the note, or of its run.  STATUS_BUG: the question is not what the verb takes,
 * the program ended without an answer, or the answer is not one that the verb
 * can give.  STATUS_AGAIN: it took too long and was killed.  STATUS_CREATE: it
 * is not there, or cannot be run.
 */
enum status helper_ask(enum verb_id verb, struct buf *question,
    struct buf *answer, struct note *note) MUST_CHECK;

/*
 * Run the helper that argv[0] names (no path, at most HELPER_ARGUMENTS_MAX
 * arguments) and collect what it prints; *code is its exit.  It is given no
 * environment, and a time after which it is killed: STATUS_AGAIN.
 * STATUS_CREATE: it is not there, or cannot be run.  STATUS_BUG: it printed
 * more than out holds, or did not read its input.
 */
enum { HELPER_ARGUMENTS_MAX = 6 };
enum status helper_run(const char *const argv[], struct span input,
    struct buf *out, int *code, struct note *note) MUST_CHECK;
/*
 * The same for a helper that answers several questions.  Question and answer are
 * frames, and FRAME_END is the last of both; *code is what it says in the answer.
 * The helper keeps running for the next question about the same subject; after
 * HELPER_QUESTIONS_MAX another one is started.
 */
enum { HELPER_QUESTIONS_MAX = 64 };
enum status helper_ask_resident(const char *const argv[], const char *subject,
    struct span input, struct buf *out, int *code,
    struct note *note) MUST_CHECK;
/* End the helper that keeps running, if there is one: at the end, and before a
 * long wait. */
void helper_dismiss(void);
/* The same for one that prints a line: without its line end. */
enum status helper_run_line(const char *const argv[], struct span input,
    struct buf *out, int *code, struct note *note) MUST_CHECK;

/* What they printed on standard error: the first of it, as one line of safe
 * text; empty where they said nothing, as they should. */
const char *helper_said(void);

/* response_compute() in mailcert-verify. */
enum status helper_response(const char *part1, const char *part2,
    const char *thumbprint, enum token_join join, struct response *out,
    struct note *note) MUST_CHECK;

/* Begin a question to the key holder: the key file it reads, and the one it
 * makes, or a second key; or NULL. */
void helper_open(struct buf *question, const char *file, const char *other);
/* Have it make a private key of that kind (acme/key_kind.h) that must not be
 * there. */
enum status helper_make_key(
    const char *kind, const char *file, struct note *note) MUST_CHECK;
/* The thumbprint of an account key file, by mailcert-key. */
enum status helper_thumbprint(
    const char *file, char out[44], struct note *note) MUST_CHECK;
#endif
