/*
 * key_options.h - the options that say which key and usage a certificate gets
 */
#ifndef CMD_KEY_OPTIONS_H
#define CMD_KEY_OPTIONS_H
#include "base/status.h"
#include "cmd/options.h"
#include "config/config.h"

struct key_options {
	enum key_kind kind;
	struct config_usage usage;
	bool has_kind, has_usage;
	bool passphrase;
};

/* Rows for them, of a struct options with a member key. */
#define KEY_OPTION(field) .offset = offsetof(struct options, key.field)
#define KEY_OPTIONS                                                          \
	{ "key", "KIND", KEY_OPTION(kind), option_key_kind, OPTION_KEY_KIND, \
		offsetof(struct options, key.has_kind),                      \
		.help = "rsa:3072 (default), rsa:2048, rsa:4096, ec:p256,\n" \
			"ec:p384, ed25519 (can only sign)" },                \
	    { "usage", "USAGE", KEY_OPTION(usage), option_usage,             \
		    "both, sign, encrypt or separate",                       \
		    offsetof(struct options, key.has_usage),                 \
		    .help =                                                  \
			"both (default), sign, encrypt, or separate: two\n"  \
			"certificates, one for each" },                      \
	{                                                                    \
		"passphrase", NULL, KEY_OPTION(passphrase),                  \
		    .help = "encrypt the key with a passphrase"              \
	}

option_reader option_usage;

/* What was not given is as configured. */
void key_options_fill(struct key_options *options, const struct config *config);
/* Can such a key have such a usage?  STATUS_USAGE with a note. */
enum status key_options_check(
    const struct key_options *options, struct note *note) MUST_CHECK;
#endif
