/*
 * config.h - the configuration file: mailcert-config(5)
 *
 * "set name = value" as mutt users know it.  An unknown name or a bad value
 * is an error with file and line, never ignored.
 */
#ifndef CONFIG_H
#define CONFIG_H
#include "base/buf.h"
#include "reply/authres.h"
#include "reply/challenge.h"

enum { CONFIG_VALUE_SIZE = 1024 };

struct config {
	char home[CONFIG_VALUE_SIZE];  /* -C, MAILCERT_HOME, or the default */
	char draft[CONFIG_VALUE_SIZE]; /* DEST; empty: by circumstance */
	char sendmail[CONFIG_VALUE_SIZE];
	struct authres_policy authenticate;
	struct challenge_rules rules;
	bool color;
	int64_t max_message; /* octets */
};

/*
 * Defaults, then the file, then the settings ("name=value") of -o.
 * home: what -C said, or NULL.  STATUS_CONFIG or STATUS_PERMISSION (the file
 * belongs to somebody else or can be written to by others).
 */
enum status config_load(const char *home, const char *const *settings,
    size_t count, struct config *out, struct note *note) MUST_CHECK;
#endif
