/*
 * secrets.h - options that say what another client knows of a challenge
 */
#ifndef CMD_SECRETS_H
#define CMD_SECRETS_H
#include "acme/token.h"
#include "cmd/options.h"

struct secrets {
	const char *part2;
	const char *thumbprint;
	const char *account_key; /* instead of its thumbprint */
	enum token_join join;
	bool has_join;
};

/* Rows for them, of a struct options with a member secrets. */
#define SECRETS(field) .offset = offsetof(struct options, secrets.field)
#define SECRETS_OPTIONS                                                       \
	{ "token-part2", "T", SECRETS(part2),                                 \
		.help = "\"token\" of the challenge object" },                \
	    { "thumbprint", "T", SECRETS(thumbprint),                         \
		    .help = "of the ACME account key (RFC 7638)" },           \
	    { "account-key", "FILE", SECRETS(account_key),                    \
		    .help = "that key, PEM or JWK" },                         \
	{                                                                     \
		"token-join", "HOW", SECRETS(join), option_join, OPTION_JOIN, \
		    offsetof(struct options, secrets.has_join),               \
		    .help = "string (default), or octets for CAs that decode" \
	}
#endif
