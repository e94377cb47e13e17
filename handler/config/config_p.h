/*
 * config_p.h - the table of configuration names, for this room only
 *
 * One row a name says how a value is read, where it goes, what it is at first
 * and what a right one looks like.  mailcert-config(5) is checked against it.
 */
#ifndef CONFIG_CONFIG_P_H
#define CONFIG_CONFIG_P_H
#include "config/config.h"

struct setting;
/* Read a value into the field that the row names.  False: it is not valid; the
 * field may have changed, since the configuration is unusable then. */
typedef bool setting_reader(
    const struct setting *setting, struct span value, void *field);

struct setting {
	const char *name;
	const char *initial; /* as in the file; NULL: empty, 0 */
	setting_reader *read;
	size_t offset;            /* of the field in its record */
	size_t size;              /* of the field */
	const char *expected;     /* a valid value, in words; or NULL: */
	const char *const *words; /* the only valid ones, NULL at the end */
	int64_t least, most;      /* of numbers */
	size_t given; /* offset of a bool: this CA has its own; or 0 */
	bool secret;  /* the value may hold a password */
};

struct settings {
	const struct setting *rows;
	size_t count;
};
extern const struct settings settings_all;     /* of a struct config */
extern const struct settings settings_of_ca;   /* of a struct config_ca */
extern const struct settings settings_of_zone; /* of a struct config_zone */
extern const struct setting setting_of_secret; /* of a struct config_secret */

/* Return the row of that name; NULL: unknown. */
const struct setting *setting_find(
    const struct settings *settings, struct span name);
bool setting_set(
    const struct setting *setting, struct span value, void *record);
/* Append what a valid value looks like: "yes or no". */
void setting_expected(const struct setting *setting, struct buf *out);
/* Give every field of the record, all zero now, its initial value. */
void settings_begin(const struct settings *settings, void *record);

setting_reader value_text, value_path, value_url, value_program, value_proxy,
    value_flag, value_choice, value_word, value_number, value_period,
    value_methods, value_key_kind, value_usage, value_coverage, value_join,
    value_resolver, value_draft, value_sent_folder, value_sent_copy, value_smtp,
    value_imap, value_addresses, value_identities, value_sources, value_report,
    value_dns_server, value_dns_servers;

/* Return the entry of that name; make it if it does not exist.  NULL: there is
 * no room for another, or the name is empty or too long. */
struct config_ca *config_ca_entry(struct config *config, struct span name);
/* The same of a password or a token.  NULL: no room, or it is not the name of an
 * account. */
struct config_secret *config_secret_entry(
    struct config *config, struct span account, bool token);
/* The same of a zone.  NULL: no room, or it is not a domain name. */
struct config_zone *config_zone_entry(struct config *config, struct span name);
/* Add the built-in CAs; the file and -o may change them. */
void config_add_known_cas(struct config *config);
/* After both: give the CAs what they do not set themselves. */
void config_complete_cas(struct config *config);
#endif
