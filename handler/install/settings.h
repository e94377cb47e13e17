/*
 * settings.h - ask mutt or neomutt for its settings
 *
 * With -Q, which reads the user's configuration and, as at every start, runs
 * what stands in it in backticks.  Never with -D, which prints passwords.
 */
#ifndef INSTALL_SETTINGS_H
#define INSTALL_SETTINGS_H
#include "base/buf.h"

enum { SETTING_SIZE = 1000 };

struct settings {
	bool gpgme;               /* crypt_use_gpgme; false: it has none */
	bool signs;               /* smime_sign_command is set */
	char from[256];           /* or empty */
	char spool[SETTING_SIZE]; /* where mail arrives, absolute; or empty */
	char keys[SETTING_SIZE];  /* directories, absolute; or empty */
	char certificates[SETTING_SIZE];
	struct note complaint; /* what it said about its configuration */
};

/* STATUS_NO with a note: it is not installed, or does not answer. */
enum status settings_ask(
    const char *program, struct settings *out, struct note *note) MUST_CHECK;
/* Does this text print the value of a setting as mutt or neomutt does?  Then
 * into out: "yes", "no", or the value of a string. */
bool settings_find(struct span text, const char *name, char *out, size_t size);
/*
 * The configuration file that it reads: the first that exists of those that
 * the program looks for, or the one that a user would make.  STATUS_CONFIG:
 * HOME is not set.
 */
enum status settings_file(
    const char *program, char *out, size_t size, struct note *note) MUST_CHECK;
#endif
