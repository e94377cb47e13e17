/*
 * serve.h - a helper's side of a question: read it, answer it
 *
 * The order is the point.  serve_open() reads only the frame "open", octet by
 * octet up to its length, so that no other octet of the question is in memory;
 * then the helper opens what that names and enters its sandbox; only then
 * serve_read() reads the rest, which strangers may have written.
 */
#ifndef BASE_SERVE_H
#define BASE_SERVE_H
#include "base/verb.h"

/* Nothing in "open" is longer: paths, lists of resolvers. */
enum { SERVE_OPEN_MAX = 16 * 1024 };

struct serve {
	enum verb_id verb;
	struct buf question; /* owned */
	struct span open;    /* the frames in "open"; in question */
	struct span frames;  /* the others; in question, after serve_read() */
};

/*
 * The verb that argv names; most: octets in one question.  STATUS_USAGE: it is
 * not one of that program's.
 */
enum status serve_begin(struct serve *serve, const char *program, int argc,
    char *const argv[], size_t most) MUST_CHECK;
/* Read the frame "open", where the verb has one.  STATUS_END: the input ends
 * before the first octet.  STATUS_USAGE, STATUS_IO, STATUS_MEMORY. */
enum status serve_open(struct serve *serve) MUST_CHECK;
/*
 * Read the rest, up to the frame "end", and check it against the table.
 * STATUS_USAGE: the question is not what the verb takes.  STATUS_BAD_SIZE,
 * STATUS_IO, STATUS_MEMORY.
 */
enum status serve_read(struct serve *serve) MUST_CHECK;
/* Free this question; the next may follow. */
void serve_clear(struct serve *serve);

/* Write the whole answer.  gives: frames, heeded where status is STATUS_OK.
 * STATUS_IO; STATUS_OK says nothing but that it was written. */
enum status serve_answer(
    enum status status, const struct note *note, struct span gives) MUST_CHECK;
/* The same without a question, for what fails first; gives main()'s exit. */
int serve_refuse(enum status status);

/*
 * Answers one question, whose "open" is read: enters the sandbox if *prepared
 * is false, and sets it; then calls serve_read(), and adds frames to out.
 */
typedef enum status serve_answerer(
    struct serve *serve, bool *prepared, struct buf *out, struct note *note);
/*
 * For a program that keeps running: answer one question after the other, until
 * the input ends or one cannot be read.  most: octets in an answer.  Questions
 * may hold a password, and are wiped.
 */
void serve_all(struct serve *serve, size_t most, serve_answerer *answer);
#endif
