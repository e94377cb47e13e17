/*
 * smimea.h - the actions of mailcert smimea, and what they share
 *
 * smimea.c has the list; smimea_ACTION.c has an action, with its own options.
 */
#ifndef CMD_SMIMEA_H
#define CMD_SMIMEA_H
#include "cmd/acts.h"
#include "cmd/session.h"
#include "zone/smimea.h"

cmd_function smimea_print, smimea_publish_command, smimea_unpublish_command,
    smimea_lookup;

/* How a record is made: options of print and publish. */
struct smimea_options {
	struct smimea_form form;
	int64_t ttl;
};
option_reader option_smimea_usage, option_smimea_selector,
    option_smimea_matching, option_smimea_ttl;
#define SMIMEA_OPTION(field) .offset = offsetof(struct options, smimea.field)
#define SMIMEA_OPTIONS                                                         \
	{ "usage", "N", SMIMEA_OPTION(form.usage), option_smimea_usage,        \
		"0 to 3",                                                      \
		.help =                                                        \
		    "0 and 2: about the CA; 1 and 3 (default): about the\n"    \
		    "certificate; 0 and 1 demand a chain to trusted roots" },  \
	    { "selector", "N", SMIMEA_OPTION(form.selector),                   \
		    option_smimea_selector, "0 or 1",                          \
		    .help = "0 (default): the certificate; 1: its key" },      \
	    { "matching", "N", SMIMEA_OPTION(form.matching),                   \
		    option_smimea_matching, "0 to 2",                          \
		    .help =                                                    \
			"0 (default): itself, which others need to encrypt;\n" \
			"1: its SHA-256; 2: its SHA-512" },                    \
	{                                                                      \
		"ttl", "SECONDS", SMIMEA_OPTION(ttl), option_smimea_ttl,       \
		    "0 to 604800",                                             \
		    .help = "how long others may keep it (default 3600)"       \
	}
#define SMIMEA_DEFAULTS                                        \
	{                                                      \
		.form = SMIMEA_FORM_DEFAULT, .ttl = SMIMEA_TTL \
	}

/* What an operand means: certificates, each for one address. */
struct smimea_target {
	const struct order *order; /* inside the list */
	char address[ADDRESS_SIZE];
};
struct smimea_targets {
	struct order *order; /* owned */
	size_t orders;
	struct smimea_target *at; /* owned */
	size_t count;
};
/*
 * An id: that certificate, for each of its addresses.  An address: each of its
 * certificates in use, for that address only; `address` is then its normal
 * form, else empty.  STATUS_NO with a note: no certificate fits, or the id is
 * not that of one.  Owned by the caller: smimea_targets_clear().
 */
enum status smimea_targets(struct session *session, const char *operand,
    char address[ADDRESS_SIZE], struct smimea_targets *out) MUST_CHECK;
void smimea_targets_clear(struct smimea_targets *targets);

/* Begin to change the DNS: lines about what is done go to the output of the
 * session, progress to standard error. */
struct smimea_publisher smimea_publisher(struct session *session, bool wait);
#endif
