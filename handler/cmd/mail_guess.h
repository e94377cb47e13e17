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
/* Run it on the terminal until the user leaves.  As process_run(). */
enum status mail_guess_run(
    const struct mail_guess *guess, int tty, int *code) MUST_CHECK;
#endif
