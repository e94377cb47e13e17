/*
 * mail_guess.h - guess which mail program the user has
 */
#ifndef CMD_MAIL_GUESS_H
#define CMD_MAIL_GUESS_H
#include "base/buf.h"

struct mail_guess {
	const char *name; /* "neomutt"; NULL: none is there */
	bool configured;  /* the user has a configuration of it */
	char path[1024];  /* of the program */
	char file[1024];  /* of its configuration */
};

/* neomutt or mutt, whichever the user has a configuration of, or which is
 * installed.  Nothing is run. */
void mail_guess(struct mail_guess *out);
/* Run it on the terminal until the user leaves; to: with a new message to that
 * address and that subject, or NULL.  As process_run(). */
enum status mail_guess_run(const struct mail_guess *guess, const char *to,
    const char *subject, int tty, int *code) MUST_CHECK;
/* Find that program, whatever the user's configuration; false: it is not
 * there, or mailcert does not know how to run it. */
bool mail_guess_of(const char *name, struct mail_guess *out);
#endif
