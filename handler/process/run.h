/*
 * run.h - start a program, exchange data with it, and reap it
 *
 * Every program that mailcert runs is started here: an argument vector, an
 * environment chosen for it, and standard input, output and error that are
 * ours; every other descriptor is closed.  One deadline covers the whole run
 * and one limit all that the program prints.  When process_run() returns, the
 * program has ended and been reaped, unless it is one that keeps running for
 * the next question (struct run_stay).
 *
 * The caller ignores SIGPIPE (main() does).
 */
#ifndef PROCESS_RUN_H
#define PROCESS_RUN_H
#include <sys/types.h>

#include "base/buf.h"

enum run_environment {
	RUN_NOTHING, /* for our own programs, which need no variables */
	RUN_MAIL,    /* a PATH of the system, and what a sendmail needs to find
		      * its configuration and password */
	RUN_PAGER,   /* TERM and LANG, and LESSSECURE */
	RUN_USER     /* the user's own, without COLUMNS and LINES */
};

/* Which of its descriptors are the terminal; the others are pipes to us. */
enum run_terminal {
	RUN_AWAY,     /* none */
	RUN_SHOWS,    /* output and error: a pager */
	RUN_ASKS,     /* input and error: it may ask for a passphrase */
	RUN_ON_SCREEN /* all three: a mail program.  SIGINT and SIGQUIT are its
		       * business meanwhile, not ours. */
};

/*
 * A program that answers several questions: the first process_run() with this
 * struct starts it, and each one asks it a question.  The caller ends it with
 * process_end().
 */
struct run_stay {
	/* Is what it has printed so far a whole answer? */
	bool (*answered)(struct span printed);
	bool running; /* false before the first question and after the end */
	pid_t pid;
	int in, out, err;
};

/* Zero is the safest value of each field. */
struct run {
	const char *const *argv; /* argv[0] is a path; ends with NULL */
	enum run_environment environment;
	enum run_terminal terminal;
	int tty;           /* an open terminal, unless RUN_AWAY */
	struct span input; /* what it reads; then end of file, unless stay */
	int seconds;       /* for the whole run, or an answer; 0: no limit */
	bool shares;       /* stays in our session: it may open /dev/tty, and is
			    * sent what the user types (^C).  Otherwise it has one
			    * of its own, and what it started is killed with it. */
	struct run_stay *stay; /* it keeps running; NULL: it does not */
};

enum {
	RUN_SAID_MAX = 1024 * 1024, /* octets on standard error */
	RUN_ENVIRONMENT_MAX = 16    /* variables, but for RUN_USER */
};

/*
 * Run it.  out takes its standard output up to out's ceiling; with NULL what it
 * prints there counts as standard error.  said (or NULL) takes the beginning
 * of its standard error as one line of safe text; it is empty where the program
 * said nothing or wrote to the terminal.  *code is its exit status, or 128 +
 * signal.
 *
 * STATUS_OK: it ended by itself; or it gave a whole answer and stays, and *code
 * is 0.  STATUS_CREATE: it could not be started, and
 * so did nothing.  STATUS_AGAIN: it was still running at the deadline.
 * STATUS_BAD_SIZE: it printed too much.  STATUS_IO: it exited with 0, but did
 * not read all of its input.  STATUS_MEMORY.  After all but STATUS_CREATE *code
 * is set; note says which program it was and what is wrong.
 */
enum status process_run(const struct run *run, struct buf *out,
    struct note *said, int *code, struct note *note) MUST_CHECK;

/*
 * Call tick() about once a second while a program runs that has no terminal, so
 * that whoever waits sees a sign of life.  It must return soon.  NULL: no more.
 */
void process_each_second(void (*tick)(void));

/* End the program that keeps running, if there is one, and reap it. */
void process_end(struct run_stay *stay);

/*
 * Detach from the caller; false in the parent.  The child has its own session,
 * no terminal, and no descriptors but /dev/null.
 */
bool process_detach(void);
#endif
