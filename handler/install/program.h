/*
 * program.h - run the programs of the user: gpgsm, mutt, openssl
 *
 * They are found on the user's PATH and run in the user's environment, for what
 * they do depends on it: GNUPGHOME, LANG, a configuration.  They get no
 * terminal.
 */
#ifndef INSTALL_PROGRAM_H
#define INSTALL_PROGRAM_H
#include "base/buf.h"

struct program {
	const char *name;        /* on the PATH, or a path */
	const char *const *argv; /* what follows argv[0]; ends with NULL */
	struct span input;       /* of its standard input */
	int seconds;             /* it is killed then */
};

enum { PROGRAM_ARGS_MAX = 24 };

/* The path of an executable on the PATH, or of that path.  False: it is not
 * there. */
bool program_find(const char *name, char *out, size_t size);
/* How a shell that another program starts finds mailcert: by name if that is
 * us, else by path.  STATUS_CONFIG with a note: the path needs quoting. */
enum status program_own_name(
    char *out, size_t size, struct note *note) MUST_CHECK;
/*
 * Run it.  out takes what it prints, said the beginning of its standard error
 * as one line of safe text, *code its exit status.  STATUS_NO with a note:
 * it is not installed.  STATUS_AGAIN: it was killed at its deadline.  Other
 * statuses and the rest: process_run().
 */
enum status program_run(const struct program *program, struct buf *out,
    struct note *said, int *code, struct note *note) MUST_CHECK;
#endif
