/*
 * dovecot.h - change the configuration of Dovecot by a file that it includes
 *
 * Debian's dovecot.conf includes the files of conf.d.  A file of our own there can be
 * taken away without touching what others have written.
 */
#ifndef SERVICE_DOVECOT_H
#define SERVICE_DOVECOT_H
#include "service/daemon.h"

/*
 * What Dovecot makes of its configuration with that text at its end: the value
 * of a setting, for the protocol or, with NULL, in general.  STATUS_NO with a
 * note: it does not accept it.
 */
enum status dovecot_try(const struct daemon_site *site, struct span text,
    const char *protocol, const char *setting, struct buf *out,
    struct note *note) MUST_CHECK;
/* The value that a setting has now. */
enum status dovecot_get(const struct daemon_site *site, const char *protocol,
    const char *setting, struct buf *out, struct note *note) MUST_CHECK;
/* The path of our file of that name: CONFIG's conf.d/NAME. */
enum status dovecot_path(const struct daemon_site *site, const char *name,
    char out[DAEMON_PATH_SIZE], struct note *note) MUST_CHECK;
/*
 * Write our file, and make sure that Dovecot still accepts its configuration;
 * otherwise the file is as it was, and STATUS_NO.  wanted: what the setting has
 * then.
 */
enum status dovecot_put(struct daemon_site *site, const char *path,
    struct span text, const char *protocol, const char *setting,
    struct span wanted, struct note *note) MUST_CHECK;
enum status dovecot_reload(
    const struct daemon_site *site, struct note *note) MUST_CHECK;
#endif
